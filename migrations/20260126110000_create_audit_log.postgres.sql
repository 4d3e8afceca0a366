-- Who did what, when. No foreign keys: the log outlives the users it speaks of.
CREATE TABLE audit_log (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    actor_id    bigint,
    action      text        NOT NULL,
    subject     text        NOT NULL,
    ip_address  inet,
    detail      jsonb       NOT NULL DEFAULT '{}',
    CONSTRAINT audit_log_action_shape CHECK (action ~ '^[a-z_]+\.[a-z_]+$')
);

CREATE INDEX audit_log_by_actor ON audit_log (actor_id, occurred_at) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_log_by_subject ON audit_log (subject, occurred_at);

-- A log that can be edited proves nothing; the application's own role is stopped too.
CREATE FUNCTION audit_log_refuse_change() RETURNS trigger
    LANGUAGE plpgsql
AS $body$
BEGIN
    RAISE EXCEPTION 'audit_log is append-only; % refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END;
$body$;

CREATE TRIGGER audit_log_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse_change();
