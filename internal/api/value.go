package api

import (
	"math"
	"time"

	"github.com/shopspring/decimal"
)

// each converts a list; no list at all becomes an empty one, because answers never say null for it.
func each[T, V any](items []T, convert func(T) V) []V {
	views := make([]V, len(items))
	for i, item := range items {
		views[i] = convert(item)
	}
	return views
}

func same[T any](value T) T { return value }

// timeText is the time in RFC 3339, UTC; nil for the zero time.
func timeText(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := t.UTC().Format(time.RFC3339Nano)
	return &text
}

func amountText(amount decimal.NullDecimal) *string {
	if !amount.Valid {
		return nil
	}
	text := amount.Decimal.String()
	return &text
}

// finite replaces what JSON cannot say.
func finite(number float64) float64 {
	if math.IsNaN(number) || math.IsInf(number, 0) {
		return 0
	}
	return number
}
