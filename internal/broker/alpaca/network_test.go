package alpaca_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"testing"
)

// address is where a network in memory finds its server.
const address = "http://broker.test"

// network connects HTTP clients with one server through pipes in memory. A bubble of synctest sees
// such a connection wait, and no machine is slow enough to matter there.
type network struct {
	once        sync.Once
	closed      chan struct{}
	connections chan net.Conn
}

// serve runs the handler on a network of its own until the test ends, and returns the way to it.
func serve(t *testing.T, handler http.Handler) *http.Transport {
	t.Helper()
	pipes := &network{closed: make(chan struct{}), connections: make(chan net.Conn)}
	server := &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = server.Serve(pipes) }()
	transport := &http.Transport{DialContext: pipes.dial, DisableCompression: true}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
	})
	return transport
}

func (n *network) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case n.connections <- theirs:
		return ours, nil
	case <-n.closed:
		return nil, &net.OpError{Op: "dial", Net: "pipe", Err: errors.New("connection refused")}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept waits for the next connection.
func (n *network) Accept() (net.Conn, error) {
	select {
	case connection := <-n.connections:
		return connection, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

// Close refuses what is dialled from now on.
func (n *network) Close() error {
	n.once.Do(func() { close(n.closed) })
	return nil
}

// Addr is the network's.
func (n *network) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "pipe"} }
