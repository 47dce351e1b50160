package metrics

import "sync"

// recent remembers the newest words, mostRecent of them at least and twice as many at most.
type recent struct {
	mu           sync.Mutex
	newer, older map[string]struct{}
}

const mostRecent = 4096

// add reports whether the word is new.
func (r *recent) add(word string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, inNewer := r.newer[word]
	_, inOlder := r.older[word]
	if inNewer || inOlder {
		return false
	}
	if r.newer == nil || len(r.newer) == mostRecent {
		r.newer, r.older = map[string]struct{}{}, r.newer
	}
	r.newer[word] = struct{}{}
	return true
}
