package alpaca

import (
	"context"
	"sync"
	"time"

	sdk "github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"

	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// assetAge is how long an asset's description is believed: what may be borrowed or traded changes
// from day to day, and the broker has the last word at the order.
const assetAge = 10 * time.Minute

// assetsOneByOne is how many assets are asked for singly in that time. Then the whole list, some
// twelve thousand in one answer, is cheaper than the requests that it saves.
const assetsOneByOne = 10

// assets are the descriptions at one trading address, the same for all its accounts.
type assets struct {
	machine clock.Clock
	asking  chan struct{} // holds a token while the list is asked for

	mu     sync.Mutex
	known  map[string]knownAsset
	singly []time.Time // when assets were asked for singly, of the last assetAge
}

type knownAsset struct {
	asked time.Time
	trade.Asset
}

func newAssets(machine clock.Clock) *assets {
	return &assets{machine: machine, asking: make(chan struct{}, 1), known: map[string]knownAsset{}}
}

func (a *assets) get(symbol string) (trade.Asset, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	found, ok := a.known[symbol]
	return found.Asset, ok && a.machine.Now().Sub(found.asked) < assetAge
}

func (a *assets) put(all ...trade.Asset) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, asset := range all {
		a.known[asset.Symbol] = knownAsset{a.machine.Now(), asset}
	}
}

// one counts a request for a single asset, or reports that it is time for the list.
func (a *assets) one() (list bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.machine.Now()
	for len(a.singly) > 0 && now.Sub(a.singly[0]) >= assetAge {
		a.singly = a.singly[1:]
	}
	if len(a.singly) >= assetsOneByOne {
		a.singly = nil
		return true
	}
	a.singly = append(a.singly, now)
	return false
}

// Asset describes a symbol, as the broker did in the last ten minutes; an unknown one is a fault of
// kind NotFound.
func (c *Client) Asset(ctx context.Context, symbol string) (trade.Asset, error) {
	shared := c.config.Accounts.assetsAt(c.config.TradingURL)
	if found, ok := shared.get(symbol); ok && ctx.Err() == nil {
		return found, nil
	}
	select { // one of many askers gets the list, the others find it
	case shared.asking <- struct{}{}:
		defer func() { <-shared.asking }()
	case <-ctx.Done():
		return trade.Asset{}, ctx.Err()
	}
	if found, ok := shared.get(symbol); ok {
		return found, nil
	}
	if shared.one() {
		if found, ok := c.listed(ctx, shared, symbol); ok {
			return found, nil
		}
	}
	return c.askAsset(ctx, shared, symbol)
}

// listed asks for the list of active stocks; ok is false when it failed, or lacks the symbol.
func (c *Client) listed(ctx context.Context, shared *assets, symbol string) (found trade.Asset, ok bool) {
	var list []sdk.Asset
	err := c.read(ctx, func(client *sdk.Client) (err error) {
		list, err = client.GetAssets(sdk.GetAssetsRequest{Status: string(sdk.AssetActive), AssetClass: string(sdk.USEquity)})
		return err
	})
	if err != nil {
		return trade.Asset{}, false
	}
	all := make([]trade.Asset, len(list))
	for i := range list {
		all[i] = asset(list[i])
	}
	shared.put(all...)
	return shared.get(symbol)
}

func (c *Client) askAsset(ctx context.Context, shared *assets, symbol string) (trade.Asset, error) {
	var a *sdk.Asset
	err := c.read(ctx, func(client *sdk.Client) (err error) {
		a, err = client.GetAsset(symbol)
		return err
	})
	if err != nil {
		return trade.Asset{}, err
	}
	if a.Symbol == "" {
		return trade.Asset{}, fault.New(fault.BrokerDown, "Alpaca's answer does not describe %s.", symbol)
	}
	found := asset(*a)
	shared.put(found)
	return found, nil
}

func asset(a sdk.Asset) trade.Asset {
	return trade.Asset{
		Symbol: a.Symbol, Name: a.Name, Exchange: a.Exchange, Class: string(a.Class),
		Tradable: a.Tradable && a.Status == sdk.AssetActive, Fractionable: a.Fractionable,
		Shortable: a.Shortable, EasyToBorrow: a.EasyToBorrow,
	}
}
