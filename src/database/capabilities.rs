//! What databases can do, for an engine that knows none of them.

use crate::migration::Dialect;

/// What the engine must know of a database to act rightly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// The dialect of its SQL.
    pub dialect: Dialect,
    /// Whether DDL can be rolled back.
    pub transactional_ddl: bool,
    /// Whether a statement, the records and the commit can go in one message, so that times must be taken by the server.
    pub pipelined_commit: bool,
    /// The product's name for messages.
    pub product: &'static str,
    /// What stands behind the parenthesis of our own `CREATE TABLE`.
    pub table_suffix: &'static str,
    /// Whether everything goes to one session of the server: not so behind a pooler that lends sessions for a transaction each.
    pub own_session: bool,
    /// Whether foreign keys are enforced, where each session can switch that and a transaction ignores the switch; else `None`.
    pub foreign_keys: Option<bool>,
    /// Whether a script can lock tables, or set things, for its session in a way that keeps our records from being written: they wait
    /// until it has ended that, and the last ones are written on a new session.
    pub session_locks: bool,
    /// Whether the server itself ends a statement of any kind that takes longer than [`super::Limits::statement_timeout`].
    pub statement_timeout: bool,
    /// The largest statement that the server takes, in bytes; `None` where there is no such limit.
    pub largest_statement: Option<u64>,
    /// Whether a backslash escapes in plain strings when a script begins, by `sql_mode` or `standard_conforming_strings`.
    pub backslash_escapes: bool,
    /// The same once a script has set that back, with `RESET` or to `DEFAULT`: `--connection-init` may have set it.
    pub backslash_escapes_by_default: bool,
    /// Whether an index can have a `WHERE` and an `IF NOT EXISTS`.
    pub partial_index: bool,
    /// Whether a writer keeps everybody else from writing anything, so that not even a record of ours can be made meanwhile.
    pub whole_file_lock: bool,
}
