-- Fails at its second statement, which also rolls back the first one.
ALTER TABLE users ADD COLUMN nickname text;
CREATE INDEX users_nickname ON usres (nickname);
