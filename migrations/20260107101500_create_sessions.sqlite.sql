-- A browser or device that is signed in.
CREATE TABLE sessions (
    id           INTEGER PRIMARY KEY,
    user_id      INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- SHA-256 of the cookie: whoever reads this table cannot sign in with it.
    token_hash   BLOB    NOT NULL UNIQUE,
    user_agent   TEXT    NOT NULL DEFAULT '',
    ip_address   TEXT,
    created_at   TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    last_seen_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    expires_at   TEXT    NOT NULL,
    revoked_at   TEXT,
    CONSTRAINT sessions_token_is_sha256 CHECK (length(token_hash) = 32),
    CONSTRAINT sessions_end_after_start CHECK (expires_at > created_at)
) STRICT;

-- "Where am I signed in?" and "sign out everywhere" look at live sessions only, a small part of all.
CREATE INDEX sessions_live_by_user ON sessions (user_id) WHERE revoked_at IS NULL;
