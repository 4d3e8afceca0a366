-- How a user proves who they are; one of each kind.
CREATE TABLE credentials (
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind       TEXT    NOT NULL,
    secret     TEXT    NOT NULL,
    created_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    PRIMARY KEY (user_id, kind),
    CONSTRAINT credentials_kind_known CHECK (kind IN ('password', 'totp', 'recovery_codes')),
    -- A hash in PHC form ($argon2id$v=19$…) says how it was made. This refuses a password stored in clear by mistake.
    CONSTRAINT credentials_password_hashed CHECK (kind <> 'password' OR secret LIKE '$argon2id$%')
) STRICT, WITHOUT ROWID;
