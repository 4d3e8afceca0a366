-- What we hand to clients. Only SHA-256 hashes are kept: a stolen backup holds no usable token.

CREATE TABLE oauth_authorization_codes (
    code_hash      BLOB    NOT NULL PRIMARY KEY CHECK (length(code_hash) = 32),
    client_id      TEXT    NOT NULL REFERENCES oauth_clients (client_id) ON DELETE CASCADE,
    user_id        INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    redirect_uri   TEXT    NOT NULL,
    scope          TEXT    NOT NULL DEFAULT '',
    -- PKCE, method S256 (RFC 7636): required of every client.
    code_challenge TEXT    NOT NULL CHECK (length(code_challenge) = 43),
    expires_at     TEXT    NOT NULL,
    -- Kept after use: a code that comes a second time was stolen, and its tokens are revoked.
    used_at        TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE oauth_access_tokens (
    token_hash BLOB    NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
    client_id  TEXT    NOT NULL REFERENCES oauth_clients (client_id) ON DELETE CASCADE,
    -- None when the client acts for itself (client credentials grant).
    user_id    INTEGER REFERENCES users (id) ON DELETE CASCADE,
    scope      TEXT    NOT NULL DEFAULT '',
    issued_at  TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    expires_at TEXT    NOT NULL,
    revoked_at TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE oauth_refresh_tokens (
    id           INTEGER PRIMARY KEY,
    token_hash   BLOB    NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    client_id    TEXT    NOT NULL REFERENCES oauth_clients (client_id) ON DELETE CASCADE,
    user_id      INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    scope        TEXT    NOT NULL DEFAULT '',
    -- Each use gives a new token. UNIQUE: of two clients that use the same token, only the first is served.
    rotated_from INTEGER UNIQUE REFERENCES oauth_refresh_tokens (id) ON DELETE SET NULL,
    issued_at    TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    expires_at   TEXT    NOT NULL,
    revoked_at   TEXT
) STRICT;

-- "Revoke all that this user gave this client"; the primary keys serve everything else.
CREATE INDEX oauth_authorization_codes_by_user ON oauth_authorization_codes (user_id, client_id);
CREATE INDEX oauth_access_tokens_live_by_user ON oauth_access_tokens (user_id, client_id) WHERE revoked_at IS NULL;
CREATE INDEX oauth_refresh_tokens_live_by_user ON oauth_refresh_tokens (user_id, client_id) WHERE revoked_at IS NULL;
