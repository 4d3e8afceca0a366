//! The capabilities of a database, for an engine that does not depend on any particular one.

use crate::migration::Dialect;

/// The properties of a database that the engine depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// The dialect of its SQL.
    pub dialect: Dialect,
    /// Whether DDL can be rolled back.
    pub transactional_ddl: bool,
    /// Whether a statement, the records and the commit can be sent in one message. Then the server has to measure the statement.
    pub pipelined_commit: bool,
    /// The product's name in messages.
    pub product: &'static str,
    /// What follows the closing parenthesis of `CREATE TABLE` for the runner's own tables.
    pub table_suffix: &'static str,
    /// Whether the connection has a server session to itself; false behind a pooler in transaction mode.
    pub own_session: bool,
    /// Whether foreign keys are enforced, if each session can switch that and only outside of a transaction; otherwise `None`.
    pub foreign_keys: Option<bool>,
    /// Whether a script can lock tables or change session settings so that records cannot be written. Then they are written after the
    /// script has released the locks, and the final records in a new session.
    pub session_locks: bool,
    /// Whether the server itself cancels statements of every kind that exceed [`super::Limits::statement_timeout`].
    pub statement_timeout: bool,
    /// The largest statement that the server accepts, in bytes; `None` if there is no such limit.
    pub largest_statement: Option<u64>,
    /// Whether a backslash escapes in plain strings when a script starts, according to `sql_mode` or `standard_conforming_strings`.
    pub backslash_escapes: bool,
    /// The same after a script has reset that setting with `RESET` or `DEFAULT`: `--connection-init` may have changed it.
    pub backslash_escapes_by_default: bool,
    /// Whether an index supports `WHERE` and `IF NOT EXISTS`.
    pub partial_index: bool,
    /// The locks that applications can acquire by a name of their own.
    pub advisory_locks: AdvisoryLocks,
    /// Whether a writer blocks all other writes, including the runner's own records.
    pub whole_file_lock: bool,
}

/// The locks that applications can acquire by a name of their own, with functions of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdvisoryLocks {
    /// None.
    None,
    /// By a number of 64 bits: `pg_advisory_lock`.
    Keys,
    /// By a text: `GET_LOCK`.
    Names {
        /// Whether a negative timeout waits without limit. MariaDB returns NULL for it and acquires nothing.
        endless: bool,
    },
}
