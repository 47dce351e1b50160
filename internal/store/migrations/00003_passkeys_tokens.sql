-- Passkeys and API tokens: see 00001_first.sql for MONEY, BYTES and times.

-- +goose Up

-- What a WebAuthn authenticator told about a credential; nothing of it is secret.
CREATE TABLE passkeys (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    credential_id BYTES NOT NULL UNIQUE,
    record BYTES NOT NULL, -- JSON
    sign_count BIGINT NOT NULL, -- only rises; 0 for authenticators that do not count
    created_at BIGINT NOT NULL,
    last_used_at BIGINT
);
CREATE INDEX passkeys_by_user ON passkeys (user_id);

-- Challenges that were answered, so that none is answered twice. They are kept until long after
-- every challenge of their time has expired.
CREATE TABLE spent_challenges (
    hash BYTES PRIMARY KEY,
    spent_at BIGINT NOT NULL
);
CREATE INDEX spent_challenges_by_age ON spent_challenges (spent_at);

-- The hash is the SHA-256 of the whole token, which has 256 random bits.
CREATE TABLE api_tokens (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    hash BYTES NOT NULL,
    scopes TEXT NOT NULL, -- with a space between
    rates TEXT NOT NULL, -- such as 200/day;50/hour; empty: those of the installation
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    last_used_at BIGINT
);
CREATE INDEX api_tokens_by_user ON api_tokens (user_id);

-- +goose Down
DROP TABLE api_tokens;
DROP TABLE spent_challenges;
DROP TABLE passkeys;
