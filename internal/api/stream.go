package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/event"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

type problemView struct {
	Error string `json:"error" doc:"What is wrong with the broker, in one sentence; empty: nothing any more"`
}

// streamed is the one table of the events on the stream: what their data looks like.
var streamed = map[event.Kind]reflect.Type{
	event.Account:   reflect.TypeFor[accountView](),
	event.Positions: reflect.TypeFor[[]positionView](),
	event.Orders:    reflect.TypeFor[[]orderView](),
	event.Signals:   reflect.TypeFor[[]signalView](),
	event.Cycle:     reflect.TypeFor[cycleView](),
	event.Status:    reflect.TypeFor[statusView](),
	event.Trading:   reflect.TypeFor[tradingView](),
	event.Problem:   reflect.TypeFor[problemView](),
}

// viewEvent turns an event's data into its JSON form.
func viewEvent(data any) any {
	switch data := data.(type) {
	case app.AccountFigures:
		return viewAccount(data)
	case []trade.Position:
		return each(data, viewPosition)
	case []trade.BrokerOrder:
		return each(data, viewOrder)
	case []app.SymbolSignal:
		return each(data, viewSignal)
	case app.CycleReport:
		return viewCycle(data)
	case app.SchedulerStatus:
		return viewStatus(data)
	case app.TradingReport:
		return viewTrading(data)
	case string:
		return problemView{data}
	default:
		return nil
	}
}

// stream registers GET /api/stream and describes its events.
func (s *server) stream(api huma.API, operation huma.Operation) {
	schemas := api.OpenAPI().Components.Schemas
	var events []*huma.Schema
	for _, kind := range slices.Sorted(maps.Keys(streamed)) {
		events = append(events, &huma.Schema{
			Type: huma.TypeObject, Title: "Event " + string(kind), Required: []string{"event", "data"},
			Properties: map[string]*huma.Schema{
				"event": {Type: huma.TypeString, Enum: []any{string(kind)}},
				"data":  schemas.Schema(streamed[kind], true, string(kind)),
			},
		})
	}
	operation.Responses = map[string]*huma.Response{"200": {
		Description: "Events as they happen; a comment at least every 15 seconds",
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{OneOf: events}}},
	}}
	huma.Register(api, operation, func(context.Context, *nothing) (*huma.StreamResponse, error) {
		return &huma.StreamResponse{Body: func(ctx huma.Context) {
			r, w := humago.Unwrap(ctx)
			if err := s.openStream(w, r); err != nil {
				writeProblem(w, r, err)
			}
		}}, nil
	})
}

// openStream streams until the client, the session or the server ends it. An error means that
// nothing has been sent yet.
func (s *server) openStream(w http.ResponseWriter, r *http.Request) error {
	principal := principalOf(r.Context())
	leave, ok := s.streams.enter(principal.UserID, s.StreamsPerUser)
	if !ok {
		return fault.New(fault.RateLimited, "Too many live pages are open. Close some of them.")
	}
	defer leave()
	feed, err := s.App.Watch(principal)
	if err != nil {
		return err
	}
	defer feed.Close()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.ending, cancel)()

	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy must not hold events back
	out := &eventWriter{w: w, control: http.NewResponseController(w)}
	if err := out.open(); err == nil {
		s.feed(ctx, feed, out, s.stillThere(r.Context()))
	}
	return nil
}

// feed writes events until something ends, such as the session or the API token behind it.
func (s *server) feed(ctx context.Context, feed *app.Feed, out *eventWriter, there func(context.Context) (bool, error)) {
	lastCheck, lastWrite := s.Clock.Now(), s.Clock.Now()
	for ctx.Err() == nil {
		untilCheck := s.Recheck - s.Clock.Now().Sub(lastCheck)
		waiting, cancel := context.WithTimeout(ctx, min(untilCheck, s.Heartbeat))
		next, err := feed.Next(waiting)
		cancel()
		now := s.Clock.Now()
		if now.Sub(lastCheck) >= s.Recheck {
			if alive, err := there(ctx); err != nil || !alive {
				return
			}
			lastCheck = now
		}
		switch {
		case err == nil:
			err = out.event(next.Kind, viewEvent(next.Data))
		case now.Sub(lastWrite) >= s.Heartbeat:
			err = out.comment()
		default:
			continue
		}
		if err != nil {
			return
		}
		lastWrite = now
	}
}

// slowestClient is how long one event may take to be taken.
const slowestClient = 10 * time.Second

// eventWriter writes server-sent events and flushes each.
type eventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// open lifts the deadlines that the server set for ordinary requests, and sends the headers.
func (o *eventWriter) open() error {
	if err := o.control.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	return o.write([]byte("retry: 2000\n\n"))
}

func (o *eventWriter) event(kind event.Kind, data any) error {
	encoded, err := json.Marshal(data)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "event: %s\ndata: %s\n\n", kind, encoded)
	return o.write(text.Bytes())
}

func (o *eventWriter) comment() error { return o.write([]byte(": still here\n\n")) }

func (o *eventWriter) write(text []byte) error {
	if err := o.control.SetWriteDeadline(clock.System().Now().Add(slowestClient)); err != nil {
		return err
	}
	if _, err := o.w.Write(text); err != nil {
		return err
	}
	return o.control.Flush()
}
