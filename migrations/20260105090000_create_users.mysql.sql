-- Everyone who can sign in, people and machines alike.
CREATE TABLE users (
    id           BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
    -- What other services and URLs see: a counter would tell how many users there are.
    public_id    CHAR(36)     NOT NULL DEFAULT (UUID()) UNIQUE,
    email        VARCHAR(254) NOT NULL,
    display_name VARCHAR(200) NOT NULL DEFAULT '',
    status       VARCHAR(16)  NOT NULL DEFAULT 'invited',
    -- UTC in a DATETIME: a TIMESTAMP ends in 2038, and CURRENT_TIMESTAMP follows the session's time zone.
    created_at   DATETIME(6)  NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    updated_at   DATETIME(6)  NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    -- One account an address: the table's collation ignores case.
    CONSTRAINT users_email_unique UNIQUE (email),
    -- A CHECK instead of ENUM, which takes an unknown value as '' when strict mode is off.
    CONSTRAINT users_status_known CHECK (status IN ('invited', 'active', 'suspended', 'closed')),
    CONSTRAINT users_email_shape CHECK (email LIKE '%_@_%')
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
  COMMENT 'Who can sign in; how they prove it is in "credentials"';
