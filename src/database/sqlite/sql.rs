//! The SQL of SQLite.

use super::{health, orphans};
use crate::database::value::milliseconds;
use crate::database::{AdvisoryLocks, Capabilities, ColumnType, OrphanQueries, Probe, Reach, ServerInfo, Sql, Value};
use crate::migration::Dialect;
use crate::script::SchemaObject;
use crate::sql::hexadecimal;

/// The SQL of the bundled SQLite, and the properties that it has reported.
#[derive(Debug, Clone)]
pub(super) struct SqliteSql {
    pub(super) identity: ServerInfo,
    /// Whether a new connection enforces foreign keys.
    pub(super) foreign_keys: bool,
}

impl SqliteSql {
    /// A query for objects that must not be attached to these tables: triggers and views.
    pub(super) fn faults(&self, tables: &[(Option<String>, String)]) -> String {
        let sql = tables.iter().map(|(schema, table)| {
            let schema = schema.as_deref().unwrap_or("main");
            let text = |text: &str| self.literal(&Value::Text(text.to_owned()));
            format!(
                "SELECT {name}, tbl_name, CASE type WHEN 'trigger' THEN 'trigger' ELSE 'kind' END, name FROM {schema}.sqlite_master \
                 WHERE type IN ('trigger', 'view') AND lower(tbl_name) = lower({table})",
                name = text(schema),
                schema = self.quote(schema),
                table = text(table),
            )
        });
        sql.collect::<Vec<_>>().join(" UNION ALL ")
    }
}

impl Sql for SqliteSql {
    fn server_info(&self) -> &ServerInfo {
        &self.identity
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            dialect: Dialect::Sqlite,
            transactional_ddl: true,
            pipelined_commit: false,
            product: "SQLite",
            foreign_keys: Some(self.foreign_keys),
            session_locks: false,
            statement_timeout: false,
            largest_statement: None,
            backslash_escapes: false,
            backslash_escapes_by_default: false,
            partial_index: true,
            table_suffix: "",
            own_session: true,
            advisory_locks: AdvisoryLocks::None,
            whole_file_lock: true,
        }
    }

    fn home(&self) -> Option<&str> {
        // Never an attached database or a temporary table of a migration.
        Some("main")
    }

    fn index_on_table(&self, index: &str, schema: Option<&str>, table: &str) -> String {
        let schema = schema.map(|schema| format!("{}.", self.quote(schema))).unwrap_or_default();
        format!("{schema}{} ON {}", self.quote(index), self.quote(table))
    }

    fn quote(&self, identifier: &str) -> String {
        format!("\"{}\"", identifier.replace('"', "\"\""))
    }

    fn literal(&self, value: &Value) -> String {
        match value {
            Value::Null | Value::BeforeBegin(_) | Value::MillisecondsSinceBegin(_) => "NULL".to_owned(),
            Value::Bool(true) => "TRUE".to_owned(),
            Value::Bool(false) => "FALSE".to_owned(),
            Value::Int(number) => number.to_string(),
            Value::Text(text) | Value::Moment(text) => format!("'{}'", text.replace('\0', "").replace('\'', "''")),
            Value::Bytes(bytes) => format!("X'{}'", hexadecimal(bytes)),
            Value::User => "''".to_owned(),
            Value::Now => "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')".to_owned(),
            Value::UtcNow => "CURRENT_TIMESTAMP".to_owned(),
            Value::Milliseconds(duration) => milliseconds(*duration),
            Value::Ago(duration) => {
                format!("strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-{:.3} seconds')", duration.as_secs_f64())
            }
        }
    }

    fn timestamp_text(&self, column: &str) -> String {
        column.to_owned()
    }

    fn zoned_timestamp_text(&self, column: &str) -> String {
        format!("strftime('%Y-%m-%dT%H:%M:%fZ', {column})")
    }

    fn local_now(&self) -> &'static str {
        "(strftime('%Y-%m-%d %H:%M:%f','now'))"
    }

    fn hexadecimal(&self, column: &str) -> String {
        format!("lower(hex({column}))")
    }

    fn column_type(&self, column: ColumnType) -> &'static str {
        match column {
            ColumnType::Text | ColumnType::Timestamp | ColumnType::LocalTimestamp => "TEXT",
            ColumnType::Bytes => "BLOB",
            ColumnType::ZonedTimestamp => "TIMESTAMP",
        }
    }

    fn declared_type(&self, schema: Option<&str>, table: &str, column: &str) -> Option<String> {
        let text = |text: &str| self.literal(&Value::Text(text.to_owned()));
        let (schema, table, column) = (text(schema.unwrap_or("main")), text(table), text(column));
        Some(format!(
            "SELECT lower(type) FROM pragma_table_info({table}, {schema}) WHERE lower(name) = lower({column})"
        ))
    }

    fn columns(&self, schema: Option<&str>, table: &str) -> String {
        let text = |text: &str| self.literal(&Value::Text(text.to_owned()));
        let schema = text(schema.unwrap_or("main"));
        format!("SELECT name, type FROM pragma_table_info({}, {schema}) ORDER BY cid", text(table))
    }

    fn existence(&self, thing: &SchemaObject) -> String {
        let text = |text: &str| self.literal(&Value::Text(text.to_owned()));
        match thing {
            SchemaObject::Relation(name) | SchemaObject::Index { name, .. } => {
                format!("SELECT 'yes' FROM sqlite_master WHERE lower(name) = lower({})", text(&name.name))
            }
            SchemaObject::Column { table, name } => format!(
                "SELECT 'yes' FROM pragma_table_xinfo({}) WHERE lower(name) = lower({})",
                text(&table.name),
                text(name)
            ),
        }
    }

    fn probes(&self) -> Vec<Probe> {
        health::probes()
    }

    fn unmanaged_tables(&self, ours: &[&str], _reach: Reach) -> String {
        let ours: Vec<String> = ours.iter().map(|name| self.literal(&Value::Text((*name).to_owned()))).collect();
        // Litestream and Cloudflare's D1 replicate the file, and keep tables of their own in it.
        format!(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual') \
             AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_litestream\\_%' ESCAPE '\\' \
             AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND name NOT IN ({}) ORDER BY name",
            ours.join(", ")
        )
    }

    fn enforce_foreign_keys(&self, on: bool) -> Option<&'static str> {
        Some(if on { "PRAGMA foreign_keys = ON" } else { "PRAGMA foreign_keys = OFF" })
    }

    fn orphans(&self) -> Option<OrphanQueries> {
        Some(orphans::QUERIES)
    }
}
