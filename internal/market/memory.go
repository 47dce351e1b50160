package market

import (
	"container/list"
	"sync"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// mostBars bounds what a feed keeps in memory: a bar takes 88 bytes, so this is 88 MB. Five hundred
// symbols with 450 bars each are 225,000.
const mostBars = 1_000_000

// emptyWeight is what a symbol without bars counts, so that they are bounded too.
const emptyWeight = 4

// line is the bars of one length that come from one place.
type line struct {
	feed      string
	timeframe trade.Timeframe
}

// memory holds the series that were used last. It is safe for concurrent use; a series in it never
// changes, it is replaced.
type memory struct {
	mu     sync.Mutex
	lines  map[line]map[string]*list.Element // by symbol; of remembered
	recent *list.List                        // of remembered, the one used last first
	weight int
	most   int
}

type remembered struct {
	line   line
	symbol string
	series *series
}

func newMemory(most int) *memory {
	return &memory{lines: map[line]map[string]*list.Element{}, recent: list.New(), most: most}
}

// get calls found with the series of each of the symbols that is in memory.
func (m *memory) get(of line, symbols []string, found func(symbol string, s *series)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	bySymbol := m.lines[of]
	for _, symbol := range symbols {
		if element, ok := bySymbol[symbol]; ok {
			m.recent.MoveToFront(element)
			found(symbol, element.Value.(*remembered).series)
		}
	}
}

// put remembers a series, and forgets those that were used least recently when there are too many.
func (m *memory) put(of line, symbol string, s *series) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.weight += s.weight()
	if element, ok := m.lines[of][symbol]; ok {
		known := element.Value.(*remembered)
		m.weight -= known.series.weight()
		known.series = s
		m.recent.MoveToFront(element)
	} else {
		if m.lines[of] == nil {
			m.lines[of] = map[string]*list.Element{}
		}
		m.lines[of][symbol] = m.recent.PushFront(&remembered{of, symbol, s})
	}
	for m.weight > m.most && m.recent.Len() > 1 {
		m.forget(m.recent.Back())
	}
}

// forget drops a series. The lock is held.
func (m *memory) forget(element *list.Element) {
	known := m.recent.Remove(element).(*remembered)
	m.weight -= known.series.weight()
	delete(m.lines[known.line], known.symbol)
	if len(m.lines[known.line]) == 0 {
		delete(m.lines, known.line)
	}
}
