-- +goose Up

-- Keys of the installation, each wrapped: 'installation' under ENCRYPTION_KEY, 'root ADDRESS' (an
-- ENCRYPTION_KEY) by the key service at that address. 'retired STAMP' holds no key.
CREATE TABLE installation_keys (
    name TEXT PRIMARY KEY,
    wrapped BYTES NOT NULL,
    wrapped_at BIGINT NOT NULL
);

-- By it the last act on an account's keys is found whenever they are opened.
CREATE INDEX audit_entries_by_target ON audit_entries (target, action, sequence);

-- +goose Down
DROP INDEX audit_entries_by_target;
DROP TABLE installation_keys;
