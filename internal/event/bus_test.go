package event_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jcap24/alpaca-trader/internal/event"
)

func next(t *testing.T, s *event.Subscription) (event.Event, bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	got, lost, err := s.Next(ctx)
	if err != nil {
		t.Fatalf("Next: %v", err)
	}
	return got, lost
}

func TestEverySubscriberOfATopicGetsItsEventsInOrder(t *testing.T) {
	t.Parallel()
	var bus event.Bus
	first, second, stranger := bus.Subscribe("ann", 4), bus.Subscribe("ann", 4), bus.Subscribe("bob", 4)
	defer first.Close()
	defer second.Close()
	defer stranger.Close()
	bus.Publish("ann", event.Event{Kind: event.Problem, Data: "one"})
	bus.Publish("ann", event.Event{Kind: event.Problem, Data: "two"})
	bus.Publish("bob", event.Event{Kind: event.Problem, Data: "three"})
	for _, s := range []*event.Subscription{first, second} {
		for _, want := range []string{"one", "two"} {
			if got, lost := next(t, s); got.Data != want || lost {
				t.Fatalf("got %v (lost %v), want %q", got.Data, lost, want)
			}
		}
	}
	if got, _ := next(t, stranger); got.Data != "three" {
		t.Fatalf("bob got %v", got.Data)
	}
}

func TestASlowSubscriberLosesItsOldestEventsAndIsToldOnce(t *testing.T) {
	t.Parallel()
	var bus event.Bus
	slow := bus.Subscribe("ann", 2)
	defer slow.Close()
	for n := 1; n <= 5; n++ {
		bus.Publish("ann", event.Event{Data: n})
	}
	if got, lost := next(t, slow); got.Data != 4 || !lost {
		t.Fatalf("first after the loss: %v, lost %v; want 4, true", got.Data, lost)
	}
	if got, lost := next(t, slow); got.Data != 5 || lost {
		t.Fatalf("second after the loss: %v, lost %v; want 5, false", got.Data, lost)
	}
}

func TestAClosedSubscriptionGetsNothingMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var bus event.Bus
		s := bus.Subscribe("ann", 2)
		s.Close()
		s.Close()
		bus.Publish("ann", event.Event{Data: 1})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, _, err := s.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Next on a closed subscription: %v", err)
		}
		if bus.Subscribers("ann") != 0 {
			t.Fatal("the topic still has a subscriber")
		}
	})
}

func TestNothingIsLostBetweenManyPublishersAndAWaitingSubscriber(t *testing.T) {
	t.Parallel()
	var bus event.Bus
	s := bus.Subscribe("ann", 1000)
	defer s.Close()
	var publishers sync.WaitGroup
	for range 10 {
		publishers.Go(func() {
			for range 100 {
				bus.Publish("ann", event.Event{Data: 1})
			}
		})
	}
	for range 1000 {
		if _, lost := next(t, s); lost {
			t.Fatal("an event was lost below the capacity")
		}
	}
	publishers.Wait()
}
