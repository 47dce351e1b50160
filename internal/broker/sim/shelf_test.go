package sim_test

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
)

// shelf is a sim.Keeper in memory. What it holds is what a database would hold after a kill.
type shelf struct {
	mu     sync.Mutex
	header sim.Header
	rows   map[rowName]string
	full   bool // saving fails
	closed int
	writes int // rows of the last save
}

type rowName struct {
	kind    sim.RowKind
	account string
	number  int64
}

func newShelf() *shelf { return &shelf{rows: map[rowName]string{}} }

// shelfOf holds a state of an earlier version.
func shelfOf(t testing.TB, older string) *shelf {
	t.Helper()
	change, err := sim.Upgrade([]byte(older))
	if err != nil {
		t.Fatal(err)
	}
	s := newShelf()
	if err := s.Save(change); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *shelf) Name() string { return "the shelf" }

func (s *shelf) Load(take func(sim.Row) error) (sim.Header, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := make([]rowName, 0, len(s.rows))
	for name := range s.rows {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b rowName) int {
		return cmp.Or(cmp.Compare(slices.Index(sim.RowKinds, a.kind), slices.Index(sim.RowKinds, b.kind)),
			strings.Compare(a.account, b.account), cmp.Compare(a.number, b.number))
	})
	for _, name := range names {
		row := sim.Row{Kind: name.kind, Account: name.account, Number: name.number, Content: []byte(s.rows[name])}
		if err := take(row); err != nil {
			return s.header, true, err
		}
	}
	return s.header, !s.header.Now.IsZero(), nil
}

func (s *shelf) Save(change sim.Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full {
		return errors.New("the shelf is full")
	}
	s.header, s.writes = change.Header, len(change.Put)
	for _, row := range change.Put {
		s.rows[rowName{row.Kind, row.Account, row.Number}] = string(row.Content)
	}
	for _, row := range change.Drop {
		delete(s.rows, rowName{row.Kind, row.Account, row.Number})
	}
	return nil
}

func (s *shelf) Close() error {
	s.closed++
	return nil
}

// copied is what somebody finds after the process was killed now.
func (s *shelf) copied() *shelf {
	s.mu.Lock()
	defer s.mu.Unlock()
	other := newShelf()
	other.header = s.header
	for name, content := range s.rows {
		other.rows[name] = content
	}
	return other
}

func (s *shelf) count(kind sim.RowKind) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.rows {
		if name.kind == kind {
			n++
		}
	}
	return n
}
