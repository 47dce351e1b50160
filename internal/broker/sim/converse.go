package sim

import (
	"context"
	"errors"
	"time"

	"github.com/coder/websocket"
)

// speaker is the simulator's side of a WebSocket.
type speaker interface {
	// tell sends what has happened. It is called again when a channel says so.
	tell(ctx context.Context) (again, late <-chan struct{}, err error)
	// answer handles one message of the client.
	answer(ctx context.Context, content []byte) error
}

// errOver ends a conversation in peace; any other error tells that the client broke the protocol.
var errOver = errors.New("the conversation is over")

// converse answers a WebSocket handshake and talks until the client leaves or somebody ends it.
func (c *call) converse(open func(context.Context, *socket) (speaker, error)) (answer, error) {
	one, ctx, err := c.accept()
	if err != nil {
		return served()
	}
	partner, err := open(ctx, one)
	if err == nil {
		err = one.talk(ctx, partner)
	}
	reason := websocket.StatusNormalClosure
	if err != nil && !errors.Is(err, errOver) {
		reason = websocket.StatusPolicyViolation
	}
	c.close(one, reason, "")
	return served()
}

func (s *socket) talk(ctx context.Context, partner speaker) error {
	inbox := s.receive(ctx)
	alive := time.NewTicker(pingEvery)
	defer alive.Stop()
	for {
		again, late, err := partner.tell(ctx)
		if err != nil {
			return err
		}
		select {
		case content, open := <-inbox:
			if !open {
				return nil
			}
			if err := partner.answer(ctx, content); err != nil {
				return err
			}
		case <-again:
		case <-late:
		case <-alive.C:
			s.ping(ctx)
		case <-ctx.Done():
			return nil
		}
	}
}
