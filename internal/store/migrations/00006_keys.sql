-- +goose Up

-- Keys of the installation, each wrapped: 'installation' under ENCRYPTION_KEY, 'root ADDRESS' (an
-- ENCRYPTION_KEY) by the key service at that address. 'retired STAMP' holds no key.
CREATE TABLE installation_keys (
    name TEXT PRIMARY KEY,
    wrapped BYTES NOT NULL,
    wrapped_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE installation_keys;
