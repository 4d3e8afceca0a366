//! Which settings may hold a secret: every one whose values are not known to be harmless by their kind.

use clap::Args as _;

use super::source::variable;
use crate::cli::args::Options;

/// Kinds of values that are no secret. A kind that is not here, such as `URL`, `SQL` or `COMMAND`, may be one.
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

/// Whether a variable of ours may hold a secret; so may one that no option has.
pub(crate) fn may_be_secret(name: &str) -> bool {
    let options = Options::augment_args(clap::Command::new("options"));
    let option = options.get_arguments().find(|arg| arg.get_long().is_some_and(|long| variable(long) == name));
    let Some(option) = option else { return true };
    let kinds = option.get_value_names().unwrap_or_default();
    option.get_action().takes_values() && !kinds.iter().all(|kind| HARMLESS.contains(&kind.as_str()))
}

/// A value as it may be shown where it stands in the wrong place: one that reads like a URL with a password, by its scheme alone.
pub(crate) fn masked(value: &str) -> String {
    match value.split_once(':') {
        Some((scheme, rest)) if rest.starts_with("//") || rest.contains('@') => {
            let is_word = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) && rest.starts_with("//");
            if is_word { format!("{scheme}://…") } else { "…".to_owned() }
        }
        _ => value.to_owned(),
    }
}

/// A key of a file as it may be shown: a word, or nothing.
pub(crate) fn key(name: &str) -> &str {
    let is_word =
        name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if is_word { name } else { "…" }
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
