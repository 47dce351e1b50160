package trade

import (
	"maps"
	"slices"
)

// Skip is why nothing is ordered, one of a closed list.
type Skip string

// The reasons to skip.
const (
	SkipHold           Skip = "hold"                      // the signal asks for nothing
	SkipNoBars         Skip = "no_bars"                   // no closed bar is known
	SkipAlreadyHeld    Skip = "already_held"              // buy, but there is a position
	SkipMaxPositions   Skip = "max_positions"             // buy, but as many positions as allowed are held or ordered
	SkipNoPosition     Skip = "no_position"               // sell, nothing held, and short selling is off
	SkipAlreadyShort   Skip = "already_short"             // sell, but the position is short already
	SkipOrderOpen      Skip = "order_open"                // an order in this symbol is still open
	SkipBuyingPower    Skip = "insufficient_buying_power" // the broker would refuse
	SkipTooSmall       Skip = "too_small"                 // under the broker's minimum of $1, or less than one whole share where only whole ones are allowed
	SkipNotTradable    Skip = "not_tradable"              // the broker does not trade the asset
	SkipNotShortable   Skip = "not_shortable"             // the asset or the account cannot be sold short
	SkipBlocked        Skip = "account_blocked"           // the broker blocks trading in the account
	SkipAlreadyDecided Skip = "already_decided"           // this bar's decision has been journaled before
	SkipMarketClosed   Skip = "market_closed"             // the order would have to execute at once

	SkipHalted          Skip = "halted"           // trading is halted
	SkipReduceOnly      Skip = "reduce_only"      // only exits are ordered
	SkipHeldQuantity    Skip = "held_quantity"    // other orders hold the shares that an exit needs
	SkipWashTrade       Skip = "wash_trade"       // an open order on the other side: the broker would refuse
	SkipForeignPosition Skip = "foreign_position" // held by somebody else's doing, which the settings leave alone
	SkipForeignOrder    Skip = "foreign_order"    // ordered by somebody else, which the settings leave alone
	SkipNoVolatility    Skip = "no_volatility"    // sized by volatility, and the bars give no average true range

	// Risk limits; each stands in internal/risk.
	SkipMaxExposure       Skip = "max_exposure"
	SkipMaxSymbolShare    Skip = "max_symbol_share"
	SkipMaxSectorShare    Skip = "max_sector_share"
	SkipOrderRate         Skip = "order_rate"
	SkipDailyLoss         Skip = "daily_loss"
	SkipMaxDrawdown       Skip = "max_drawdown"
	SkipConsecutiveLosses Skip = "consecutive_losses"
	SkipCooldownPeriod    Skip = "cooldown_period"
	SkipStoplossGuard     Skip = "stoploss_guard"
	SkipLowProfitSymbol   Skip = "low_profit_symbol"
	SkipStaleData         Skip = "stale_data"
	SkipPriceGap          Skip = "price_gap"
	SkipSpread            Skip = "spread"
	SkipMinPrice          Skip = "min_price"
	SkipMinVolume         Skip = "min_volume"

	SkipDryRun Skip = "dry_run" // everything but the order
)

// Skips are all the reasons there are, by name.
func Skips() []Skip { return slices.Sorted(maps.Keys(skipSentences)) }

// Sentence says the reason in words, for people.
func (s Skip) Sentence() string {
	if sentence, ok := skipSentences[s]; ok {
		return sentence
	}
	return string(s)
}

var skipSentences = map[Skip]string{
	SkipHold:           "no signal",
	SkipNoBars:         "no closed bars",
	SkipAlreadyHeld:    "already held",
	SkipMaxPositions:   "the maximum number of positions is reached",
	SkipNoPosition:     "nothing to sell and short selling is off",
	SkipAlreadyShort:   "already short",
	SkipOrderOpen:      "an order is still open",
	SkipBuyingPower:    "not enough buying power",
	SkipTooSmall:       "the order would be too small",
	SkipNotTradable:    "the broker does not trade it",
	SkipNotShortable:   "it cannot be sold short",
	SkipBlocked:        "the broker blocks trading in this account",
	SkipAlreadyDecided: "this bar was decided before",
	SkipMarketClosed:   "the market is closed",
	SkipDryRun:         "dry run",

	SkipHalted:          "trading is halted",
	SkipReduceOnly:      "only exits are ordered now",
	SkipHeldQuantity:    "other orders hold the shares",
	SkipWashTrade:       "an open order on the other side would make it a wash trade",
	SkipForeignPosition: "the position was not made by this program",
	SkipForeignOrder:    "an open order was not made by this program",
	SkipNoVolatility:    "too few bars to size it by volatility",

	SkipMaxExposure:       "all positions together would be larger than allowed",
	SkipMaxSymbolShare:    "the position would be larger than allowed for one symbol",
	SkipMaxSectorShare:    "the sector's positions would be larger than allowed",
	SkipOrderRate:         "as many orders as allowed were sent",
	SkipDailyLoss:         "today's loss has reached its limit",
	SkipMaxDrawdown:       "the drawdown has reached its limit",
	SkipConsecutiveLosses: "too many losses in a row",
	SkipCooldownPeriod:    "the symbol was exited a short while ago",
	SkipStoplossGuard:     "too many stop losses in a short time",
	SkipLowProfitSymbol:   "the symbol's last trades made too little",
	SkipStaleData:         "the last closed bar is too old",
	SkipPriceGap:          "the price has moved too far since the bar closed",
	SkipSpread:            "bid and ask are too far apart",
	SkipMinPrice:          "the price is too low",
	SkipMinVolume:         "too few shares are traded",
}
