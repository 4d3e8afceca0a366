-- Who did what, when. No foreign keys: the log outlives the users it speaks of.
CREATE TABLE audit_log (
    id          INTEGER PRIMARY KEY,
    occurred_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    actor_id    INTEGER,
    action      TEXT    NOT NULL,
    subject     TEXT    NOT NULL,
    ip_address  TEXT,
    detail      TEXT    NOT NULL DEFAULT '{}',
    CONSTRAINT audit_log_action_shape CHECK (action GLOB '[a-z]*.[a-z]*'),
    CONSTRAINT audit_log_detail_is_json CHECK (json_valid(detail))
) STRICT;

CREATE INDEX audit_log_by_actor ON audit_log (actor_id, occurred_at) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_log_by_subject ON audit_log (subject, occurred_at);

-- A log that can be edited proves nothing.
CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'audit_log is append-only; UPDATE refused');
END;

CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'audit_log is append-only; DELETE refused');
END;
