-- How a user proves who they are; one of each kind.
CREATE TABLE credentials (
    user_id    bigint      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind       text        NOT NULL,
    secret     text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, kind),
    CONSTRAINT credentials_kind_known CHECK (kind IN ('password', 'totp', 'recovery_codes')),
    -- A hash in PHC form ($argon2id$v=19$…) says how it was made. This refuses a password stored in clear by mistake.
    CONSTRAINT credentials_password_hashed CHECK (kind <> 'password' OR secret LIKE '$argon2id$%')
);
