//! The SQL of one server, as far as it can be written without a connection.

use std::fmt::Debug;

use super::capabilities::Capabilities;
use super::failure::DatabaseError;
use super::health::Probe;
use super::row::Row;
use super::server_info::ServerInfo;
use super::value::Value;
use crate::script::{QualifiedName, SchemaObject};

/// The SQL of one server: names, values, catalog queries, and the properties of the server itself.
///
/// Everything here is text; a [`Session`](super::Session) sends it.
pub trait Sql: Debug + Send + Sync {
    /// The server and the session.
    fn server_info(&self) -> &ServerInfo;

    /// The capabilities of the server.
    fn capabilities(&self) -> Capabilities;

    /// The schema or database of the runner's own tables, whatever a script sets; `None` if there is none to create them in.
    fn home(&self) -> Option<&str>;

    /// Quotes an identifier.
    fn quote(&self, identifier: &str) -> String;

    /// A value as a literal.
    fn literal(&self, value: &Value) -> String;

    /// An expression that formats a timestamp column as RFC 3339 in UTC.
    fn timestamp_text(&self, column: &str) -> String;

    /// An expression that formats a column of type [`ColumnType::ZonedTimestamp`] as RFC 3339 in UTC.
    fn zoned_timestamp_text(&self, column: &str) -> String;

    /// An expression that formats a column of type `TIMESTAMP`, which has no time zone and holds UTC, as RFC 3339. Where the server converts
    /// such a column to the session's time zone, it is converted back.
    fn plain_timestamp_text(&self, column: &str) -> String {
        self.zoned_timestamp_text(column)
    }

    /// An expression that formats a column of type [`ColumnType::LocalTimestamp`] as RFC 3339 in UTC. Without its time zone, the value is
    /// taken as one of the session's.
    fn local_timestamp_text(&self, column: &str) -> String {
        self.zoned_timestamp_text(column)
    }

    /// A statement that creates a schema, if it does not exist; `None` if a database has no schemas.
    fn create_schema(&self, _schema: &str) -> Option<String> {
        None
    }

    /// A query for name and type of each column of a table, in their order.
    fn columns(&self, schema: Option<&str>, table: &str) -> String;

    /// The current time as the default of a column of type [`ColumnType::LocalTimestamp`].
    fn local_now(&self) -> &'static str {
        "CURRENT_TIMESTAMP"
    }

    /// An expression that formats a binary column as lower-case hexadecimal.
    fn hexadecimal(&self, column: &str) -> String;

    /// A query that returns the type of a column in the server's words, and no row if there is no such column; `None` if it is unknown.
    fn declared_type(&self, _schema: Option<&str>, _table: &str, _column: &str) -> Option<String> {
        None
    }

    /// The type of a column.
    fn column_type(&self, column: ColumnType) -> &'static str;

    /// An index and its table, as written between `CREATE INDEX` and the columns.
    fn index_on_table(&self, index: &str, schema: Option<&str>, table: &str) -> String {
        match schema {
            Some(schema) => format!("{} ON {}.{}", self.quote(index), self.quote(schema), self.quote(table)),
            None => format!("{} ON {}", self.quote(index), self.quote(table)),
        }
    }

    /// A query that returns a row if this object exists and can be used.
    fn existence(&self, thing: &SchemaObject) -> String;

    /// A query that returns the quoted name of this index if a concurrent build has left it invalid and no session is building it; `None`
    /// if the database has no concurrent builds.
    fn invalid_index(&self, _index: &QualifiedName) -> Option<String> {
        None
    }

    /// A statement that drops an index, given by its quoted name; concurrently if the database supports that.
    fn drop_index(&self, name: &str) -> String {
        format!("DROP INDEX {name}")
    }

    /// A statement by which the owner of these tables, given by their quoted names, grants privileges to the current user; `None` if the
    /// database has none.
    fn grant(&self, _rights: &str, _schema: Option<&str>, _tables: &[String]) -> Option<String> {
        None
    }

    /// Statements that restore the session's user and role in the current transaction, whatever a script has set.
    fn restore_authorization(&self) -> Vec<String> {
        Vec::new()
    }

    /// A statement that sets these variables of a hook for the current transaction; one without a value is unset. `None` if the database
    /// has no such variables, or if they end with their transaction and none has a value.
    fn hook_variables(&self, _variables: &[(&str, Option<&str>)]) -> Option<String> {
        None
    }

    /// The health checks that are specific to this server.
    fn probes(&self) -> Vec<Probe> {
        Vec::new()
    }

    /// A query for the process number of the server session that answers; `None` if there can be no pooler that would use another one.
    fn process(&self) -> Option<&'static str> {
        None
    }

    /// How to terminate an idle session; `None` if sessions end with their client.
    fn idle_session(&self, _process: u64) -> Option<IdleSession> {
        None
    }

    /// A query that tries to acquire the lock of a ledger and releases it again. It returns `granted` if the server grants the lock
    /// although the lock's connection holds it. `None` if the lock is not held on the server.
    fn lock_probe(&self, _ledger: &str) -> Option<String> {
        None
    }

    /// A query for the schemas of this database, other than [`Sql::home`], that have a table with this name, readable or not; `None` if a
    /// connection sees only one schema.
    fn other_schemas_with(&self, _table: &str) -> Option<String> {
        None
    }

    /// A query for the search path, for [`Sql::chose_home`].
    fn search_path(&self) -> Option<&'static str> {
        None
    }

    /// Whether the answer to [`Sql::search_path`] shows that the connection's own settings choose [`Sql::home`].
    fn chose_home(&self, _answer: &[Row]) -> bool {
        false
    }

    /// A query for the tables that are not named `ours`, without those of extensions and of the server.
    fn unmanaged_tables(&self, ours: &[&str], reach: Reach) -> String;

    /// A query that returns a row if the server hides rows of this table from the current user; `None` if it never does.
    fn row_security(&self, _schema: Option<&str>, _table: &str) -> Option<String> {
        None
    }

    /// A statement that switches foreign key enforcement for the session; `None` if [`Capabilities::foreign_keys`] shows that it cannot be
    /// switched.
    fn enforce_foreign_keys(&self, _on: bool) -> Option<&'static str> {
        None
    }

    /// Queries for rows that violate a foreign key; `None` if foreign keys are always enforced.
    fn orphans(&self) -> Option<OrphanQueries> {
        None
    }

    /// A statement that updates the planner's statistics of a table, given by its quoted name, after many rows have changed; `None` if that
    /// is not necessary.
    fn analyze(&self, _table: &str) -> Option<String> {
        None
    }

    /// Whether a progress record failed only because of the session's locks or open transaction, and can be written after these have ended.
    fn can_wait(&self, _error: &DatabaseError) -> bool {
        false
    }
}

/// The type of a column in a history table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// Text of any length.
    Text,
    /// Bytes of any length.
    Bytes,
    /// A point in time in UTC, as in the runner's own tables.
    Timestamp,
    /// A point in time that the server converts to the session's time zone, if it has such a type.
    ZonedTimestamp,
    /// A point in time in the session's time zone, stored without it on PostgreSQL; in UTC on SQLite.
    LocalTimestamp,
}

/// Which schemas are searched for unmanaged tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The schema of the runner's own tables.
    Home,
    /// Every schema in which migrations may have created them: those whose owner is a role of the current user.
    Database,
}

/// How to terminate an idle session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdleSession {
    /// A query that returns a row while the session exists: `idle`, or NULL if it is not idle.
    pub state: String,
    /// A statement that terminates it.
    pub end: String,
}

/// How to find rows that violate a foreign key.
#[derive(Debug, Clone, Copy)]
pub struct OrphanQueries {
    /// A query for the tables with foreign keys, as literals.
    pub tables: &'static str,
    /// A query for the orphans of such a table: table, parent, count, and the first one.
    pub of_table: fn(&str) -> String,
    /// Whether this error means that the table's foreign keys cannot be checked.
    pub is_uncheckable: fn(&DatabaseError) -> bool,
}
