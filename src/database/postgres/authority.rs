//! The roles that a session began with, and the way back to them.

use super::text::text_literal;

/// Whom a session acts for: the user of the session, and the role that it has taken.
#[derive(Debug, Clone, Default)]
pub(super) struct Authority {
    pub(super) user: Option<String>,
    /// As `SHOW role` has it; `none` where none was taken.
    pub(super) role: Option<String>,
}

impl Authority {
    /// SQL that gives the present transaction this user and this role, whatever a script has taken since; what that was is back
    /// when the transaction ends.
    pub(super) fn restore(&self) -> Vec<String> {
        let user = self.user.as_deref().map(|user| {
            let user = text_literal(user);
            // Where it is the same, the role must not be touched by setting it again.
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
