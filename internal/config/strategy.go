package config

import (
	"errors"
	"io/fs"
	"maps"
	"math"
	"sort"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/robfig/cron/v3"
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// The files that are read when the command line names no other.
const (
	DefaultStrategyFile  = "config/settings.yaml"
	DefaultWatchlistFile = "config/watchlist.yaml"
)

// LoadStrategy reads a settings.yaml. What the file leaves out has its default from
// trade.DefaultFileSettings; a missing file is an error that names it.
func LoadStrategy(path string) (trade.Settings, error) {
	text, err := readYAML(path)
	if err != nil {
		return trade.Settings{}, err
	}
	return ParseStrategy(path, text)
}

// ParseStrategy reads the text of a settings.yaml; name stands in errors. A file that says when to
// run and not by what is one of the Python system's: cron counts when it is given, else the interval.
func ParseStrategy(name string, text []byte) (trade.Settings, error) {
	file := yamlFile{name}
	root, err := file.parse(text)
	if err != nil {
		return trade.Settings{}, err
	}
	settings := trade.DefaultFileSettings()
	reader := strategyReader{file, strategyKeys(&settings), map[string]int{}}
	if err := reader.section(root, "", "the file"); err != nil {
		return trade.Settings{}, err
	}
	settings.Schedule.Kind = reader.scheduleKind(settings.Schedule)
	return settings, reader.check(settings)
}

// scheduleKind is what the file says, or what the keys that it gives mean.
func (r strategyReader) scheduleKind(schedule trade.ScheduleSettings) trade.ScheduleKind {
	_, kind := r.lines["schedule.kind"]
	_, interval := r.lines["schedule.interval_minutes"]
	switch {
	case kind:
		return schedule.Kind
	case schedule.Cron != "":
		return trade.ByCron
	case interval:
		return trade.EveryMinutes
	default:
		return schedule.Kind
	}
}

// strategyKeys is the table of what settings.yaml may hold.
func strategyKeys(s *trade.Settings) map[string]scalar {
	var scheduled bool // whether a schedule runs is said by the command or the account's switch
	keys := map[string]scalar{
		"indicators.rsi.enabled":                boolean(&s.RSI.Enabled),
		"indicators.rsi.period":                 integer(&s.RSI.Period),
		"indicators.rsi.overbought":             number(&s.RSI.Overbought),
		"indicators.rsi.oversold":               number(&s.RSI.Oversold),
		"indicators.sma_crossover.enabled":      boolean(&s.SMA.Enabled),
		"indicators.sma_crossover.short_period": integer(&s.SMA.ShortPeriod),
		"indicators.sma_crossover.long_period":  integer(&s.SMA.LongPeriod),
		"indicators.macd.enabled":               boolean(&s.MACD.Enabled),
		"indicators.macd.fast_period":           integer(&s.MACD.FastPeriod),
		"indicators.macd.slow_period":           integer(&s.MACD.SlowPeriod),
		"indicators.macd.signal_period":         integer(&s.MACD.SignalPeriod),
		"indicators.bollinger_bands.enabled":    boolean(&s.Bollinger.Enabled),
		"indicators.bollinger_bands.period":     integer(&s.Bollinger.Period),
		"indicators.bollinger_bands.std_dev":    number(&s.Bollinger.StdDev),
		"signal.mode":                           text(&s.SignalMode),
		"signal.min_agree":                      integer(&s.SignalMinAgree),
		"execution.order_type":                  text(&s.OrderType),
		"execution.time_in_force":               text(&s.TimeInForce),
		"execution.position_size_pct":           money(&s.PositionSizePct),
		"execution.max_positions":               integer(&s.MaxPositions),
		"execution.allow_short":                 boolean(&s.AllowShort),
		"data.timeframe":                        text(&s.Timeframe),
		"data.lookback_days":                    integer(&s.LookbackDays),
		"schedule.kind":                         text(&s.Schedule.Kind),
		"schedule.enabled":                      boolean(&scheduled),
		"schedule.interval_minutes":             integer(&s.Schedule.IntervalMinutes),
		"schedule.cron":                         cronExpression(&s.Schedule.Cron),
		"schedule.market_hours_only":            boolean(&s.Schedule.MarketHoursOnly),
		"schedule.extended_hours":               boolean(&s.Schedule.ExtendedHours),
	}
	maps.Copy(keys, executionKeys(&s.Execution))
	maps.Copy(keys, riskKeys(&s.Risk))
	return keys
}

func executionKeys(e *trade.ExecutionSettings) map[string]scalar {
	return map[string]scalar{
		"execution.size_by":           text(&e.SizeBy),
		"execution.dollars":           money(&e.Dollars),
		"execution.shares":            money(&e.Shares),
		"execution.risk_pct":          money(&e.RiskPct),
		"execution.atr_period":        integer(&e.ATRPeriod),
		"execution.atr_multiple":      number(&e.ATRMultiple),
		"execution.whole_shares":      boolean(&e.WholeShares),
		"execution.limit_offset_pct":  money(&e.LimitOffsetPct),
		"execution.max_slippage_pct":  money(&e.MaxSlippagePct),
		"execution.extended_hours":    boolean(&e.ExtendedHours),
		"execution.stop_loss_pct":     money(&e.StopLossPct),
		"execution.take_profit_pct":   money(&e.TakeProfitPct),
		"execution.trailing_stop_pct": money(&e.TrailingStopPct),
		"execution.foreign":           text(&e.Foreign),
	}
}

func riskKeys(l *trade.RiskLimits) map[string]scalar {
	return map[string]scalar{
		"risk.max_exposure_pct":                    money(&l.MaxExposurePct),
		"risk.max_symbol_pct":                      money(&l.MaxSymbolPct),
		"risk.max_sector_pct":                      money(&l.MaxSectorPct),
		"risk.sectors":                             texts(&l.Sectors),
		"risk.max_orders_per_minute":               integer(&l.MaxOrdersPerMinute),
		"risk.max_orders_per_day":                  integer(&l.MaxOrdersPerDay),
		"risk.daily_loss_pct":                      money(&l.DailyLossPct),
		"risk.max_drawdown.percent":                money(&l.MaxDrawdown.Percent),
		"risk.max_drawdown.lookback_days":          integer(&l.MaxDrawdown.LookbackDays),
		"risk.max_drawdown.pause_minutes":          integer(&l.MaxDrawdown.PauseMinutes),
		"risk.consecutive_losses.trades":           integer(&l.ConsecutiveLosses.Trades),
		"risk.consecutive_losses.pause_minutes":    integer(&l.ConsecutiveLosses.PauseMinutes),
		"risk.cooldown_minutes":                    integer(&l.CooldownMinutes),
		"risk.stoploss_guard.trades":               integer(&l.StoplossGuard.Trades),
		"risk.stoploss_guard.lookback_minutes":     integer(&l.StoplossGuard.LookbackMinutes),
		"risk.stoploss_guard.pause_minutes":        integer(&l.StoplossGuard.PauseMinutes),
		"risk.stoploss_guard.per_symbol":           boolean(&l.StoplossGuard.PerSymbol),
		"risk.low_profit_symbols.trades":           integer(&l.LowProfitSymbols.Trades),
		"risk.low_profit_symbols.lookback_minutes": integer(&l.LowProfitSymbols.LookbackMinutes),
		"risk.low_profit_symbols.pause_minutes":    integer(&l.LowProfitSymbols.PauseMinutes),
		"risk.low_profit_symbols.required_pct":     money(&l.LowProfitSymbols.RequiredPct),
		"risk.max_bar_age_minutes":                 integer(&l.MaxBarAgeMinutes),
		"risk.max_price_gap_pct":                   money(&l.MaxPriceGapPct),
		"risk.max_spread_pct":                      money(&l.MaxSpreadPct),
		"risk.min_price":                           money(&l.MinPrice),
		"risk.min_volume":                          number(&l.MinVolume),
	}
}

type strategyReader struct {
	file  yamlFile
	keys  map[string]scalar
	lines map[string]int // path of a key or section -> its line
}

// section reads the entries of one mapping; path is "" for the root, else it ends with a dot.
func (r strategyReader) section(node ast.Node, path, what string) error {
	entries, err := r.file.entries(node, what)
	if err != nil {
		return err
	}
	for _, e := range entries {
		full := path + e.key
		r.lines[full] = lineOf(e.at)
		set, known := r.keys[full]
		switch {
		case known:
			if problem := set(e.value); problem != "" {
				return r.file.wrong(e.at, "%s %s", full, problem)
			}
		case len(r.below(full+".")) == 0:
			return r.file.wrong(e.at, "unknown key %q; %s has %s", e.key, what, strings.Join(r.below(path), ", "))
		default:
			if err := r.section(e.value, full+".", full); err != nil {
				return err
			}
		}
	}
	return nil
}

// below returns the sorted names that may stand directly under the path.
func (r strategyReader) below(path string) []string {
	seen := map[string]bool{}
	for key := range r.keys {
		if rest, ok := strings.CutPrefix(key, path); ok {
			name, _, _ := strings.Cut(rest, ".")
			seen[name] = true
		}
	}
	names := make([]string, 0, len(seen))
	for name := range seen {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// check validates the whole and finds the line of what is wrong, or of its section.
func (r strategyReader) check(settings trade.Settings) error {
	err := settings.Validate()
	var field *trade.FieldError
	if err == nil || !errors.As(err, &field) {
		return err
	}
	line := 1
	for path := field.Field; path != ""; path = path[:max(0, strings.LastIndexByte(path, '.'))] {
		if known, ok := r.lines[path]; ok {
			line = known
			break
		}
	}
	return r.file.wrongLine(line, "%s %s", field.Field, field.Problem)
}

// scalar stores a value and returns "" or what is wrong with it, as the end of a sentence.
type scalar func(ast.Node) (problem string)

func boolean(into *bool) scalar {
	return func(node ast.Node) string {
		n, ok := node.(*ast.BoolNode)
		if !ok {
			return "must be true or false"
		}
		*into = n.Value
		return ""
	}
}

func integer(into *int) scalar {
	return func(node ast.Node) string {
		if n, ok := node.(*ast.IntegerNode); ok {
			if value, ok := wholeNumber(n); ok {
				*into = value
				return ""
			}
		}
		return "must be a whole number"
	}
}

func wholeNumber(n *ast.IntegerNode) (int, bool) {
	switch value := n.Value.(type) {
	case int64:
		return int(value), value >= math.MinInt32 && value <= math.MaxInt32
	case uint64:
		return int(value), value <= math.MaxInt32
	}
	return 0, false
}

func number(into *float64) scalar {
	return func(node ast.Node) string {
		value, err := strconv.ParseFloat(numberText(node), 64)
		if err != nil {
			return "must be a number"
		}
		*into = value
		return ""
	}
}

const longestNumber = 32 // characters; keeps exponents and digits within reason

func money(into *decimal.Decimal) scalar {
	return func(node ast.Node) string {
		written := numberText(node)
		value, err := decimal.NewFromString(written)
		if err != nil || len(written) > longestNumber || value.Exponent() < -longestNumber || value.Exponent() > longestNumber {
			return "must be a number"
		}
		*into = value
		return ""
	}
}

// numberText returns what is written for a number, "" when the node is none.
func numberText(node ast.Node) string {
	switch node.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		return node.GetToken().Value
	}
	return ""
}

func text[T ~string](into *T) scalar {
	return func(node ast.Node) string {
		n, ok := node.(*ast.StringNode)
		if !ok {
			return "must be text"
		}
		*into = T(n.Value)
		return ""
	}
}

// texts reads a mapping of plain text to plain text, such as symbols to their sectors.
func texts(into *map[string]string) scalar {
	return func(node ast.Node) string {
		entries, err := yamlFile{}.entries(node, "it")
		if err != nil {
			return "must be lines of `SYMBOL: text`"
		}
		read := make(map[string]string, len(entries))
		for _, e := range entries {
			value, ok := scalarText(e.value)
			if !ok {
				return "must be lines of `SYMBOL: text`"
			}
			read[e.key] = value
		}
		if len(read) > 0 {
			*into = read
		}
		return ""
	}
}

// cronExpression accepts null for "none" and five fields in New York time.
func cronExpression(into *string) scalar {
	return func(node ast.Node) string {
		if isNull(node) {
			return ""
		}
		n, ok := node.(*ast.StringNode)
		if !ok || (n.Value != "" && CheckCron(n.Value) != nil) {
			return "must be five cron fields in New York time, such as \"30 9 * * 1-5\", or null"
		}
		*into = n.Value
		return ""
	}
}

var cronParser = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

// CheckCron returns an error unless the expression has five valid fields: no time zone of its own
// and no shorthand such as @daily.
func CheckCron(expression string) error {
	if len(strings.Fields(expression)) != 5 || strings.Contains(expression, "=") || strings.HasPrefix(expression, "@") {
		return fault.New(fault.Invalid, "A cron expression has five fields, such as 30 9 * * 1-5.")
	}
	if _, err := cronParser.Parse(expression); err != nil {
		return fault.Because(err, fault.Invalid, "%q is not a cron expression of five fields, such as 30 9 * * 1-5.", expression)
	}
	return nil
}

// readYAML reads the file and says clearly that it is not there.
func readYAML(path string) ([]byte, error) {
	content, err := readLimited(path, largestYAML)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.Because(err, fault.NotFound, "%s does not exist; make it, or name another file.", path)
	case err != nil:
		return nil, fault.Because(err, fault.Invalid, "%s cannot be read: %s.", path, reason(err))
	}
	return content, nil
}
