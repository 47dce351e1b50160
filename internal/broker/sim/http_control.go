package sim

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
	"github.com/jcap24/alpaca-trader/internal/market"
)

// overview is what /_simulator shows.
type overview struct {
	Clock    simulatorClock    `json:"clock"`
	Market   string            `json:"market"`
	Accounts []accountOverview `json:"accounts"`
	Streams  []streamOverview  `json:"streams"`
	Faults   []Fault           `json:"faults"`
	Requests int               `json:"requests"` // how many there were
	Latest   []loggedRequest   `json:"latest"`
}

// accountOverview is one account and what it holds.
type accountOverview struct {
	Key       string          `json:"key"`
	Account   wire.Account    `json:"account"`
	Positions []wire.Position `json:"positions"`
	Orders    []wire.Order    `json:"orders"` // the newest ones first
}

// streamOverview is one open stream.
type streamOverview struct {
	Endpoint string    `json:"endpoint"`
	Key      string    `json:"key"`
	Opened   time.Time `json:"opened"` // machine time
	Sent     int64     `json:"sent"`
	HalfOpen bool      `json:"half_open"`
}

// The overview shows so many accounts, orders of each, and requests.
const (
	shownAccounts = 100
	shownOrders   = 50
	shownRequests = 100
)

func (s *Simulator) overview() overview {
	view := overview{Clock: s.clockOverview(), Market: s.config.Market.Name(), Faults: s.faults.all()}
	view.Latest, view.Requests = s.requests.newest()
	view.Latest = view.Latest[:min(len(view.Latest), shownRequests)]
	for _, one := range s.sockets.list(func(*socket) bool { return true }) {
		view.Streams = append(view.Streams, streamOverview{
			Endpoint: one.endpoint, Key: one.owner(), Opened: one.opened, Sent: one.sent.Load(), HalfOpen: one.muted.Load(),
		})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	keys := slices.Sorted(maps.Keys(s.exchange.accounts))
	for _, key := range keys[:min(len(keys), shownAccounts)] {
		view.Accounts = append(view.Accounts, s.exchange.overview(key, s.exchange.settled))
	}
	return view
}

func (e *exchange) overview(key string, now time.Time) accountOverview {
	a := e.accounts[key]
	view := accountOverview{Key: key, Account: e.accountView(a, now), Positions: []wire.Position{}, Orders: []wire.Order{}}
	for _, symbol := range a.symbols() {
		if position, held := e.positionView(a, symbol, now); held {
			view.Positions = append(view.Positions, position)
		}
	}
	for _, o := range slices.Backward(a.Orders) {
		if len(view.Orders) == shownOrders {
			break
		}
		view.Orders = append(view.Orders, o.Order)
	}
	return view
}

//go:embed overview.html
var overviewPage string

var overviewTemplate = template.Must(template.New("overview").Parse(overviewPage))

// getOverview is a page for a browser, and JSON for everybody else.
func getOverview(c *call) (answer, error) {
	view := c.overview()
	if !strings.Contains(c.request.Header.Get("Accept"), "text/html") {
		return ok(view)
	}
	var page bytes.Buffer
	if err := overviewTemplate.Execute(&page, view); err != nil {
		return answer{}, err
	}
	c.writer.Header().Set("Content-Type", "text/html; charset=UTF-8")
	c.writer.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	c.writer.WriteHeader(http.StatusOK)
	_, _ = c.writer.Write(page.Bytes())
	return served()
}

func listRequests(c *call) (answer, error) {
	entries, _ := c.requests.newest()
	return ok(entries)
}

// key is the account that the request names.
func (c *call) key() string {
	key, _ := c.keys()
	return key
}

func listFaults(c *call) (answer, error) { return ok(c.faults.all()) }

// createFault arms one fault, or every one of a list. Faults of sockets strike the streams that
// are open now; with times they wait for more.
func createFault(c *call) (answer, error) {
	var content json.RawMessage
	if err := c.decode(&content); err != nil {
		return answer{}, err
	}
	if !bytes.HasPrefix(bytes.TrimSpace(content), []byte("[")) {
		content = slices.Concat([]byte("["), content, []byte("]"))
	}
	list, err := readFaults(content)
	if err != nil {
		return answer{}, invalidParameter("%s", err)
	}
	armed := []Fault{}
	for _, f := range list {
		added, err := c.AddFault(f)
		if err != nil {
			return answer{}, invalidParameter("%s", err)
		}
		armed = append(armed, added)
	}
	return ok(armed)
}

// AddFault arms a fault. One of sockets strikes the streams that are open now.
func (s *Simulator) AddFault(f Fault) (Fault, error) {
	added, err := s.faults.add(f)
	s.pulse.beat() // streams tell of what has happened to the market
	if err != nil || !oneOf(f.Kind, faultSocketDrop+" "+faultSocketHalfOpen) {
		return added, err
	}
	for _, one := range s.sockets.list(func(one *socket) bool { return onSocket(one)(&added) }) {
		if s.struckBy(added.ID, one) {
			added.Struck++
		}
	}
	return added, nil
}

// struckBy lets the one fault happen to the socket, if it still may.
func (s *Simulator) struckBy(id int, one *socket) bool {
	f, ok := s.faults.first(faultSocketDrop+" "+faultSocketHalfOpen, func(f *Fault) bool { return f.ID == id })
	if ok {
		s.apply(f, one)
	}
	return ok
}

func onSocket(one *socket) func(*Fault) bool {
	return func(f *Fault) bool { return strings.HasPrefix(one.endpoint, f.Path) && onKey(one.owner())(f) }
}

func removeFaults(c *call) (answer, error) {
	id := 0
	if text, given := c.path["id"]; given {
		number, err := strconv.Atoi(text)
		if err != nil || number < 1 {
			return answer{}, notFound("fault not found")
		}
		id = number
	}
	if removed := c.faults.remove(id); removed == 0 && id != 0 {
		return answer{}, notFound("fault not found")
	}
	return answer{status: http.StatusNoContent}, nil
}

func (s *Simulator) clockOverview() simulatorClock {
	now := s.Now()
	return simulatorClock{Now: now, Pace: s.config.Pace.String(), IsOpen: market.IsOpen(now)}
}

// RemoveFaults ends all that goes wrong on purpose.
func (s *Simulator) RemoveFaults() { s.faults.remove(0) }
