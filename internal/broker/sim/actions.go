package sim

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/market"
)

// Kinds of corporate actions.
const (
	actionSplit    = "split"
	actionDividend = "dividend"
	actionSpinOff  = "spin_off"
)

// ActionsFile is the name of the file of corporate actions in a data folder.
const ActionsFile = "corporate_actions.csv"

const actionsHeader = "symbol,ex_date,type,ratio_or_cash"

// Action is one corporate action. Prices change with it at the open of ExDate's session.
type Action struct {
	Symbol string
	ExDate time.Time       // midnight New York of a trading day
	Kind   string          // split, dividend or spin_off
	Amount decimal.Decimal // new shares for each old one; cash a share; or the value a share that left
}

// actor is a Market that knows corporate actions.
type actor interface {
	// Actions returns the symbol's actions by ex-date, or everybody's for "".
	Actions(symbol string) []Action
}

// actionsOf returns a symbol's actions by ex-date; none where the market knows none.
func actionsOf(source Market, symbol string) []Action {
	if known, ok := source.(actor); ok {
		return known.Actions(symbol)
	}
	return nil
}

// Actions returns the recorded actions of the symbol, or of all for "".
func (m *csvMarket) Actions(symbol string) []Action {
	if symbol != "" {
		return m.actions[symbol]
	}
	var all []Action
	for _, some := range m.actions {
		all = append(all, some...)
	}
	slices.SortFunc(all, byExDate)
	return all
}

func byExDate(a, b Action) int {
	if order := a.ExDate.Compare(b.ExDate); order != 0 {
		return order
	}
	return strings.Compare(a.Symbol, b.Symbol)
}

// loadActions reads the folder's file of corporate actions, if it has one. The first bad line is
// an error with file and line.
func (m *csvMarket) loadActions(folder string) error {
	file := filepath.Join(folder, ActionsFile)
	opened, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read corporate actions: %w", err)
	}
	defer opened.Close()
	lines := bufio.NewScanner(opened)
	for number := 1; lines.Scan(); number++ {
		text := strings.TrimSuffix(lines.Text(), "\r")
		if number == 1 {
			if header := strings.TrimPrefix(text, "\ufeff"); header != actionsHeader {
				return fmt.Errorf("%s line 1: the header is %.80q, not %s", file, header, actionsHeader)
			}
			continue
		}
		if text == "" {
			continue
		}
		action, err := parseAction(text)
		if err != nil {
			return fmt.Errorf("%s line %d: %w", file, number, err)
		}
		m.actions[action.Symbol] = append(m.actions[action.Symbol], action)
	}
	for _, some := range m.actions {
		slices.SortStableFunc(some, byExDate)
	}
	return lines.Err()
}

func parseAction(line string) (Action, error) {
	cells := strings.Split(line, ",")
	if len(cells) != 4 {
		return Action{}, fmt.Errorf("%d fields, not 4", len(cells))
	}
	day, err := time.ParseInLocation(time.DateOnly, cells[1], market.NewYork)
	if err != nil {
		return Action{}, fmt.Errorf("ex_date %.40q: use YYYY-MM-DD", cells[1])
	}
	if _, ok := market.SessionOn(day); !ok {
		return Action{}, fmt.Errorf("%s is not a trading day", cells[1])
	}
	amount, err := decimal.NewFromString(cells[3])
	const widest = 18 // digits and exponent that no ratio or dividend has
	switch {
	case !validSymbol(cells[0]):
		return Action{}, fmt.Errorf("symbol %.20q: use one to ten capital letters, digits, dots or dashes", cells[0])
	case !oneOf(cells[2], actionSplit+" "+actionDividend+" "+actionSpinOff):
		return Action{}, fmt.Errorf("type %.20q: use split, dividend or spin_off", cells[2])
	case err != nil || !amount.IsPositive() || amount.NumDigits() > widest || amount.Exponent() > widest || amount.Exponent() < -widest:
		return Action{}, fmt.Errorf("%.30q is not a number above zero", cells[3])
	}
	return Action{Symbol: cells[0], ExDate: day, Kind: cells[2], Amount: amount}, nil
}
