-- +goose Up

-- Who follows the order events of which account: brokers take one connection an account. The
-- processes that do are in watchers, so that each knows its share.
CREATE TABLE watchers (
    holder TEXT PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

CREATE TABLE watches (
    account_id TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX watches_by_holder ON watches (holder);

-- +goose Down
DROP TABLE watches;
DROP TABLE watchers;
