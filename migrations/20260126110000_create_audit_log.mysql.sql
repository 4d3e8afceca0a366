-- Who did what, when. No foreign keys: the log outlives the users it speaks of.
CREATE TABLE audit_log (
    id          BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
    occurred_at DATETIME(6)  NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    actor_id    BIGINT,
    action      VARCHAR(64)  NOT NULL,
    subject     VARCHAR(255) NOT NULL,
    ip_address  VARBINARY(16),
    detail      JSON         NOT NULL DEFAULT (JSON_OBJECT()),
    CONSTRAINT audit_log_action_shape CHECK (action LIKE '%_._%'),
    INDEX audit_log_by_actor (actor_id, occurred_at),
    INDEX audit_log_by_subject (subject, occurred_at)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- A log that can be edited proves nothing. TRUNCATE fires no trigger here: keep DROP from the application's user.
CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
    FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'audit_log is append-only; UPDATE refused';

CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
    FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'audit_log is append-only; DELETE refused';
