package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

// kind is one kind of act of which cycles have many at the same moment. Those that meet in a group
// (see act) are done together, by statements of many rows. T is what one act is about, and what
// comes of it.
type kind[T any] struct {
	// about names what the act changes: of two acts about the same, the second comes after the first.
	about func(*T) string
	// change does all of them in the transaction. It refuses one before it changes anything of it; the
	// others are done.
	change func(ctx context.Context, s *Store, tx bun.Tx, all []*one[T]) error
}

// one of the acts that are done together.
type one[T any] struct {
	of      T
	refused error
}

// batched says with what other acts one may be done.
type batched struct {
	kind  any    // the *kind[T]; nil: with none
	about string // not with others about this
	one   any    // the *one[T]
	// together does the acts of the kind.
	together func(ctx context.Context, tx bun.Tx, acts []*groupedAct) error
	refused  func() error
}

// act does one act of the kind, as Store.act does, in the group.
func (k *kind[T]) act(ctx context.Context, s *Store, group *actGroup, of T) (T, error) {
	mine := &one[T]{of: of}
	together := func(ctx context.Context, tx bun.Tx, acts []*groupedAct) error {
		all := make([]*one[T], len(acts))
		for i, a := range acts {
			all[i] = a.batched.one.(*one[T])
			all[i].refused = nil
		}
		return k.change(ctx, s, tx, all)
	}
	a := &groupedAct{ctx: ctx}
	a.batched = batched{kind: k, about: k.about(&mine.of), one: mine, together: together, refused: func() error { return mine.refused }}
	a.change = func(ctx context.Context, tx bun.Tx) error {
		return firstError(together(ctx, tx, []*groupedAct{a}), mine.refused)
	}
	err := s.actIn(group, a)
	return mine.of, err
}

// batches puts acts of one kind together, those about the same one after the other. Other acts are
// by themselves, and those whose context has ended.
func batches(group []*groupedAct) (all [][]*groupedAct) {
	for _, a := range group {
		at := slices.IndexFunc(all, func(batch []*groupedAct) bool { return a.joins(batch) })
		if at < 0 {
			all = append(all, []*groupedAct{a})
		} else {
			all[at] = append(all[at], a)
		}
	}
	return all
}

func (a *groupedAct) joins(batch []*groupedAct) bool {
	return a.batched.kind != nil && batch[0].batched.kind == a.batched.kind && a.ctx.Err() == nil && batch[0].ctx.Err() == nil &&
		!slices.ContainsFunc(batch, func(other *groupedAct) bool { return other.batched.about == a.batched.about })
}

// runBatch does a batch, and returns what it leaves in the audit. Its error is the transaction's.
func runBatch(ctx context.Context, tx bun.Tx, batch []*groupedAct) ([]audit.Entry, error) {
	if first := batch[0]; first.batched.kind == nil || first.ctx.Err() != nil {
		err := first.runInside(ctx, tx)
		return first.entries, err
	}
	all := &groupedAct{}
	all.attempt(func() error {
		return batch[0].batched.together(context.WithValue(ctx, groupedKey{}, all), tx, batch)
	})
	if all.panicked != nil { // it comes again, for who acted
		return nil, fmt.Errorf("acts panicked: %v", all.panicked)
	}
	if all.err == nil {
		for _, a := range batch {
			a.err = a.batched.refused()
		}
	}
	return all.entries, all.err
}

// accepted are those that were not refused.
func accepted[T any](all []*one[T]) []*one[T] {
	return slices.DeleteFunc(slices.Clone(all), func(o *one[T]) bool { return o.refused != nil })
}

// refuseOthers runs a statement that returns the names of what it has changed, refuses those that
// are not among them, and returns what is left.
func refuseOthers[T any](ctx context.Context, all []*one[T], name func(*T) string, refusal *fault.Error, statement returning) ([]*one[T], error) {
	names, err := namesOf(ctx, statement)
	if err != nil {
		return nil, err
	}
	for _, o := range all {
		if !names[name(&o.of)] {
			o.refused = refusal
		}
	}
	return accepted(all), nil
}

// returning is a statement that returns a name for each row that it has changed.
type returning interface {
	Scan(ctx context.Context, into ...any) error
}

func namesOf(ctx context.Context, statement returning) (map[string]bool, error) {
	var names []string
	if err := statement.Scan(ctx, &names); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[name] = true
	}
	return set, nil
}
