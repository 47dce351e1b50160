package sim

import (
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// NewAccount is an account that is opened with something in it, instead of at its key's first use.
type NewAccount struct {
	Key       string              `json:"key"`
	Secret    string              `json:"secret"`
	Cash      decimal.NullDecimal `json:"cash"` // not given: what every new account gets
	Positions []Holding           `json:"positions"`
}

// Holding is what an account holds from its beginning.
type Holding struct {
	Symbol        string          `json:"symbol"`
	Qty           decimal.Decimal `json:"qty"` // negative: short
	AvgEntryPrice decimal.Decimal `json:"avg_entry_price"`
}

// OpenAccount opens the account at the market's time. Its deposit is its cash and what its
// positions cost. A fault of kind Conflict when the key is known, of kind Invalid when something is
// wrong; then nothing was opened. When it returns nil the account is kept.
func (s *Simulator) OpenAccount(wanted NewAccount) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.exchange.accounts[wanted.Key]; known {
		return fault.New(fault.Conflict, "The simulator knows this key already.")
	}
	if err := s.exchange.checkNew(wanted); err != nil {
		return err
	}
	now := s.clock.now()
	a, _, refused := s.exchange.authenticate(wanted.Key, wanted.Secret, now)
	if refused != nil {
		return fault.New(fault.Invalid, "The account cannot be opened: %s.", refused)
	}
	if wanted.Cash.Valid {
		a.Cash = wanted.Cash.Decimal
	}
	a.bring(wanted.Positions)
	return s.record()
}

// checkNew refuses positions that no account can hold.
func (e *exchange) checkNew(wanted NewAccount) error {
	if cash := wanted.Cash.Decimal; !cash.Round(2).Equal(cash) || !plausible(cash) {
		return fault.New(fault.Invalid, "The cash %s is not an amount in whole cents.", cash)
	}
	seen := map[string]bool{}
	for _, h := range wanted.Positions {
		_, known := e.assets[h.Symbol]
		switch {
		case !known || seen[h.Symbol]:
			return fault.New(fault.Invalid, "The position %.20q is of no stock of this market, or given twice.", h.Symbol)
		case h.Qty.IsZero() || !plausible(h.Qty) || !h.Qty.Truncate(quantityDecimals).Equal(h.Qty):
			return fault.New(fault.Invalid, "The position of %s has no quantity that can be held.", h.Symbol)
		case !h.AvgEntryPrice.IsPositive() || !plausible(h.AvgEntryPrice):
			return fault.New(fault.Invalid, "The position of %s has no avg_entry_price above zero.", h.Symbol)
		}
		seen[h.Symbol] = true
	}
	return nil
}

// plausible reports whether sums with the number are exact and cheap.
func plausible(number decimal.Decimal) bool {
	return number.Exponent() >= -extremeExponent && number.Exponent() <= quantityDecimals &&
		number.Abs().LessThanOrEqual(decimal.NewFromInt(largestQuantity))
}

// bring puts the positions into a new account: they are its opening, not its trades.
func (a *account) bring(holdings []Holding) {
	a.Deposit, a.Opening = a.Cash, opening{Cash: a.Cash, Held: make(map[string]decimal.Decimal, len(holdings))}
	for _, h := range holdings {
		cost := h.Qty.Mul(h.AvgEntryPrice).Round(2)
		a.Positions[h.Symbol] = &position{Qty: h.Qty, Cost: cost}
		a.Opening.Held[h.Symbol] = h.Qty
		a.Deposit = a.Deposit.Add(cost)
	}
}

// openNewAccount opens the account that POST /_simulator/accounts describes.
func openNewAccount(c *call) (answer, error) {
	var wanted NewAccount
	if err := c.decode(&wanted); err != nil {
		return answer{}, err
	}
	err := c.OpenAccount(wanted)
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		return answer{}, invalidParameter("%s", fault.Public(err))
	}
	if err != nil {
		return answer{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return ok(c.exchange.overview(wanted.Key, later(c.exchange.settled, c.now)))
}
