-- What we hand to clients. Only SHA-256 hashes are kept: a stolen backup holds no usable token.

CREATE TABLE oauth_authorization_codes (
    code_hash      bytea       PRIMARY KEY CHECK (octet_length(code_hash) = 32),
    client_id      text        NOT NULL REFERENCES oauth_clients (client_id) ON DELETE CASCADE,
    user_id        bigint      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    redirect_uri   text        NOT NULL,
    scope          text        NOT NULL DEFAULT '',
    -- PKCE, method S256 (RFC 7636): required of every client.
    code_challenge text        NOT NULL CHECK (length(code_challenge) = 43),
    expires_at     timestamptz NOT NULL,
    -- Kept after use: a code that comes a second time was stolen, and its tokens are revoked.
    used_at        timestamptz
);

CREATE TABLE oauth_access_tokens (
    token_hash bytea       PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    client_id  text        NOT NULL REFERENCES oauth_clients (client_id) ON DELETE CASCADE,
    -- None when the client acts for itself (client credentials grant).
    user_id    bigint      REFERENCES users (id) ON DELETE CASCADE,
    scope      text        NOT NULL DEFAULT '',
    issued_at  timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);

CREATE TABLE oauth_refresh_tokens (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_hash   bytea       NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    client_id    text        NOT NULL REFERENCES oauth_clients (client_id) ON DELETE CASCADE,
    user_id      bigint      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    scope        text        NOT NULL DEFAULT '',
    -- Each use gives a new token. UNIQUE: of two clients that use the same token, only the first is served.
    rotated_from bigint      UNIQUE REFERENCES oauth_refresh_tokens (id) ON DELETE SET NULL,
    issued_at    timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    revoked_at   timestamptz
);

-- "Revoke all that this user gave this client"; the primary keys serve everything else.
CREATE INDEX oauth_authorization_codes_by_user ON oauth_authorization_codes (user_id, client_id);
CREATE INDEX oauth_access_tokens_live_by_user ON oauth_access_tokens (user_id, client_id) WHERE revoked_at IS NULL;
CREATE INDEX oauth_refresh_tokens_live_by_user ON oauth_refresh_tokens (user_id, client_id) WHERE revoked_at IS NULL;
