-- The hourly clean-up of expired sessions read the whole table.
--
-- CONCURRENTLY, because a plain build would stop every sign-in until it is done. It cannot run in a transaction;
-- migrascope sees that by itself. No IF NOT EXISTS: it would take the invalid index of a failed build for a good one.
CREATE INDEX CONCURRENTLY sessions_by_expiry ON sessions (expires_at);
