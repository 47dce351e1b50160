package sim

import (
	"slices"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

const (
	basisPoint      = 0.0001
	mostBasisPoints = 1000

	volumeSIP = "sip"
	volumeIEX = "iex"
	iexShare  = 0.025 // of the volume of all exchanges, about what IEX says that it has
)

// Trading says how orders are filled and what they cost. Its zero value is a market without a spread,
// slippage and fees, that takes every quantity, and margin accounts of Regulation T.
type Trading struct {
	Multiplier    int     // most buying power for a dollar of equity: 1, 2 or, intraday, 4; zero: 2
	Spread        float64 // basis points between bid and ask; zero: both are the price
	Slippage      float64 // basis points by which orders that take what is there trade worse
	Participation float64 // most of the volume that an order takes, such as 0.1; zero: no limit
	Volume        string  // whose volume that is: sip, of all exchanges, or iex; empty: sip
	Fees          Fees

	HardToBorrow []string // symbols that cannot be sold short
	WholeShares  []string // symbols that do not trade in fractions
	Untradable   []string // symbols that are listed and cannot be traded
}

// check fills in what is left out and refuses what makes no sense; a fault of kind Invalid.
func (c *Trading) check() error {
	if c.Multiplier == 0 {
		c.Multiplier = usualMultiplier
	}
	if c.Volume == "" {
		c.Volume = volumeSIP
	}
	switch {
	case c.Multiplier != cashMultiplier && c.Multiplier != usualMultiplier && c.Multiplier != intradayMultiplier:
		return fault.New(fault.Invalid, "The simulator's margin multiplier is 1, 2 or 4, not %d.", c.Multiplier)
	case !(c.Spread >= 0 && c.Spread <= mostBasisPoints) || !(c.Slippage >= 0 && c.Slippage <= mostBasisPoints):
		return fault.New(fault.Invalid, "The simulator's spread and slippage are from 0 to %d basis points.", mostBasisPoints)
	case !(c.Participation >= 0 && c.Participation <= 1):
		return fault.New(fault.Invalid, "The simulator's participation in the volume is from 0 (no limit) to 1.")
	case c.Volume != volumeSIP && c.Volume != volumeIEX:
		return fault.New(fault.Invalid, "The simulator's orders take part in the volume of sip or iex, not of %.20q.", c.Volume)
	case c.Fees.PerOrder.IsNegative() || c.Fees.PerShare.IsNegative() || c.Fees.OfSales.IsNegative():
		return fault.New(fault.Invalid, "The simulator's fees are not below zero.")
	}
	return nil
}

// share is the part of a print's volume that an order takes at most; 0: no limit.
func (c *Trading) share() float64 {
	if c.Volume == volumeIEX {
		return c.Participation * iexShare
	}
	return c.Participation
}

// restrict takes from an asset what the configuration says that it lacks.
func (c *Trading) restrict(asset wire.Asset) wire.Asset {
	if slices.Contains(c.HardToBorrow, asset.Symbol) {
		asset.Shortable, asset.EasyToBorrow, asset.BorrowStatus = false, false, "hard_to_borrow"
	}
	if slices.Contains(c.WholeShares, asset.Symbol) {
		asset.Fractionable = false
	}
	if slices.Contains(c.Untradable, asset.Symbol) {
		asset.Tradable = false
	}
	return asset
}
