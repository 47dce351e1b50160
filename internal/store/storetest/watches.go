package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/store"
)

// watchesAreShared: every account is watched by one process; a new process gets its part, and what a
// dead one had is taken over.
func watchesAreShared(t *testing.T, w world) {
	ctx, accounts := t.Context(), []string{"a", "b", "c", "d", "e"}
	share := func(s *store.Store, holder string, wanted ...string) []string {
		t.Helper()
		mine, err := s.ShareWatches(ctx, holder, wanted)
		must(t, err)
		return mine
	}
	if mine := share(w.Store, "one", accounts...); !slices.Equal(mine, accounts) {
		t.Fatalf("alone it watches %v", mine)
	}
	if mine := share(w.Store, "two", accounts...); len(mine) != 0 {
		t.Errorf("two watch %v", mine)
	}
	one := share(w.Store, "one", accounts...)
	two := share(w.Store, "two", accounts...)
	if len(one) != 3 || len(two) != 2 || !slices.Equal(slices.Sorted(slices.Values(append(slices.Clone(one), two...))), accounts) {
		t.Errorf("%v and %v are not a share each", one, two)
	}
	if mine := share(w.Store, "two", two[1:]...); !slices.Equal(mine, two[1:]) {
		t.Errorf("what is no longer wanted is watched: %v", mine)
	}
	must(t, w.LeaveWatches(ctx, "two"))
	if mine := share(w.Store, "one", accounts...); !slices.Equal(mine, accounts) {
		t.Errorf("after the other has left it watches %v", mine)
	}
	must(t, w.LeaveWatches(ctx, "one"))
	share(w.hasty(t), "dead", accounts...) // and is never heard of again
	for deadline := time.Now().Add(30 * time.Second); ; {
		if mine := share(w.Store, "three", accounts...); slices.Equal(mine, accounts) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("what a dead process watched is not taken over")
		}
	}
}
