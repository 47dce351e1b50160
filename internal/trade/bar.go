// Package trade holds the words of trading: plain values with their rules, no I/O, no clock.
//
// Money and quantities are decimals; prices that only decide (bars, indicators) are float64.
package trade

import (
	"fmt"
	"time"
)

// Timeframe is the length of a bar, spelled as Alpaca does.
type Timeframe string

// The timeframes that a strategy may use.
const (
	Minute    Timeframe = "1Min"
	Minutes5  Timeframe = "5Min"
	Minutes15 Timeframe = "15Min"
	Hour      Timeframe = "1Hour"
	Day       Timeframe = "1Day"
)

// Timeframes lists the valid timeframes, shortest first.
var Timeframes = []Timeframe{Minute, Minutes5, Minutes15, Hour, Day}

// ParseTimeframe returns the timeframe that s spells, or an error that lists the valid ones.
func ParseTimeframe(s string) (Timeframe, error) {
	for _, t := range Timeframes {
		if string(t) == s {
			return t, nil
		}
	}
	return "", fmt.Errorf("timeframe %q: use 1Min, 5Min, 15Min, 1Hour or 1Day", s)
}

// Duration is the bar's length on the clock; a day counts 24 hours.
func (t Timeframe) Duration() time.Duration {
	switch t {
	case Minute:
		return time.Minute
	case Minutes5:
		return 5 * time.Minute
	case Minutes15:
		return 15 * time.Minute
	case Hour:
		return time.Hour
	default:
		return 24 * time.Hour
	}
}

// Bar is one interval of trading in one symbol. Prices are US dollars, volume is shares.
type Bar struct {
	Start  time.Time // UTC; a daily bar starts at midnight New York of its session
	End    time.Time // UTC; first instant at which the bar is closed: Start plus the timeframe, or the session's close for a daily bar
	Open   float64
	High   float64
	Low    float64
	Close  float64
	Volume float64
}

// ClosedAt reports whether the bar can no longer change at now. Decisions use closed bars only.
func (b Bar) ClosedAt(now time.Time) bool { return !now.Before(b.End) }

// BarQuery asks for split-adjusted bars of several symbols, Start and End inclusive on a bar's start.
type BarQuery struct {
	Symbols   []string
	Timeframe Timeframe
	Start     time.Time
	End       time.Time
}
