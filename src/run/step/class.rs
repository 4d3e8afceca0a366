//! What the first words of a statement say of the transaction around it and of locks. Each list names statements of which it is
//! known what they do not do; whatever is not in it is asked of the server, or is in doubt.

use crate::database::Capabilities;
use crate::script::Opening;

/// Words that begin statements about rows: they neither begin nor end a transaction, lock no table beyond it and set nothing.
const ROWS: [&str; 9] = ["INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE", "SELECT", "WITH", "VALUES", "LOAD"];

/// Words that begin definitions: they begin no transaction, and lock nothing beyond themselves.
const DEFINITIONS: [&str; 5] = ["CREATE", "ALTER", "DROP", "TRUNCATE", "RENAME"];

/// Words that begin statements that lock nothing beyond a transaction, other than those above.
const LOCKLESS: [&str; 9] = ["SET", "USE", "START", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SHOW", "PREPARE"];

/// Words that begin statements that run no code of their own, so that they cannot both end a transaction and begin another, other
/// than those above.
const PLAIN: [&str; 14] = [
    "EXPLAIN",
    "DESCRIBE",
    "DESC",
    "ANALYZE",
    "DEALLOCATE",
    "SIGNAL",
    "GET",
    "HANDLER",
    "HELP",
    "GRANT",
    "REVOKE",
    "LOCK",
    "UNLOCK",
    "FLUSH",
];

/// Words that begin statements which leave the open transaction open where DDL would commit it.
const KEEPERS: [&str; 4] = ["SET", "SAVEPOINT", "RELEASE", "ROLLBACK"];

/// Whether a statement is about rows alone: it leaves the transaction, the locks and the settings of its session as they are.
pub(super) fn is_about_rows(opening: &Opening<'_>, capabilities: Capabilities) -> bool {
    // A block of code on PostgreSQL, and an expression on MySQL.
    opening.is_any(&ROWS) || !capabilities.transactional_ddl && opening.is_any(&["DO"])
}

/// Whether a statement can begin no transaction where none is open and statements commit by themselves.
pub(super) fn begins_nothing(opening: &Opening<'_>, capabilities: Capabilities) -> bool {
    is_about_rows(opening, capabilities) || opening.is_any(&DEFINITIONS)
}

/// Whether a statement commits the open transaction by itself, where DDL does that; in doubt it does.
pub(super) fn ends_transaction(opening: &Opening<'_>, capabilities: Capabilities) -> bool {
    !is_about_rows(opening, capabilities) && !opening.is_any(&KEEPERS)
}

/// Whether a statement may run code of its own, which may commit again and again.
pub(super) fn may_run_code(opening: &Opening<'_>, capabilities: Capabilities) -> bool {
    !begins_nothing(opening, capabilities) && !opening.is_any(&LOCKLESS) && !opening.is_any(&PLAIN)
}

/// Whether a statement sets something for the next transaction alone, which a transaction of ours would use up.
pub(super) fn sets_next_transaction(opening: &Opening<'_>) -> bool {
    let variables = ["transaction_isolation", "tx_isolation", "transaction_read_only", "tx_read_only"];
    opening.begins(&["SET", "TRANSACTION"])
        || opening.begins(&["SET", "@", "@"]) && variables.iter().any(|variable| opening.has(variable))
}

/// Whether a `COMMIT` begins the next transaction at once.
pub(super) fn chains(opening: &Opening<'_>) -> bool {
    opening.has("CHAIN") && !opening.has("NO")
}

/// Locks of a session that keep what we write from its tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Locks {
    /// None.
    Free,
    /// A statement ran that may have taken or released some.
    Perhaps,
    /// Some.
    Held,
}

impl Locks {
    /// Those behind the statement that begins so.
    pub(super) fn behind(self, opening: &Opening<'_>, capabilities: Capabilities) -> Self {
        if !capabilities.session_locks {
            return Self::Free;
        }
        match self {
            _ if opening.is_any(&["LOCK"]) => Self::Held,
            // Both release what LOCK TABLES has locked.
            Self::Held if opening.is_any(&["UNLOCK", "START", "BEGIN"]) => Self::Perhaps,
            same if begins_nothing(opening, capabilities) || opening.is_any(&LOCKLESS) => same,
            _ => Self::Perhaps,
        }
    }
}
