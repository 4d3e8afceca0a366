-- Everyone who can sign in, people and machines alike.
CREATE TABLE users (
    -- AUTOINCREMENT: the number of a deleted user must not come back, the audit log still speaks of the old one.
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    -- What other services and URLs see: a counter would tell how many users there are.
    public_id    TEXT    NOT NULL DEFAULT (lower(hex(randomblob(16)))) UNIQUE,
    email        TEXT    NOT NULL,
    display_name TEXT    NOT NULL DEFAULT '',
    status       TEXT    NOT NULL DEFAULT 'invited',
    created_at   TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated_at   TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    CONSTRAINT users_status_known CHECK (status IN ('invited', 'active', 'suspended', 'closed')),
    CONSTRAINT users_email_shape CHECK (email LIKE '%_@_%' AND length(email) <= 254)
) STRICT;

-- One account an address, however its letters are cased; the spelling the user gave is kept for display.
CREATE UNIQUE INDEX users_email_unique ON users (lower(email));
