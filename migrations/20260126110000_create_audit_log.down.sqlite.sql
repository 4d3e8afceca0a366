-- With foreign keys on, DROP TABLE deletes the rows first; the trigger must not stand in the way.
DROP TRIGGER audit_log_no_delete;
DROP TABLE audit_log;
