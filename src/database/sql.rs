//! SQL of one server: what needs no connection to be written.

use std::fmt::Debug;

use super::capabilities::Capabilities;
use super::failure::DatabaseError;
use super::health::Probe;
use super::row::Row;
use super::server_info::ServerInfo;
use super::value::Value;
use crate::script::{QualifiedName, SchemaObject};

/// The SQL of one server: names, values, questions to its catalogue, and what is known of the server itself.
///
/// Everything here is text. A [`Session`](super::Session) sends it.
pub trait Sql: Debug + Send + Sync {
    /// What the server is.
    fn server_info(&self) -> &ServerInfo;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// The schema or the database of our own tables, whatever a script sets; `None` if there is none to create them in.
    fn home(&self) -> Option<&str>;

    /// An identifier in quotes.
    fn quote(&self, identifier: &str) -> String;

    /// A value as a literal.
    fn literal(&self, value: &Value) -> String;

    /// An expression that gives a timestamp column as RFC 3339 text in UTC.
    fn timestamp_text(&self, column: &str) -> String;

    /// An expression that gives a timestamp column of [`ColumnType::ZonedTimestamp`] as RFC 3339 text in UTC.
    fn zoned_timestamp_text(&self, column: &str) -> String;

    /// An expression that gives a column of bytes in lower-case hexadecimal.
    fn hexadecimal(&self, column: &str) -> String;

    /// The type of a column.
    fn column_type(&self, column: ColumnType) -> &'static str;

    /// An index and its table, as they stand between `CREATE INDEX` and the columns.
    fn index_on_table(&self, index: &str, schema: Option<&str>, table: &str) -> String {
        match schema {
            Some(schema) => format!("{} ON {}.{}", self.quote(index), self.quote(schema), self.quote(table)),
            None => format!("{} ON {}", self.quote(index), self.quote(table)),
        }
    }

    /// A query that returns a row if this exists and can be used.
    fn existence(&self, thing: &SchemaObject) -> String;

    /// A query that returns the quoted name of this index if a concurrent build has left it invalid and no session is building it;
    /// `None` where there are no such builds.
    fn invalid_index(&self, _index: &QualifiedName) -> Option<String> {
        None
    }

    /// A statement that drops an index, named in quotes; concurrently where that is possible.
    fn drop_index(&self, name: &str) -> String {
        format!("DROP INDEX {name}")
    }

    /// A statement by which the owner of these tables, named in quotes, grants our user rights; `None` where there are no such rights.
    fn grant(&self, _rights: &str, _schema: Option<&str>, _tables: &[String]) -> Option<String> {
        None
    }

    /// Statements that give the current transaction back the user and role of the session, whatever a script has set.
    fn restore_authorization(&self) -> Vec<String> {
        Vec::new()
    }

    /// A statement that lets the current transaction read these variables of a hook; one without a value is unset. `None` where there is no
    /// such thing, or where variables end with their transaction and none has a value.
    fn hook_variables(&self, _variables: &[(&str, Option<&str>)]) -> Option<String> {
        None
    }

    /// The health checks that only this server has.
    fn probes(&self) -> Vec<Probe> {
        Vec::new()
    }

    /// A query for the process number of the server's session that answers it; `None` where no pooler could answer with another one.
    fn process(&self) -> Option<&'static str> {
        None
    }

    /// How to end a session that is idle; `None` where a session ends with its client.
    fn idle_session(&self, _process: u64) -> Option<IdleSession> {
        None
    }

    /// A query that tries to acquire the lock of a ledger, and releases it again: it returns `granted` on a server that grants it although the lock's
    /// connection holds it. `None` where the lock is not the server's.
    fn lock_probe(&self, _ledger: &str) -> Option<String> {
        None
    }

    /// A query for the schemas of this database, other than [`Sql::home`], that have a table of this name, readable or not; `None` where one
    /// connection sees one schema.
    fn other_schemas_with(&self, _table: &str) -> Option<String> {
        None
    }

    /// A query for the schemas that names are looked up in, for [`Sql::chose_home`].
    fn search_path(&self) -> Option<&'static str> {
        None
    }

    /// Whether the answer to [`Sql::search_path`] shows that the connection's own settings choose [`Sql::home`].
    fn chose_home(&self, _answer: &[Row]) -> bool {
        false
    }

    /// A query for the tables that are not named `ours`; those of extensions and of the server do not count.
    fn unmanaged_tables(&self, ours: &[&str], reach: Reach) -> String;

    /// A query that returns a row if the server hides rows of this table from our user; `None` where it never does.
    fn row_security(&self, _schema: Option<&str>, _table: &str) -> Option<String> {
        None
    }

    /// A statement that switches the enforcement of foreign keys for the session; `None` unless [`Capabilities::foreign_keys`] says that it can be switched.
    fn enforce_foreign_keys(&self, _on: bool) -> Option<&'static str> {
        None
    }

    /// Queries for rows that violate a foreign key; `None` where they are always enforced.
    fn orphans(&self) -> Option<OrphanQueries> {
        None
    }

    /// A statement that updates the planner's statistics of a table, quoted, after many of its rows have changed; `None` where the server needs none.
    fn analyze(&self, _table: &str) -> Option<String> {
        None
    }

    /// Whether a note failed with this error because of what its session has locked or begun, and can be written when that has ended.
    fn can_wait(&self, _error: &DatabaseError) -> bool {
        false
    }
}

/// What a column of a history table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// Text of any length.
    Text,
    /// Bytes of any length.
    Bytes,
    /// A point in time in UTC, as our own tables have it.
    Timestamp,
    /// A point in time that the server converts to the time zone of the session, where it has such a type.
    ZonedTimestamp,
}

/// Where tables count as unmanaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// In the schema of our own tables.
    Home,
    /// In every schema where our migrations may have created them: those with an owner that we are or may become.
    Database,
}

/// How to end a session that is idle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdleSession {
    /// A query that returns a row while the session exists: `idle`, or NULL if it is not idle.
    pub state: String,
    /// A statement that ends it.
    pub end: String,
}

/// How to find rows that violate a foreign key.
#[derive(Debug, Clone, Copy)]
pub struct OrphanQueries {
    /// A query for the tables with foreign keys, as literals.
    pub tables: &'static str,
    /// A query for the orphans of such a table: table, parent, count, and the first.
    pub of_table: fn(&str) -> String,
    /// Whether that failed because the table's foreign keys cannot be checked.
    pub is_uncheckable: fn(&DatabaseError) -> bool,
}
