package trade

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// Purpose says what an intent is for.
type Purpose string

// The purposes. Exit closes a long or covers a short.
const (
	Entry   Purpose = "entry"
	Exit    Purpose = "exit"
	Protect Purpose = "protect" // a stop, take profit or trailing stop of a position, at the broker
	Flatten Purpose = "flatten" // closes a position because everything is to be closed
)

// Closes reports whether an order of the purpose can only make a position smaller.
func (p Purpose) Closes() bool { return p != Entry }

// Intent is what to order and why. It is journaled before anything is sent.
type Intent struct {
	ID            string // UUID
	AccountID     string // the journal's account: a brokerage account's id, or "local-..." on the command line
	UserID        string // empty on the command line
	CycleID       string
	ClientOrderID string
	Symbol        string
	Side          Side
	Type          OrderType
	TimeInForce   TimeInForce
	Qty           decimal.NullDecimal // Qty xor Notional
	Notional      decimal.NullDecimal // US dollars, whole cents
	LimitPrice    decimal.NullDecimal // types limit and stop_limit
	StopPrice     decimal.NullDecimal // types stop and stop_limit
	TrailPercent  decimal.NullDecimal // type trailing_stop: 5 is five percent
	ExtendedHours bool
	Class         OrderClass          // simple when empty
	TakeProfit    decimal.NullDecimal // limit price of the leg that takes profit; classes bracket, oto, oco
	StopLoss      decimal.NullDecimal // stop price of the leg that limits the loss
	CancelFirst   []string            // broker ids of protective orders that hold the shares: canceled, and seen canceled, before this is sent
	Purpose       Purpose
	Reason        string    // one sentence, "Bought ... because ..."
	BarEnd        time.Time // close of the bar it was decided on
	Attempt       int       // rises only after a terminal state and a new decision
	Deadline      time.Time // after it the intent is no longer sent
	CreatedAt     time.Time
}

// ClientOrderID returns the id under which one decision is sent to the broker: "at1-" and 32
// base32 characters of a SHA-256 over the length-prefixed parts. Everyone who makes the same
// decision again (a retry, a restart, another replica) computes the same id, so the broker can
// refuse the second order. It is 36 characters long; Alpaca allows 128.
func ClientOrderID(accountID, strategyRevision, symbol string, barEnd time.Time, purpose Purpose, attempt int) string {
	parts := make([]byte, 0, 256)
	for _, part := range [...]string{
		accountID, strategyRevision, symbol,
		strconv.FormatInt(barEnd.Unix(), 10), string(purpose), strconv.Itoa(attempt),
	} {
		parts = binary.BigEndian.AppendUint64(parts, uint64(len(part)))
		parts = append(parts, part...)
	}
	sum := sha256.Sum256(parts)
	return clientOrderIDPrefix + lowerBase32.EncodeToString(sum[:])[:32]
}

var lowerBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// IsClientOrderID reports whether ClientOrderID makes ids like it: whether an order is this program's.
func IsClientOrderID(id string) bool { return strings.HasPrefix(id, clientOrderIDPrefix) }

const clientOrderIDPrefix = "at1-"

// Decision is the outcome for one symbol of one cycle: its signal, and an intent or a skip. In a
// dry run it has both: the intent that would have been ordered, and SkipDryRun.
type Decision struct {
	Signal Signal
	Intent *Intent
	Skip   Skip
}

// Ordered reports whether the decision became an order.
func (d Decision) Ordered() bool { return d.Intent != nil && d.Skip == "" }

// Sentence says in words what was done and why.
func (d Decision) Sentence() string {
	switch {
	case d.Ordered():
		return d.Intent.Reason
	case d.Intent != nil:
		return "Not ordered (" + d.Skip.Sentence() + "): " + d.Intent.Reason
	default:
		return "Skipped " + d.Signal.Symbol + ": " + d.Skip.Sentence() + "."
	}
}
