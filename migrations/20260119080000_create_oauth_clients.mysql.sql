-- Applications that sign users in through us (RFC 6749).
CREATE TABLE oauth_clients (
    client_id     VARCHAR(64)  NOT NULL PRIMARY KEY,
    name          VARCHAR(200) NOT NULL,
    kind          VARCHAR(16)  NOT NULL,
    secret_hash   VARCHAR(255),
    -- Compared byte for byte with what a request asks for (RFC 9700, 4.1.3), so plain strings are enough.
    redirect_uris JSON         NOT NULL DEFAULT (JSON_ARRAY()),
    owner_id      BIGINT,
    created_at    DATETIME(6)  NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    updated_at    DATETIME(6)  NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    CONSTRAINT oauth_clients_owner FOREIGN KEY (owner_id) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT oauth_clients_kind_known CHECK (kind IN ('public', 'confidential')),
    -- A public client (browser, phone) cannot keep a secret; a confidential one must have it.
    CONSTRAINT oauth_clients_secret_fits_kind CHECK ((kind = 'confidential') = (secret_hash IS NOT NULL)),
    CONSTRAINT oauth_clients_redirect_uris_is_list CHECK (JSON_TYPE(redirect_uris) = 'ARRAY')
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
