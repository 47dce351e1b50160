package sim

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
)

// account is one key pair's money, positions and orders. state.go says how it is kept.
//
// Its law: Cash plus the cost of all positions plus Fees minus Realized minus Income is the
// Deposit, to the cent.
type account struct {
	ID         string               `json:"id"`
	Number     string               `json:"number"`
	SecretHash []byte               `json:"secret_hash"` // SHA-256: keys here open nothing but the simulator
	CreatedAt  time.Time            `json:"created_at"`
	Deposit    decimal.Decimal      `json:"deposit"`
	Cash       decimal.Decimal      `json:"cash"`
	Realized   decimal.Decimal      `json:"realized"` // profit of what has been closed
	Fees       decimal.Decimal      `json:"fees"`     // paid
	Income     decimal.Decimal      `json:"income"`   // dividends received less those paid for short positions
	Positions  map[string]*position `json:"positions"`
	Orders     []*order             `json:"orders,omitempty"` // in the order of submission
	Numbered   int64                `json:"numbered"`         // number of the newest order
	Fills      []fill               `json:"fills,omitempty"`  // all activities, in the order of time
	Folded     int64                `json:"folded"`           // how many activities came before the first of Fills
	Opening    opening              `json:"opening"`          // what was held before the first of Fills
	Log        eventLog             `json:"log"`              // what happened to the orders, for streams
	Settings   wire.Configurations  `json:"settings"`
	Watchlists []*watchlist         `json:"watchlists"`
	Actions    time.Time            `json:"actions"`            // corporate actions up to here have been applied
	UsedIDs    usedIDs              `json:"used_ids,omitempty"` // client order ids of forgotten orders

	unsaved    unsaved
	key        string
	byID       map[string]*order
	byClientID map[string]*order
	open       []*order
	settling   []settling // by day
	closing    *ledger    // at the last close that anybody asked for ...
	closed     time.Time  // ... which was this
}

// opening is the account before the first execution that is still remembered.
type opening struct {
	Cash decimal.Decimal            `json:"cash"`
	Held map[string]decimal.Decimal `json:"held"`
}

// position is a holding. Qty and Cost are negative when short; Cost is what was paid (received).
type position struct {
	Qty  decimal.Decimal `json:"qty"`
	Cost decimal.Decimal `json:"cost"`
}

// Kinds of activities; an execution is the usual one.
const (
	activityFill     = "FILL"
	activityFee      = "FEE"
	activityDividend = "DIV"
	activitySplit    = "SPLIT"
	activitySpinOff  = "SPIN"
)

// fill is one activity: an execution, or money and shares that came or went without one.
type fill struct {
	ID      string          `json:"id"`
	Kind    string          `json:"kind,omitempty"` // empty: an execution
	OrderID string          `json:"order_id,omitempty"`
	Symbol  string          `json:"symbol"`
	Side    string          `json:"side,omitempty"` // buy, sell or sell_short
	Qty     decimal.Decimal `json:"qty"`            // of a split: shares that came (went)
	Price   decimal.Decimal `json:"price"`          // of a dividend: cash a share
	Amount  decimal.Decimal `json:"amount"`         // of an execution: Qty x Price in whole cents
	Net     decimal.Decimal `json:"net,omitzero"`   // of the others: money that came (went)
	At      time.Time       `json:"at"`

	CumQty    decimal.Decimal `json:"cum_qty"`          // of the order, with this execution
	LeavesQty decimal.Decimal `json:"leaves_qty"`       // of the order, after it
	Status    string          `json:"status,omitempty"` // of the order, after it
}

func (f fill) execution() bool { return f.Kind == "" }

// kind is the activity's type in Alpaca's words.
func (f fill) kind() string {
	if f.execution() {
		return activityFill
	}
	return f.Kind
}

// signedQty is the change of the position.
func (f fill) signedQty() decimal.Decimal {
	switch {
	case f.Kind == activitySplit, f.Side == sideBuy:
		return f.Qty
	case !f.execution():
		return decimal.Zero
	default:
		return f.Qty.Neg()
	}
}

// signedAmount is the change of the position's cost, and of cash the other way.
func (f fill) signedAmount() decimal.Decimal {
	switch {
	case !f.execution():
		return f.Net.Neg()
	case f.Side == sideBuy:
		return f.Amount
	default:
		return f.Amount.Neg()
	}
}

func openAccount(secret string, cash decimal.Decimal, now time.Time) *account {
	a := &account{
		ID: uuid.NewString(), Number: newAccountNumber(), SecretHash: hashSecret(secret), CreatedAt: now,
		Deposit: cash, Cash: cash, Positions: map[string]*position{}, Opening: opening{Cash: cash},
		Settings: defaultConfigurations(), Actions: now,
	}
	a.index()
	return a
}

func hashSecret(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

func (a *account) hasSecret(secret string) bool {
	return subtle.ConstantTimeCompare(a.SecretHash, hashSecret(secret)) == 1
}

// newAccountNumber is "PA" and ten digits, as paper accounts have.
func newAccountNumber() string {
	number, err := rand.Int(rand.Reader, big.NewInt(1e10))
	if err != nil {
		panic(err) // crypto/rand does not fail on the systems that Go supports
	}
	return fmt.Sprintf("PA%010d", number)
}

// index builds the lookups from Orders.
func (a *account) index() {
	a.byID, a.byClientID, a.open = map[string]*order{}, map[string]*order{}, nil
	for _, o := range a.Orders {
		a.register(o)
	}
	a.settling = nil
	for _, f := range a.Fills {
		a.sold(f)
	}
}

func (a *account) register(o *order) {
	a.byID[o.ID], a.byClientID[o.ClientOrderID] = o, o
	if o.isOpen() {
		a.open = append(a.open, o)
	}
}

func (a *account) add(o *order) {
	a.Numbered++
	o.Number = a.Numbered
	a.Orders = append(a.Orders, o)
	a.register(o)
	a.mark(o)
}

// close takes an order that reached its end out of the open ones.
func (a *account) close(o *order) {
	a.open = slices.DeleteFunc(a.open, func(other *order) bool { return other == o })
}

func (a *account) isOpen(id string) bool {
	o, ok := a.byID[id]
	return ok && o.isOpen()
}

// held returns the signed quantity of the symbol.
func (a *account) held(symbol string) decimal.Decimal {
	if p, ok := a.Positions[symbol]; ok {
		return p.Qty
	}
	return decimal.Zero
}

// promised sums what open orders of the symbol would close, with their ids. Of a pair only one can
// trade: the take-profit stands for both.
func (a *account) promised(symbol string) (qty decimal.Decimal, ids []string) {
	for _, o := range a.open {
		if o.Symbol == symbol && o.closes() && !o.Waits && !(o.Type != typeLimit && a.isOpen(o.Pair)) {
			qty = qty.Add(o.Reserved)
			ids = append(ids, o.ID)
		}
	}
	return qty, ids
}

// book executes a fill: cash against position, cost in whole cents. A fill never crosses zero.
func (a *account) book(f fill) {
	a.Fills = append(a.Fills, f)
	a.sold(f)
	a.Cash = a.Cash.Sub(f.signedAmount())
	p, ok := a.Positions[f.Symbol]
	if !ok {
		p = &position{}
		a.Positions[f.Symbol] = p
	}
	change := f.signedQty()
	if p.Qty.IsZero() || p.Qty.Sign() == change.Sign() {
		p.Qty, p.Cost = p.Qty.Add(change), p.Cost.Add(f.signedAmount())
		return
	}
	closed := p.Cost
	if !change.Neg().Equal(p.Qty) {
		closed = p.Cost.Mul(change.Neg()).Div(p.Qty).Round(2)
	}
	a.Realized = a.Realized.Sub(f.signedAmount()).Sub(closed)
	p.Qty, p.Cost = p.Qty.Add(change), p.Cost.Sub(closed)
	if p.Qty.IsZero() {
		delete(a.Positions, f.Symbol)
	}
}

// bookCash books money that comes or goes without an execution.
func (a *account) bookCash(f fill) {
	a.Fills = append(a.Fills, f)
	a.Cash = a.Cash.Add(f.Net)
	if f.Kind == activityFee {
		a.Fees = a.Fees.Sub(f.Net)
	} else {
		a.Income = a.Income.Add(f.Net)
	}
}

// symbols lists what is held, in alphabetical order.
func (a *account) symbols() []string {
	symbols := make([]string, 0, len(a.Positions))
	for symbol := range a.Positions {
		symbols = append(symbols, symbol)
	}
	slices.Sort(symbols)
	return symbols
}
