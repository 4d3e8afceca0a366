-- A browser or device that is signed in.
CREATE TABLE sessions (
    id           BIGINT        NOT NULL AUTO_INCREMENT PRIMARY KEY,
    user_id      BIGINT        NOT NULL,
    -- SHA-256 of the cookie: whoever reads this table cannot sign in with it.
    token_hash   BINARY(32)    NOT NULL UNIQUE,
    user_agent   VARCHAR(1024) NOT NULL DEFAULT '',
    ip_address   VARBINARY(16) COMMENT 'INET6_ATON(address)',
    created_at   DATETIME(6)   NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    last_seen_at DATETIME(6)   NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    expires_at   DATETIME(6)   NOT NULL,
    revoked_at   DATETIME(6),
    CONSTRAINT sessions_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT sessions_end_after_start CHECK (expires_at > created_at),
    -- There are no partial indexes here: with the second column the live sessions of a user lie side by side.
    INDEX sessions_live_by_user (user_id, revoked_at)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
