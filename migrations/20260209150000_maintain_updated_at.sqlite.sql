-- "updated_at" is kept by the database: a hand-written UPDATE counts as much as one from the application.
-- A trigger cannot change NEW here, so it updates the row again; the column lists keep it from firing itself.
CREATE TRIGGER users_set_updated_at
AFTER UPDATE OF email, display_name, status, locale ON users
BEGIN
    UPDATE users SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
END;

CREATE TRIGGER credentials_set_updated_at
AFTER UPDATE OF secret ON credentials
BEGIN
    UPDATE credentials SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE user_id = NEW.user_id AND kind = NEW.kind;
END;

CREATE TRIGGER oauth_clients_set_updated_at
AFTER UPDATE OF name, kind, secret_hash, redirect_uris, owner_id ON oauth_clients
BEGIN
    UPDATE oauth_clients SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE client_id = NEW.client_id;
END;
