-- What a sign-in needs besides the password: see 00001_first.sql for MONEY, BYTES and times.

-- +goose Up

-- A session carries the epoch of its user at the sign-in; it is worth nothing once that has risen.
ALTER TABLE users ADD COLUMN session_epoch BIGINT NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN password_changed_at BIGINT; -- NULL: as old as the user

-- An ended session stays for a while: a request that was under way must not store it again.
ALTER TABLE sessions ADD COLUMN public_id TEXT NOT NULL DEFAULT ''; -- stays when the token changes; opens nothing
ALTER TABLE sessions ADD COLUMN ended_at BIGINT;

-- A sign-in whose password was right and that waits for its second factor.
CREATE TABLE pending_sign_ins (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session_epoch BIGINT NOT NULL,
    remember BOOLEAN NOT NULL,
    tries BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX pending_sign_ins_by_user ON pending_sign_ins (user_id);

-- Browsers in which their user has signed in before. The cookie's token is hashed before it comes here.
CREATE TABLE known_devices (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, token_hash)
);

-- Failed sign-ins in a row. The account is an HMAC of the name that was typed, whether it exists or
-- not; the source is an address block, a known device or a session, and empty for the sum over all
-- addresses.
CREATE TABLE sign_in_failures (
    account TEXT NOT NULL,
    source TEXT NOT NULL,
    failures BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (account, source)
);
CREATE INDEX sign_in_failures_by_age ON sign_in_failures (last_at);

-- One secret a user, sealed under the user's data key; not enabled while it is being set up.
CREATE TABLE totp_secrets (
    user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    id TEXT NOT NULL UNIQUE,
    sealed BYTES NOT NULL,
    enabled BOOLEAN NOT NULL,
    last_step BIGINT NOT NULL, -- of the last code that was accepted: 30 s each since 1970
    created_at BIGINT NOT NULL
);

-- The recovery codes that are left, as HMACs under the user's data key.
CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    mark BYTES NOT NULL,
    PRIMARY KEY (user_id, mark)
);

-- Wrong codes of each user in the hour that began at window_start.
CREATE TABLE code_tries (
    user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    window_start BIGINT NOT NULL,
    tries BIGINT NOT NULL
);

-- +goose Down
DROP TABLE code_tries;
DROP TABLE recovery_codes;
DROP TABLE totp_secrets;
DROP TABLE sign_in_failures;
DROP TABLE known_devices;
DROP TABLE pending_sign_ins;
ALTER TABLE sessions DROP COLUMN ended_at;
ALTER TABLE sessions DROP COLUMN public_id;
ALTER TABLE users DROP COLUMN password_changed_at;
ALTER TABLE users DROP COLUMN session_epoch;
