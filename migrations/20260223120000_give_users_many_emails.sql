-- A user may have several addresses. First half of a change in two releases: the new table is made and filled while
-- "users.email" stays where old instances read and write it; a later migration takes the column away.
CREATE TABLE user_emails (
    email      VARCHAR(254) NOT NULL PRIMARY KEY,
    user_id    BIGINT       NOT NULL,
    is_primary BOOLEAN      NOT NULL DEFAULT FALSE,
    -- Lower case, so that the primary key says what the index on lower(users.email) said.
    CONSTRAINT user_emails_lower_case CHECK (email = lower(email)),
    CONSTRAINT user_emails_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

INSERT INTO user_emails (email, user_id, is_primary)
SELECT lower(email), id, TRUE FROM users;

-- After the filling: one sort is cheaper than an insert into the index for each row.
CREATE INDEX user_emails_by_user ON user_emails (user_id);

-- At most one primary address each.
CREATE UNIQUE INDEX user_emails_one_primary ON user_emails (user_id) WHERE is_primary;
