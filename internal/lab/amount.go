package lab

import "github.com/shopspring/decimal"

// Amount is an exact decimal that JSON shows as a number.
type Amount struct{ decimal.Decimal }

// MarshalJSON writes all digits, without quotes.
func (a Amount) MarshalJSON() ([]byte, error) { return []byte(a.String()), nil }

// cents rounds money for a report; the account itself is not rounded.
func cents(money decimal.Decimal) Amount { return Amount{money.Round(2)} }
