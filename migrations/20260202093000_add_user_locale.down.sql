-- migrascope: lock-timeout=2s
ALTER TABLE users DROP COLUMN locale;
