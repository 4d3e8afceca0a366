-- migrascope: lock-timeout=2s
-- Every request reads "users". ALTER TABLE needs it alone for an instant, and whoever comes after a waiting
-- ALTER TABLE waits too: better to give up after two seconds and try again than to hold up every sign-in.

-- The language of mails and screens, a BCP 47 tag such as 'pt-BR'. The default is a constant: no row is rewritten.
ALTER TABLE users ADD COLUMN locale VARCHAR(35) NOT NULL DEFAULT 'en';
