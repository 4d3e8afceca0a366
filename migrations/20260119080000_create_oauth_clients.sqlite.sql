-- Applications that sign users in through us (RFC 6749).
CREATE TABLE oauth_clients (
    client_id     TEXT    PRIMARY KEY,
    name          TEXT    NOT NULL,
    kind          TEXT    NOT NULL,
    secret_hash   TEXT,
    -- Compared byte for byte with what a request asks for (RFC 9700, 4.1.3), so plain strings are enough.
    redirect_uris TEXT    NOT NULL DEFAULT '[]',
    owner_id      INTEGER REFERENCES users (id) ON DELETE SET NULL,
    created_at    TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated_at    TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    CONSTRAINT oauth_clients_kind_known CHECK (kind IN ('public', 'confidential')),
    -- A public client (browser, phone) cannot keep a secret; a confidential one must have it.
    CONSTRAINT oauth_clients_secret_fits_kind CHECK ((kind = 'confidential') = (secret_hash IS NOT NULL)),
    -- CASE, because json_type() raises an error on what is not JSON, and this should name the constraint.
    CONSTRAINT oauth_clients_redirect_uris_is_list
        CHECK (CASE WHEN json_valid(redirect_uris) THEN json_type(redirect_uris) = 'array' ELSE FALSE END)
) STRICT, WITHOUT ROWID;

CREATE INDEX oauth_clients_by_owner ON oauth_clients (owner_id);
