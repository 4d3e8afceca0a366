-- The hourly clean-up of expired sessions read the whole table.
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
