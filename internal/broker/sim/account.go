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
)

// account is one key pair's money, positions and orders. It is written to the state file.
//
// Its law: Cash plus the cost of all positions minus Realized is the Deposit, to the cent.
type account struct {
	ID         string               `json:"id"`
	Number     string               `json:"number"`
	SecretHash []byte               `json:"secret_hash"` // SHA-256: keys here open nothing but the simulator
	CreatedAt  time.Time            `json:"created_at"`
	Deposit    decimal.Decimal      `json:"deposit"`
	Cash       decimal.Decimal      `json:"cash"`
	Realized   decimal.Decimal      `json:"realized"` // profit of what has been closed
	Positions  map[string]*position `json:"positions"`
	Orders     []*order             `json:"orders"`  // in the order of submission
	Fills      []fill               `json:"fills"`   // in the order of execution
	Opening    opening              `json:"opening"` // what was held before the first of Fills
	Log        eventLog             `json:"log"`     // what happened to the orders, for streams

	byID       map[string]*order
	byClientID map[string]*order
	open       []*order
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

// fill is one execution.
type fill struct {
	ID      string          `json:"id"`
	OrderID string          `json:"order_id"`
	Symbol  string          `json:"symbol"`
	Side    string          `json:"side"` // buy, sell or sell_short
	Qty     decimal.Decimal `json:"qty"`
	Price   decimal.Decimal `json:"price"`
	Amount  decimal.Decimal `json:"amount"` // Qty x Price in whole cents
	At      time.Time       `json:"at"`
}

// signedQty is the change of the position.
func (f fill) signedQty() decimal.Decimal {
	if f.Side == sideBuy {
		return f.Qty
	}
	return f.Qty.Neg()
}

// signedAmount is the change of the position's cost, and of cash the other way.
func (f fill) signedAmount() decimal.Decimal {
	if f.Side == sideBuy {
		return f.Amount
	}
	return f.Amount.Neg()
}

func openAccount(secret string, cash decimal.Decimal, now time.Time) *account {
	a := &account{
		ID: uuid.NewString(), Number: newAccountNumber(), SecretHash: hashSecret(secret), CreatedAt: now,
		Deposit: cash, Cash: cash, Positions: map[string]*position{}, Opening: opening{Cash: cash},
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
}

func (a *account) register(o *order) {
	a.byID[o.ID], a.byClientID[o.ClientOrderID] = o, o
	if o.isOpen() {
		a.open = append(a.open, o)
	}
}

func (a *account) add(o *order) {
	a.Orders = append(a.Orders, o)
	a.register(o)
}

// close takes an order that reached its end out of the open ones.
func (a *account) close(o *order) {
	a.open = slices.DeleteFunc(a.open, func(other *order) bool { return other == o })
}

// held returns the signed quantity of the symbol.
func (a *account) held(symbol string) decimal.Decimal {
	if p, ok := a.Positions[symbol]; ok {
		return p.Qty
	}
	return decimal.Zero
}

// promised sums what open orders of the symbol would close, with their ids.
func (a *account) promised(symbol string) (qty decimal.Decimal, ids []string) {
	for _, o := range a.open {
		if o.Symbol == symbol && o.closes() {
			qty = qty.Add(o.Reserved)
			ids = append(ids, o.ID)
		}
	}
	return qty, ids
}

// book executes a fill: cash against position, cost in whole cents. A fill never crosses zero.
func (a *account) book(f fill) {
	a.Fills = append(a.Fills, f)
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

// symbols lists what is held, in alphabetical order.
func (a *account) symbols() []string {
	symbols := make([]string, 0, len(a.Positions))
	for symbol := range a.Positions {
		symbols = append(symbols, symbol)
	}
	slices.Sort(symbols)
	return symbols
}
