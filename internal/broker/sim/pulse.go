package sim

import "sync"

// pulse wakes everybody who waits for the market's time to move on. Its zero value is ready.
type pulse struct {
	mu   sync.Mutex
	next chan struct{} // nil while nobody waits
}

// wait returns a channel that is closed at the next beat.
func (p *pulse) wait() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next == nil {
		p.next = make(chan struct{})
	}
	return p.next
}

func (p *pulse) beat() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next != nil {
		close(p.next)
		p.next = nil
	}
}
