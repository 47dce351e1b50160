package sim

import (
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
)

// watchlist is one of an account's named lists of symbols.
type watchlist struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Symbols   []string  `json:"symbols"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

const (
	longestListName = 64
	mostLists       = 200 // these bounds keep a stranger from filling the memory
	longestList     = 10_000
)

// watchlistView is the list with its assets, or without them as in a list of lists.
func (c *call) watchlistView(w *watchlist, whole bool) wire.Watchlist {
	view := wire.Watchlist{ID: w.ID, AccountID: c.account.ID, CreatedAt: w.CreatedAt, UpdatedAt: w.UpdatedAt, Name: w.Name}
	if whole {
		view.Assets = []wire.Asset{}
		for _, symbol := range w.Symbols {
			view.Assets = append(view.Assets, c.exchange.assets[symbol])
		}
	}
	return view
}

// watchlist finds the list that the path or the name asks for.
func (c *call) watchlist() (*watchlist, error) {
	id, byID := c.path["watchlist"]
	name := c.query.Get("name")
	for _, w := range c.account.Watchlists {
		if byID && w.ID == id || !byID && w.Name == name {
			return w, nil
		}
	}
	if byID {
		name = id
	}
	return nil, notFound("watchlist not found: %.64s", name)
}

func listWatchlists(c *call) (answer, error) {
	views := []wire.Watchlist{}
	for _, w := range c.account.Watchlists {
		views = append(views, c.watchlistView(w, false))
	}
	return ok(views)
}

func createWatchlist(c *call) (answer, error) {
	var request wire.WatchlistRequest
	if err := c.decode(&request); err != nil {
		return answer{}, err
	}
	if len(c.account.Watchlists) >= mostLists {
		return answer{}, forbidden("the simulator keeps %d watchlists of an account and no more", mostLists)
	}
	w := &watchlist{ID: uuid.NewString(), Symbols: []string{}, CreatedAt: c.now}
	if err := c.change(w, request); err != nil {
		return answer{}, err
	}
	c.account.Watchlists = append(c.account.Watchlists, w)
	return ok(c.watchlistView(w, true))
}

// onWatchlist answers with the list that the path or the name means, after something was done to it.
func onWatchlist(do func(*call, *watchlist) error) func(*call) (answer, error) {
	return func(c *call) (answer, error) {
		w, err := c.watchlist()
		if err == nil {
			err = do(c, w)
		}
		if err != nil {
			return answer{}, err
		}
		return ok(c.watchlistView(w, true))
	}
}

func readWatchlist(*call, *watchlist) error { return nil }

// replaceWatchlist changes the name, the symbols, or both.
func replaceWatchlist(c *call, w *watchlist) error {
	var request wire.WatchlistRequest
	if err := c.decode(&request); err != nil {
		return err
	}
	if request.Name == "" {
		request.Name = w.Name
	}
	return c.change(w, request)
}

// change gives the list the request's name and symbols, or refuses and leaves it as it is.
func (c *call) change(w *watchlist, request wire.WatchlistRequest) error {
	switch {
	case request.Name == "":
		return invalidParameter("name is required")
	case len(request.Name) > longestListName:
		return invalidParameter("name must be no more than %d characters", longestListName)
	}
	for _, other := range c.account.Watchlists {
		if other != w && other.Name == request.Name {
			return invalidParameter("watchlist name must be unique")
		}
	}
	symbols := w.Symbols
	if request.Symbols != nil {
		symbols = []string{}
		for _, name := range *request.Symbols {
			symbol, err := c.listed(name)
			if err != nil {
				return err
			}
			if !slices.Contains(symbols, symbol) {
				symbols = append(symbols, symbol)
			}
		}
	}
	w.Name, w.Symbols, w.UpdatedAt = request.Name, symbols, c.now
	c.dirty = true
	return nil
}

// listed is the symbol of an asset that may stand on a list. No refusal of an unknown one has been
// recorded; this is that of an order.
func (c *call) listed(name string) (string, error) {
	asset, known := c.exchange.asset(name)
	if !known {
		return "", againstRules("asset %q not found", name)
	}
	return asset.Symbol, nil
}

func addToWatchlist(c *call, w *watchlist) error {
	var request wire.WatchlistRequest
	if err := c.decode(&request); err != nil {
		return err
	}
	symbol, err := c.listed(request.Symbol)
	switch {
	case err != nil:
		return err
	case slices.Contains(w.Symbols, symbol):
		return invalidParameter("duplicate symbol: %s", symbol) // the simulator's wording
	case len(w.Symbols) >= longestList:
		return invalidParameter("a watchlist holds no more than %d symbols", longestList)
	}
	w.Symbols, w.UpdatedAt, c.dirty = append(w.Symbols, symbol), c.now, true
	return nil
}

// removeFromWatchlist answers with the list, as recorded (RULES 3).
func removeFromWatchlist(c *call, w *watchlist) error {
	asset, _ := c.exchange.asset(c.path["symbol"])
	index := slices.Index(w.Symbols, asset.Symbol)
	if index < 0 {
		return notFound("symbol not found in watchlist: %.40s", c.path["symbol"])
	}
	w.Symbols, w.UpdatedAt, c.dirty = slices.Delete(w.Symbols, index, index+1), c.now, true
	return nil
}

func deleteWatchlist(c *call) (answer, error) {
	w, err := c.watchlist()
	if err != nil {
		return answer{}, err
	}
	c.account.Watchlists = slices.DeleteFunc(c.account.Watchlists, func(other *watchlist) bool { return other == w })
	c.dirty = true
	return answer{status: http.StatusNoContent}, nil
}
