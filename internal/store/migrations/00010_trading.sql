-- +goose Up

-- JSON of trade.ExecutionSettings and trade.RiskLimits; missing keys have their zero values.
ALTER TABLE settings ADD COLUMN schedule_kind TEXT NOT NULL DEFAULT 'interval';
ALTER TABLE settings ADD COLUMN schedule_extended_hours BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE settings ADD COLUMN execution TEXT NOT NULL DEFAULT '{}';
ALTER TABLE settings ADD COLUMN risk TEXT NOT NULL DEFAULT '{}';
UPDATE settings SET schedule_kind = 'cron' WHERE schedule_cron <> '';

-- What an account does differently from its user: JSON of trade.Settings, and of a list of
-- symbols; NULL means as the user does.
CREATE TABLE account_strategies (
    account_id TEXT PRIMARY KEY REFERENCES brokerage_accounts (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL,
    settings TEXT,
    watchlist TEXT
);

-- When a person allowed a live account to be traded by the program; NULL: never.
ALTER TABLE brokerage_accounts ADD COLUMN armed_at BIGINT;

-- JSON of trade.RiskLimits that hold for every account.
ALTER TABLE installation_settings ADD COLUMN risk TEXT NOT NULL DEFAULT '{}';

-- The trading state in force; '' is the whole installation. No row: active.
CREATE TABLE standings (
    account_id TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    cause TEXT NOT NULL,
    reason TEXT NOT NULL,
    who TEXT NOT NULL,
    since BIGINT NOT NULL
);

ALTER TABLE cycles ADD COLUMN equity MONEY;
CREATE INDEX decisions_by_symbol ON decisions (account_id, symbol);

ALTER TABLE intents ADD COLUMN limit_price MONEY;
ALTER TABLE intents ADD COLUMN stop_price MONEY;
ALTER TABLE intents ADD COLUMN trail_percent MONEY;
ALTER TABLE intents ADD COLUMN extended_hours BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE intents ADD COLUMN class TEXT NOT NULL DEFAULT '';
ALTER TABLE intents ADD COLUMN take_profit MONEY;
ALTER TABLE intents ADD COLUMN stop_loss MONEY;
ALTER TABLE intents ADD COLUMN cancel_first TEXT NOT NULL DEFAULT '[]'; -- JSON list of broker order ids

-- Legs of bracket, oto and oco orders: which intent a broker's order belongs to.
CREATE TABLE order_legs (
    account_id TEXT NOT NULL,
    broker_order_id TEXT NOT NULL,
    client_order_id TEXT NOT NULL, -- of the intent
    PRIMARY KEY (account_id, broker_order_id)
);

-- Quantities that positions had without a fill of ours or of anybody: what was there when the
-- program first looked, and what splits and the like changed since.
CREATE TABLE baselines (
    account_id TEXT NOT NULL,
    symbol TEXT NOT NULL,
    qty MONEY NOT NULL,
    reason TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (account_id, symbol)
);

-- The last comparison of the journal with the broker.
CREATE TABLE reconciliations (
    account_id TEXT PRIMARY KEY,
    checked_at BIGINT NOT NULL,
    passed BOOLEAN NOT NULL,
    in_a_row BIGINT NOT NULL, -- how often it failed without a pass between
    drift TEXT NOT NULL, -- JSON: the differences
    fills_through BIGINT -- executions up to here are in the journal
);

-- +goose Down
DROP TABLE reconciliations;
DROP TABLE baselines;
DROP TABLE order_legs;
ALTER TABLE intents DROP COLUMN cancel_first;
ALTER TABLE intents DROP COLUMN stop_loss;
ALTER TABLE intents DROP COLUMN take_profit;
ALTER TABLE intents DROP COLUMN class;
ALTER TABLE intents DROP COLUMN extended_hours;
ALTER TABLE intents DROP COLUMN trail_percent;
ALTER TABLE intents DROP COLUMN stop_price;
ALTER TABLE intents DROP COLUMN limit_price;
DROP INDEX decisions_by_symbol;
ALTER TABLE cycles DROP COLUMN equity;
DROP TABLE standings;
ALTER TABLE installation_settings DROP COLUMN risk;
ALTER TABLE brokerage_accounts DROP COLUMN armed_at;
DROP TABLE account_strategies;
ALTER TABLE settings DROP COLUMN risk;
ALTER TABLE settings DROP COLUMN execution;
ALTER TABLE settings DROP COLUMN schedule_extended_hours;
ALTER TABLE settings DROP COLUMN schedule_kind;
