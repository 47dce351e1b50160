package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/jcap24/alpaca-trader/internal/api"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/event"
	"github.com/jcap24/alpaca-trader/internal/metrics"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// watchHTTP counts the requests of pages and programs.
func (h *house) watchHTTP(config *api.Config) {
	config.Unready = h.ready.Reasons
	config.Throttled = h.metrics.Throttled
	config.Observe = func(served api.Served) {
		if served.Stream {
			h.metrics.StreamEnded(served.Status)
			return
		}
		h.metrics.Served(served.Route, served.Status, served.Took)
	}
}

// cycleFinished tells of a cycle: to the metrics, the log and its user's pages.
func (h *house) cycleFinished(cycle trade.Cycle) {
	h.metrics.CycleFinished(cycle)
	ordered := 0
	for _, decision := range cycle.Decisions {
		if decision.Ordered() && !cycle.DryRun {
			ordered++
		}
	}
	h.options.Log.Info("cycle finished", "account", cycle.AccountID, "cycle", cycle.ID, "slot", cycle.Slot, "outcome", cycle.Outcome,
		"symbols", len(cycle.Decisions), "ordered", ordered, "took", cycle.FinishedAt.Sub(cycle.StartedAt))
	h.bus.Publish(cycle.UserID, event.Event{Kind: event.Cycle, Data: cycle})
}

// told tells of orders and accounts: to the metrics, the log and the pages.
func (h *house) told(news desk.News) {
	h.metrics.Told(news)
	if order := news.Order; order != nil {
		h.options.Log.Info("order", "account", news.AccountID, "cycle", order.Intent.CycleID, "client_order_id", order.Intent.ClientOrderID,
			"order", order.BrokerOrderID, "symbol", order.Intent.Symbol, "state", order.State, "broker_request", order.RequestID)
	}
	h.app.Tell(news)
}

// observedTransport counts the requests that it carries to brokers.
type observedTransport struct {
	http.RoundTripper
	metrics *metrics.Metrics
}

// RoundTrip sends the request and counts it when its answer begins.
func (t observedTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	began := clock.System().Now()
	response, err := t.RoundTripper.RoundTrip(request)
	status := 0
	if err == nil {
		status = response.StatusCode
	}
	t.metrics.Asked(request.Method, request.URL.Path, status, clock.System().Now().Sub(began))
	return response, err
}

// observe counts what the dialer's clients send.
func (d *dialer) observe(counted *metrics.Metrics) {
	if d.transport == nil {
		d.transport = http.DefaultTransport
	}
	d.transport = observedTransport{d.transport, counted}
	if d.demo != nil {
		d.demo = observedTransport{d.demo, counted}
	}
}

// metricsServer serves the metrics at an address of their own.
type metricsServer struct {
	listener net.Listener
	server   *http.Server
	ended    chan error
}

// openMetrics takes the address of METRICS_BIND before anything is built; nil without one. What it
// serves names nobody, yet it says how much is traded: a warning where other machines reach it.
func openMetrics(bind string, log *slog.Logger) (*metricsServer, error) {
	if bind == "" {
		return nil, nil
	}
	listener, err := listen(bind, "METRICS_BIND")
	if err != nil {
		return nil, err
	}
	if !isLoopback(listener.Addr()) {
		log.Warn("other machines can reach the metrics; anybody there sees how much is traded", "address", listener.Addr().String())
	}
	return &metricsServer{listener: listener, ended: make(chan error, 1)}, nil
}

// start serves the house's metrics. On nil it does nothing, and so does stop.
func (s *metricsServer) start(ctx context.Context, h *house, handler *api.Handler) error {
	if s == nil {
		return nil
	}
	err := h.metrics.Watch(ctx, metrics.Sources{
		Database: h.store, Pools: h.pools, Scheduler: h.scheduler != nil, Streams: handler.Streams, Watches: h.orderWatches(),
		Budget: h.accounts.budgets, Audit: h.witness.Last, Clock: clock.System(), Log: h.options.Log,
		Ready: func(ctx context.Context) bool { return len(h.ready.Reasons(ctx)) == 0 },
	})
	if err != nil {
		return fmt.Errorf("prepare metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(h.metrics.Gatherer(), promhttp.HandlerOpts{
		MaxRequestsInFlight: 2, ErrorLog: slog.NewLogLogger(h.options.Log.Handler(), slog.LevelWarn),
	}))
	s.server = &http.Server{
		Handler: mux, ReadHeaderTimeout: metricsTimeout, ReadTimeout: metricsTimeout, WriteTimeout: 2 * metricsTimeout, IdleTimeout: 6 * metricsTimeout,
		ErrorLog: slog.NewLogLogger(h.options.Log.Handler(), slog.LevelWarn),
	}
	go func() { s.ended <- s.server.Serve(s.listener) }()
	h.options.Log.Info("metrics served", "address", "http://"+s.listener.Addr().String()+"/metrics")
	return nil
}

const metricsTimeout = 10 * time.Second

// stop ends it; nobody waits for metrics. It may be called without a start.
func (s *metricsServer) stop() error {
	switch {
	case s == nil:
		return nil
	case s.server == nil:
		return s.listener.Close()
	}
	err := s.server.Close()
	if ended := <-s.ended; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

func (h *house) pools() map[string]metrics.Pool {
	pools := map[string]metrics.Pool{}
	for name, pool := range h.store.Connections() {
		pools[name] = metrics.Pool(pool)
	}
	return pools
}

func (h *house) orderWatches() func() (followed, connected int) {
	if h.watches == nil {
		return nil
	}
	return func() (int, int) { return h.watches.Watching(), h.watches.Connected() }
}

// budgets is the least that an account at a broker may send now, and how many requests wait.
func (d dialer) budgets() (least, waiting int) { return d.accounts.Budgets() }
