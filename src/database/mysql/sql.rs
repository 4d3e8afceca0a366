//! The SQL of a MySQL or MariaDB server.

use super::text::{quoted, text_literal};
use super::{existence, health, lock_sql};
use crate::database::value::milliseconds;
use crate::database::{
    AdvisoryLocks, Capabilities, ColumnType, DatabaseError, IdleSession, Probe, Reach, ServerInfo, Sql, Value,
};
use crate::migration::Dialect;
use crate::script::SchemaObject;
use crate::sql::hexadecimal;

/// Errors of a write while the script has locked tables (the first two), holds the global read lock, prepares an XA transaction, or is in a
/// read-only transaction.
const WRITE_REFUSED: [&str; 5] = ["1099", "1100", "1223", "1399", "1792"];

/// The SQL of a server that has answered, and the properties that it has reported.
#[derive(Debug, Clone)]
pub(super) struct MysqlSql {
    pub(super) identity: ServerInfo,
    /// The database of the URL, by which locks are named: statements for every connection may change the current one.
    pub(super) lock_database: String,
    /// The database of the runner's own tables.
    pub(super) home: Option<String>,
    /// The largest statement that the server accepts, in bytes.
    pub(super) largest_statement: Option<u64>,
    /// Whether a backslash escapes in strings.
    pub(super) backslash_escapes: bool,
    /// The same after `sql_mode` is set to its default.
    pub(super) backslash_escapes_by_default: bool,
}

impl MysqlSql {
    /// For a server about which nothing is known yet.
    pub(super) fn new(identity: ServerInfo) -> Self {
        Self {
            lock_database: identity.database.clone(),
            identity,
            home: None,
            largest_statement: None,
            backslash_escapes: true,
            backslash_escapes_by_default: true,
        }
    }

    pub(super) fn is_mariadb(&self) -> bool {
        self.identity.system == "mariadb"
    }
}

impl Sql for MysqlSql {
    fn server_info(&self) -> &ServerInfo {
        &self.identity
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            dialect: Dialect::Mysql,
            transactional_ddl: false,
            pipelined_commit: false,
            product: if self.is_mariadb() { "MariaDB" } else { "MySQL" },
            session_locks: true,
            largest_statement: self.largest_statement,
            backslash_escapes: self.backslash_escapes,
            backslash_escapes_by_default: self.backslash_escapes_by_default,
            partial_index: false,
            foreign_keys: None,
            // MySQL's own limit applies only to SELECT.
            statement_timeout: self.is_mariadb(),
            // The database's own character set may be latin1, which cannot represent every name.
            table_suffix: " CHARACTER SET utf8mb4",
            own_session: true,
            advisory_locks: AdvisoryLocks::Names { endless: !self.is_mariadb() },
            whole_file_lock: false,
        }
    }

    fn home(&self) -> Option<&str> {
        Some(self.home.as_deref().unwrap_or(&self.identity.database))
    }

    fn quote(&self, identifier: &str) -> String {
        quoted(identifier)
    }

    fn literal(&self, value: &Value) -> String {
        match value {
            Value::Null | Value::BeforeBegin(_) | Value::MillisecondsSinceBegin(_) => "NULL".to_owned(),
            Value::Bool(true) => "TRUE".to_owned(),
            Value::Bool(false) => "FALSE".to_owned(),
            Value::Int(number) => number.to_string(),
            Value::Text(text) => text_literal(text),
            Value::Bytes(bytes) => format!("X'{}'", hexadecimal(bytes)),
            Value::User => "SUBSTRING_INDEX(USER(), '@', 1)".to_owned(),
            Value::Now => "UTC_TIMESTAMP(6)".to_owned(),
            Value::UtcNow => "CURRENT_TIMESTAMP".to_owned(),
            Value::Milliseconds(duration) => milliseconds(*duration),
            Value::Moment(moment) => text_literal(moment.trim_end_matches('Z')),
            Value::Ago(duration) => format!("UTC_TIMESTAMP(6) - INTERVAL {} MICROSECOND", duration.as_micros()),
        }
    }

    fn timestamp_text(&self, column: &str) -> String {
        format!("DATE_FORMAT({column}, '%Y-%m-%dT%H:%i:%s.%fZ')")
    }

    fn zoned_timestamp_text(&self, column: &str) -> String {
        format!("DATE_FORMAT(CONVERT_TZ({column}, @@session.time_zone, '+00:00'), '%Y-%m-%dT%H:%i:%s.%fZ')")
    }

    fn hexadecimal(&self, column: &str) -> String {
        format!("LOWER(HEX({column}))")
    }

    fn column_type(&self, column: ColumnType) -> &'static str {
        match column {
            ColumnType::Text => "TEXT",
            ColumnType::Bytes => "BLOB",
            ColumnType::Timestamp => "DATETIME(6)",
            ColumnType::ZonedTimestamp | ColumnType::LocalTimestamp => "TIMESTAMP",
        }
    }

    fn declared_type(&self, schema: Option<&str>, table: &str, column: &str) -> Option<String> {
        Some(format!(
            "SELECT CAST(LOWER(COLUMN_TYPE) AS CHAR) FROM information_schema.COLUMNS \
             WHERE TABLE_SCHEMA = {schema} AND TABLE_NAME = {table} AND COLUMN_NAME = {column}",
            schema = text_literal(schema.unwrap_or_default()),
            table = text_literal(table),
            column = text_literal(column),
        ))
    }

    fn columns(&self, schema: Option<&str>, table: &str) -> String {
        format!(
            "SELECT CAST(COLUMN_NAME AS CHAR), CAST(DATA_TYPE AS CHAR) FROM information_schema.COLUMNS \
             WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {} ORDER BY ORDINAL_POSITION",
            text_literal(schema.or_else(|| self.home()).unwrap_or_default()),
            text_literal(table),
        )
    }

    fn existence(&self, thing: &SchemaObject) -> String {
        existence::existence(thing)
    }

    fn grant(&self, rights: &str, _schema: Option<&str>, tables: &[String]) -> Option<String> {
        let (user, host) = self.identity.user.as_deref()?.rsplit_once('@')?;
        let (user, host) = (user.replace('\'', "''"), host.replace('\'', "''"));
        let each = tables.iter().map(|table| format!("GRANT {rights} ON {table} TO '{user}'@'{host}'"));
        Some(each.collect::<Vec<_>>().join("; "))
    }

    fn hook_variables(&self, variables: &[(&str, Option<&str>)]) -> Option<String> {
        let set = |(name, value): &(&str, Option<&str>)| {
            format!("@migrascope_{name} = {}", value.map_or("NULL".to_owned(), text_literal))
        };
        let set: Vec<String> = variables.iter().map(set).collect();
        (!set.is_empty()).then(|| format!("SET {}", set.join(", ")))
    }

    fn probes(&self) -> Vec<Probe> {
        health::probes(&self.identity)
    }

    fn idle_session(&self, process: u64) -> Option<IdleSession> {
        Some(IdleSession {
            state: format!(
                "SELECT CASE COMMAND WHEN 'Sleep' THEN 'idle' END FROM information_schema.PROCESSLIST WHERE ID = {process}"
            ),
            end: format!("KILL {process}"),
        })
    }

    fn lock_probe(&self, ledger: &str) -> Option<String> {
        Some(lock_sql::probe(&self.lock_database, ledger))
    }

    fn unmanaged_tables(&self, ours: &[&str], _reach: Reach) -> String {
        let ours: Vec<String> = ours.iter().map(|name| text_literal(name)).collect();
        format!(
            "SELECT CAST(TABLE_NAME AS CHAR) FROM information_schema.TABLES WHERE TABLE_SCHEMA = {home} \
             AND TABLE_SCHEMA NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema') \
             AND TABLE_TYPE NOT IN ('VIEW', 'SYSTEM VIEW', 'SEQUENCE', 'TEMPORARY') AND TABLE_NAME NOT IN ({ours}) ORDER BY 1",
            home = text_literal(self.home().unwrap_or_default()),
            ours = ours.join(", ")
        )
    }

    fn can_wait(&self, error: &DatabaseError) -> bool {
        error.code.as_deref().is_some_and(|code| WRITE_REFUSED.contains(&code))
    }
}
