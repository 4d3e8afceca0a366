//! The engine against a session that only writes down what it hears: the order of verbs is the promise.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use migrascope::database::{
    Abilities, Access, Connector, DatabaseError, Done, ErrorKind, Holder, Identity, Keeper, Limits, Probe, Row,
    Session, Value,
};
use migrascope::event::{Command, Observers, RunContext};
use migrascope::migration::Dialect;
use migrascope::report::{Remains, Stage};
use migrascope::run::Stop;
use migrascope::{Error, Migrator, Options, Report, RunError, layout};

use crate::support::block_on;

/// What was heard, in order, and what to answer.
#[derive(Default)]
struct Paper {
    heard: Vec<String>,
    /// Statements that fail, and how.
    fails: Vec<(&'static str, ErrorKind)>,
    transactional: bool,
    pipelined: bool,
    locked_by_another: bool,
}

#[derive(Clone)]
struct Fake(Arc<Mutex<Paper>>);

impl Fake {
    fn hear(&self, what: impl Into<String>) {
        self.0.lock().unwrap().heard.push(what.into());
    }

    /// Writes it down and fails where it shall.
    fn answer(&self, what: &str) -> Result<(), DatabaseError> {
        self.hear(what);
        let paper = self.0.lock().unwrap();
        let failing = paper.fails.iter().find(|(part, _)| what.contains(part));
        failing.map_or(Ok(()), |(part, kind)| Err(DatabaseError::new(*kind, format!("no {part}"))))
    }
}

/// The first words of SQL of ours, enough to know it.
fn brief(sql: &str) -> String {
    let words: Vec<&str> = sql.split_whitespace().take(3).collect();
    words.join(" ").replace("INSERT INTO ", "insert ").replace("UPDATE ", "update ")
}

struct FakeSession(Fake, Identity);

#[async_trait]
impl Session for FakeSession {
    fn identity(&self) -> &Identity {
        &self.1
    }

    fn abilities(&self) -> Abilities {
        let paper = self.0.0.lock().unwrap();
        Abilities {
            transactional_ddl: paper.transactional,
            pipelined_commit: paper.pipelined,
            product: "Paper",
            timestamp: "TIMESTAMP",
            partial_index: false,
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

    async fn begin(&mut self, _: &Limits) -> Result<(), DatabaseError> {
        self.0.answer("begin")
    }

    async fn look(&mut self, _: &Limits) -> Result<(), DatabaseError> {
        self.0.answer("look")
    }

    async fn limit(&mut self, limits: &Limits) -> Result<(), DatabaseError> {
        self.0.answer(&format!("limit {:?}", limits.lock_timeout))
    }

    async fn execute(&mut self, sql: &str) -> Result<Done, DatabaseError> {
        self.0.answer(sql).map(|()| Done::default())
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

    async fn rollback(&mut self) -> Result<(), DatabaseError> {
        self.0.answer("rollback")
    }

    async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        self.0.answer(&brief(sql)).map(|()| Vec::new())
    }

    fn regain(&self) -> Vec<String> {
        vec!["regain".to_owned()]
    }

    fn as_ourselves(&self, sql: &str) -> String {
        sql.to_owned()
    }

    async fn renew(&mut self) -> Result<(), DatabaseError> {
        self.0.answer("renew")
    }

    async fn foreign_tables(&mut self, _: &[&str]) -> Result<u64, DatabaseError> {
        Ok(0)
    }

    fn probes(&self) -> Vec<Probe> {
        Vec::new()
    }

    async fn close(self: Box<Self>) {
        self.0.hear("close");
    }
}

struct FakeKeeper(Fake);

#[async_trait]
impl Keeper for FakeKeeper {
    async fn try_lock(&mut self) -> Result<bool, DatabaseError> {
        self.0.answer("lock")?;
        Ok(!self.0.0.lock().unwrap().locked_by_another)
    }

    async fn holder(&mut self) -> Result<Option<Holder>, DatabaseError> {
        Ok(None)
    }

    async fn alive(&mut self) -> Result<(), DatabaseError> {
        Ok(())
    }

    async fn cancel(&mut self, _: Option<u64>) -> Result<(), DatabaseError> {
        self.0.answer("cancel")
    }

    async fn unlock(self: Box<Self>) -> Result<(), DatabaseError> {
        self.0.answer("unlock")
    }
}

#[async_trait]
impl Connector for Fake {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn expected(&self) -> Identity {
        Identity {
            system: "postgresql",
            version: String::new(),
            database: "paper".into(),
            schema: None,
            user: None,
            address: None,
            port: None,
            process: None,
            read_only: None,
        }
    }

    async fn session(&self, _: Access) -> Result<Box<dyn Session>, DatabaseError> {
        self.answer("connect")?;
        Ok(Box::new(FakeSession(self.clone(), self.expected())))
    }

    async fn keeper(&self, _: &str) -> Result<Box<dyn Keeper>, DatabaseError> {
        Ok(Box::new(FakeKeeper(self.clone())))
    }
}

/// Runs these scripts on paper and returns what was heard between the tables' creation and the end, in one line.
fn play(paper: Paper, scripts: &[&str]) -> (String, Result<Report, RunError>) {
    let folder = tempfile::TempDir::new().unwrap();
    for (index, script) in scripts.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{}_m.sql", index + 1)), script).unwrap();
    }
    let fake = Fake(Arc::new(Mutex::new(paper)));
    let set = layout::read(folder.path(), Dialect::Postgres).unwrap();
    let options = Options { wait: migrascope::run::Wait::No, ..Options::default() };
    let migrator = Migrator::new(Box::new(fake.clone()), set, options);
    let result = block_on(migrator.run(&RunContext::new(Command::Up), &mut Observers::default(), &Stop::default()));
    let heard = std::mem::take(&mut fake.0.lock().unwrap().heard);
    let kept: Vec<String> = heard.into_iter().filter(|what| !what.starts_with("CREATE TABLE IF")).collect();
    (kept.join(" · "), result)
}

fn transactional() -> Paper {
    Paper { transactional: true, ..Paper::default() }
}

/// Connecting, looking and locking: the same in front of every plan.
const FRONT: &str = "connect · SELECT version, name, · SELECT id, run_id, · lock · update _migrascope_journal SET · \
     SELECT version, name, · SELECT id, run_id, · insert _migrascope_journal";
const BACK: &str = "update _migrascope_journal SET · unlock · close";

#[track_caller]
fn check(heard: &str, middle: &str) {
    assert_eq!(heard, format!("{FRONT} · {middle} · {BACK}"));
}

#[test]
fn an_atomic_step_is_begin_statements_records_commit() {
    let (heard, result) = play(transactional(), &["ONE; TWO"]);
    result.unwrap();
    check(&heard, "begin · ONE · TWO · insert _migrascope_migrations · insert _migrascope_journal · commit");
}

#[test]
fn where_the_protocol_allows_it_the_last_statement_takes_records_and_commit_along() {
    let (heard, result) = play(Paper { pipelined: true, ..transactional() }, &["ONE; TWO", ""]);
    result.unwrap();
    check(
        &heard,
        "begin · ONE · TWO · insert _migrascope_migrations · insert _migrascope_journal · commit · \
         begin · insert _migrascope_migrations · insert _migrascope_journal · commit",
    );
}

#[test]
fn a_failing_statement_is_rolled_back_then_journaled_and_nothing_follows() {
    let (heard, result) =
        play(Paper { fails: vec![("TWO", ErrorKind::Syntax)], ..transactional() }, &["ONE; TWO", "THREE"]);
    check(&heard, "begin · ONE · TWO · rollback · insert _migrascope_journal");
    let error = result.unwrap_err();
    let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
    assert_eq!((failure.statement, failure.remains), (2, Remains::Nothing));
    assert_eq!(error.report.pending, 2);
}

#[test]
fn a_failing_rollback_does_not_hide_the_error() {
    let paper = Paper { fails: vec![("TWO", ErrorKind::Syntax), ("rollback", ErrorKind::Lost)], ..transactional() };
    let (_, result) = play(paper, &["ONE; TWO"]);
    assert_eq!(result.unwrap_err().to_string(), "migration 1 (m) failed and was rolled back");
}

#[test]
fn a_failing_unlock_does_not_hide_the_result() {
    let (heard, result) = play(Paper { fails: vec![("unlock", ErrorKind::Lost)], ..transactional() }, &["ONE"]);
    assert!(heard.ends_with("unlock · close"), "{heard}");
    assert_eq!(result.unwrap().steps.len(), 1);
}

#[test]
fn without_transactional_ddl_every_statement_is_journaled() {
    let (heard, result) = play(Paper::default(), &["ONE; TWO"]);
    result.unwrap();
    check(
        &heard,
        "limit Some(5s) · insert _migrascope_journal · ONE · update _migrascope_journal SET · TWO · \
         update _migrascope_journal SET · begin · insert _migrascope_migrations · update _migrascope_journal SET · commit",
    );
}

#[test]
fn a_half_way_failure_is_journaled_where_it_happened() {
    let (heard, result) =
        play(Paper { fails: vec![("TWO", ErrorKind::Syntax)], ..Paper::default() }, &["ONE; TWO; THREE"]);
    check(
        &heard,
        "limit Some(5s) · insert _migrascope_journal · ONE · update _migrascope_journal SET · TWO · \
         update _migrascope_journal SET",
    );
    let error = result.unwrap_err();
    let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
    assert_eq!(failure.remains, Remains::HalfWay { done: 1, next_unknown: false });
}

#[test]
fn a_connection_that_breaks_at_the_commit_is_not_called_rolled_back() {
    let (heard, result) = play(Paper { fails: vec![("commit", ErrorKind::Lost)], ..transactional() }, &["ONE"]);
    let error = result.unwrap_err();
    let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
    assert_eq!((failure.remains, failure.stage), (Remains::Unknown, Stage::Commit));
    assert!(
        heard.contains("rollback · connect · insert _migrascope_journal"),
        "journaled on a new connection: {heard}"
    );
}

#[test]
fn a_statement_that_went_out_with_a_broken_commit_is_not_told_as_done() {
    let paper = Paper { fails: vec![("commit", ErrorKind::Lost)], pipelined: true, ..transactional() };
    let error = play(paper, &["ONE; TWO"]).1.unwrap_err();
    let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
    assert_eq!((failure.remains, failure.statement), (Remains::Unknown, 2));
    assert_eq!(error.report.steps[0].statements.len(), 1);
}

#[test]
fn a_statement_whose_connection_broke_may_have_taken_effect() {
    let (_, result) = play(Paper { fails: vec![("ONE", ErrorKind::Lost)], ..Paper::default() }, &["ONE; TWO"]);
    let error = result.unwrap_err();
    let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
    assert_eq!(failure.remains, Remains::HalfWay { done: 0, next_unknown: true });
}

#[test]
fn a_concurrent_index_build_waits_as_long_as_it_must_and_leaves_doubt_when_it_fails() {
    let script = "CREATE INDEX CONCURRENTLY i ON t (a)";
    let (heard, result) = play(Paper { fails: vec![("CONCURRENTLY", ErrorKind::Other)], ..transactional() }, &[script]);
    assert!(heard.contains("limit None"), "{heard}");
    let error = result.unwrap_err();
    let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
    assert_eq!(failure.remains, Remains::HalfWay { done: 0, next_unknown: true });

    let (_, result) = play(Paper { fails: vec![("CONCURRENTLY", ErrorKind::Syntax)], ..transactional() }, &[script]);
    let error = result.unwrap_err();
    let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
    assert_eq!(failure.remains, Remains::Nothing, "a syntax error builds nothing");
}

#[test]
fn a_script_that_changes_the_session_is_cleaned_up_after() {
    let (heard, result) = play(transactional(), &["SET search_path = other", "TWO"]);
    result.unwrap();
    check(
        &heard,
        "begin · SET search_path = other · regain · insert _migrascope_migrations · insert _migrascope_journal · commit · \
         renew · begin · TWO · insert _migrascope_migrations · insert _migrascope_journal · commit",
    );
}

#[test]
fn without_the_lock_nothing_is_touched_but_the_journal() {
    let (heard, result) = play(Paper { locked_by_another: true, ..transactional() }, &["ONE"]);
    assert!(matches!(result.unwrap_err().cause, Error::Lock { .. }));
    assert_eq!(
        heard,
        "connect · SELECT version, name, · SELECT id, run_id, · lock · insert _migrascope_journal · close"
    );
}

#[test]
fn an_unreadable_history_takes_no_lock_and_changes_nothing() {
    let (heard, result) =
        play(Paper { fails: vec![("SELECT id, run_id,", ErrorKind::Permission)], ..transactional() }, &["ONE"]);
    assert_eq!(result.unwrap_err().to_string(), "cannot read the history of migrations");
    assert_eq!(heard, "connect · SELECT version, name, · SELECT id, run_id, · insert _migrascope_journal · close");
}
