package api

import (
	"net"
	"net/netip"
	"sync"

	"github.com/jcap24/alpaca-trader/internal/auth"
)

// connectionsPerAddress is how many connections one address may hold open. A browser takes six,
// or one with HTTP/2; a household or an office shares an address.
const connectionsPerAddress = 100

// CapConnections returns the listener with at most as many open connections for each address as a
// public server allows; more are closed at once. This machine and trusted proxies, behind which
// everybody may be, are not counted.
func CapConnections(listener net.Listener, trusted []netip.Prefix) net.Listener {
	return &cappedListener{Listener: listener, trusted: trusted, most: connectionsPerAddress, open: make(map[string]int)}
}

type cappedListener struct {
	net.Listener
	trusted []netip.Prefix
	most    int

	mu   sync.Mutex
	open map[string]int // by address block
}

// Accept waits for the next connection that is within the cap.
func (l *cappedListener) Accept() (net.Conn, error) {
	for {
		connection, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		peer, ok := parseHop(connection.RemoteAddr().String())
		if !ok || peer.IsLoopback() || within(l.trusted, peer) {
			return connection, nil
		}
		block := auth.AddressBlock(peer.String())
		if l.enter(block) {
			return &countedConnection{Conn: connection, leave: sync.OnceFunc(func() { l.leave(block) })}, nil
		}
		_ = connection.Close() // nothing was promised to it
	}
}

func (l *cappedListener) enter(block string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[block] >= l.most {
		return false
	}
	l.open[block]++
	return true
}

func (l *cappedListener) leave(block string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[block]--; l.open[block] == 0 {
		delete(l.open, block)
	}
}

// countedConnection gives its place back when it is closed.
type countedConnection struct {
	net.Conn
	leave func()
}

// Close closes the connection.
func (c *countedConnection) Close() error {
	c.leave()
	return c.Conn.Close()
}
