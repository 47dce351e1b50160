-- +goose Up

-- What came from another system, so that an import that is run again takes nothing twice. The
-- source names the old installation; kind 'user' has the old and the new id of a user, kind
-- 'audit' the last old audit entry that was taken.
CREATE TABLE imports (
    source TEXT NOT NULL,
    kind TEXT NOT NULL,
    old_id TEXT NOT NULL,
    new_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (source, kind, old_id)
);

-- +goose Down
DROP TABLE imports;
