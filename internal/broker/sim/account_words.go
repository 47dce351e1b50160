package sim

import (
	"cmp"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// requestOf is the intent as a client would send it.
func requestOf(intent trade.Intent) wire.CreateOrder {
	request := wire.CreateOrder{
		Symbol: intent.Symbol, Qty: intent.Qty, Notional: intent.Notional, Side: string(intent.Side),
		Type: string(intent.Type), TimeInForce: string(intent.TimeInForce),
		LimitPrice: intent.LimitPrice, StopPrice: intent.StopPrice, TrailPercent: intent.TrailPercent,
		ExtendedHours: intent.ExtendedHours, ClientOrderID: intent.ClientOrderID,
	}
	if intent.Class != trade.SimpleOrder {
		request.OrderClass = string(intent.Class)
	}
	if intent.TakeProfit.Valid {
		request.TakeProfit = &wire.TakeProfit{LimitPrice: intent.TakeProfit}
	}
	if intent.StopLoss.Valid {
		request.StopLoss = &wire.StopLoss{StopPrice: intent.StopLoss}
	}
	return request
}

func orderOf(o wire.Order) trade.BrokerOrder {
	var legs []trade.BrokerOrder
	for _, leg := range o.Legs {
		legs = append(legs, orderOf(leg))
	}
	filled := time.Time{}
	if o.FilledAt != nil {
		filled = o.FilledAt.UTC()
	}
	return trade.BrokerOrder{
		ID: o.ID, ClientOrderID: o.ClientOrderID, Symbol: o.Symbol,
		Side: trade.Side(o.Side), Type: o.Type, TimeInForce: o.TimeInForce, Qty: o.Qty, Notional: o.Notional,
		FilledQty: o.FilledQty, FilledAvgPrice: o.FilledAvgPrice,
		LimitPrice: o.LimitPrice, StopPrice: o.StopPrice, TrailPercent: o.TrailPercent, Class: o.OrderClass, Legs: legs,
		Status: o.Status, SubmittedAt: o.SubmittedAt.UTC(), FilledAt: filled, UpdatedAt: o.UpdatedAt.UTC(),
	}
}

// newestFirst is the order in which orders are listed.
func newestFirst(orders []*order) []*order {
	return slices.SortedFunc(slices.Values(orders), func(a, b *order) int { return cmp.Compare(b.Number, a.Number) })
}

func fillOf(f fill) trade.Fill {
	side := trade.SideSell // sold short too
	if f.Side == sideBuy {
		side = trade.SideBuy
	}
	return trade.Fill{
		ExecutionID: f.ID, OrderID: f.OrderID, Symbol: f.Symbol, Side: side, Qty: f.Qty, Price: f.Price, At: f.At.UTC(),
	}
}

func changesOf(activities []fill, after time.Time) (changes []trade.Change) {
	since := market.Day(after)
	for _, f := range activities {
		if (f.Kind == activitySplit || f.Kind == activitySpinOff) && !f.At.Before(since) {
			changes = append(changes, trade.Change{ID: f.ID, Kind: f.Kind, Symbol: f.Symbol, At: market.Day(f.At).UTC()})
		}
	}
	return changes
}

func positionOf(p wire.Position) trade.Position {
	return trade.Position{
		Symbol: p.Symbol, Qty: p.Qty, QtyAvailable: p.QtyAvailable, AvgEntryPrice: p.AvgEntryPrice,
		MarketValue: p.MarketValue.Decimal, CurrentPrice: p.CurrentPrice.Decimal,
		UnrealizedPL: p.UnrealizedPL.Decimal, UnrealizedPLPC: p.UnrealizedPLPC.Decimal,
	}
}

func assetOf(a wire.Asset) trade.Asset {
	return trade.Asset{
		Symbol: a.Symbol, Name: a.Name, Exchange: a.Exchange, Class: a.Class,
		Tradable: a.Tradable && a.Status == "active", Fractionable: a.Fractionable, Shortable: a.Shortable, EasyToBorrow: a.EasyToBorrow,
	}
}

func quoteAround(last Print) trade.Quote {
	quote := quoteOf(last, "", "")
	return trade.Quote{
		Bid: decimal.NewFromFloat(quote.BidPrice), Ask: decimal.NewFromFloat(quote.AskPrice),
		Last: last.decimalPrice(), At: last.At.UTC(),
	}
}
