-- Applications that sign users in through us (RFC 6749).
CREATE TABLE oauth_clients (
    client_id     text        PRIMARY KEY,
    name          text        NOT NULL,
    kind          text        NOT NULL,
    secret_hash   text,
    -- Compared byte for byte with what a request asks for (RFC 9700, 4.1.3), so plain strings are enough.
    redirect_uris jsonb       NOT NULL DEFAULT '[]',
    owner_id      bigint      REFERENCES users (id) ON DELETE SET NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT oauth_clients_kind_known CHECK (kind IN ('public', 'confidential')),
    -- A public client (browser, phone) cannot keep a secret; a confidential one must have it.
    CONSTRAINT oauth_clients_secret_fits_kind CHECK ((kind = 'confidential') = (secret_hash IS NOT NULL)),
    CONSTRAINT oauth_clients_redirect_uris_is_list CHECK (jsonb_typeof(redirect_uris) = 'array')
);

CREATE INDEX oauth_clients_by_owner ON oauth_clients (owner_id);
