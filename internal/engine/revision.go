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
// cycles run (schedule) nor how much history is shown (lookback): they change no decision.
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
	parts = append(parts, "mode "+string(s.SignalMode))
	if s.SignalMode == trade.Majority {
		parts = append(parts, fmt.Sprintf("min_agree %d", s.SignalMinAgree))
	}
	return append(parts,
		fmt.Sprintf("order %s %s", s.OrderType, s.TimeInForce),
		fmt.Sprintf("size %s max %d short %t", s.PositionSizePct, s.MaxPositions, s.AllowShort))
}
