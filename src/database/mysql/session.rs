//! The session that runs migrations.

use std::time::Duration;

use async_trait::async_trait;

use super::error::translate;
use super::text::{AS_ANY_CLIENT, COMMIT, IDENTITY, ROLLBACK, text_literal};
use super::wire::{Keep, Wire};
use super::{Mysql, existence, faults, health, keeper, product, transaction};
use crate::database::row::first_column;
use crate::database::value::milliseconds;
use crate::database::{
    Abilities, Access, Activity, DatabaseError, Done, ErrorKind, Holder, Identity, Limits, Orphans, Probe, Row,
    Session, Value, silence,
};
use crate::migration::Dialect;
use crate::plan::TableFault;
use crate::report::Stage;
use crate::script::{Name, Thing};

/// Errors that a write of ours meets where the script has locked tables (the first two), has taken the global read lock, prepares an
/// XA transaction, or is in a transaction that only reads.
const HINDRANCES: [&str; 5] = ["1099", "1100", "1223", "1399", "1792"];

/// `Some non-transactional changed tables couldn't be rolled back`.
const NOT_ROLLED_BACK: &str = "1196";

pub(super) struct MysqlSession {
    wire: Wire,
    identity: Identity,
    connector: Mysql,
    access: Access,
    /// The database of our own tables, where a run has brought its own along.
    home: Option<String>,
    /// The name of the work that was claimed.
    claimed: Option<String>,
    /// Whether a statement outside of a transaction commits by itself, as far as was asked.
    autocommit: bool,
    /// The largest statement that the server takes.
    largest_statement: Option<u64>,
    /// Whether a backslash escapes in strings.
    backslash_escapes: bool,
    /// The same once `sql_mode` is set to its default.
    backslash_escapes_by_default: bool,
    /// Our tables that were not there when they were looked at last. They are not read before the next look: what has appeared since may be a view.
    absent: Vec<String>,
}

impl MysqlSession {
    /// Over this connection; nothing is known of the server yet.
    pub(super) fn new(wire: Wire, identity: Identity, connector: Mysql, access: Access) -> Self {
        Self {
            wire,
            identity,
            connector,
            access,
            home: None,
            claimed: None,
            autocommit: true,
            largest_statement: None,
            backslash_escapes: true,
            backslash_escapes_by_default: true,
            absent: Vec::new(),
        }
    }

    pub(super) async fn prepare(&mut self) -> Result<(), DatabaseError> {
        if !self.access.only_reads() {
            self.wire.query(AS_ANY_CLIENT).await?;
        }
        if self.access != Access::Write {
            self.wire.query("SET SESSION TRANSACTION READ ONLY").await?;
        }
        // Another session may lock our tables. A script has limits of its own.
        self.wire
            .query(&format!(
                "SET SESSION lock_wait_timeout = CAST(LEAST(@@lock_wait_timeout, {}) AS UNSIGNED)",
                silence::LOCKED.as_secs()
            ))
            .await?;
        for sql in self.connector.init.clone() {
            self.wire.query(&sql).await?;
        }
        // Health checks write a row, and take it back.
        if self.access == Access::Check {
            self.wire.query("SET SESSION TRANSACTION READ WRITE").await?;
        }
        let mut identity = match self.wire.query(IDENTITY).await {
            Ok(identity) => identity,
            // What is neither may not have these variables, but says what it is.
            Err(error) => {
                let version = self.wire.query("SELECT version()").await.ok().and_then(|mut rows| rows.pop()?.pop()?);
                return Err(version.and_then(|version| product::supported(&version, "").err()).unwrap_or(error));
            }
        };
        let mut row = identity.pop().unwrap_or_default().into_iter();
        let mut next = || row.next().flatten();
        self.identity.database = next().unwrap_or_default();
        self.identity.user = next();
        self.identity.version = next().unwrap_or_default();
        self.identity.process = next().and_then(|id| id.parse().ok());
        self.wire.process = self.identity.process;
        self.identity.read_only =
            next().filter(|flag| !matches!(flag.as_str(), "0" | "OFF")).map(|_| "read_only is on");
        product::supported(&self.identity.version, &next().unwrap_or_default())?;
        // One byte of each packet is the command.
        self.largest_statement =
            next().and_then(|bytes| bytes.parse::<u64>().ok()).map(|bytes| bytes.saturating_sub(1));
        let mut escapes = || !next().unwrap_or_default().contains("NO_BACKSLASH_ESCAPES");
        (self.backslash_escapes, self.backslash_escapes_by_default) = (escapes(), escapes());
        if self.identity.version.to_ascii_lowercase().contains("mariadb") {
            self.identity.system = "mariadb";
        }
        Ok(())
    }
}

#[async_trait]
impl Session for MysqlSession {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            dialect: Dialect::Mysql,
            transactional_ddl: false,
            pipelined_commit: false,
            product: if self.identity.system == "mariadb" { "MariaDB" } else { "MySQL" },
            timestamp: "DATETIME(6)",
            session_locks: true,
            largest_statement: self.largest_statement,
            backslash_escapes: self.backslash_escapes,
            backslash_escapes_by_default: self.backslash_escapes_by_default,
            partial_index: false,
            foreign_keys: None,
            // MySQL's own limit is one for SELECT alone.
            statement_timeout: self.identity.system == "mariadb",
            // The database's own may be latin1, which has no room for every name.
            table_suffix: " CHARACTER SET utf8mb4",
            own_session: true,
            whole_file_lock: false,
        }
    }

    fn home(&self) -> Option<&str> {
        Some(self.home.as_deref().unwrap_or(&self.identity.database))
    }

    fn keep_home(&mut self, home: &str) {
        self.home = Some(home.to_owned());
    }

    async fn astray(&mut self, _table: &str) -> Result<Vec<String>, DatabaseError> {
        // A schema is a database here, and the URL names it.
        Ok(Vec::new())
    }

    async fn faults(&mut self, tables: &[(Option<String>, String)]) -> Result<Vec<TableFault>, DatabaseError> {
        let (faults, absent) = faults::look(&mut self.wire, tables, self.identity.system).await?;
        self.absent = absent;
        Ok(faults)
    }

    fn quote(&self, identifier: &str) -> String {
        format!("`{}`", identifier.replace('`', "``"))
    }

    fn literal(&self, value: &Value) -> String {
        match value {
            Value::Null | Value::BeforeBegin(_) | Value::MillisecondsSinceBegin(_) => "NULL".to_owned(),
            Value::Bool(true) => "TRUE".to_owned(),
            Value::Bool(false) => "FALSE".to_owned(),
            Value::Int(number) => number.to_string(),
            Value::Text(text) => text_literal(text),
            Value::Now => "UTC_TIMESTAMP(6)".to_owned(),
            Value::Milliseconds(duration) => milliseconds(*duration),
            Value::Moment(moment) => text_literal(moment.trim_end_matches('Z')),
            Value::Ago(duration) => format!("UTC_TIMESTAMP(6) - INTERVAL {} MICROSECOND", duration.as_micros()),
        }
    }

    fn timestamp_text(&self, column: &str) -> String {
        format!("DATE_FORMAT({column}, '%Y-%m-%dT%H:%i:%s.%fZ')")
    }

    async fn begin(&mut self, limits: Option<&Limits>) -> Result<(), DatabaseError> {
        if let Some(limits) = limits {
            self.limit(limits).await?;
        }
        self.wire.query("START TRANSACTION").await.map(drop)
    }

    async fn look(&mut self, limits: &Limits) -> Result<(), DatabaseError> {
        self.limit(limits).await?;
        // What ends a transaction without a word, as SET autocommit does, shall not open the way for a write.
        self.wire.query("SET SESSION TRANSACTION READ ONLY").await?;
        self.wire.query("START TRANSACTION READ ONLY").await.map(drop)
    }

    async fn limit(&mut self, limits: &Limits) -> Result<(), DatabaseError> {
        let seconds = limits.lock_timeout.map_or("DEFAULT".to_owned(), |limit| whole_seconds(limit).to_string());
        let (variable, limit) = match self.identity.system {
            "mariadb" => {
                ("max_statement_time", limits.statement_timeout.map(|limit| limit.as_secs_f64().max(0.001).to_string()))
            }
            _ => ("max_execution_time", limits.statement_timeout.map(|limit| limit.as_millis().max(1).to_string())),
        };
        let limit = limit.unwrap_or_else(|| "DEFAULT".to_owned());
        let sql = format!(
            "SET SESSION lock_wait_timeout = {seconds}, innodb_lock_wait_timeout = {seconds}, {variable} = {limit}"
        );
        self.wire.query(&sql).await.map(drop)
    }

    async fn execute(&mut self, sql: &str) -> Result<Done, DatabaseError> {
        let (rows, _) = self.wire.collect(sql, Keep::Nothing).await.map_err(|error| translate(&error, sql))?;
        Ok(Done { rows, ..Done::default() })
    }

    async fn conclude(&mut self, sql: Option<&str>, records: &[String]) -> Result<Done, DatabaseError> {
        let done = match sql {
            Some(sql) => self.execute(sql).await?,
            None => Done::default(),
        };
        for record in records {
            self.wire.query(record).await.map_err(|error| error.at(Stage::Record))?;
        }
        self.wire.query(COMMIT).await.map_err(|error| error.at(Stage::Commit))?;
        Ok(done)
    }

    async fn rollback(&mut self) -> Result<(), DatabaseError> {
        self.wire.query(ROLLBACK).await.map(drop)
    }

    async fn left_by_rollback(&mut self) -> Result<bool, DatabaseError> {
        let warnings = self.wire.query("SHOW WARNINGS").await?;
        Ok(warnings.iter().any(|row| row.get(1).is_some_and(|code| code.as_deref() == Some(NOT_ROLLED_BACK))))
    }

    async fn in_transaction(&mut self) -> Result<bool, DatabaseError> {
        let standing = match self.identity.system {
            "mariadb" => transaction::ask_mariadb(&mut self.wire).await?,
            _ => transaction::ask_mysql(&mut self.wire).await?,
        };
        self.autocommit = standing.autocommit;
        Ok(standing.open)
    }

    fn autocommits(&self) -> bool {
        self.autocommit
    }

    async fn note(&mut self, sql: &str) -> Result<(), DatabaseError> {
        self.wire.query(sql).await?;
        if !self.autocommit {
            self.wire.query(COMMIT).await?;
        }
        Ok(())
    }

    fn can_wait(&self, error: &DatabaseError) -> bool {
        error.code.as_deref().is_some_and(|code| HINDRANCES.contains(&code))
    }

    async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        self.wire.query(sql).await
    }

    async fn query_table(&mut self, table: &str, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        match self.absent.iter().any(|absent| absent == table) {
            true => Err(DatabaseError::new(ErrorKind::NoTable, format!("table {table} does not exist"))),
            false => self.wire.query(sql).await,
        }
    }

    fn grant(&self, rights: &str, _schema: Option<&str>, tables: &[String]) -> Option<String> {
        let (user, host) = self.identity.user.as_deref()?.rsplit_once('@')?;
        let (user, host) = (user.replace('\'', "''"), host.replace('\'', "''"));
        let each = tables.iter().map(|table| format!("GRANT {rights} ON {table} TO '{user}'@'{host}'"));
        Some(each.collect::<Vec<_>>().join("; "))
    }

    fn regain(&self) -> Vec<String> {
        Vec::new()
    }

    fn ourselves(&self) -> Vec<String> {
        Vec::new()
    }

    async fn renew(&mut self) -> Result<(), DatabaseError> {
        let fresh = self.connector.connect().await?;
        let old = std::mem::replace(&mut self.wire, fresh);
        self.autocommit = true;
        old.close().await;
        if let Some(name) = &self.claimed {
            // It is free as soon as the server has noticed; nobody else takes it without the lock.
            keeper::try_lock(&mut self.wire, name, 5).await?;
        }
        self.unshared().await?;
        self.prepare().await
    }

    fn facts(&self, facts: &[(&str, Option<&str>)]) -> Option<String> {
        let set = |(name, value): &(&str, Option<&str>)| {
            format!("@migrascope_{name} = {}", value.map_or("NULL".to_owned(), text_literal))
        };
        let set: Vec<String> = facts.iter().map(set).collect();
        (!set.is_empty()).then(|| format!("SET {}", set.join(", ")))
    }

    async fn process(&mut self) -> Result<Option<u64>, DatabaseError> {
        Ok(self.identity.process)
    }

    async fn unshared(&mut self) -> Result<(), DatabaseError> {
        self.wire.query(keeper::STAY_IDLE).await.map(drop)
    }

    fn pooled(&mut self) -> Result<(), DatabaseError> {
        Ok(())
    }

    async fn is_locked_out(&mut self, ledger: &str) -> Result<bool, DatabaseError> {
        keeper::is_locked(&mut self.wire, &self.identity.database, ledger).await
    }

    async fn claim(&mut self, ledger: &str) -> Result<bool, DatabaseError> {
        let name = keeper::claim_name(&self.identity.database, ledger);
        let ours = keeper::try_lock(&mut self.wire, &name, 0).await?;
        self.claimed = ours.then_some(name);
        Ok(ours)
    }

    async fn claimant(&mut self, ledger: &str) -> Result<Option<Holder>, DatabaseError> {
        keeper::holder(&mut self.wire, &keeper::claim_name(&self.identity.database, ledger)).await
    }

    async fn unmanaged_tables(&mut self, ours: &[&str]) -> Result<Vec<String>, DatabaseError> {
        let ours: Vec<String> = ours.iter().map(|name| text_literal(name)).collect();
        let sql = format!(
            "SELECT CAST(TABLE_NAME AS CHAR) FROM information_schema.TABLES WHERE TABLE_SCHEMA = {home} \
             AND TABLE_SCHEMA NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema') \
             AND TABLE_TYPE NOT IN ('VIEW', 'SYSTEM VIEW', 'SEQUENCE', 'TEMPORARY') AND TABLE_NAME NOT IN ({ours}) ORDER BY 1",
            home = text_literal(self.home().unwrap_or_default()),
            ours = ours.join(", ")
        );
        Ok(first_column(self.wire.query(&sql).await?))
    }

    fn existence(&self, thing: &Thing) -> String {
        existence::existence(thing)
    }

    fn invalid_index(&self, _index: &Name) -> Option<String> {
        None
    }

    fn drop_index(&self, name: &str) -> String {
        format!("DROP INDEX {name}")
    }

    async fn ended(&mut self, process: u64) -> Result<bool, DatabaseError> {
        let activity = self.wire.activity(process).await?;
        if activity == Activity::Idle {
            // It may have ended by itself meanwhile.
            let _ = self.wire.query(&format!("KILL {process}")).await;
        }
        Ok(activity == Activity::Gone)
    }

    fn give_up(&mut self) {
        self.wire.give_up();
    }

    async fn enforce_foreign_keys(&mut self, _on: bool) -> Result<(), DatabaseError> {
        Ok(())
    }

    async fn orphans(&mut self) -> Result<Vec<Orphans>, DatabaseError> {
        Ok(Vec::new())
    }

    fn probes(&self) -> Vec<Probe> {
        health::probes(&self.identity)
    }

    async fn close(self: Box<Self>) {
        self.wire.close().await;
    }
}

/// The server takes whole seconds, at least one.
fn whole_seconds(limit: Duration) -> u64 {
    limit.as_millis().div_ceil(1000).max(1).try_into().unwrap_or(u64::MAX)
}
