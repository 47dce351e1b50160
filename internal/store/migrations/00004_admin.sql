-- What an administrator decides: see 00001_first.sql for MONEY, BYTES and times.

-- +goose Up

-- One row: who may register, and limits that replace the configured ones. Every process looks here
-- at least once a second.
CREATE TABLE installation_settings (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    registration TEXT NOT NULL,
    rate_limits TEXT NOT NULL -- JSON: {"auth": "10/minute"}; what is not there stays as configured
);
INSERT INTO installation_settings (id, registration, rate_limits) VALUES (1, 'open', '{}');

-- A link that lets one person register. The secret is in the link alone.
CREATE TABLE invites (
    id TEXT PRIMARY KEY,
    secret_hash BYTES NOT NULL UNIQUE, -- SHA-256
    role TEXT NOT NULL,
    note TEXT NOT NULL,
    created_by TEXT NOT NULL, -- user name; empty for the command line
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    used_by TEXT -- user name
);
CREATE INDEX invites_by_creation ON invites (created_at);

-- A link that lets its user set a password, at most one for each user: a new one replaces it.
CREATE TABLE password_links (
    user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    secret_hash BYTES NOT NULL UNIQUE, -- SHA-256
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX users_admins ON users (id) WHERE role = 'admin';

-- +goose Down
DROP INDEX users_admins;
DROP TABLE password_links;
DROP TABLE invites;
DROP TABLE installation_settings;
