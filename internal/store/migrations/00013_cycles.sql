-- +goose Up

-- An account's cycles that run: those of a process that died are found by it.
CREATE INDEX cycles_running ON cycles (account_id) WHERE outcome = 'running';

-- +goose Down
DROP INDEX cycles_running;
