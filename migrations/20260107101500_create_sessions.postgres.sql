-- A browser or device that is signed in.
CREATE TABLE sessions (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id      bigint      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- SHA-256 of the cookie: whoever reads this table cannot sign in with it.
    token_hash   bytea       NOT NULL UNIQUE,
    user_agent   text        NOT NULL DEFAULT '',
    ip_address   inet,
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    revoked_at   timestamptz,
    CONSTRAINT sessions_token_is_sha256 CHECK (octet_length(token_hash) = 32),
    CONSTRAINT sessions_end_after_start CHECK (expires_at > created_at)
);

-- "Where am I signed in?" and "sign out everywhere" look at live sessions only, a small part of all.
CREATE INDEX sessions_live_by_user ON sessions (user_id) WHERE revoked_at IS NULL;
