package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/market"
)

// demoTrade is one order of a demonstration account's past.
type demoTrade struct {
	sessionsAgo int
	minute      int // after the open
	symbol      string
	percent     int64 // of the deposit to buy; 0: sell what is held
}

const demoSessions = 40

// demoTrades leave three positions in the account, and a curve with gains and losses.
var demoTrades = []demoTrade{
	{38, 25, "NVDA", 9}, {37, 140, "AAPL", 10}, {35, 60, "KO", 8}, {31, 200, "NVDA", 0},
	{29, 45, "MSFT", 9}, {26, 310, "KO", 0}, {24, 95, "TSLA", 7}, {20, 150, "MSFT", 0},
	{17, 30, "JPM", 9}, {14, 240, "TSLA", 0}, {11, 75, "AMZN", 9}, {8, 180, "JPM", 0},
	{5, 120, "COST", 8},
}

// OpenDemoAccount opens an account that has traded for 40 sessions up to the market's time, at
// the prices of then. Doing it again for the same pair changes nothing; a fault of kind Conflict
// when the key has another secret.
func (s *Simulator) OpenDemoAccount(key, secret string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.now()
	if known, ok := s.exchange.accounts[key]; ok {
		if !known.hasSecret(secret) {
			return fault.New(fault.Conflict, "The simulator knows this key with another secret.")
		}
		return nil
	}
	sessions := market.Sessions(now.AddDate(0, 0, -2*demoSessions), now)
	if len(sessions) <= demoSessions {
		return fmt.Errorf("open demonstration account: %d sessions before %s", len(sessions), now)
	}
	slices.Reverse(sessions)
	opening := sessions[demoSessions].Open
	a, _, refused := s.exchange.authenticate(key, secret, opening)
	if refused != nil {
		return fmt.Errorf("open demonstration account: %w", refused)
	}
	for _, past := range demoTrades {
		session := sessions[past.sessionsAgo]
		s.exchange.relive(a, past, session.Open.Add(time.Duration(past.minute)*time.Minute), session.Close)
	}
	s.exchange.settleAccount(a, now)
	return s.record()
}

// relive places one order of the past and lets it fill. A market that lacks the symbol, or had
// no price for it then, leaves it out.
func (e *exchange) relive(a *account, past demoTrade, at, closing time.Time) {
	request := wire.CreateOrder{
		Symbol: past.symbol, Side: sideBuy, Type: "market", TimeInForce: "day",
		Notional: decimal.NewNullDecimal(a.Deposit.Mul(decimal.NewFromInt(past.percent)).Shift(-2).Round(2)),
	}
	if past.percent == 0 {
		request.Side, request.Notional = sideSell, decimal.NullDecimal{}
		request.Qty = decimal.NewNullDecimal(a.held(past.symbol))
	}
	if _, refused := e.place(a, request, at); refused == nil {
		e.settleAccount(a, closing)
	}
}
