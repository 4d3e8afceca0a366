//! Settings of a session that is ours alone.

use crate::database::{DatabaseError, ErrorKind};

/// Makes the server end a statement whose client is gone, lest it holds its locks after its runner is dead. Servers before 14
/// have no such setting.
pub(super) const NOTICE_A_DEAD_CLIENT: (&str, &str) = ("client_connection_check_interval", "1000");

/// Settings that let the server, and whatever counts connections in between, notice soon that a client is gone or still there.
pub(super) const TCP: [(&str, &str); 4] = [
    ("tcp_keepalives_idle", "30"),
    ("tcp_keepalives_interval", "10"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "30000"),
];

/// SQL that sets these for the session where the server has its own default: another value was set on purpose.
pub(super) fn keep_alive(settings: &[(&str, &str)]) -> String {
    let settings: Vec<String> = settings.iter().map(|(name, value)| format!("('{name}', '{value}')")).collect();
    format!(
        "SELECT set_config(s.name, v.value, false) FROM pg_catalog.pg_settings s \
         JOIN (VALUES {}) AS v (name, value) ON v.name = s.name \
         WHERE s.source = 'default' AND (inet_client_addr() IS NOT NULL OR s.name NOT LIKE 'tcp%')",
        settings.join(", ")
    )
}

/// SQL that keeps the server from ending a session of ours that has nothing to do, because it waits for the lock or pauses. Servers before 14
/// have no such setting.
pub(super) const STAY_IDLE: &str =
    "SELECT set_config('idle_session_timeout', '0', false) WHERE current_setting('idle_session_timeout', true) <> '0'";

pub(super) fn no_initialisation() -> DatabaseError {
    let message = "--connection-init has no meaning where each statement can go to another session";
    DatabaseError::new(ErrorKind::Pooled, message)
}
