-- +goose Up

-- What the journal expects to be held: all executions, and what was taken over without one. Kept
-- with each fill, so that a comparison with the broker need not read the whole past.
CREATE TABLE holdings (
    account_id TEXT NOT NULL,
    symbol TEXT NOT NULL,
    qty MONEY NOT NULL,
    PRIMARY KEY (account_id, symbol)
);

ALTER TABLE order_legs ADD COLUMN type TEXT NOT NULL DEFAULT '';

CREATE INDEX orders_by_broker_order ON orders (account_id, broker_order_id);
CREATE INDEX orders_by_submission ON orders (account_id, submitted_at);
CREATE INDEX orders_by_update ON orders (account_id, updated_at);
CREATE INDEX intents_by_symbol ON intents (account_id, symbol, bar_end);
CREATE INDEX fills_by_symbol ON fills (account_id, symbol, filled_at);
CREATE INDEX fills_by_broker_order ON fills (account_id, broker_order_id);
CREATE INDEX cycles_by_market_time ON cycles (account_id, (COALESCE(market_time, slot)));

-- +goose Down
DROP INDEX cycles_by_market_time;
DROP INDEX fills_by_broker_order;
DROP INDEX fills_by_symbol;
DROP INDEX intents_by_symbol;
DROP INDEX orders_by_update;
DROP INDEX orders_by_submission;
DROP INDEX orders_by_broker_order;
ALTER TABLE order_legs DROP COLUMN type;
DROP TABLE holdings;
