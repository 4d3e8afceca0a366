//! Every SQLite URL parameter of SQLite itself, Go, Prisma, SQLAlchemy, Rails and sqlx.

use crate::database::url::{Entry, Meaning};

/// The setting of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Mode,
    Cache,
    Immutable,
    Vfs,
}

impl Key {
    /// The driver's name for it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Mode => "mode",
            Self::Cache => "cache",
            Self::Immutable => "immutable",
            Self::Vfs => "vfs",
        }
    }
}

use Meaning::{NoEffect, Only, Refused, Sets};

pub(super) const TABLE: &[Entry<Key>] = &[
    (&["mode"], Sets(Key::Mode)),
    (&["cache"], Sets(Key::Cache)),
    (&["immutable"], Sets(Key::Immutable)),
    (&["vfs"], Sets(Key::Vfs)),
    (
        &[
            "_foreign_keys",
            "_fk",
            "_journal_mode",
            "_journal",
            "_synchronous",
            "_sync",
            "_locking_mode",
            "_locking",
            "_pragma",
        ],
        Refused("is not supported here; use --connection-init \"PRAGMA …\""),
    ),
    (
        &[
            "_auto_vacuum",
            "_vacuum",
            "_cache_size",
            "_case_sensitive_like",
            "_cslike",
            "_defer_foreign_keys",
            "_defer_fk",
            "_encoding",
        ],
        Refused("is not supported here; use --connection-init \"PRAGMA …\""),
    ),
    (
        &[
            "_ignore_check_constraints",
            "_query_only",
            "_recursive_triggers",
            "_rt",
            "_secure_delete",
            "_writable_schema",
            "pragmas",
        ],
        Refused("is not supported here; use --connection-init \"PRAGMA …\""),
    ),
    (
        &["_busy_timeout", "_timeout", "busy_timeout"],
        Refused("is not supported here; use --lock-timeout for the time that a statement waits"),
    ),
    (
        &[
            "_auth",
            "_auth_user",
            "_auth_pass",
            "_auth_crypt",
            "_auth_salt",
            "_key",
            "key",
            "cipher",
            "authToken",
            "auth_token",
        ],
        Refused("is not supported: SQLite is built without users and encryption"),
    ),
    (
        &["x-migrations-table", "migrations_table"],
        Refused("belongs to another tool; use --ledger-table to name the history table"),
    ),
    (
        &["nolock"],
        Only(&["0", "false"], "is not supported: without locks another program could write at the same time"),
    ),
    (&["psow", "modeof"], Refused("is not supported: the driver ignores it")),
    (
        &[
            "connection_limit",
            "pool_timeout",
            "socket_timeout",
            "connect_timeout",
            "pool",
            "pool_size",
            "max_overflow",
            "pool_pre_ping",
        ],
        NoEffect,
    ),
    (
        &[
            "max_connections",
            "min_connections",
            "idle_timeout",
            "max_lifetime",
            "statement_cache_capacity",
            "statement_cache_size",
        ],
        NoEffect,
    ),
    (
        &[
            "check_same_thread",
            "uri",
            "detect_types",
            "cached_statements",
            "isolation_level",
            "_txlock",
            "_loc",
            "_mutex",
            "_stmt_cache_size",
        ],
        NoEffect,
    ),
    (
        &["schema", "timeout", "adapter", "x-no-tx-wrap", "_time_format", "single_use_connections", "pool_recycle"],
        NoEffect,
    ),
];
