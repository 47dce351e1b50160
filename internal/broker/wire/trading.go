// Package wire holds the JSON shapes of Alpaca's Trading API v2 and Market Data API v2.
//
// Trading decimals are JSON strings without trailing zeros, and null where unset; market data
// prices are JSON numbers. Fields are never left out where Alpaca sends null. The shapes follow
// the OpenAPI documents of August 2026 and, where these are silent, recorded answers.
package wire

import (
	"time"

	"github.com/shopspring/decimal"
)

// Account is the answer of GET /v2/account.
type Account struct {
	ID                       string          `json:"id"`
	AccountNumber            string          `json:"account_number"`
	Status                   string          `json:"status"`
	CryptoStatus             string          `json:"crypto_status"`
	Currency                 string          `json:"currency"`
	BuyingPower              decimal.Decimal `json:"buying_power"`
	RegTBuyingPower          decimal.Decimal `json:"regt_buying_power"`
	EffectiveBuyingPower     decimal.Decimal `json:"effective_buying_power"`
	NonMarginableBuyingPower decimal.Decimal `json:"non_marginable_buying_power"`
	OptionsBuyingPower       decimal.Decimal `json:"options_buying_power"`
	OptionsApprovedLevel     int             `json:"options_approved_level"`
	OptionsTradingLevel      int             `json:"options_trading_level"`
	Cash                     decimal.Decimal `json:"cash"`
	AccruedFees              decimal.Decimal `json:"accrued_fees"`
	PendingTransferIn        decimal.Decimal `json:"pending_transfer_in"`
	PendingTransferOut       decimal.Decimal `json:"pending_transfer_out"`
	PendingRegTAFFees        decimal.Decimal `json:"pending_reg_taf_fees"`
	PortfolioValue           decimal.Decimal `json:"portfolio_value"`
	Equity                   decimal.Decimal `json:"equity"`
	LastEquity               decimal.Decimal `json:"last_equity"`
	PositionMarketValue      decimal.Decimal `json:"position_market_value"`
	LongMarketValue          decimal.Decimal `json:"long_market_value"`
	ShortMarketValue         decimal.Decimal `json:"short_market_value"` // negative
	InitialMargin            decimal.Decimal `json:"initial_margin"`
	MaintenanceMargin        decimal.Decimal `json:"maintenance_margin"`
	LastMaintenanceMargin    decimal.Decimal `json:"last_maintenance_margin"`
	SMA                      decimal.Decimal `json:"sma"`
	Multiplier               decimal.Decimal `json:"multiplier"`
	ShortingEnabled          bool            `json:"shorting_enabled"`
	TradingBlocked           bool            `json:"trading_blocked"`
	TransfersBlocked         bool            `json:"transfers_blocked"`
	AccountBlocked           bool            `json:"account_blocked"`
	TradeSuspendedByUser     bool            `json:"trade_suspended_by_user"`
	CreatedAt                time.Time       `json:"created_at"`
	BalanceAsOf              string          `json:"balance_asof"` // YYYY-MM-DD
	IntradayAdjustments      decimal.Decimal `json:"intraday_adjustments"`
}

// Clock is the answer of GET /v2/clock. Its times carry New York's offset.
type Clock struct {
	Timestamp time.Time `json:"timestamp"`
	IsOpen    bool      `json:"is_open"`
	NextOpen  time.Time `json:"next_open"`
	NextClose time.Time `json:"next_close"`
}

// CalendarDay is one session of GET /v2/calendar, in New York's time.
type CalendarDay struct {
	Date           string `json:"date"`          // YYYY-MM-DD
	Open           string `json:"open"`          // 09:30
	Close          string `json:"close"`         // 16:00 or 13:00
	SessionOpen    string `json:"session_open"`  // 0400, without a colon
	SessionClose   string `json:"session_close"` // 2000 or 1700
	SettlementDate string `json:"settlement_date"`
}

// Asset is one instrument of GET /v2/assets.
type Asset struct {
	ID                           string          `json:"id"`
	Class                        string          `json:"class"`
	Exchange                     string          `json:"exchange"`
	Symbol                       string          `json:"symbol"`
	Name                         string          `json:"name"`
	Status                       string          `json:"status"`
	Tradable                     bool            `json:"tradable"`
	Marginable                   bool            `json:"marginable"`
	Shortable                    bool            `json:"shortable"`
	EasyToBorrow                 bool            `json:"easy_to_borrow"` // deprecated, but alpaca-py requires it
	BorrowStatus                 string          `json:"borrow_status"`
	Fractionable                 bool            `json:"fractionable"`
	MarginRequirementLong        decimal.Decimal `json:"margin_requirement_long"`
	MarginRequirementShort       decimal.Decimal `json:"margin_requirement_short"`
	MaintenanceMarginRequirement float64         `json:"maintenance_margin_requirement"`
	Attributes                   []string        `json:"attributes"`
}

// Position is one holding of GET /v2/positions. Short quantities and market values are negative;
// plpc and change are fractions. What depends on a price is null when there is none.
type Position struct {
	AssetID                string              `json:"asset_id"`
	Symbol                 string              `json:"symbol"`
	Exchange               string              `json:"exchange"`
	AssetClass             string              `json:"asset_class"`
	AssetMarginable        bool                `json:"asset_marginable"`
	Qty                    decimal.Decimal     `json:"qty"`
	QtyAvailable           decimal.Decimal     `json:"qty_available"`
	AvgEntryPrice          decimal.Decimal     `json:"avg_entry_price"`
	Side                   string              `json:"side"` // long or short
	MarketValue            decimal.NullDecimal `json:"market_value"`
	CostBasis              decimal.Decimal     `json:"cost_basis"`
	UnrealizedPL           decimal.NullDecimal `json:"unrealized_pl"`
	UnrealizedPLPC         decimal.NullDecimal `json:"unrealized_plpc"`
	UnrealizedIntradayPL   decimal.NullDecimal `json:"unrealized_intraday_pl"`
	UnrealizedIntradayPLPC decimal.NullDecimal `json:"unrealized_intraday_plpc"`
	CurrentPrice           decimal.NullDecimal `json:"current_price"`
	LastdayPrice           decimal.NullDecimal `json:"lastday_price"`
	ChangeToday            decimal.NullDecimal `json:"change_today"`
}

// PortfolioHistory is the answer of GET /v2/account/portfolio/history. The slices have equal
// length; timestamps are Unix seconds of each interval's start, equity that of its end.
type PortfolioHistory struct {
	Timestamp     []int64   `json:"timestamp"`
	Equity        []float64 `json:"equity"`
	ProfitLoss    []float64 `json:"profit_loss"`
	ProfitLossPct []float64 `json:"profit_loss_pct"` // fraction of base_value
	BaseValue     float64   `json:"base_value"`
	BaseValueAsOf string    `json:"base_value_asof,omitempty"` // YYYY-MM-DD
	Timeframe     string    `json:"timeframe"`

	Cashflow map[string][]float64 `json:"cashflow,omitzero"` // money that came (went) by activity type, summed up
}

// FillActivity is one execution of GET /v2/account/activities. The id begins with the New York
// local time of the execution, YYYYMMDDHHMMSSmmm, then "::" and a UUID.
type FillActivity struct {
	ActivityType    string          `json:"activity_type"` // FILL
	ID              string          `json:"id"`
	CumQty          decimal.Decimal `json:"cum_qty"`
	LeavesQty       decimal.Decimal `json:"leaves_qty"`
	Price           decimal.Decimal `json:"price"`
	Qty             decimal.Decimal `json:"qty"`
	Side            string          `json:"side"` // buy, sell or sell_short
	Symbol          string          `json:"symbol"`
	TransactionTime time.Time       `json:"transaction_time"`
	OrderID         string          `json:"order_id"`
	Type            string          `json:"type"` // fill or partial_fill
	OrderStatus     string          `json:"order_status"`
}

// Error is the body of every refusal of the Trading API.
type Error struct {
	Code    int    `json:"code,omitempty"` // eight digits; a 401 has none
	Message string `json:"message"`
}
