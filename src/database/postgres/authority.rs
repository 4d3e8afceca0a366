//! The user and role that a session began with, and how to restore them.

use super::text::text_literal;

/// The session user and the current role of a session.
#[derive(Debug, Clone, Default)]
pub(super) struct Authority {
    pub(super) user: Option<String>,
    /// The value of `SHOW role`; `none` where no role is set.
    pub(super) role: Option<String>,
}

impl Authority {
    /// SQL that sets this user and role for the current transaction, whatever a script has set since. The script's values are
    /// restored when the transaction ends.
    pub(super) fn restore(&self) -> Vec<String> {
        let user = self.user.as_deref().map(|user| {
            let user = text_literal(user);
            // Setting the session user again, even to the same value, would reset the role.
            format!("SELECT pg_catalog.set_config('session_authorization', {user}, true) WHERE session_user OPERATOR(pg_catalog.<>) {user}")
        });
        let role = text_literal(self.role.as_deref().unwrap_or("none"));
        user.into_iter().chain([format!("SELECT pg_catalog.set_config('role', {role}, true)")]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Authority;

    #[test]
    fn names_are_literals() {
        let authority = Authority { user: Some("o'brien".to_owned()), role: Some("Own er".to_owned()) };
        assert_eq!(
            authority.restore(),
            [
                "SELECT pg_catalog.set_config('session_authorization', E'o''brien', true) WHERE session_user OPERATOR(pg_catalog.<>) E'o''brien'",
                "SELECT pg_catalog.set_config('role', E'Own er', true)"
            ]
        );
        let none = Authority { user: None, role: None }.restore();
        assert_eq!(none, ["SELECT pg_catalog.set_config('role', E'none', true)"]);
    }
}
