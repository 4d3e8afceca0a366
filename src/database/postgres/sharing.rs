//! Settings of a session that is ours alone.

use crate::database::{DatabaseError, ErrorKind};

/// Makes the server end a statement whose client is gone, lest it holds its locks after its runner is dead. Servers before 14
/// have no such setting.
pub(super) const NOTICE_A_DEAD_CLIENT: (&str, &str) = ("client_connection_check_interval", "1000");

/// TCP keepalive settings, so that the server detects a dead client quickly, and firewalls and proxies keep an idle connection open.
pub(super) const TCP: [(&str, &str); 4] = [
    ("tcp_keepalives_idle", "30"),
    ("tcp_keepalives_interval", "10"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "30000"),
];

/// SQL that sets these for the session where the server has its default: any other value was set on purpose.
pub(super) fn keep_alive(settings: &[(&str, &str)]) -> String {
    let settings: Vec<String> = settings.iter().map(|(name, value)| format!("('{name}', '{value}')")).collect();
    format!(
        "SELECT set_config(s.name, v.value, false) FROM pg_catalog.pg_settings s \
         JOIN (VALUES {}) AS v (name, value) ON v.name = s.name \
         WHERE s.source = 'default' AND (inet_client_addr() IS NOT NULL OR s.name NOT LIKE 'tcp%')",
        settings.join(", ")
    )
}

/// SQL that keeps the server from closing an idle session of the runner, which waits for the lock or pauses before a retry. Not available
/// before PostgreSQL 14.
pub(super) const STAY_IDLE: &str =
    "SELECT set_config('idle_session_timeout', '0', false) WHERE current_setting('idle_session_timeout', true) <> '0'";

pub(super) fn no_initialisation() -> DatabaseError {
    let message = "--connection-init has no effect when each statement may run in another session";
    DatabaseError::new(ErrorKind::Pooled, message)
}
