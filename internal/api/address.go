package api

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// clientAddress is the address that a request comes from. It is the one place that decides so:
// limits, throttling, audit and sessions ask here. It is the TCP peer; where that is one of the
// trusted proxies, X-Forwarded-For is walked from its right end, which the nearest proxy wrote, to
// the first address that no trusted proxy has. What stands left of it anybody may have written.
func clientAddress(r *http.Request, trusted []netip.Prefix) string {
	address, ok := parseHop(r.RemoteAddr)
	if !ok {
		return r.RemoteAddr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !within(trusted, address) {
			break
		}
		next, ok := parseHop(strings.TrimSpace(hop))
		if !ok {
			break
		}
		address = next
	}
	return address.String()
}

// parseHop reads an address with or without its port, in one form for each address: IPv4 inside
// IPv6 is IPv4, and a zone is left out.
func parseHop(text string) (netip.Addr, bool) {
	address, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		withPort, err := netip.ParseAddrPort(text)
		if err != nil {
			return netip.Addr{}, false
		}
		address = withPort.Addr()
	}
	return address.Unmap().WithZone(""), true
}

func within(networks []netip.Prefix, address netip.Addr) bool {
	return slices.ContainsFunc(networks, func(network netip.Prefix) bool { return network.Contains(address) })
}

// secureRequest reports whether the client reached us by TLS: directly, or by a trusted proxy that
// says so.
func secureRequest(r *http.Request, trusted []netip.Prefix) bool {
	if r.TLS != nil {
		return true
	}
	peer, ok := parseHop(r.RemoteAddr)
	return ok && within(trusted, peer) && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}
