package store_test

import (
	"github.com/alexedwards/scs/v2"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
)

// What the store promises to the rooms above it.
var (
	_ app.Store       = (*store.Store)(nil)
	_ engine.Journal  = (*store.Store)(nil)
	_ market.BarStore = (*store.Store)(nil)
	_ scs.CtxStore    = store.Sessions{}
	_ store.Keys      = (*secret.Keyring)(nil)
)
