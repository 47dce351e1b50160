package sim

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

const (
	longestMessage = 1 << 20          // of a client
	writeWithin    = 10 * time.Second // of machine time; a slower client is cut off
	pingEvery      = 45 * time.Second // a client that vanished holds its place for two of these, as Alpaca's does
)

// socket is one open stream: a WebSocket, or the events of an HTTP answer.
type socket struct {
	endpoint string // its path
	binary   bool   // sends binary frames
	opened   time.Time
	end      func()
	ended    <-chan struct{} // of an HTTP answer: closed by end

	conn  *websocket.Conn // nil for an HTTP answer
	key   atomic.Pointer[string]
	muted atomic.Bool // half-open: nothing goes out any more and nothing is answered
	sent  atomic.Int64
}

// owner is the key that the socket has authenticated with; empty before.
func (s *socket) owner() string {
	if key := s.key.Load(); key != nil {
		return *key
	}
	return ""
}

// send writes one message, or nothing at all on a half-open socket.
func (s *socket) send(ctx context.Context, content []byte) error {
	if s.muted.Load() {
		return nil
	}
	kind := websocket.MessageText
	if s.binary {
		kind = websocket.MessageBinary
	}
	ctx, cancel := context.WithTimeout(ctx, writeWithin)
	defer cancel()
	s.sent.Add(1)
	return s.conn.Write(ctx, kind, content)
}

// drop cuts the connection without a word.
func (s *socket) drop() {
	if s.conn != nil {
		_ = s.conn.CloseNow()
	}
	s.end()
}

// ping asks for a sign of life in the background and cuts the connection when there is none.
func (s *socket) ping(ctx context.Context) {
	if s.muted.Load() {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(ctx, pingEvery)
		defer cancel()
		if s.conn.Ping(ctx) != nil {
			s.drop()
		}
	}()
}

// receive gives the client's messages, until the connection ends.
func (s *socket) receive(ctx context.Context) <-chan []byte {
	inbox := make(chan []byte)
	go func() {
		defer close(inbox)
		for {
			_, content, err := s.conn.Read(ctx)
			if err != nil {
				return
			}
			if s.muted.Load() {
				continue
			}
			select {
			case inbox <- content:
			case <-ctx.Done():
				return
			}
		}
	}()
	return inbox
}

// sockets are all open ones.
type sockets struct {
	mu   sync.Mutex
	open map[*socket]bool
}

func (s *sockets) add(one *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[*socket]bool{}
	}
	s.open[one] = true
}

func (s *sockets) remove(one *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, one)
}

// claim makes the key the socket's owner, unless another socket of the key is open at the
// endpoint and only one may be.
func (s *sockets) claim(one *socket, key string, alone bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for other := range s.open {
		if alone && other != one && other.endpoint == one.endpoint && other.owner() == key {
			return false
		}
	}
	one.key.Store(&key)
	return true
}

// list returns the open sockets that the test takes.
func (s *sockets) list(takes func(*socket) bool) []*socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []*socket
	for one := range s.open {
		if takes(one) {
			found = append(found, one)
		}
	}
	return found
}

// closeAll ends every stream.
func (s *sockets) closeAll() {
	for _, one := range s.list(func(*socket) bool { return true }) {
		one.drop()
	}
}

// accept answers a WebSocket handshake. On failure it has answered already. The caller closes.
func (c *call) accept() (*socket, context.Context, error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(c.request.Context()))
	one := &socket{endpoint: c.request.URL.Path, opened: c.config.Machine.Now(), end: cancel}
	conn, err := websocket.Accept(c.writer, c.request, &websocket.AcceptOptions{
		InsecureSkipVerify: true, // keys in messages authenticate, so a page of another origin gains nothing
		CompressionMode:    websocket.CompressionDisabled,
		OnPingReceived:     func(context.Context, []byte) bool { return !one.muted.Load() },
	})
	if err != nil {
		cancel()
		return nil, nil, err
	}
	conn.SetReadLimit(longestMessage)
	one.conn = conn
	c.sockets.add(one)
	return one, ctx, nil
}

// close ends the socket politely, in the background: a client that vanished does not hold us up.
func (c *call) close(one *socket, code websocket.StatusCode, reason string) {
	c.sockets.remove(one)
	if one.muted.Load() {
		one.drop()
		return
	}
	go func() {
		_ = one.conn.Close(code, reason)
		one.end()
	}()
}

// onlyOnce makes a second call do nothing.
func onlyOnce(do func()) func() {
	var once sync.Once
	return func() { once.Do(do) }
}

// served is the answer of a handler that has written everything itself.
func served() (answer, error) { return answer{}, nil }

// allowLong lifts the server's bounds on how long an answer may take.
func allowLong(w http.ResponseWriter) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{}) // not every server has them
	_ = control.SetWriteDeadline(time.Time{})
}
