package lab

import (
	"fmt"
	"time"

	"github.com/jcap24/alpaca-trader/internal/strategy"
)

// split counts the symbol's bars that warm up and those that are decided on.
func (c Config) split(symbol string) (warm, decided int) {
	for _, bar := range c.Bars[symbol] {
		switch {
		case bar.End.Before(c.From):
			warm++
		case !bar.End.After(c.To):
			decided++
		}
	}
	return warm, decided
}

// problems names everything that kept an indicator from its full say.
func (c Config) problems() []string {
	problems := []string{}
	for _, symbol := range c.Symbols {
		warm, decided := c.split(symbol)
		if decided == 0 {
			problems = append(problems, fmt.Sprintf("%s has no closed bars between %s and %s.", symbol, date(c.From), date(c.To)))
			continue
		}
		for _, rule := range strategy.Enabled(c.Settings) {
			if problem := c.shortage(rule, symbol, warm, decided); problem != "" {
				problems = append(problems, problem)
			}
		}
	}
	return problems
}

// shortage says what the rule lacked, empty when it lacked nothing.
func (c Config) shortage(rule strategy.Rule, symbol string, warm, decided int) string {
	needs, settles := rule.MinBars(c.Settings), rule.SettleBars(c.Settings)
	bars := c.Bars[symbol]
	first := date(bars[warm].End)
	switch {
	case warm+decided < needs:
		return fmt.Sprintf("%s: %s needs %d bars, has %d; it never voted.", symbol, rule.Indicator, needs, warm+decided)
	case warm+1 < needs:
		return fmt.Sprintf("%s: %s needs %d bars, had %d on %s; it was silent until %s.",
			symbol, rule.Indicator, needs, warm+1, first, date(bars[needs-1].End))
	case warm+1 < settles:
		return fmt.Sprintf("%s: %s settles after %d bars, had %d on %s; its first values depend on where the bars begin.",
			symbol, rule.Indicator, settles, warm+1, first)
	default:
		return ""
	}
}

func date(t time.Time) string { return t.Format(time.DateOnly) }
