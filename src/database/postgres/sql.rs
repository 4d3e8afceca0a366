//! The SQL of a PostgreSQL server.

use super::authority::Authority;
use super::schemas;
use super::text::{hook_variables, literal, quoted, text_literal};
use super::{client, existence, health, lock_sql};
use crate::database::{
    AdvisoryLocks, Capabilities, ColumnType, IdleSession, Probe, Reach, Row, ServerInfo, Sql, Value,
};
use crate::migration::Dialect;
use crate::script::{QualifiedName, SchemaObject};

/// The SQL of a server that has answered, and the properties that it has reported.
#[derive(Debug, Clone)]
pub(super) struct PostgresSql {
    pub(super) identity: ServerInfo,
    /// The schema of the runner's own tables.
    pub(super) home: Option<String>,
    /// The user and role at the start of the session.
    pub(super) authority: Authority,
    /// Whether a pooler in transaction mode is in use.
    pub(super) pooled: bool,
    /// Whether a backslash escapes in plain strings.
    pub(super) backslash_escapes: bool,
    /// The same after the setting is reset.
    pub(super) backslash_escapes_by_default: bool,
}

impl PostgresSql {
    /// For a server about which nothing is known yet.
    pub(super) fn new(identity: ServerInfo) -> Self {
        Self {
            identity,
            home: None,
            authority: Authority::default(),
            pooled: false,
            backslash_escapes: false,
            backslash_escapes_by_default: false,
        }
    }
}

impl Sql for PostgresSql {
    fn server_info(&self) -> &ServerInfo {
        &self.identity
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            dialect: Dialect::Postgres,
            transactional_ddl: true,
            pipelined_commit: true,
            product: "PostgreSQL",
            session_locks: false,
            largest_statement: None,
            backslash_escapes: self.backslash_escapes,
            backslash_escapes_by_default: self.backslash_escapes_by_default,
            partial_index: true,
            foreign_keys: None,
            statement_timeout: true,
            table_suffix: "",
            own_session: !self.pooled,
            advisory_locks: AdvisoryLocks::Keys,
            whole_file_lock: false,
        }
    }

    fn home(&self) -> Option<&str> {
        self.home.as_deref()
    }

    fn quote(&self, identifier: &str) -> String {
        quoted(identifier)
    }

    fn literal(&self, value: &Value) -> String {
        literal(value)
    }

    fn timestamp_text(&self, column: &str) -> String {
        format!("to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
    }

    fn zoned_timestamp_text(&self, column: &str) -> String {
        self.timestamp_text(column)
    }

    fn plain_timestamp_text(&self, column: &str) -> String {
        format!("to_char({column}, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
    }

    fn declared_type(&self, schema: Option<&str>, table: &str, column: &str) -> Option<String> {
        let schema = schema.map(|schema| format!("{}.", quoted(schema))).unwrap_or_default();
        Some(format!(
            "SELECT pg_catalog.format_type(atttypid, atttypmod) FROM pg_catalog.pg_attribute \
             WHERE attrelid = pg_catalog.to_regclass({table}) AND attname = {column} AND NOT attisdropped",
            table = text_literal(&format!("{schema}{}", quoted(table))),
            column = text_literal(column),
        ))
    }

    fn local_now(&self) -> &'static str {
        "now()"
    }

    fn hexadecimal(&self, column: &str) -> String {
        format!("pg_catalog.encode({column}, 'hex')")
    }

    fn column_type(&self, column: ColumnType) -> &'static str {
        match column {
            ColumnType::Text => "pg_catalog.text",
            ColumnType::Bytes => "pg_catalog.bytea",
            ColumnType::Timestamp | ColumnType::ZonedTimestamp => "TIMESTAMP WITH TIME ZONE",
            ColumnType::LocalTimestamp => "TIMESTAMP WITHOUT TIME ZONE",
        }
    }

    fn local_timestamp_text(&self, column: &str) -> String {
        self.timestamp_text(&format!("({column} AT TIME ZONE {})", client::usual_zone()))
    }

    fn create_schema(&self, schema: &str) -> Option<String> {
        Some(schemas::create(&self.literal(&Value::Text(schema.to_owned())), &self.quote(schema)))
    }

    fn columns(&self, schema: Option<&str>, table: &str) -> String {
        schemas::columns(schema, table)
    }

    fn existence(&self, thing: &SchemaObject) -> String {
        existence::existence(thing)
    }

    fn invalid_index(&self, index: &QualifiedName) -> Option<String> {
        Some(existence::invalid_index(index))
    }

    fn drop_index(&self, name: &str) -> String {
        format!("DROP INDEX CONCURRENTLY {name}")
    }

    fn grant(&self, rights: &str, schema: Option<&str>, tables: &[String]) -> Option<String> {
        Some(schemas::grant(rights, schema, tables, self.identity.user.as_deref()?))
    }

    fn restore_authorization(&self) -> Vec<String> {
        self.authority.restore()
    }

    fn hook_variables(&self, variables: &[(&str, Option<&str>)]) -> Option<String> {
        hook_variables(variables)
    }

    fn probes(&self) -> Vec<Probe> {
        health::probes(&self.identity.version)
    }

    fn process(&self) -> Option<&'static str> {
        Some("SELECT pg_catalog.pg_backend_pid()")
    }

    fn idle_session(&self, process: u64) -> Option<IdleSession> {
        Some(IdleSession {
            state: format!(
                "SELECT CASE WHEN state LIKE 'idle%' THEN 'idle' END FROM pg_catalog.pg_stat_activity WHERE pid = {process}"
            ),
            end: format!("SELECT pg_catalog.pg_terminate_backend({process})"),
        })
    }

    fn lock_probe(&self, ledger: &str) -> Option<String> {
        Some(lock_sql::probe(ledger))
    }

    fn other_schemas_with(&self, table: &str) -> Option<String> {
        Some(schemas::others_with(table, self.home.as_deref()))
    }

    fn search_path(&self) -> Option<&'static str> {
        Some(schemas::SEARCH_PATH)
    }

    fn chose_home(&self, answer: &[Row]) -> bool {
        schemas::is_chosen(answer, self.home.as_deref())
    }

    fn unmanaged_tables(&self, ours: &[&str], reach: Reach) -> String {
        schemas::unmanaged(ours, self.home.as_deref(), reach)
    }

    fn analyze(&self, table: &str) -> Option<String> {
        Some(format!("ANALYZE {table}"))
    }

    fn row_security(&self, schema: Option<&str>, table: &str) -> Option<String> {
        Some(schemas::filtered(schema, table))
    }
}
