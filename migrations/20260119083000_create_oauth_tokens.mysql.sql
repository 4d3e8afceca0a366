-- What we hand to clients. Only SHA-256 hashes are kept: a stolen backup holds no usable token.

CREATE TABLE oauth_authorization_codes (
    code_hash      BINARY(32)    NOT NULL PRIMARY KEY,
    client_id      VARCHAR(64)   NOT NULL,
    user_id        BIGINT        NOT NULL,
    redirect_uri   VARCHAR(2048) NOT NULL,
    scope          VARCHAR(1024) NOT NULL DEFAULT '',
    -- PKCE, method S256 (RFC 7636): required of every client.
    code_challenge CHAR(43)      NOT NULL,
    expires_at     DATETIME(6)   NOT NULL,
    -- Kept after use: a code that comes a second time was stolen, and its tokens are revoked.
    used_at        DATETIME(6),
    CONSTRAINT oauth_authorization_codes_client
        FOREIGN KEY (client_id) REFERENCES oauth_clients (client_id) ON DELETE CASCADE,
    CONSTRAINT oauth_authorization_codes_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT oauth_authorization_codes_challenge_is_s256 CHECK (CHAR_LENGTH(code_challenge) = 43),
    -- "Revoke all that this user gave this client"; the primary key serves everything else.
    INDEX oauth_authorization_codes_by_user (user_id, client_id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE oauth_access_tokens (
    token_hash BINARY(32)    NOT NULL PRIMARY KEY,
    client_id  VARCHAR(64)   NOT NULL,
    -- None when the client acts for itself (client credentials grant).
    user_id    BIGINT,
    scope      VARCHAR(1024) NOT NULL DEFAULT '',
    issued_at  DATETIME(6)   NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    expires_at DATETIME(6)   NOT NULL,
    revoked_at DATETIME(6),
    CONSTRAINT oauth_access_tokens_client
        FOREIGN KEY (client_id) REFERENCES oauth_clients (client_id) ON DELETE CASCADE,
    CONSTRAINT oauth_access_tokens_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    INDEX oauth_access_tokens_live_by_user (user_id, client_id, revoked_at)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE oauth_refresh_tokens (
    id           BIGINT        NOT NULL AUTO_INCREMENT PRIMARY KEY,
    token_hash   BINARY(32)    NOT NULL UNIQUE,
    client_id    VARCHAR(64)   NOT NULL,
    user_id      BIGINT        NOT NULL,
    scope        VARCHAR(1024) NOT NULL DEFAULT '',
    -- Each use gives a new token. UNIQUE: of two clients that use the same token, only the first is served.
    rotated_from BIGINT        UNIQUE,
    issued_at    DATETIME(6)   NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    expires_at   DATETIME(6)   NOT NULL,
    revoked_at   DATETIME(6),
    CONSTRAINT oauth_refresh_tokens_client
        FOREIGN KEY (client_id) REFERENCES oauth_clients (client_id) ON DELETE CASCADE,
    CONSTRAINT oauth_refresh_tokens_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT oauth_refresh_tokens_rotated_from
        FOREIGN KEY (rotated_from) REFERENCES oauth_refresh_tokens (id) ON DELETE SET NULL,
    INDEX oauth_refresh_tokens_live_by_user (user_id, client_id, revoked_at)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
