package sim

import (
	"context"
)

// tradingStream is one client of /stream: it authenticates, listens to trade_updates, and gets
// binary frames with JSON text, as paper accounts do (RULES 8.2); msgpack if its handshake asks.
type tradingStream struct {
	*call
	socket  *socket
	codec   codec
	updates *delivery // nil until the client listens
	account *account  // nil until it has authenticated
	key     string
}

// streamRequest is what a client of /stream sends. The keys come under data, or beside the action
// as one note on Alpaca's page of 2026 has it.
type streamRequest struct {
	Action string `json:"action" msgpack:"action"`
	Key    string `json:"key" msgpack:"key"`
	Secret string `json:"secret" msgpack:"secret"`
	Data   struct {
		KeyID     string   `json:"key_id" msgpack:"key_id"`
		SecretKey string   `json:"secret_key" msgpack:"secret_key"`
		Token     string   `json:"oauth_token" msgpack:"oauth_token"`
		Streams   []string `json:"streams" msgpack:"streams"`
	} `json:"data" msgpack:"data"`
}

func serveTradingStream(c *call) (answer, error) {
	return c.converse(func(_ context.Context, one *socket) (speaker, error) {
		one.binary = true
		return &tradingStream{call: c, socket: one, codec: codecOf(c.request.Header.Get("Content-Type"))}, nil
	})
}

// answer handles one message of the client.
func (t *tradingStream) answer(ctx context.Context, content []byte) error {
	var request streamRequest
	if err := t.codec.decode(content, &request); err != nil {
		return t.reply(ctx, "error", map[string]any{"error_message": "invalid message"})
	}
	switch request.Action {
	case "authenticate", "auth":
		return t.authenticate(ctx, request)
	case "listen":
		return t.listen(ctx, request.Data.Streams)
	default:
		return t.reply(ctx, "error", map[string]any{"error_message": "unknown action"})
	}
}

func (t *tradingStream) authenticate(ctx context.Context, request streamRequest) error {
	key, secret := request.Data.KeyID, request.Data.SecretKey
	switch {
	case request.Data.Token != "":
		key, secret = tokenKeys(request.Data.Token)
	case key == "":
		key, secret = request.Key, request.Secret
	}
	status := "unauthorized"
	if signedIn, err := t.signIn(key, secret); err == nil {
		t.account, t.key, status = signedIn, key, "authorized"
		t.sockets.claim(t.socket, key, false)
	}
	return t.reply(ctx, "authorization", map[string]any{"status": status, "action": "authenticate"})
}

// listen replaces the whole set of streams.
func (t *tradingStream) listen(ctx context.Context, streams []string) error {
	if t.account == nil {
		return t.reply(ctx, "authorization", map[string]any{"status": "unauthorized", "action": "listen"})
	}
	served := []string{}
	t.updates = nil
	for _, name := range streams {
		if name == "trade_updates" && t.updates == nil {
			served = append(served, name)
			t.updates = t.follow(t.account, t.key)
		}
	}
	return t.reply(ctx, "listening", map[string]any{"streams": served})
}

// tell sends what has happened, and says when to look again.
func (t *tradingStream) tell(ctx context.Context) (again, late <-chan struct{}, err error) {
	if t.updates == nil {
		return nil, nil, nil
	}
	updates, again := t.updates.take(t.Simulator)
	for _, update := range updates {
		if t.struck(t.socket) {
			break
		}
		update.AccountID = "" // only the HTTP stream names it
		if err := t.reply(ctx, "trade_updates", update); err != nil {
			return nil, nil, err
		}
	}
	return again, t.updates.due, nil
}

func (t *tradingStream) reply(ctx context.Context, stream string, data any) error {
	body := any(struct {
		Stream string `json:"stream"`
		Data   any    `json:"data"`
	}{stream, data})
	if t.codec.msgpack {
		var err error
		if body, err = inWords(body); err != nil {
			return err
		}
	}
	content, err := t.codec.encode(body)
	if err != nil {
		return err
	}
	return t.socket.send(ctx, content)
}

// struck lets the faults of sockets that wait for this one happen, and reports whether it is gone.
func (s *Simulator) struck(one *socket) bool {
	f, ok := s.faults.first(faultSocketDrop+" "+faultSocketHalfOpen, onSocket(one))
	if !ok {
		return one.muted.Load()
	}
	s.apply(f, one)
	return true
}

// apply does to the socket what the fault says.
func (s *Simulator) apply(f Fault, one *socket) {
	if f.Kind == faultSocketHalfOpen {
		one.muted.Store(true)
		return
	}
	one.drop()
}

// signIn finds or opens the account of the keys.
func (s *Simulator) signIn(key, secret string) (*account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, opened, refused := s.exchange.authenticate(key, secret, s.clock.now())
	if refused != nil {
		return nil, refused
	}
	if opened {
		return found, s.record()
	}
	_, err := s.settled(found)
	return found, err
}
