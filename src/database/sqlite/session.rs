//! The session that runs migrations.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::Connection;

use super::error::translate;
use super::wire::{Keep, Wire};
use super::{Sqlite, health, options, orphans};
use crate::database::row::{first_column, number, table_faults};
use crate::database::value::milliseconds;
use crate::database::{
    Abilities, Access, DatabaseError, Done, ErrorKind, Holder, Identity, Limits, Orphans, Probe, Row, Session, Value,
};
use crate::migration::Dialect;
use crate::plan::TableFault;
use crate::report::Stage;
use crate::script::{Name, Thing};

/// How long a note that can wait waits for another writer.
const SOON: Duration = Duration::from_millis(100);

pub(super) struct SqliteSession {
    wire: Wire,
    identity: Identity,
    connector: Sqlite,
    access: Access,
    /// What the connection waits for another's lock.
    busy_timeout: Duration,
    /// Whether a new connection enforces foreign keys.
    foreign_keys: bool,
}

impl SqliteSession {
    /// Over this connection.
    pub(super) fn new(wire: Wire, identity: Identity, connector: Sqlite, access: Access) -> Self {
        Self { wire, identity, connector, access, busy_timeout: options::BUSY_TIMEOUT, foreign_keys: false }
    }

    pub(super) async fn prepare(&mut self) -> Result<(), DatabaseError> {
        let mut row = self.wire.query("SELECT sqlite_version()").await?.pop().unwrap_or_default().into_iter();
        self.identity.version = row.next().flatten().unwrap_or_default();
        // Health checks write a row, and take it back; what comes before them changes nothing.
        let checks = self.access == Access::Check && !self.connector.init.is_empty();
        if checks {
            self.wire.query("PRAGMA query_only = ON").await?;
        }
        for sql in self.connector.init.clone() {
            self.wire.query(&sql).await?;
        }
        if checks {
            self.wire.query("PRAGMA query_only = OFF").await?;
        }
        self.foreign_keys = number(&self.wire.query("PRAGMA foreign_keys").await?) == 1;
        Ok(())
    }
}

#[async_trait]
impl Session for SqliteSession {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            dialect: Dialect::Sqlite,
            transactional_ddl: true,
            pipelined_commit: false,
            product: "SQLite",
            timestamp: "TEXT",
            foreign_keys: Some(self.foreign_keys),
            session_locks: false,
            statement_timeout: false,
            largest_statement: None,
            backslash_escapes: false,
            backslash_escapes_by_default: false,
            partial_index: true,
            table_suffix: "",
            own_session: true,
            whole_file_lock: true,
        }
    }

    fn home(&self) -> Option<&str> {
        // Not one that is attached, nor a temporary table of a migration.
        Some("main")
    }

    fn keep_home(&mut self, _home: &str) {}

    async fn astray(&mut self, _table: &str) -> Result<Vec<String>, DatabaseError> {
        Ok(Vec::new())
    }

    async fn faults(&mut self, tables: &[(Option<String>, String)]) -> Result<Vec<TableFault>, DatabaseError> {
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
        match self.wire.query(&sql.collect::<Vec<_>>().join(" UNION ALL ")).await {
            // A database that is not attached.
            Err(error) if error.kind == ErrorKind::NoTable => Ok(Vec::new()),
            rows => rows.map(table_faults),
        }
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
            Value::Now => "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')".to_owned(),
            Value::Milliseconds(duration) => milliseconds(*duration),
            Value::Ago(duration) => {
                format!("strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-{:.3} seconds')", duration.as_secs_f64())
            }
        }
    }

    fn timestamp_text(&self, column: &str) -> String {
        column.to_owned()
    }

    async fn begin(&mut self, limits: Option<&Limits>) -> Result<(), DatabaseError> {
        if let Some(limits) = limits {
            self.limit(limits).await?;
        }
        self.wire.query("BEGIN IMMEDIATE").await.map(drop)
    }

    async fn look(&mut self, limits: &Limits) -> Result<(), DatabaseError> {
        self.limit(limits).await?;
        self.wire.query("PRAGMA query_only = ON; BEGIN").await.map(drop)
    }

    async fn limit(&mut self, limits: &Limits) -> Result<(), DatabaseError> {
        let timeout = limits.lock_timeout.unwrap_or(options::BUSY_TIMEOUT);
        if timeout != self.busy_timeout {
            self.wire.query(&format!("PRAGMA busy_timeout = {}", timeout.as_millis())).await?;
            self.busy_timeout = timeout;
        }
        Ok(())
    }

    async fn execute(&mut self, sql: &str) -> Result<Done, DatabaseError> {
        let running = self.connector.interrupt.statement();
        let result = self.wire.collect(sql, Keep::Nothing, &mut 0).await;
        drop(running);
        match result {
            Ok((rows, _)) => Ok(Done { rows, ..Done::default() }),
            Err(error) => {
                let mut error = translate(&error, sql);
                if error.position.is_none() {
                    error.position = self.wire.place(&error, sql).await;
                }
                Err(error)
            }
        }
    }

    async fn conclude(&mut self, sql: Option<&str>, records: &[String]) -> Result<Done, DatabaseError> {
        let done = match sql {
            Some(sql) => self.execute(sql).await?,
            None => Done::default(),
        };
        let mut finished = 0;
        let last = format!("{};COMMIT", records.join(";"));
        match self.wire.collect(&last, Keep::Nothing, &mut finished).await {
            Ok(_) => Ok(done),
            Err(error) => {
                let stage = if finished < records.len() { Stage::Record } else { Stage::Commit };
                Err(DatabaseError { position: None, ..translate(&error, &last) }.at(stage))
            }
        }
    }

    async fn rollback(&mut self) -> Result<(), DatabaseError> {
        match self.wire.query("ROLLBACK").await {
            // Some errors end the transaction by themselves.
            Err(error) if error.message.contains("no transaction is active") => Ok(()),
            result => result.map(drop),
        }
    }

    async fn in_transaction(&mut self) -> Result<bool, DatabaseError> {
        match self.wire.query("BEGIN").await {
            Ok(_) => self.wire.query("ROLLBACK").await.map(|_| false),
            Err(error) if error.message.contains("within a transaction") => Ok(true),
            Err(error) => Err(error),
        }
    }

    async fn note_at_once(&mut self, records: &[String]) -> Result<(), DatabaseError> {
        // A script may have set it to something else than we have.
        let usual: u64 = number(&self.wire.query("PRAGMA busy_timeout").await?);
        self.wire.query(&format!("PRAGMA busy_timeout = {}", SOON.as_millis())).await?;
        let written = self.note(&records.join(";")).await;
        self.wire.query(&format!("PRAGMA busy_timeout = {usual}")).await?;
        written
    }

    async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        // A health check is ended when it takes too long; what the engine asks is not.
        let _running = (self.access == Access::Check).then(|| self.connector.interrupt.statement());
        self.wire.query(sql).await
    }

    fn grant(&self, _rights: &str, _schema: Option<&str>, _tables: &[String]) -> Option<String> {
        None
    }

    fn regain(&self) -> Vec<String> {
        Vec::new()
    }

    fn ourselves(&self) -> Vec<String> {
        Vec::new()
    }

    fn facts(&self, _facts: &[(&str, Option<&str>)]) -> Option<String> {
        None
    }

    async fn process(&mut self) -> Result<Option<u64>, DatabaseError> {
        Ok(self.identity.process)
    }

    async fn unshared(&mut self) -> Result<(), DatabaseError> {
        Ok(())
    }

    fn pooled(&mut self) -> Result<(), DatabaseError> {
        Ok(())
    }

    async fn is_locked_out(&mut self, _ledger: &str) -> Result<bool, DatabaseError> {
        // The operating system's lock on a file, taken by this program itself.
        Ok(true)
    }

    async fn claim(&mut self, _ledger: &str) -> Result<bool, DatabaseError> {
        // What works dies with its process.
        Ok(true)
    }

    async fn claimant(&mut self, _ledger: &str) -> Result<Option<Holder>, DatabaseError> {
        Ok(None)
    }

    async fn renew(&mut self) -> Result<(), DatabaseError> {
        if self.connector.file.is_none() {
            return Ok(());
        }
        let fresh = self.connector.connect(Access::Write).await?;
        let old = std::mem::replace(&mut self.wire, fresh);
        old.connection.close().await.map_err(|error| translate(&error, ""))?;
        self.busy_timeout = options::BUSY_TIMEOUT;
        self.prepare().await
    }

    async fn unmanaged_tables(&mut self, ours: &[&str]) -> Result<Vec<String>, DatabaseError> {
        let ours: Vec<String> = ours.iter().map(|name| self.literal(&Value::Text((*name).to_owned()))).collect();
        // What replicates the file for its server has tables of its own in it: Litestream, and Cloudflare's D1.
        let sql = format!(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual') \
             AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_litestream\\_%' ESCAPE '\\' \
             AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND name NOT IN ({}) ORDER BY name",
            ours.join(", ")
        );
        Ok(first_column(self.wire.query(&sql).await?))
    }

    fn existence(&self, thing: &Thing) -> String {
        let text = |text: &str| self.literal(&Value::Text(text.to_owned()));
        match thing {
            Thing::Relation(name) | Thing::Index { name, .. } => {
                format!("SELECT 'yes' FROM sqlite_master WHERE lower(name) = lower({})", text(&name.name))
            }
            Thing::Column { table, name } => format!(
                "SELECT 'yes' FROM pragma_table_xinfo({}) WHERE lower(name) = lower({})",
                text(&table.name),
                text(name)
            ),
        }
    }

    fn invalid_index(&self, _index: &Name) -> Option<String> {
        None
    }

    fn drop_index(&self, name: &str) -> String {
        format!("DROP INDEX {name}")
    }

    async fn ended(&mut self, _process: u64) -> Result<bool, DatabaseError> {
        Ok(true)
    }

    async fn enforce_foreign_keys(&mut self, on: bool) -> Result<(), DatabaseError> {
        self.wire.query(if on { "PRAGMA foreign_keys = ON" } else { "PRAGMA foreign_keys = OFF" }).await.map(drop)
    }

    async fn orphans(&mut self) -> Result<Vec<Orphans>, DatabaseError> {
        let _running = self.connector.interrupt.statement();
        orphans::find(&mut self.wire).await
    }

    fn give_up(&mut self) {}

    fn probes(&self) -> Vec<Probe> {
        health::probes()
    }

    async fn close(self: Box<Self>) {
        // Nothing is open any more: a failing goodbye changes nothing.
        let _ = tokio::time::timeout(Duration::from_secs(1), self.wire.connection.close()).await;
    }
}
