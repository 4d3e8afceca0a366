-- How a user proves who they are; one of each kind.
CREATE TABLE credentials (
    user_id    BIGINT       NOT NULL,
    kind       VARCHAR(32)  NOT NULL,
    secret     VARCHAR(512) NOT NULL,
    created_at DATETIME(6)  NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    updated_at DATETIME(6)  NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    PRIMARY KEY (user_id, kind),
    -- On a line of its own: MySQL 8 reads a REFERENCES beside the column and forgets it.
    CONSTRAINT credentials_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT credentials_kind_known CHECK (kind IN ('password', 'totp', 'recovery_codes')),
    -- A hash in PHC form ($argon2id$v=19$…) says how it was made. This refuses a password stored in clear by mistake.
    CONSTRAINT credentials_password_hashed CHECK (kind <> 'password' OR secret LIKE '$argon2id$%')
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
