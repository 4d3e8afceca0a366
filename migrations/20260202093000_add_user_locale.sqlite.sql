-- migrascope: lock-timeout=2s
-- The language of mails and screens, as a BCP 47 tag such as 'pt-BR'. A file of its own for SQLite because the
-- table is STRICT: it knows TEXT, not VARCHAR(35).
ALTER TABLE users ADD COLUMN locale TEXT NOT NULL DEFAULT 'en' CHECK (length(locale) BETWEEN 2 AND 35);
