-- A user may have several addresses. First half of a change in two releases: the new table is made and filled while
-- "users.email" stays where old instances read and write it; a later migration takes the column away.
CREATE TABLE user_emails (
    -- The same collation as users.email: any other could see two addresses as one and stop the filling half-way.
    email           VARCHAR(254) NOT NULL PRIMARY KEY,
    user_id         BIGINT       NOT NULL,
    is_primary      BOOLEAN      NOT NULL DEFAULT FALSE,
    -- At most one primary address each: there are no partial indexes here, but NULLs never collide.
    primary_user_id BIGINT       AS (CASE WHEN is_primary THEN user_id END) VIRTUAL,
    CONSTRAINT user_emails_one_primary UNIQUE (primary_user_id),
    CONSTRAINT user_emails_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

INSERT INTO user_emails (email, user_id, is_primary)
SELECT LOWER(email), id, TRUE FROM users;
