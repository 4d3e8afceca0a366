//! A session that only records calls, and returns what the test specifies.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use migrascope::database::{
    Access, Activity, AdvisoryLocks, Capabilities, ColumnType, ConnectMonitor, Connector, DatabaseError, Done,
    ErrorKind, Execute, Holder, Limits, LockConnection, MonitorConnection, Query, Reach, RolledBack, Row, ServerInfo,
    Session, Sharing, Sql, Transaction, TransactionState, Urgency, Value,
};
use migrascope::event::{Observers, RunContext};
use migrascope::migration::Dialect;
use migrascope::plan::TableFault;
use migrascope::report::Stage;
use migrascope::run::Hooks;
use migrascope::script::SchemaObject;
use migrascope::{Migrator, Options, Report, RunError, layout};

use crate::support::block_on;

/// The recorded calls, in order, and the answers.
#[derive(Default)]
pub(super) struct Paper {
    pub(super) heard: Vec<String>,
    /// Statements that fail, and how.
    pub(super) fails: Vec<(&'static str, ErrorKind)>,
    /// Statements that fail the first time, and how.
    pub(super) fails_once: Vec<(&'static str, ErrorKind)>,
    /// What the journal shows about an attempt whose connection was lost.
    pub(super) attempt: Option<Row>,
    pub(super) transactional: bool,
    pub(super) pipelined: bool,
    pub(super) locked_by_another: bool,
    /// Whether every session gets the lock, as on a server whose lock has no effect.
    pub(super) locks_no_one_out: bool,
}

#[derive(Clone)]
struct Fake(Arc<Mutex<Paper>>);

impl Fake {
    fn hear(&self, what: impl Into<String>) {
        self.0.lock().unwrap().heard.push(what.into());
    }

    fn fake_sql(&self) -> FakeSql {
        let identity = self.expected();
        let paper = self.0.lock().unwrap();
        let (transactional, pipelined) = (paper.transactional, paper.pipelined);
        FakeSql { identity, transactional, pipelined, locks_no_one_out: paper.locks_no_one_out }
    }

    /// Records a call, and fails if the test specifies that.
    fn answer(&self, what: &str) -> Result<(), DatabaseError> {
        self.hear(what);
        let mut paper = self.0.lock().unwrap();
        let once = paper.fails_once.iter().position(|(part, _)| what.contains(part));
        let once = once.map(|index| paper.fails_once.remove(index));
        let failing = once.or_else(|| paper.fails.iter().copied().find(|(part, _)| what.contains(part)));
        failing.map_or(Ok(()), |(part, kind)| Err(DatabaseError::new(kind, format!("no {part}"))))
    }
}

/// The journal's form row.
fn form() -> Row {
    let mut row = vec![None; 13];
    (row[0], row[7]) = (Some("form".to_owned()), Some("2".to_owned()));
    row
}

/// The first words of one of the runner's statements, enough to recognise it.
fn brief(sql: &str) -> String {
    let words: Vec<&str> = sql.split_whitespace().take(3).collect();
    words.join(" ").replace("INSERT INTO ", "insert ").replace("UPDATE ", "update ")
}

/// Whether the recorded calls leave a transaction open.
fn in_transaction(heard: &[String]) -> bool {
    let begins = |what: &str| matches!(what, "begin" | "BEGIN" | "START TRANSACTION") || what.ends_with("AND CHAIN");
    let ends = |what: &str| matches!(what, "commit" | "rollback" | "COMMIT" | "ROLLBACK");
    heard.iter().rev().find(|what| begins(what) || ends(what)).is_some_and(|what| begins(what))
}

#[derive(Debug)]
struct FakeSql {
    identity: ServerInfo,
    transactional: bool,
    pipelined: bool,
    locks_no_one_out: bool,
}

impl Sql for FakeSql {
    fn server_info(&self) -> &ServerInfo {
        &self.identity
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            dialect: Dialect::Postgres,
            transactional_ddl: self.transactional,
            pipelined_commit: self.pipelined,
            product: "Paper",
            session_locks: false,
            largest_statement: None,
            backslash_escapes: false,
            backslash_escapes_by_default: false,
            partial_index: false,
            foreign_keys: None,
            statement_timeout: true,
            own_session: true,
            advisory_locks: AdvisoryLocks::None,
            whole_file_lock: false,
            table_suffix: "",
        }
    }

    fn home(&self) -> Option<&str> {
        None
    }

    fn quote(&self, identifier: &str) -> String {
        identifier.to_owned()
    }

    fn literal(&self, value: &Value) -> String {
        format!("{value:?}")
    }

    fn timestamp_text(&self, column: &str) -> String {
        column.to_owned()
    }

    fn zoned_timestamp_text(&self, column: &str) -> String {
        column.to_owned()
    }

    fn columns(&self, _schema: Option<&str>, table: &str) -> String {
        format!("columns of {table}")
    }

    fn hexadecimal(&self, column: &str) -> String {
        column.to_owned()
    }

    fn column_type(&self, _: ColumnType) -> &'static str {
        "ANY"
    }

    fn existence(&self, _: &SchemaObject) -> String {
        "SELECT whether there".to_owned()
    }

    fn restore_authorization(&self) -> Vec<String> {
        vec!["restore authorization".to_owned()]
    }

    fn hook_variables(&self, variables: &[(&str, Option<&str>)]) -> Option<String> {
        let version = variables.iter().find(|(name, _)| *name == "version").and_then(|(_, value)| *value);
        Some(version.map_or("unset".to_owned(), |version| format!("set {version}")))
    }

    fn lock_probe(&self, _: &str) -> Option<String> {
        self.locks_no_one_out.then(|| "SELECT lock probe".to_owned())
    }

    fn unmanaged_tables(&self, _: &[&str], _: Reach) -> String {
        "SELECT unmanaged tables".to_owned()
    }
}

struct FakeSession(Fake, FakeSql);

#[async_trait]
impl Session for FakeSession {
    fn sql(&self) -> &dyn Sql {
        &self.1
    }

    async fn begin(&mut self, _: Transaction<'_>) -> Result<(), DatabaseError> {
        self.0.answer("begin")
    }

    async fn limit(&mut self, limits: &Limits) -> Result<(), DatabaseError> {
        self.0.answer(&format!("limit {:?}", limits.lock_timeout))
    }

    async fn execute(&mut self, statement: Execute<'_>) -> Result<Done, DatabaseError> {
        self.0.answer(statement.sql()).map(|()| Done::default())
    }

    async fn conclude(&mut self, sql: Option<&str>, records: &[String]) -> Result<Done, DatabaseError> {
        if let Some(sql) = sql {
            self.0.answer(sql)?;
        }
        for record in records {
            self.0.answer(&brief(record)).map_err(|error| error.at(Stage::Record))?;
        }
        self.0.answer("commit").map(|()| Done::default()).map_err(|error| error.at(Stage::Commit))
    }

    async fn rollback(&mut self) -> Result<RolledBack, DatabaseError> {
        self.0.answer("rollback").map(|()| RolledBack::Entirely)
    }

    async fn transaction(&mut self) -> Result<TransactionState, DatabaseError> {
        self.0.answer("in transaction?")?;
        Ok(TransactionState { open: in_transaction(&self.0.0.lock().unwrap().heard), autocommit: true })
    }

    async fn query(&mut self, query: Query<'_>) -> Result<Vec<Row>, DatabaseError> {
        let sql = query.sql();
        self.0.answer(&brief(sql))?;
        let attempt = self.0.0.lock().unwrap().attempt.clone();
        let asked = |row: Row, start: &str| Some(row).filter(|_| sql.starts_with(start));
        let attempt = attempt.and_then(|row| asked(row, "SELECT outcome, statements_done"));
        let granted = asked(vec![Some("granted".to_owned())], "SELECT lock probe");
        Ok(attempt.or(granted).or_else(|| asked(form(), "SELECT id, run_id")).into_iter().collect())
    }

    async fn note(&mut self, notes: &[String], _: Urgency) -> Result<(), DatabaseError> {
        self.0.answer(&brief(&notes.join(";")))
    }

    async fn reset(&mut self) -> Result<(), DatabaseError> {
        self.0.answer("reset")
    }

    async fn share(&mut self, _: Sharing) -> Result<(), DatabaseError> {
        Ok(())
    }

    async fn claim(&mut self, _: &str) -> Result<bool, DatabaseError> {
        Ok(true)
    }

    async fn faults(&mut self, _: &[(Option<String>, String)]) -> Result<Vec<TableFault>, DatabaseError> {
        Ok(Vec::new())
    }

    async fn close(self: Box<Self>) {
        self.0.hear("close");
    }
}

struct FakeLock(Fake);

#[async_trait]
impl LockConnection for FakeLock {
    async fn process(&mut self) -> Result<Option<u64>, DatabaseError> {
        Ok(None)
    }

    async fn share(&mut self, _: Sharing) -> Result<(), DatabaseError> {
        Ok(())
    }

    async fn try_lock(&mut self) -> Result<bool, DatabaseError> {
        self.0.answer("lock")?;
        Ok(!self.0.0.lock().unwrap().locked_by_another)
    }

    async fn holder(&mut self) -> Result<Option<Holder>, DatabaseError> {
        Ok(None)
    }

    async fn worker(&mut self) -> Result<Option<Holder>, DatabaseError> {
        Ok(None)
    }

    async fn alive(&mut self) -> Result<(), DatabaseError> {
        Ok(())
    }

    fn monitor(&mut self) -> &mut dyn MonitorConnection {
        self
    }

    async fn unlock(self: Box<Self>) -> Result<(), DatabaseError> {
        self.0.answer("unlock")
    }
}

#[async_trait]
impl MonitorConnection for FakeLock {
    async fn activity(&mut self, _: Option<u64>) -> Result<Activity, DatabaseError> {
        Ok(Activity::Unknown)
    }

    async fn blocker(&mut self, _: Option<u64>) -> Result<Option<Holder>, DatabaseError> {
        Ok(None)
    }

    async fn cancel(&mut self, _: Option<u64>) -> Result<(), DatabaseError> {
        self.0.answer("cancel")
    }
}

#[async_trait]
impl Connector for Fake {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn expected(&self) -> ServerInfo {
        ServerInfo {
            system: "postgresql",
            version: String::new(),
            database: "paper".into(),
            schema: None,
            user: None,
            address: None,
            port: None,
            file: None,
            process: None,
            read_only: None,
        }
    }

    fn sql(&self) -> Box<dyn Sql> {
        Box::new(self.fake_sql())
    }

    async fn session(&self, _: Access, _: Option<&str>) -> Result<Box<dyn Session>, DatabaseError> {
        self.answer("connect")?;
        Ok(Box::new(FakeSession(self.clone(), self.fake_sql())))
    }

    async fn lock(&self, _: &str) -> Result<Box<dyn LockConnection>, DatabaseError> {
        Ok(Box::new(FakeLock(self.clone())))
    }

    fn monitors(&self) -> ConnectMonitor {
        let fake = self.clone();
        Box::new(move || {
            let monitor = FakeLock(fake.clone());
            Box::pin(async move { Ok(Box::new(monitor) as Box<dyn MonitorConnection>) })
        })
    }
}

/// Runs these scripts and returns the calls between the creation of the tables and the end, in one line.
pub(super) fn play(paper: Paper, scripts: &[&str]) -> (String, Result<Report, RunError>) {
    play_with(paper, scripts, &[], Hooks::default())
}

/// The same with hooks: files in their directory, and commands.
pub(super) fn play_with(
    paper: Paper,
    scripts: &[&str],
    each: &[(&str, &str)],
    hooks: Hooks,
) -> (String, Result<Report, RunError>) {
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("hooks")).unwrap();
    for (name, text) in each {
        std::fs::write(folder.path().join("hooks").join(name), text).unwrap();
    }
    for (index, script) in scripts.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{}_m.sql", index + 1)), script).unwrap();
    }
    let fake = Fake(Arc::new(Mutex::new(paper)));
    let set = layout::Reader::directory(folder.path(), Dialect::Postgres).migrations().unwrap();
    let each = layout::Reader::directory(folder.path(), Dialect::Postgres).hooks().unwrap();
    let hooks = Hooks { each, ..hooks };
    let options = Options { wait: migrascope::run::LockWait::No, hooks, ..Options::default() };
    let migrator = Migrator::new(Box::new(fake.clone()), set, options);
    // Not one of the runs that check whether there are rows to fold.
    let context = RunContext { run_id: "run 1".to_owned(), ..RunContext::new() };
    let result = block_on(migrator.up().context(context).observe(&mut Observers::default()));
    let heard = std::mem::take(&mut fake.0.lock().unwrap().heard);
    let preparing =
        ["CREATE TABLE IF", "SELECT whether there", "SELECT unmanaged tables", "SELECT lock probe", "SELECT id FROM"];
    let kept: Vec<String> =
        heard.into_iter().filter(|what| !preparing.iter().any(|start| what.starts_with(start))).collect();
    (kept.join(" · "), result)
}
