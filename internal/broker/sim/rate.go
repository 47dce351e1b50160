package sim

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// rateWindow is the minute over which Alpaca counts (RULES 10).
const rateWindow = time.Minute

// rateLimit counts each key's requests in windows of a minute of machine time. The Trading API
// and the Market Data API count apart.
type rateLimit struct {
	most int // a minute; 0: no limit and no headers

	mu     sync.Mutex
	counts map[string]int // by key and API, of the window
	window time.Time
}

// take counts a request, says in the headers what is left, and reports whether it may be served.
func (l *rateLimit) take(w http.ResponseWriter, r *http.Request, now time.Time) bool {
	key, _ := keysOf(r)
	if l.most == 0 || key == "" {
		return true
	}
	if isMarketData(r.URL.Path) {
		key = "data " + key
	} else {
		key = "trading " + key
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if window := now.Truncate(rateWindow); !window.Equal(l.window) || l.counts == nil {
		l.window, l.counts = window, map[string]int{}
	}
	l.counts[key]++
	left := l.most - l.counts[key]
	w.Header().Set("X-RateLimit-Limit", strconv.Itoa(l.most))
	w.Header().Set("X-RateLimit-Remaining", strconv.Itoa(max(0, left)))
	w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(l.window.Add(rateWindow).Unix(), 10))
	return left >= 0
}

// isMarketData reports whether Alpaca serves the path on its market data host.
func isMarketData(path string) bool {
	return strings.HasPrefix(path, "/v2/stocks/") || strings.HasPrefix(path, "/v1beta") || strings.HasPrefix(path, "/v1/corporate-actions")
}
