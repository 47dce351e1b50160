package api

import (
	"context"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

type accountView struct {
	Equity         float64 `json:"equity" doc:"US dollars, as all money here"`
	LastEquity     float64 `json:"last_equity" doc:"At the previous session's close"`
	Cash           float64 `json:"cash"`
	BuyingPower    float64 `json:"buying_power"`
	PortfolioValue float64 `json:"portfolio_value"`
	MarketOpen     bool    `json:"market_open"`
	Name           string  `json:"name"`
	Paper          bool    `json:"paper"`
	Demo           bool    `json:"demo"`
}

func viewAccount(figures app.AccountFigures) accountView {
	return accountView{
		Equity: figures.Equity.InexactFloat64(), LastEquity: figures.LastEquity.InexactFloat64(),
		Cash: figures.Cash.InexactFloat64(), BuyingPower: figures.BuyingPower.InexactFloat64(),
		PortfolioValue: figures.PortfolioValue.InexactFloat64(), MarketOpen: figures.MarketOpen,
		Name: figures.Name, Paper: figures.Paper, Demo: figures.Demo,
	}
}

func (s *server) account(ctx context.Context, _ *nothing) (accountView, error) {
	figures, err := s.App.Account(ctx, principalOf(ctx))
	return viewAccount(figures), err
}

type positionView struct {
	Symbol         string  `json:"symbol"`
	Side           string  `json:"side" enum:"long,short"`
	Qty            float64 `json:"qty" doc:"Negative for a short position"`
	AvgEntry       float64 `json:"avg_entry"`
	CurrentPrice   float64 `json:"current_price"`
	MarketValue    float64 `json:"market_value"`
	UnrealizedPL   float64 `json:"unrealized_pl"`
	UnrealizedPLPC float64 `json:"unrealized_plpc" doc:"A fraction: 0.05 is 5 %"`
}

func viewPosition(position trade.Position) positionView {
	side := "long"
	if position.Qty.IsNegative() {
		side = "short"
	}
	return positionView{
		Symbol: position.Symbol, Side: side, Qty: position.Qty.InexactFloat64(),
		AvgEntry: position.AvgEntryPrice.InexactFloat64(), CurrentPrice: position.CurrentPrice.InexactFloat64(),
		MarketValue: position.MarketValue.InexactFloat64(), UnrealizedPL: position.UnrealizedPL.InexactFloat64(),
		UnrealizedPLPC: position.UnrealizedPLPC.InexactFloat64(),
	}
}

func (s *server) positions(ctx context.Context, _ *nothing) ([]positionView, error) {
	positions, err := s.App.Positions(ctx, principalOf(ctx))
	return each(positions, viewPosition), err
}

// orderView has its numbers as text, as the interface always had.
type orderView struct {
	ID             string     `json:"id"`
	ClientOrderID  string     `json:"client_order_id"`
	Symbol         string     `json:"symbol"`
	Side           trade.Side `json:"side" enum:"buy,sell"`
	Type           string     `json:"type"`
	Qty            *string    `json:"qty"`
	Notional       *string    `json:"notional" doc:"US dollars"`
	FilledQty      *string    `json:"filled_qty"`
	FilledAvgPrice *string    `json:"filled_avg_price"`
	Status         string     `json:"status"`
	SubmittedAt    *string    `json:"submitted_at"`
	FilledAt       *string    `json:"filled_at"`
}

func viewOrder(order trade.BrokerOrder) orderView {
	filled := order.FilledQty.String()
	return orderView{
		ID: order.ID, ClientOrderID: order.ClientOrderID, Symbol: order.Symbol, Side: order.Side, Type: order.Type,
		Qty: amountText(order.Qty), Notional: amountText(order.Notional), FilledQty: &filled,
		FilledAvgPrice: amountText(order.FilledAvgPrice), Status: order.Status,
		SubmittedAt: timeText(order.SubmittedAt), FilledAt: timeText(order.FilledAt),
	}
}

type ordersInput struct {
	Status string `query:"status" enum:"closed,all" default:"closed" doc:"all puts the open ones first"`
}

func (s *server) orders(ctx context.Context, input *ordersInput) ([]orderView, error) {
	list := s.App.Orders
	if input.Status == "closed" {
		list = s.App.ClosedOrders
	}
	orders, err := list(ctx, principalOf(ctx))
	return each(orders, viewOrder), err
}

type historyInput struct {
	Period string `query:"period" default:"1M" doc:"1D, 1W, 1M, 3M, 6M or 1A"`
}

type historyView struct {
	Timestamp     []int64   `json:"timestamp" doc:"Unix seconds"`
	Equity        []float64 `json:"equity"`
	ProfitLoss    []float64 `json:"profit_loss"`
	ProfitLossPct []float64 `json:"profit_loss_pct" doc:"Fractions"`
	BaseValue     float64   `json:"base_value"`
	Timeframe     string    `json:"timeframe"`
}

func (s *server) portfolioHistory(ctx context.Context, input *historyInput) (historyView, error) {
	history, err := s.App.PortfolioHistory(ctx, principalOf(ctx), input.Period)
	return historyView{
		Timestamp: each(history.Timestamp, same), Equity: each(history.Equity, finite),
		ProfitLoss: each(history.ProfitLoss, finite), ProfitLossPct: each(history.ProfitLossPct, finite),
		BaseValue: finite(history.BaseValue), Timeframe: history.Timeframe,
	}, err
}

type statusView struct {
	Running    bool    `json:"running" doc:"A scheduler runs in this server"`
	Automation bool    `json:"automation" doc:"The active account's switch"`
	NextRun    *string `json:"next_run" doc:"In the market's time"`
	Demo       bool    `json:"demo" doc:"The server runs the demonstration market"`
	MarketOpen bool    `json:"market_open"`
	MarketTime *string `json:"market_time" doc:"null while the broker's clock is not known"`
	NextOpen   *string `json:"next_open"`
	NextClose  *string `json:"next_close"`
}

func viewStatus(status app.SchedulerStatus) statusView {
	return statusView{
		Running: status.Running, Automation: status.Automation, NextRun: timeText(status.NextRun), Demo: status.Demo,
		MarketOpen: status.MarketOpen, MarketTime: timeText(status.MarketTime),
		NextOpen: timeText(status.NextOpen), NextClose: timeText(status.NextClose),
	}
}

func (s *server) schedulerStatus(ctx context.Context, _ *nothing) (statusView, error) {
	status, err := s.App.Status(ctx, principalOf(ctx))
	return viewStatus(status), err
}
