package wire

import (
	"time"

	"github.com/shopspring/decimal"
)

// Configurations is the answer of GET /v2/account/configurations.
type Configurations struct {
	DisableOvernightTrading bool   `json:"disable_overnight_trading"`
	FractionalTrading       bool   `json:"fractional_trading"`
	MaxMarginMultiplier     string `json:"max_margin_multiplier"` // 1, 2 or 4
	MaxOptionsTradingLevel  int    `json:"max_options_trading_level"`
	NoShorting              bool   `json:"no_shorting"`
	PTPNoExceptionEntry     bool   `json:"ptp_no_exception_entry"`
	SuspendTrade            bool   `json:"suspend_trade"`
	TradeConfirmEmail       string `json:"trade_confirm_email"` // all or none
}

// NonTradeActivity is one fee, dividend or split of GET /v2/account/activities.
type NonTradeActivity struct {
	ActivityType   string              `json:"activity_type"`
	ID             string              `json:"id"`
	Date           string              `json:"date"` // YYYY-MM-DD
	CreatedAt      time.Time           `json:"created_at"`
	NetAmount      decimal.Decimal     `json:"net_amount"`
	Currency       string              `json:"currency"`
	Symbol         string              `json:"symbol,omitempty"`
	Qty            decimal.NullDecimal `json:"qty,omitzero"`
	PerShareAmount decimal.NullDecimal `json:"per_share_amount,omitzero"`
	Description    string              `json:"description,omitempty"`
	Status         string              `json:"status"` // executed
}

// Watchlist is one list of GET /v2/watchlists/{id}. Lists of lists leave the assets out.
type Watchlist struct {
	ID        string    `json:"id"`
	AccountID string    `json:"account_id"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	Name      string    `json:"name"`
	Assets    []Asset   `json:"assets,omitzero"` // nil is left out, an empty list is not
}

// WatchlistRequest is the body of POST and PUT of a watchlist: its name and its symbols, or the one
// symbol to add. Symbols that are null or left out leave the list as it is.
type WatchlistRequest struct {
	Name    string    `json:"name"`
	Symbols *[]string `json:"symbols"`
	Symbol  string    `json:"symbol"`
}
