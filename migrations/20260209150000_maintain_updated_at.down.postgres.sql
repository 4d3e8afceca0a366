DROP TRIGGER oauth_clients_set_updated_at ON oauth_clients;
DROP TRIGGER credentials_set_updated_at ON credentials;
DROP TRIGGER users_set_updated_at ON users;
DROP FUNCTION set_updated_at();
