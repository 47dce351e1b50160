package api

import (
	"context"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

type watchedView struct {
	Symbol string `json:"symbol"`
	Name   string `json:"name"`
}

func (s *server) watchlist(ctx context.Context, _ *nothing) ([]watchedView, error) {
	watched, err := s.App.Watchlist(ctx, principalOf(ctx))
	return each(watched, func(w trade.WatchedSymbol) watchedView { return watchedView(w) }), err
}

type watchlistAddInput struct {
	Body struct {
		Symbol string `json:"symbol" doc:"One to five letters"`
	}
}

type watchlistAdded struct {
	Success bool   `json:"success"`
	Symbol  string `json:"symbol"`
	Name    string `json:"name"`
}

func (s *server) watchlistAdd(ctx context.Context, input *watchlistAddInput) (watchlistAdded, error) {
	added, err := s.App.AddSymbol(ctx, principalOf(ctx), input.Body.Symbol)
	return watchlistAdded{true, added.Symbol, added.Name}, err
}

type watchlistRemoveInput struct {
	Symbol string `path:"symbol"`
}

func (s *server) watchlistRemove(ctx context.Context, input *watchlistRemoveInput) (done, error) {
	return done{true}, s.App.RemoveSymbol(ctx, principalOf(ctx), input.Symbol)
}
