-- MONEY and BYTES stand for the column types that differ between the databases; migrate.go names
-- them. Times are microseconds since 1970 in UTC (BIGINT), unknown times are NULL.

-- +goose Up

-- One row: what this installation is. The canary tells whether ENCRYPTION_KEY fits.
CREATE TABLE installation (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    installation_id TEXT NOT NULL,
    canary BYTES,
    created_at BIGINT
);
INSERT INTO installation (id, installation_id) VALUES (1, '');

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    username TEXT NOT NULL,
    username_key TEXT NOT NULL UNIQUE, -- folded, so that names compare without regard to case
    email TEXT NOT NULL,
    email_key TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL,
    disabled BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    last_login BIGINT
);

-- Each user's data key, wrapped under the key derived from ENCRYPTION_KEY.
CREATE TABLE user_keys (
    user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    wrapped BYTES NOT NULL
);

CREATE TABLE settings (
    user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    timeframe TEXT NOT NULL,
    lookback_days BIGINT NOT NULL,
    rsi_enabled BOOLEAN NOT NULL,
    rsi_period BIGINT NOT NULL,
    rsi_overbought DOUBLE PRECISION NOT NULL,
    rsi_oversold DOUBLE PRECISION NOT NULL,
    sma_enabled BOOLEAN NOT NULL,
    sma_short_period BIGINT NOT NULL,
    sma_long_period BIGINT NOT NULL,
    macd_enabled BOOLEAN NOT NULL,
    macd_fast_period BIGINT NOT NULL,
    macd_slow_period BIGINT NOT NULL,
    macd_signal_period BIGINT NOT NULL,
    bollinger_enabled BOOLEAN NOT NULL,
    bollinger_period BIGINT NOT NULL,
    bollinger_std_dev DOUBLE PRECISION NOT NULL,
    signal_mode TEXT NOT NULL,
    signal_min_agree BIGINT NOT NULL,
    order_type TEXT NOT NULL,
    time_in_force TEXT NOT NULL,
    position_size_pct MONEY NOT NULL,
    max_positions BIGINT NOT NULL,
    allow_short BOOLEAN NOT NULL,
    schedule_interval_minutes BIGINT NOT NULL,
    schedule_cron TEXT NOT NULL,
    schedule_market_hours_only BOOLEAN NOT NULL
);

CREATE TABLE brokerage_accounts (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    paper BOOLEAN NOT NULL,
    demo BOOLEAN NOT NULL,
    active BOOLEAN NOT NULL,
    automated BOOLEAN NOT NULL,
    api_key_hint TEXT NOT NULL,
    sealed_key BYTES NOT NULL,
    sealed_secret BYTES NOT NULL,
    next_run_at BIGINT,
    created_at BIGINT NOT NULL,
    UNIQUE (user_id, name)
);
CREATE UNIQUE INDEX brokerage_accounts_one_active ON brokerage_accounts (user_id) WHERE active;
CREATE INDEX brokerage_accounts_automated ON brokerage_accounts (id) WHERE automated;

CREATE TABLE watchlist (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    symbol TEXT NOT NULL,
    name TEXT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (user_id, symbol)
);

-- The token is hashed before it comes here.
CREATE TABLE sessions (
    token TEXT PRIMARY KEY,
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
    data BYTES NOT NULL,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE bars (
    feed TEXT NOT NULL,
    symbol TEXT NOT NULL,
    timeframe TEXT NOT NULL,
    start_at BIGINT NOT NULL,
    end_at BIGINT NOT NULL,
    open DOUBLE PRECISION NOT NULL,
    high DOUBLE PRECISION NOT NULL,
    low DOUBLE PRECISION NOT NULL,
    close DOUBLE PRECISION NOT NULL,
    volume DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (feed, symbol, timeframe, start_at)
);

-- The journal. Its rows name accounts and users without referring to them: they outlive both, and
-- the command line journals under account ids of its own ("local-...").
CREATE TABLE leases (
    account_id TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE cycles (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    slot BIGINT NOT NULL,
    market_time BIGINT,
    started_at BIGINT NOT NULL,
    finished_at BIGINT,
    dry_run BOOLEAN NOT NULL,
    outcome TEXT NOT NULL,
    problem TEXT NOT NULL,
    decided BOOLEAN NOT NULL,
    UNIQUE (account_id, slot)
);

CREATE TABLE decisions (
    cycle_id TEXT NOT NULL REFERENCES cycles (id),
    position BIGINT NOT NULL,
    account_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    symbol TEXT NOT NULL,
    action TEXT NOT NULL,
    skip TEXT NOT NULL,
    client_order_id TEXT, -- of the intent that came of it
    explanation TEXT NOT NULL, -- JSON: the signal with every vote
    PRIMARY KEY (cycle_id, position)
);

CREATE TABLE intents (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    cycle_id TEXT NOT NULL,
    client_order_id TEXT NOT NULL,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL,
    type TEXT NOT NULL,
    time_in_force TEXT NOT NULL,
    qty MONEY,
    notional MONEY,
    purpose TEXT NOT NULL,
    reason TEXT NOT NULL,
    bar_end BIGINT,
    attempt BIGINT NOT NULL,
    deadline BIGINT,
    created_at BIGINT NOT NULL,
    UNIQUE (account_id, client_order_id)
);
CREATE INDEX intents_by_cycle ON intents (cycle_id);

CREATE TABLE orders (
    account_id TEXT NOT NULL,
    client_order_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    state TEXT NOT NULL,
    broker_order_id TEXT NOT NULL,
    broker_status TEXT NOT NULL,
    filled_qty MONEY NOT NULL,
    filled_avg_price MONEY,
    problem TEXT NOT NULL,
    request_id TEXT NOT NULL,
    sent_twice BOOLEAN NOT NULL DEFAULT FALSE,
    epoch BIGINT NOT NULL,
    submitted_at BIGINT,
    filled_at BIGINT,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, client_order_id),
    FOREIGN KEY (account_id, client_order_id) REFERENCES intents (account_id, client_order_id)
);
CREATE INDEX orders_open ON orders (account_id)
    WHERE state IN ('journaled', 'submitting', 'unknown', 'accepted', 'partially_filled');

CREATE TABLE fills (
    account_id TEXT NOT NULL,
    execution_id TEXT NOT NULL,
    client_order_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    broker_order_id TEXT NOT NULL,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL,
    qty MONEY NOT NULL,
    price MONEY NOT NULL,
    filled_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, execution_id)
);
CREATE INDEX fills_by_order ON fills (account_id, client_order_id);

-- The audit log: one head row is bumped in every transaction that appends, so that the sequence
-- has no gap. hash = HMAC-SHA256(previous_hash, entry): internal/audit/chain.go.
CREATE TABLE audit_head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    sequence BIGINT NOT NULL,
    hash BYTES NOT NULL
);
INSERT INTO audit_head (id, sequence, hash) VALUES (1, 0, '');

CREATE TABLE audit_entries (
    sequence BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    session TEXT NOT NULL,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    details TEXT NOT NULL,
    previous_hash BYTES NOT NULL,
    hash BYTES NOT NULL
);
CREATE INDEX audit_entries_by_actor ON audit_entries (actor, sequence);

-- +goose Down
DROP TABLE audit_entries;
DROP TABLE audit_head;
DROP TABLE fills;
DROP TABLE orders;
DROP TABLE intents;
DROP TABLE decisions;
DROP TABLE cycles;
DROP TABLE leases;
DROP TABLE bars;
DROP TABLE sessions;
DROP TABLE watchlist;
DROP TABLE brokerage_accounts;
DROP TABLE settings;
DROP TABLE user_keys;
DROP TABLE users;
DROP TABLE installation;
