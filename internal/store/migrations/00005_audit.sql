-- Signed checkpoints of the audit log, the stubs of archived entries, and the ways to look entries up.

-- +goose Up

-- A note of golang.org/x/mod/sumdb/note: size and head of the log (internal/audit/checkpoint.go).
CREATE TABLE audit_checkpoints (
    size BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    note TEXT NOT NULL
);

-- What stands for entries that were moved into a sealed file (internal/audit/archive.go).
CREATE TABLE audit_archives (
    last_sequence BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    note TEXT NOT NULL
);

CREATE INDEX audit_entries_by_action ON audit_entries (action, sequence);
CREATE INDEX audit_entries_by_time ON audit_entries (at, sequence);

-- +goose Down
DROP INDEX audit_entries_by_time;
DROP INDEX audit_entries_by_action;
DROP TABLE audit_archives;
DROP TABLE audit_checkpoints;
