//! The environment variable of an option.

/// `MIGRASCOPE_LOCK_WAIT` for `lock-wait`.
pub(crate) fn variable(name: &str) -> String {
    format!("MIGRASCOPE_{}", name.to_uppercase().replace('-', "_"))
}
