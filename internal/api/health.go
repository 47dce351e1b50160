package api

import (
	"context"
	"net/http"
)

// probes are the paths that proxies and service managers ask: by any host name, without a limit.
var probes = map[string]bool{"/health": true, "/livez": true, "/readyz": true}

type healthView struct {
	Status    string `json:"status"`
	Timestamp string `json:"timestamp"`
}

// health is the answer that the Python system gave.
func (s *server) health(context.Context, *nothing) (healthView, error) {
	return healthView{"healthy", *timeText(s.Clock.Now())}, nil
}

type liveView struct {
	Status string `json:"status" enum:"alive"`
}

// live says that the process answers, whatever else is wrong: who restarts a server asks here.
func (s *server) live(context.Context, *nothing) (liveView, error) { return liveView{"alive"}, nil }

type readyView struct {
	Status  string   `json:"status" enum:"ready,not ready"`
	Reasons []string `json:"reasons"` // why it is not ready; empty when it is
}

type readyReply struct {
	Status int
	Body   readyView
}

// ready says whether requests should be sent here: who balances servers asks here.
func (s *server) ready(ctx context.Context, _ *nothing) (*readyReply, error) {
	if s.Unready != nil {
		if reasons := s.Unready(ctx); len(reasons) > 0 {
			return &readyReply{http.StatusServiceUnavailable, readyView{"not ready", reasons}}, nil
		}
	}
	return &readyReply{http.StatusOK, readyView{"ready", []string{}}}, nil
}
