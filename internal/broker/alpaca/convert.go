package alpaca

import (
	"time"

	sdk "github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// request is the body of the POST that asks for the intent's order.
func request(intent trade.Intent) sdk.PlaceOrderRequest {
	asked := sdk.PlaceOrderRequest{
		Symbol: intent.Symbol, Side: sdk.Side(intent.Side), Type: sdk.OrderType(intent.Type),
		TimeInForce: sdk.TimeInForce(intent.TimeInForce),
		Qty:         pointer(intent.Qty), Notional: pointer(intent.Notional),
		LimitPrice: pointer(intent.LimitPrice), StopPrice: pointer(intent.StopPrice), TrailPercent: pointer(intent.TrailPercent),
		ExtendedHours: intent.ExtendedHours, ClientOrderID: intent.ClientOrderID,
	}
	if intent.Class != trade.SimpleOrder {
		asked.OrderClass = sdk.OrderClass(intent.Class)
	}
	if intent.TakeProfit.Valid {
		asked.TakeProfit = &sdk.TakeProfit{LimitPrice: pointer(intent.TakeProfit)}
	}
	if intent.StopLoss.Valid {
		asked.StopLoss = &sdk.StopLoss{StopPrice: pointer(intent.StopLoss)}
	}
	return asked
}

func order(o sdk.Order) trade.BrokerOrder {
	var legs []trade.BrokerOrder
	for _, leg := range o.Legs {
		legs = append(legs, order(leg))
	}
	return trade.BrokerOrder{
		ID: o.ID, ClientOrderID: o.ClientOrderID, Symbol: o.Symbol,
		Side: trade.Side(o.Side), Type: string(o.Type), TimeInForce: string(o.TimeInForce),
		Qty: nullable(o.Qty), Notional: nullable(o.Notional),
		FilledQty: o.FilledQty, FilledAvgPrice: nullable(o.FilledAvgPrice),
		LimitPrice: nullable(o.LimitPrice), StopPrice: nullable(o.StopPrice), TrailPercent: nullable(o.TrailPercent),
		Class: string(o.OrderClass), Legs: legs,
		Status: o.Status, SubmittedAt: o.SubmittedAt.UTC(), FilledAt: instant(o.FilledAt), UpdatedAt: o.UpdatedAt.UTC(),
	}
}

func position(p sdk.Position) trade.Position {
	return trade.Position{
		Symbol: p.Symbol, Qty: p.Qty, QtyAvailable: p.QtyAvailable, AvgEntryPrice: p.AvgEntryPrice,
		MarketValue: value(p.MarketValue), CurrentPrice: value(p.CurrentPrice),
		UnrealizedPL: value(p.UnrealizedPL), UnrealizedPLPC: value(p.UnrealizedPLPC),
	}
}

func fill(a sdk.AccountActivity) trade.Fill {
	side := trade.SideBuy
	if a.Side != string(trade.SideBuy) { // sell or sell_short
		side = trade.SideSell
	}
	return trade.Fill{
		ExecutionID: a.ID, OrderID: a.OrderID, Symbol: a.Symbol, Side: side,
		Qty: a.Qty, Price: a.Price, At: a.TransactionTime.UTC(),
	}
}

func pointer(d decimal.NullDecimal) *decimal.Decimal {
	if !d.Valid {
		return nil
	}
	return &d.Decimal
}

func nullable(d *decimal.Decimal) decimal.NullDecimal {
	if d == nil {
		return decimal.NullDecimal{}
	}
	return decimal.NewNullDecimal(*d)
}

// value is zero where the broker has no price for a position.
func value(d *decimal.Decimal) decimal.Decimal {
	if d == nil {
		return decimal.Zero
	}
	return *d
}

func instant(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

func floats(decimals []decimal.Decimal) []float64 {
	numbers := make([]float64, len(decimals))
	for i, d := range decimals {
		numbers[i] = d.InexactFloat64()
	}
	return numbers
}
