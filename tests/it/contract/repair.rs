//! Half-way migrations resume, and the history is corrected: explicitly, and with a row in the journal.

use migrascope::migration::Version;
use migrascope::plan::{Change, Doubt, Objection};
use migrascope::report::{Outcome, PartialEffect};
use migrascope::{Error, RunError};

use crate::support::{Backend, TestDatabase, on, on_each};

const FIRST: (&str, &str) = ("1_t.sql", "CREATE TABLE t (i INTEGER)");
/// Half-way on every database, because its second statement fails.
const BROKEN: &str =
    "-- migrascope: no-transaction\nINSERT INTO t VALUES (1);\nINSERT INTO u VALUES (2);\nINSERT INTO t VALUES (3)";

fn version(text: &str) -> Version {
    Version::from_digits(text).unwrap()
}

fn resume(text: &str) -> Change {
    Change::Resume { key: version(text).into(), doubt: None }
}

fn refusal(error: &RunError) -> &[Objection] {
    let Error::Refused(objections) = &error.cause else { panic!("{error:?}") };
    objections
}

/// The change, its version, and the reason, of each repair.
fn repairs(database: &TestDatabase) -> Vec<Vec<Option<String>>> {
    database.query("SELECT outcome, version, reason FROM _migrascope_journal WHERE kind = 'repair' ORDER BY id")
}

fn repaired(change: &str, version: &str) -> Vec<Option<String>> {
    [change, version, "a test"].map(|word| Some(word.to_owned())).to_vec()
}

fn half_way(database: &TestDatabase) -> String {
    let yes = if database.backend == Backend::Postgres { "half_way" } else { "half_way = 1" };
    database.value(&format!("SELECT count(*) FROM _migrascope_journal WHERE {yes}"))
}

fn rows(database: &TestDatabase) -> String {
    let rows = database.query("SELECT i FROM t ORDER BY i");
    rows.into_iter().map(|row| row[0].clone().unwrap()).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_failed_half_way_goes_on_at_the_failed_statement() {
    on_each(|database| {
        let directory = database.migrations(&[FIRST, ("2_more.sql", BROKEN)]);
        let error = database.up(&directory).unwrap_err();
        let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
        assert_eq!(failure.remains, PartialEffect::HalfWay { done: 1, next_unknown: false });
        database.query("CREATE TABLE u (i INTEGER)");

        let (result, events) = database.repair(&directory, resume("2"));
        let report = result.unwrap();
        assert_eq!((report.outcome, report.applied, report.pending), (Outcome::Success, 2, 0));
        assert!(!events.iter().any(|event| event == "statement started 0"), "{events:?}");
        assert_eq!((rows(database), database.value("SELECT i FROM u")), ("1 3".to_owned(), "2".to_owned()));
        assert_eq!(database.applied(), ["1", "2"]);
        assert_eq!((half_way(database), repairs(database)), ("0".to_owned(), vec![repaired("resume", "2")]));
        assert!(database.up(&directory).unwrap().steps.is_empty());
    });
}

#[test]
fn a_resumption_that_fails_can_be_resumed() {
    on_each(|database| {
        let directory = database.migrations(&[FIRST, ("2_more.sql", BROKEN)]);
        database.up(&directory).unwrap_err();
        let error = database.repair(&directory, resume("2")).0.unwrap_err();
        let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
        assert_eq!(failure.remains, PartialEffect::HalfWay { done: 1, next_unknown: false });
        assert_eq!(half_way(database), "1", "the new attempt takes the place of the old one");
        database.query("CREATE TABLE u (i INTEGER)");
        database.repair(&directory, resume("2")).0.unwrap();
        assert_eq!((rows(database), half_way(database)), ("1 3".to_owned(), "0".to_owned()));
    });
}

#[test]
fn the_file_may_change_behind_what_took_effect_and_not_before() {
    on_each(|database| {
        let directory = database.migrations(&[FIRST, ("2_more.sql", BROKEN)]);
        database.up(&directory).unwrap_err();
        let file = directory.join("2_more.sql");
        std::fs::write(&file, BROKEN.replace("VALUES (1)", "VALUES (100)")).unwrap();
        let error = database.repair(&directory, resume("2")).0.unwrap_err();
        assert!(matches!(refusal(&error), [Objection::Rewritten { done: 1, .. }]), "{error:?}");
        assert_eq!((half_way(database), repairs(database).len()), ("1".to_owned(), 0));

        std::fs::write(&file, BROKEN.replace("INTO u", "INTO t").replace('\n', "\r\n")).unwrap();
        database.repair(&directory, resume("2")).0.unwrap();
        assert_eq!(rows(database), "1 2 3");
    });
}

#[test]
fn history_can_be_marked_and_nothing_is_run() {
    on_each(|database| {
        let directory = database.migrations(&[FIRST, ("2_more.sql", BROKEN)]);
        database.up(&directory).unwrap_err();
        let (result, events) = database.repair(&directory, Change::MarkApplied(version("2").into()));
        assert_eq!(result.unwrap().applied, 2);
        assert!(!events.iter().any(|event| event.starts_with("statement")), "{events:?}");
        assert_eq!((database.applied(), half_way(database)), (vec!["1".to_owned(), "2".to_owned()], "0".to_owned()));

        database.repair(&directory, Change::MarkReverted(version("2").into())).0.unwrap();
        assert_eq!(database.applied(), ["1"]);
        assert_eq!(repairs(database), [repaired("mark-applied", "2"), repaired("mark-reverted", "2")]);
        assert_eq!(rows(database), "1", "what was done is as it was");
        let error = database.repair(&directory, Change::MarkReverted(version("2").into())).0.unwrap_err();
        assert!(matches!(refusal(&error), [Objection::NotApplied { .. }]));
        let error = database.repair(&directory, Change::MarkApplied(version("1").into())).0.unwrap_err();
        assert!(matches!(refusal(&error), [Objection::Applied { .. }]));
        let error = database.repair(&directory, resume("2")).0.unwrap_err();
        assert!(matches!(refusal(&error), [Objection::NothingToResume { .. }]));
    });
}

#[test]
fn a_half_way_migration_that_is_undone_by_hand_is_pending_again() {
    on_each(|database| {
        let directory = database.migrations(&[FIRST, ("2_more.sql", BROKEN)]);
        database.up(&directory).unwrap_err();
        database.query("DELETE FROM t");
        database.repair(&directory, Change::MarkReverted(version("2").into())).0.unwrap();
        database.query("CREATE TABLE u (i INTEGER)");
        database.up(&directory).unwrap();
        assert_eq!(rows(database), "1 3");
    });
}

#[test]
fn a_changed_file_can_be_accepted() {
    on_each(|database| {
        let directory = database.migrations(&[FIRST]);
        database.up(&directory).unwrap();
        let change = || Change::AcceptChanges(version("1").into());
        let error = database.repair(&directory, change()).0.unwrap_err();
        assert!(matches!(refusal(&error), [Objection::Unchanged { .. }]));
        std::fs::write(directory.join("1_t.sql"), "CREATE TABLE t (i BIGINT)").unwrap();
        database.up(&directory).unwrap_err();
        database.repair(&directory, change()).0.unwrap();
        assert!(database.up(&directory).unwrap().steps.is_empty());
        assert_eq!(repairs(database), [repaired("accept-changes", "1")]);
    });
}

#[test]
fn a_baseline_is_the_beginning_of_a_history() {
    on_each(|database| {
        database.query("CREATE TABLE t (i INTEGER)");
        let directory = database.migrations(&[
            FIRST,
            ("2_u.sql", "CREATE TABLE t (i INTEGER)"),
            ("3_v.sql", "CREATE TABLE v (i INTEGER)"),
        ]);
        let baseline = |text| Change::Baseline(version(text).into());
        let error = database.repair(&directory, baseline("7")).0.unwrap_err();
        assert!(matches!(refusal(&error), [Objection::UnknownTarget { .. }]));
        let report = database.repair(&directory, baseline("2")).0.unwrap();
        assert_eq!((report.applied, report.pending, report.steps.len()), (2, 1, 0));
        assert_eq!(repairs(database), [repaired("baseline", "2")]);
        let error = database.repair(&directory, baseline("3")).0.unwrap_err();
        assert!(matches!(refusal(&error), [Objection::NotEmpty { applied: 2 }]));
        assert_eq!(database.up(&directory).unwrap().steps.len(), 1);
    });
}

/// Leaves version 2 as a runner does that was killed after `done` statements.
fn killed(database: &TestDatabase, directory: &std::path::Path, done: usize) {
    database.up(directory).unwrap_err();
    let sql = format!(
        "UPDATE _migrascope_journal SET outcome = 'executing', error_code = NULL, error_text = NULL, finished_at = NULL, \
         statements_done = {done} WHERE kind = 'migration' AND version = '2'"
    );
    database.query(&sql);
}

#[test]
fn a_look_at_the_database_tells_whether_ddl_took_effect() {
    let script = "CREATE TABLE a (i INTEGER);\nALTER TABLE a ADD COLUMN j INTEGER;\nCREATE INDEX a_j ON a (j);\nOOPS";
    on(Backend::Mysql, |database| {
        let directory = database.migrations(&[FIRST, ("2_a.sql", script)]);
        killed(database, &directory, 3);
        std::fs::write(directory.join("2_a.sql"), script.replace("OOPS", "CREATE TABLE b (i INTEGER)")).unwrap();
        database.query("CREATE TABLE b (i INTEGER)");
        let (result, events) = database.repair(&directory, resume("2"));
        result.unwrap();
        assert!(events.iter().any(|event| event.contains("DoubtSettled") && event.contains("ran: true")), "{events:?}");
        assert!(!events.iter().any(|event| event.starts_with("statement")), "{events:?}");
        assert_eq!(database.applied(), ["1", "2"]);
    });
}

#[test]
fn what_ddl_has_committed_counts_though_it_failed_itself() {
    let script = "INSERT INTO t VALUES (1);\nBEGIN;\nINSERT INTO t VALUES (2);\nCREATE TABLE t (i INTEGER);\nCOMMIT";
    on(Backend::Mysql, |database| {
        let directory = database.migrations(&[FIRST, ("2_more.sql", script)]);
        let error = database.up(&directory).unwrap_err();
        let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
        assert_eq!(failure.remains, PartialEffect::HalfWay { done: 3, next_unknown: false });
        std::fs::write(directory.join("2_more.sql"), script.replace("CREATE TABLE t", "CREATE TABLE u")).unwrap();
        database.repair(&directory, resume("2")).0.unwrap();
        assert_eq!(rows(database), "1 2");
    });
}

#[test]
fn where_nobody_can_say_a_person_has_to() {
    let script = "CREATE TABLE a (i INTEGER);\nOOPS";
    on(Backend::Mysql, |database| {
        for (doubt, tables) in [(Doubt::Ran, "0"), (Doubt::DidNotRun, "1")] {
            let directory = database.migrations(&[FIRST, ("2_a.sql", script)]);
            killed(database, &directory, 1);
            std::fs::write(directory.join("2_a.sql"), script.replace("OOPS", "RENAME TABLE a TO b")).unwrap();
            let error = database.repair(&directory, resume("2")).0.unwrap_err();
            assert!(matches!(refusal(&error), [Objection::InDoubt { statement: 2, .. }]), "{error:?}");
            let change = Change::Resume { key: version("2").into(), doubt: Some(doubt) };
            database.repair(&directory, change).0.unwrap();
            let renamed =
                "SELECT count(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'b'";
            assert_eq!(database.value(renamed), tables);
            database.repair(&directory, Change::MarkReverted(version("2").into())).0.unwrap();
            database.query("DROP TABLE IF EXISTS a, b");
        }
    });
}

#[test]
fn an_invalid_index_is_named_and_dropped_before_it_is_built_again() {
    on(Backend::Postgres, |database| {
        let rows = ("1_t.sql", "CREATE TABLE t (i INTEGER);\nINSERT INTO t VALUES (1), (1)");
        let index = ("2_index.sql", "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"T_i\" ON t (i)");
        let directory = database.migrations(&[rows, index]);
        let error = database.up(&directory).unwrap_err();
        let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
        assert_eq!(failure.invalid_index.as_deref(), Some("public.\"T_i\""));
        assert_eq!(failure.remains, PartialEffect::HalfWay { done: 0, next_unknown: true });
        database.query("DELETE FROM t");
        let (result, events) = database.repair(&directory, resume("2"));
        result.unwrap();
        assert!(events.iter().any(|event| event.contains("InvalidIndexDropped")), "{events:?}");
        assert_eq!(database.value("SELECT indisvalid FROM pg_index WHERE indexrelid = '\"T_i\"'::regclass"), "t");
    });
}

#[test]
fn a_concurrent_build_that_left_nothing_is_simply_tried_again() {
    on(Backend::Postgres, |database| {
        let index = ("2_index.sql", "CREATE INDEX CONCURRENTLY t_i ON t (no_such_column)");
        let directory = database.migrations(&[FIRST, index]);
        let error = database.up(&directory).unwrap_err();
        let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
        assert_eq!(failure.remains, PartialEffect::Nothing);
        std::fs::write(directory.join("2_index.sql"), "CREATE INDEX CONCURRENTLY t_i ON t (i)").unwrap();
        database.up(&directory).unwrap();
    });
}

#[test]
fn a_transaction_of_the_scripts_own_is_noted_inside_it() {
    let script = "-- migrascope: no-transaction\nBEGIN;\nINSERT INTO t VALUES (1);\nCOMMIT;\nINSERT INTO u VALUES (2)";
    for backend in [Backend::Sqlite, Backend::Postgres] {
        on(backend, |database| {
            let directory = database.migrations(&[FIRST, ("2_more.sql", script)]);
            database.up(&directory).unwrap_err();
            let done = "SELECT statements_done FROM _migrascope_journal WHERE kind = 'migration' AND version = '2'";
            assert_eq!(database.value(done), "3");
            database.query("CREATE TABLE u (i INTEGER)");
            database.repair(&directory, resume("2")).0.unwrap();
            assert_eq!(rows(database), "1");
        });
    }
}
