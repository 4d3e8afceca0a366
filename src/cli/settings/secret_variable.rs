//! Which variables may contain a secret: all `MIGRASCOPE_*` except those whose kind of value never does.

use clap::Args as _;

use crate::cli::args::GlobalArgs;
use crate::cli::option::variable;

/// Kinds of values that are never secret. Others, such as `URL`, `SQL` or `COMMAND`, may be.
const HARMLESS: [&str; 16] = [
    "BOOL",
    "CHECK=VALUE",
    "DIR",
    "DURATION",
    "FILE",
    "FORMAT",
    "HOST:PORT",
    "HOW",
    "MODE",
    "N",
    "NAME",
    "NUMBER",
    "SWITCH",
    "TABLE",
    "WHEN",
    "WHO",
];

/// Whether a variable of ours may contain a secret; one without an option may.
pub(crate) fn may_be_secret(name: &str) -> bool {
    let options = GlobalArgs::augment_args(clap::Command::new("options"));
    let option = options.get_arguments().find(|arg| arg.get_long().is_some_and(|long| variable(long) == name));
    let Some(option) = option else { return true };
    let kinds = option.get_value_names().unwrap_or_default();
    option.get_action().takes_values() && !kinds.iter().all(|kind| HARMLESS.contains(&kind.as_str()))
}

#[cfg(test)]
mod tests {
    use super::may_be_secret;

    #[test]
    fn what_may_hold_a_password_or_sql_may_be_secret() {
        for name in [
            "DATABASE_URL",
            "PUSH_URL",
            "WEBHOOK_URL",
            "GRAFANA_URL",
            "GRAFANA_TOKEN",
            "CONNECTION_INIT",
            "BEFORE",
            "BACKUP_COMMAND",
            "NEW_ONE",
        ] {
            assert!(may_be_secret(&format!("MIGRASCOPE_{name}")), "{name}");
        }
        for name in ["TELEMETRY", "DIR", "LOCK_WAIT", "TARGET", "DATABASE_URL_FILE", "QUIET", "FOLLOW_LINKS", "LISTEN"]
        {
            assert!(!may_be_secret(&format!("MIGRASCOPE_{name}")), "{name}");
        }
    }
}
