-- Everyone who can sign in, people and machines alike.
CREATE TABLE users (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- What other services and URLs see: a counter would tell how many users there are.
    public_id    uuid        NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    email        text        NOT NULL,
    display_name text        NOT NULL DEFAULT '',
    status       text        NOT NULL DEFAULT 'invited',
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    -- A CHECK instead of an enum type: taking a value out of an enum needs a new type.
    CONSTRAINT users_status_known CHECK (status IN ('invited', 'active', 'suspended', 'closed')),
    CONSTRAINT users_email_shape CHECK (email LIKE '%_@_%' AND length(email) <= 254)
);

-- One account an address, however its letters are cased; the spelling the user gave is kept for display.
CREATE UNIQUE INDEX users_email_unique ON users (lower(email));

COMMENT ON TABLE users IS 'Who can sign in; how they prove it is in "credentials"';
