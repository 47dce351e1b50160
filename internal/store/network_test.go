package store_test

import (
	"testing"

	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
)

func TestWhoseNetworkCarriesTheDatabase(t *testing.T) {
	t.Parallel()
	for address, open := range map[string]bool{
		"sqlite:///file.db":                                             false,
		"postgresql://ann:secret@localhost/trader":                      false,
		"postgresql://ann:secret@127.0.0.1:5432/trader?sslmode=disable": false,
		"postgresql://ann:secret@[::1]/trader":                          false,
		"postgresql:///trader?host=/run/postgresql":                     false,
		"postgresql://ann:secret@db.example/trader":                     true, // falls back to plain
		"postgresql://ann:secret@db.example/trader?sslmode=disable":     true,
		"postgresql://ann:secret@db.example/trader?sslmode=require":     true, // asks nobody for a name
		"postgresql://ann:secret@db.example/trader?sslmode=verify-full": false,
		"postgresql://ann:secret@localhost,db.example/trader":           true,
		"mysql://db.example/trader":                                     false, // refused elsewhere
	} {
		if got := store.OverOpenNetwork(secret.NewText(address)); got != open {
			t.Errorf("%s: %t", address, got)
		}
	}
}
