package api

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// Handler is the whole interface with the pages behind it. Close ends its live streams.
type Handler struct {
	http.Handler
	end     context.CancelFunc
	streams *streamCount
}

// Streams is how many live streams are open.
func (h *Handler) Streams() int { return h.streams.sum() }

// Close ends the live streams; other requests go on. Calling it again does nothing.
func (h *Handler) Close() { h.end() }

// server is what the handlers share.
type server struct {
	Config
	sessions *scs.SessionManager
	ending   context.Context // done when live streams must end
	streams  streamCount
}

// New returns the interface for the configuration.
func New(config Config) (*Handler, error) {
	ending, end := context.WithCancel(context.Background())
	s := &server{Config: config.withDefaults(), ending: ending}
	s.sessions = newSessions(s.Config)
	mux, _, err := s.mux()
	if err != nil {
		end()
		return nil, err
	}
	return &Handler{Handler: s.tagged(s.armed(recovered(s.hosted(s.sameOrigin(routed(mux)))))), end: end, streams: &s.streams}, nil
}

// OpenAPI returns the OpenAPI 3.1 description of the interface as JSON, without starting anything.
func OpenAPI(version string) ([]byte, error) {
	s := &server{Config: Config{Version: version}.withDefaults(), sessions: scs.New()}
	_, description, err := s.mux()
	return description, err
}

// mux routes: the table's operations, 405 for their paths with other methods, 404 for the rest of
// /api, and the pages for everything else.
func (s *server) mux() (*http.ServeMux, []byte, error) {
	useProblems()
	operations := http.NewServeMux()
	api := humago.New(operations, humaConfig(s.Version))
	outer := http.NewServeMux()
	api.UseMiddleware(s.guard(api))
	allowed := map[string][]string{}
	known := legible(s.bearing(jsonOnly(operations), s.identified(jsonOnly(operations))))
	if s.Local != nil {
		known = legible(s.alone(jsonOnly(operations)))
	}
	for _, r := range s.routes() {
		r.register(api, r.operation(s.BodyTimeout))
		outer.Handle(r.method+" "+r.path, known)
		allowed[r.path] = append(allowed[r.path], r.method)
	}
	description, err := json.Marshal(api.OpenAPI())
	if err != nil {
		return nil, nil, fmt.Errorf("describe the interface: %w", err)
	}
	outer.Handle("GET /openapi.json", describe(description))
	allowed["/openapi.json"] = []string{http.MethodGet}
	for path, methods := range allowed {
		outer.Handle(path, refuseMethod(methods))
	}
	outer.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, r, fault.New(fault.NotFound, "There is nothing at %s.", r.URL.Path))
	})
	outer.Handle("/", s.pages())
	return outer, description, nil
}

func humaConfig(version string) huma.Config {
	config := huma.DefaultConfig("alpaca-trader", version)
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.CreateHooks = nil // no $schema links in answers
	config.Formats = map[string]huma.Format{"application/json": strictJSON, "json": strictJSON}
	config.Info.Description = "Errors are RFC 9457 problems that also carry `error`. Changes need the session cookie and an Origin header of this server."
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "apiKey", In: "cookie", Name: "__Host-sid", Description: "`sid` on plain http"},
		"token":   {Type: "http", Scheme: "bearer", Description: "An API token, at_..., within its scopes; without any cookie"},
	}
	return config
}

// operation describes the route for huma; the permission and the budget travel in its metadata.
func (r route) operation(patience time.Duration) huma.Operation {
	if r.permission == "" || r.budget == "" {
		panic("route without permission or budget: " + r.path)
	}
	operation := huma.Operation{
		Method: r.method, Path: r.path, OperationID: r.id, Summary: r.summary, DefaultStatus: r.status,
		MaxBodyBytes: largestBody + 1, BodyReadTimeout: patience,
		Metadata: map[string]any{"route": r},
	}
	if r.permission != "public" {
		operation.Security = []map[string][]string{{"session": {}}}
		if r.care == orToken {
			operation.Security = append(operation.Security, map[string][]string{"token": {}})
		}
		operation.Extensions = map[string]any{"x-permission": r.permission, "x-step-up": r.care == fresh || r.care == proved}
	}
	return operation
}

// guard stands before every operation: its budget first, then its permission and step-up.
func (s *server) guard(huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		called := ctx.Operation().Metadata["route"].(route)
		s.App.Follow(r.Context())
		err := s.spend(w, r, called.budget)
		if err == nil && s.Local != nil {
			err = s.refuseSignIn(called)
		}
		if err == nil && called.care != orToken {
			err = principalOf(r.Context()).RequireSession()
		}
		if err == nil {
			err = principalOf(r.Context()).Require(called.permission)
		}
		if err == nil && called.care == fresh {
			err = principalOf(r.Context()).RequireFresh(s.Clock.Now())
		}
		if err == nil && called.care == proved {
			err = principalOf(r.Context()).RequireProved(s.Clock.Now())
		}
		if err != nil {
			writeProblem(w, r, err)
			return
		}
		next(ctx)
	}
}

func describe(description []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(description) // the client may be gone
	})
}

// pages serves the web application; it takes no changes.
func (s *server) pages() http.Handler {
	refuse := refuseMethod([]string{http.MethodGet, http.MethodHead})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if unsafe(r) || s.Pages == nil {
			refuse.ServeHTTP(w, r)
			return
		}
		s.Pages.ServeHTTP(w, r)
	})
}

func refuseMethod(methods []string) http.Handler {
	allow := strings.Join(slices.Sorted(slices.Values(methods)), ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", allow)
		refused(r.Context(), http.StatusMethodNotAllowed, "This address takes "+allow+" only.", "method not allowed").write(w)
	})
}

// The limits of a connection. A live stream lifts its own.
const (
	headerTimeout = 5 * time.Second
	bodyTimeout   = 15 * time.Second
	writeTimeout  = 30 * time.Second
	idleTimeout   = 60 * time.Second
	largestHeader = 16 << 10 // bytes
	headerMargin  = 4 << 10  // that net/http reads beyond its limit
)

// Server returns an HTTP server for the handler with the limits of a public server. Its Shutdown
// ends the live streams.
func Server(handler *Handler, logger *slog.Logger) *http.Server {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout, ReadTimeout: bodyTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: largestHeader - headerMargin,
		ErrorLog:       slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	server.RegisterOnShutdown(handler.Close)
	return server
}

// streamCount counts the open live streams of each user.
type streamCount struct {
	mu   sync.Mutex
	open map[string]int
}

// sum is how many are open of all users.
func (c *streamCount) sum() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	sum := 0
	for _, open := range c.open {
		sum += open
	}
	return sum
}

// enter takes one of the user's streams; leave gives it back.
func (c *streamCount) enter(userID string, most int) (leave func(), ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.open = make(map[string]int)
	}
	if c.open[userID] >= most {
		return nil, false
	}
	c.open[userID]++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.open[userID]--; c.open[userID] == 0 {
			delete(c.open, userID)
		}
	}, true
}
