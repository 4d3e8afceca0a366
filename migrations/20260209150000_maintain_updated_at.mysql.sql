-- "updated_at" is kept by the database: a hand-written UPDATE counts as much as one from the application.
-- Triggers, because ON UPDATE CURRENT_TIMESTAMP would write the session's local time into a UTC column.
-- DELIMITER makes the file work in the mysql client too; migrascope finds the end of a body with or without it.
DELIMITER //

CREATE TRIGGER users_set_updated_at BEFORE UPDATE ON users FOR EACH ROW
BEGIN
    SET NEW.updated_at = UTC_TIMESTAMP(6);
END//

CREATE TRIGGER credentials_set_updated_at BEFORE UPDATE ON credentials FOR EACH ROW
BEGIN
    SET NEW.updated_at = UTC_TIMESTAMP(6);
END//

CREATE TRIGGER oauth_clients_set_updated_at BEFORE UPDATE ON oauth_clients FOR EACH ROW
BEGIN
    SET NEW.updated_at = UTC_TIMESTAMP(6);
END//

DELIMITER ;
