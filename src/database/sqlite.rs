//! SQLite, bundled. The lock is a file of its own, so that readers and the application's own writers stay free.

mod error;
mod health;
mod keeper;
mod options;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection, Either};

use self::error::{from_connect, translate};
use self::keeper::SqliteKeeper;
use self::options::Location;
use super::row::{columns, number};
use super::{
    Abilities, Access, ConnectOptions, Connector, DatabaseError, Done, Holder, Identity, Keeper, Limits, Probe, Row,
    SecretUrl, Session, UrlError, Value, locate, milliseconds,
};
use crate::migration::Dialect;
use crate::report::Stage;
use crate::script::{Name, Thing};

/// Virtual machine steps between two looks at the interrupt flag: some ten microseconds of work.
const STEPS_BETWEEN_LOOKS: i32 = 10_000;

pub(super) struct Sqlite {
    driver: SqliteConnectOptions,
    file: Option<PathBuf>,
    create: bool,
    init: Vec<String>,
    application: String,
    interrupt: Arc<AtomicBool>,
}

impl Sqlite {
    pub(super) fn new(url: &SecretUrl, options: ConnectOptions) -> Result<Self, UrlError> {
        Ok(Self::at(options::parse(url)?, options))
    }

    /// Connects as `driver` says.
    pub(super) fn with(driver: SqliteConnectOptions, options: ConnectOptions) -> Self {
        Self::at(options::of(driver), options)
    }

    fn at(location: Location, options: ConnectOptions) -> Self {
        let Location { driver, file, create } = location;
        let ConnectOptions { application, init } = options;
        Self { driver, file, create, init, application, interrupt: Arc::default() }
    }

    async fn connect(&self, access: Access) -> Result<Wire, DatabaseError> {
        let driver = match access {
            Access::Write if self.create => self.driver.clone().create_if_missing(true),
            Access::Write => self.driver.clone(),
            Access::Check => self.driver.clone().create_if_missing(false),
            // Nothing may be created: an empty database in memory stands in for a file that does not exist.
            Access::Read if self.file.as_ref().is_some_and(|file| !file.exists()) => {
                SqliteConnectOptions::new().in_memory(true).foreign_keys(false)
            }
            Access::Read | Access::Watch => self.driver.clone().create_if_missing(false).pragma("query_only", "ON"),
        };
        let mut connection = SqliteConnection::connect_with(&driver).await.map_err(|error| from_connect(&error))?;
        let flag = Arc::clone(&self.interrupt);
        let mut handle = connection.lock_handle().await.map_err(|error| from_connect(&error))?;
        handle.set_progress_handler(STEPS_BETWEEN_LOOKS, move || !flag.swap(false, Ordering::Relaxed));
        drop(handle);
        Ok(Wire { connection })
    }
}

#[async_trait]
impl Connector for Sqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn expected(&self) -> Identity {
        let name = self.file.as_ref().and_then(|file| file.file_name()).map(|name| name.to_string_lossy().into_owned());
        Identity {
            system: "sqlite",
            version: String::new(),
            database: name.unwrap_or_else(|| ":memory:".to_owned()),
            schema: None,
            user: None,
            address: None,
            port: None,
            process: None,
            read_only: None,
        }
    }

    async fn session(&self, access: Access) -> Result<Box<dyn Session>, DatabaseError> {
        let mut session = SqliteSession {
            wire: self.connect(access).await?,
            identity: self.expected(),
            busy_timeout: options::BUSY_TIMEOUT,
            connector: Self {
                driver: self.driver.clone(),
                file: self.file.clone(),
                create: false,
                init: self.init.clone(),
                application: self.application.clone(),
                interrupt: Arc::clone(&self.interrupt),
            },
        };
        session.prepare().await?;
        Ok(Box::new(session))
    }

    async fn keeper(&self, _ledger: &str) -> Result<Box<dyn Keeper>, DatabaseError> {
        Ok(Box::new(SqliteKeeper::new(self.file.as_deref(), &self.application, Arc::clone(&self.interrupt))))
    }
}

/// The only place that sends SQL to SQLite.
struct Wire {
    connection: SqliteConnection,
}

impl Wire {
    /// Runs statements and counts those that `finished`; rows of a migration are counted and dropped, because it may
    /// select millions.
    async fn collect(&mut self, sql: &str, keep: Keep, finished: &mut usize) -> Result<(u64, Vec<Row>), sqlx::Error> {
        let (mut affected, mut returned, mut rows) = (0, 0, Vec::new());
        let mut stream = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_many(&mut self.connection);
        while let Some(part) = stream.try_next().await? {
            match part {
                Either::Left(done) => {
                    affected += done.rows_affected();
                    *finished += 1;
                }
                Either::Right(row) => {
                    returned += 1;
                    if keep == Keep::Rows {
                        rows.push(columns(&row));
                    }
                }
            }
        }
        drop(stream);
        // SQLite's count of changes is that of the last INSERT, UPDATE or DELETE, whatever ran since.
        let rows_changed = if changes_rows(sql) { affected } else { 0 };
        Ok((rows_changed.max(returned), rows))
    }

    async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        self.collect(sql, Keep::Rows, &mut 0).await.map(|(_, rows)| rows).map_err(|error| translate(&error, sql))
    }

    /// Where a statement stops making sense: the first place that the message can mean at which a prefix of the statement,
    /// only explained and never run, fails in the same way. A longer prefix then fails so too, so it is found by halving.
    async fn place(&mut self, error: &DatabaseError, sql: &str) -> Option<usize> {
        let near = locate::between(&error.message, "near \"", "\": syntax error")
            .or_else(|| locate::between(&error.message, "unrecognized token: \"", "\""))?;
        let candidates: Vec<usize> = locate::whole_words(sql, near).collect();
        let (mut low, mut high) = (0, candidates.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let prefix = &sql[..candidates[middle] + near.len()];
            match self.collect(&format!("EXPLAIN {prefix}"), Keep::Nothing, &mut 0).await {
                Err(found) if translate(&found, prefix).message == error.message => high = middle,
                _ => low = middle + 1,
            }
        }
        candidates.get(low).copied()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Rows,
    Nothing,
}

fn changes_rows(sql: &str) -> bool {
    let keyword: String = sql.chars().take_while(char::is_ascii_alphabetic).collect();
    ["insert", "update", "delete", "replace", "with"].iter().any(|verb| keyword.eq_ignore_ascii_case(verb))
}

struct SqliteSession {
    wire: Wire,
    identity: Identity,
    connector: Sqlite,
    /// What the connection waits for another's lock.
    busy_timeout: Duration,
}

impl SqliteSession {
    async fn prepare(&mut self) -> Result<(), DatabaseError> {
        let mut row = self.wire.query("SELECT sqlite_version()").await?.pop().unwrap_or_default().into_iter();
        self.identity.version = row.next().flatten().unwrap_or_default();
        for sql in self.connector.init.clone() {
            self.wire.query(&sql).await?;
        }
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
            transactional_ddl: true,
            pipelined_commit: false,
            product: "SQLite",
            timestamp: "TEXT",
            partial_index: true,
            table_suffix: "",
            own_session: true,
        }
    }

    fn home(&self) -> Option<&str> {
        None
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
            Value::Text(text) => format!("'{}'", text.replace('\0', "").replace('\'', "''")),
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
        let result = self.wire.collect(sql, Keep::Nothing, &mut 0).await;
        // A cancellation that came too late must not hit what runs next.
        self.connector.interrupt.store(false, Ordering::Relaxed);
        match result {
            Ok((rows, _)) => Ok(Done { rows, elapsed: None }),
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

    async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        self.wire.query(sql).await
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

    fn pooled(&mut self) -> Result<(), DatabaseError> {
        Ok(())
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

    async fn foreign_tables(&mut self, ours: &[&str]) -> Result<u64, DatabaseError> {
        let ours: Vec<String> = ours.iter().map(|name| self.literal(&Value::Text((*name).to_owned()))).collect();
        let sql = format!(
            "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT IN ({})",
            ours.join(", ")
        );
        let rows = self.wire.query(&sql).await?;
        Ok(number(&rows))
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

    fn living(&self, _process: u64) -> Option<String> {
        None
    }

    fn probes(&self) -> Vec<Probe> {
        health::probes()
    }

    async fn close(self: Box<Self>) {
        // Nothing is open any more: a failing goodbye changes nothing.
        let _ = tokio::time::timeout(Duration::from_secs(1), self.wire.connection.close()).await;
    }
}
