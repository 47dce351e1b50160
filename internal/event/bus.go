// Package event is a bounded in-process publish/subscribe. A publisher never waits: a subscriber
// that is too slow loses its oldest events and is told so.
package event

import (
	"context"
	"sync"
)

// Kind names what an event carries. The kinds are the event names of GET /api/stream.
type Kind string

// The kinds and the type of Event.Data that goes with each.
const (
	Account   Kind = "account"   // app.AccountFigures
	Positions Kind = "positions" // []trade.Position
	Orders    Kind = "orders"    // []trade.BrokerOrder
	Signals   Kind = "signals"   // []app.SymbolSignal
	Cycle     Kind = "cycle"     // trade.Cycle, published by whoever ran it; feeds turn it into app.CycleReport
	Status    Kind = "status"    // app.SchedulerStatus
	Trading   Kind = "trading"   // app.TradingReport
	News      Kind = "news"      // desk.News, on NewsTopic only
	Problem   Kind = "problem"   // string: one sentence, empty when it is over
)

// NewsTopic is where everything that happens to orders and to states of trading is published, of all
// accounts; the other topics are users' ids.
const NewsTopic = "news"

// Event is one thing that happened. Data is shared by all subscribers: nobody changes it.
type Event struct {
	Kind Kind
	Data any
}

// Bus hands events to the subscribers of a topic. The zero value is ready; it starts no
// goroutine and keeps nothing for topics without subscribers. It is safe for concurrent use.
type Bus struct {
	mu     sync.Mutex
	topics map[string]map[*Subscription]struct{}
}

// Publish hands the event to everyone who is subscribed to the topic now. It never blocks.
func (b *Bus) Publish(topic string, event Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for subscription := range b.topics[topic] {
		subscription.push(event)
	}
}

// Subscribe starts collecting the topic's events, at most capacity (at least 1) of them at a
// time. The caller must Close the subscription.
func (b *Bus) Subscribe(topic string, capacity int) *Subscription {
	s := &Subscription{bus: b, topic: topic, capacity: max(capacity, 1), ready: make(chan struct{}, 1)}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.topics == nil {
		b.topics = make(map[string]map[*Subscription]struct{})
	}
	if b.topics[topic] == nil {
		b.topics[topic] = make(map[*Subscription]struct{})
	}
	b.topics[topic][s] = struct{}{}
	return s
}

// Subscribers returns how many subscriptions the topic has.
func (b *Bus) Subscribers(topic string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.topics[topic])
}

func (b *Bus) remove(s *Subscription) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.topics[s.topic], s)
	if len(b.topics[s.topic]) == 0 {
		delete(b.topics, s.topic)
	}
}

// Subscription is one subscriber's queue. One goroutine at a time may call Next.
type Subscription struct {
	bus      *Bus
	topic    string
	capacity int
	ready    chan struct{} // holds a token while the queue may be non-empty

	mu    sync.Mutex
	queue []Event
	lost  bool
}

func (s *Subscription) push(event Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == s.capacity {
		s.queue, s.lost = s.queue[1:], true
	}
	s.queue = append(s.queue, event)
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// Next waits for the next event. lost reports that older events were dropped since the last
// call: the caller should read the whole state again. The only error is the context's.
func (s *Subscription) Next(ctx context.Context) (event Event, lost bool, err error) {
	for {
		if event, lost, ok := s.pop(); ok {
			return event, lost, nil
		}
		select {
		case <-ctx.Done():
			return Event{}, false, ctx.Err()
		case <-s.ready:
		}
	}
}

func (s *Subscription) pop() (event Event, lost, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		return Event{}, false, false
	}
	event, lost = s.queue[0], s.lost
	s.queue, s.lost = s.queue[1:], false
	return event, lost, true
}

// Close ends the subscription; calling it again does nothing.
func (s *Subscription) Close() { s.bus.remove(s) }
