-- Fails at its second statement, and takes the first one back.
ALTER TABLE users ADD COLUMN nickname text;
CREATE INDEX users_nickname ON usres (nickname);
