//! What the first words of a statement reveal about transactions and locks. Each list names statements that are known *not* to have an
//! effect of this kind. For any other statement, the server is queried, or the effect counts as possible.

use crate::database::Capabilities;
use crate::script::Opening;

/// Keywords of statements that only read or write rows: they neither begin nor end a transaction, take no lock beyond it and change no
/// session setting.
const ROWS: [&str; 9] = ["INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE", "SELECT", "WITH", "VALUES", "LOAD"];

/// Keywords of DDL statements: they begin no transaction, and take no lock that outlives them.
const DEFINITIONS: [&str; 5] = ["CREATE", "ALTER", "DROP", "TRUNCATE", "RENAME"];

/// Further keywords of statements that take no lock beyond a transaction.
const LOCKLESS: [&str; 9] = ["SET", "USE", "START", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SHOW", "PREPARE"];

/// Further keywords of statements that cannot run arbitrary code, and so cannot both end a transaction and begin another one.
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

/// Keywords of statements that leave an open transaction open on servers where DDL commits it.
const KEEP_TRANSACTION: [&str; 4] = ["SET", "SAVEPOINT", "RELEASE", "ROLLBACK"];

/// Whether a statement only reads or writes rows: the transaction, locks and settings of its session stay as they are.
pub(super) fn is_about_rows(opening: &Opening<'_>, capabilities: Capabilities) -> bool {
    // `DO` is a block of code on PostgreSQL, and an expression on MySQL.
    opening.is_any(&ROWS) || !capabilities.transactional_ddl && opening.is_any(&["DO"])
}

/// Whether a statement certainly begins no transaction, with autocommit on and no transaction open.
pub(super) fn begins_nothing(opening: &Opening<'_>, capabilities: Capabilities) -> bool {
    is_about_rows(opening, capabilities) || opening.is_any(&DEFINITIONS)
}

/// Whether a statement commits the open transaction implicitly, on servers where DDL does that; true if in doubt.
pub(super) fn ends_transaction(opening: &Opening<'_>, capabilities: Capabilities) -> bool {
    !is_about_rows(opening, capabilities) && !opening.is_any(&KEEP_TRANSACTION)
}

/// Whether a statement may run arbitrary code, which may commit several times.
pub(super) fn may_run_code(opening: &Opening<'_>, capabilities: Capabilities) -> bool {
    !begins_nothing(opening, capabilities) && !opening.is_any(&LOCKLESS) && !opening.is_any(&PLAIN)
}

/// Whether a statement changes a setting for the next transaction only, which a transaction of the runner would use up.
pub(super) fn sets_next_transaction(opening: &Opening<'_>) -> bool {
    let variables = ["transaction_isolation", "tx_isolation", "transaction_read_only", "tx_read_only"];
    opening.begins(&["SET", "TRANSACTION"])
        || opening.begins(&["SET", "@", "@"]) && variables.iter().any(|variable| opening.has(variable))
}

/// Whether a `COMMIT` begins the next transaction immediately (`AND CHAIN`).
pub(super) fn chains(opening: &Opening<'_>) -> bool {
    opening.has("CHAIN") && !opening.has("NO")
}

/// Session locks on tables, which prevent the runner from writing to its own tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Locks {
    /// No locks.
    Free,
    /// A statement may have taken or released locks.
    Perhaps,
    /// Locks are held.
    Held,
}

impl Locks {
    /// The state after a statement with this opening.
    pub(super) fn behind(self, opening: &Opening<'_>, capabilities: Capabilities) -> Self {
        if !capabilities.session_locks {
            return Self::Free;
        }
        match self {
            _ if opening.is_any(&["LOCK"]) => Self::Held,
            // Both release the locks of LOCK TABLES.
            Self::Held if opening.is_any(&["UNLOCK", "START", "BEGIN"]) => Self::Perhaps,
            same if begins_nothing(opening, capabilities) || opening.is_any(&LOCKLESS) => same,
            _ => Self::Perhaps,
        }
    }
}
