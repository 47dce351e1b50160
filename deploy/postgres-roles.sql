-- The least that servers need in PostgreSQL: rows, no tables, and no change of what the audit log says.
-- First, as the database's owner: DATABASE_URL=<the owner's> alpaca-trader db migrate. Then this file, with
-- psql as the owner, after a first CREATE ROLE trader_server LOGIN PASSWORD '...'. Both again with each
-- new version, before its servers start. `audit archive`, `keys reset`, `db reset` and `backup restore`
-- are the owner's: run them with the owner's DATABASE_URL.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO trader_server;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO trader_server;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO trader_server;
REVOKE UPDATE, DELETE ON audit_entries, audit_checkpoints, audit_archives FROM trader_server;
REVOKE INSERT, UPDATE, DELETE ON goose_db_version FROM trader_server;
