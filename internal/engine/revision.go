package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/jcap24/alpaca-trader/internal/strategy"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// revisionFormat changes when the meaning of a decision changes although its settings did not.
const revisionFormat = "1"

// StrategyRevision names what decides: the same settings give the same 16 hex characters on every
// machine and in every version that decides alike. It is a part of each client order id, so that
// a retry finds the order of the first try.
//
// It covers the timeframe, the enabled indicators with their parameters (a disabled indicator's
// parameters decide nothing), how votes are counted, and what is ordered. It does not cover when
// cycles run (schedule) nor how much history is shown (lookback): they change no decision. Nor does
// it cover risk limits: they only keep back, and a decision that one of them let pass must keep its
// id when the limit is changed. Settings that came later stand in it only where they are set, so
// that a strategy of before keeps its revision.
func StrategyRevision(settings trade.Settings) string {
	sum := sha256.Sum256([]byte(strings.Join(decidingParts(settings), "\n")))
	return hex.EncodeToString(sum[:8])
}

// decidingParts is the canonical form: one "name value..." line each, in this order.
func decidingParts(s trade.Settings) []string {
	parts := []string{"format " + revisionFormat, "timeframe " + string(s.Timeframe)}
	for _, rule := range strategy.Enabled(s) {
		parts = append(parts, rule.Indicator+" "+rule.Parameters(s))
	}
	parts = append(parts, countingParts(s)...)
	parts = append(parts,
		fmt.Sprintf("order %s %s", s.OrderType, s.TimeInForce),
		fmt.Sprintf("size %s max %d short %t", s.PositionSizePct, s.MaxPositions, s.AllowShort))
	return append(parts, executionParts(s.Execution)...)
}

// countingParts say how votes are counted.
func countingParts(s trade.Settings) []string {
	parts := []string{"mode " + string(s.SignalMode)}
	if s.SignalMode == trade.Majority {
		parts = append(parts, fmt.Sprintf("min_agree %d", s.SignalMinAgree))
	}
	return parts
}

// rangeParts say which average true range is computed, if any.
func rangeParts(s trade.Settings) []string {
	if s.Execution.SizeBy != trade.SizeVolatility {
		return nil
	}
	return []string{fmt.Sprintf("atr %d", s.Execution.ATRPeriod)}
}

func executionParts(e trade.ExecutionSettings) []string {
	var parts []string
	add := func(set bool, format string, values ...any) {
		if set {
			parts = append(parts, fmt.Sprintf(format, values...))
		}
	}
	add(e.SizeBy == trade.SizeDollars, "dollars %s", e.Dollars)
	add(e.SizeBy == trade.SizeShares, "shares %s", e.Shares)
	add(e.SizeBy == trade.SizeVolatility, "volatility %s %d %v", e.RiskPct, e.ATRPeriod, e.ATRMultiple)
	add(e.WholeShares, "whole")
	add(!e.LimitOffsetPct.IsZero(), "offset %s", e.LimitOffsetPct)
	add(!e.MaxSlippagePct.IsZero(), "slippage %s", e.MaxSlippagePct)
	add(e.ExtendedHours, "extended")
	add(!e.StopLossPct.IsZero(), "stop %s", e.StopLossPct)
	add(!e.TakeProfitPct.IsZero(), "profit %s", e.TakeProfitPct)
	add(!e.TrailingStopPct.IsZero(), "trail %s", e.TrailingStopPct)
	add(e.Foreign == trade.IgnoreForeign, "foreign %s", e.Foreign)
	return parts
}
