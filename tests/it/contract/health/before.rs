//! A run fails only because of faults that it has caused: a fault that existed before it is a warning.

use migrascope::event::Command;
use migrascope::health::{Health, Severity, Thresholds};
use migrascope::report::{CheckStatus, Report};
use migrascope::{Options, RunError};

use super::{TABLE, checked, checks, ended, health_at, only_failure};
use crate::support::{Backend, TestDatabase, on, on_each};

/// Tables from before any history, and their faults.
const OLD: &str = "CREATE TABLE parent (i INTEGER PRIMARY KEY);\n\
     CREATE TABLE child (i INTEGER, parent INTEGER REFERENCES parent (i));\n";

fn up(database: &TestDatabase, script: &str, own: &[(&str, &str)]) -> Result<Report, RunError> {
    let options = Options { allow_nonempty: true, ..checked(database, own) };
    database.run(Command::Up, &database.migrations(&[("1_a.sql", script)]), options).0
}

/// A table, a constraint that is not validated and an index that is invalid, as an old database may have them.
fn old_postgres(database: &TestDatabase) {
    database.query("CREATE TABLE old (i INTEGER)");
    database.query("ALTER TABLE old ADD CONSTRAINT old_positive CHECK (i > 0) NOT VALID");
    database.query("CREATE INDEX old_i ON old (i)");
    invalid(database, "old_i");
}

fn invalid(database: &TestDatabase, index: &str) {
    database.query(&format!("UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{index}'::regclass"));
}

fn warnings(report: &Report) -> Vec<(&str, &str)> {
    let warned = checks(report).iter().filter(|check| check.status == CheckStatus::Warn);
    warned.map(|check| (check.name.as_str(), check.message.as_str())).collect()
}

#[test]
fn an_old_invalid_index_and_an_old_constraint_are_two_warnings() {
    on(Backend::Postgres, |database| {
        old_postgres(database);
        let report = up(database, TABLE.1, &[]).expect("the run has made nothing worse");
        let expected = [
            ("invalid_indexes", "1 found: public.old_i on public.old; it was so before this run"),
            ("unvalidated_constraints", "1 found: old_positive on public.old; it was so before this run"),
        ];
        assert_eq!(warnings(&report), expected);
        assert_eq!(database.value("SELECT outcome FROM _migrascope_journal WHERE kind = 'run'"), "success");
        let alone = only_failure(health_at(&database.url, checked(database, &[])));
        assert_eq!(
            alone.message, "1 found: public.old_i on public.old",
            "by themselves the checks compare with nothing"
        );
    });
}

#[test]
fn an_invalid_index_that_the_run_leaves_fails_beside_an_old_one() {
    on(Backend::Postgres, |database| {
        let leave = "CREATE TABLE a (i INTEGER);\nCREATE INDEX a_i ON a (i);\n\
             UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'a_i'::regclass;";
        old_postgres(database);
        let failed = only_failure(up(database, leave, &[]));
        assert_eq!(failed.message, "2 found, 1 of them since this run began: public.a_i on public.a");
    });
    on(Backend::Postgres, |database| {
        let parent = "CREATE TABLE a (i INTEGER) PARTITION BY LIST (i);\nCREATE TABLE a1 PARTITION OF a FOR VALUES IN (1);\n\
             CREATE INDEX a_i ON ONLY a (i);";
        assert_eq!(only_failure(up(database, parent, &[])).message, "1 found: public.a_i on public.a");
    });
}

#[test]
fn an_old_fault_with_another_name_is_still_the_old_one() {
    on(Backend::Postgres, |database| {
        old_postgres(database);
        let report =
            up(database, "ALTER TABLE old RENAME TO older;\nALTER INDEX old_i RENAME TO older_i;", &[]).unwrap();
        let expected = [
            ("invalid_indexes", "1 found: public.older_i on public.older; it was so before this run"),
            ("unvalidated_constraints", "1 found: old_positive on public.older; it was so before this run"),
        ];
        assert_eq!(warnings(&report), expected);
    });
}

#[test]
fn old_rows_that_refer_to_nothing_are_a_warning_also_where_their_table_is_built_anew() {
    on(Backend::Sqlite, |database| {
        for sql in OLD.lines().chain(["INSERT INTO child VALUES (1, 7)", "INSERT INTO child VALUES (2, 8)"]) {
            database.query(sql);
        }
        database.query("DELETE FROM child WHERE i = 1");
        let rebuild = "PRAGMA foreign_keys = OFF;\n\
             CREATE TABLE child_new (i INTEGER, parent INTEGER REFERENCES parent (i), note TEXT);\n\
             INSERT INTO child_new (i, parent) SELECT i, parent FROM child;\nDROP TABLE child;\n\
             ALTER TABLE child_new RENAME TO child;";
        let report = up(database, rebuild, &[]).expect("the row was there before");
        let warning = ended(&report, "foreign_keys", CheckStatus::Warn);
        assert_eq!(warning.message, "1 found: child row 1 has no matching row in parent; it was so before this run");
    });
    on(Backend::Sqlite, |database| {
        for sql in OLD.lines().chain(["INSERT INTO child VALUES (1, 7)"]) {
            database.query(sql);
        }
        let failed = only_failure(up(database, "INSERT INTO child VALUES (2, 8);", &[]));
        assert_eq!(
            failed.message,
            "2 found, 1 of them since this run began: child row 2 has no matching row in parent"
        );
    });
}

#[test]
fn a_check_of_ones_own_fails_for_rows_that_were_not_there() {
    on_each(|database| {
        database.query("CREATE TABLE old (i INTEGER)");
        database.query("INSERT INTO old VALUES (1), (2)");
        let own = [("old_rows.sql", "SELECT i FROM old ORDER BY i")];
        let report = up(database, TABLE.1, &own).expect("the rows were there");
        let warning = ended(&report, "old_rows", CheckStatus::Warn);
        assert_eq!(warning.message, "2 found: 1; 2; it was so before this run");
        assert!(warning.help.unwrap().contains("old_rows.sql"));
    });
    on_each(|database| {
        database.query("CREATE TABLE old (i INTEGER)");
        database.query("INSERT INTO old VALUES (1), (2)");
        let failed =
            only_failure(up(database, "INSERT INTO old VALUES (3);", &[("old_rows.sql", "SELECT i FROM old")]));
        assert_eq!(failed.message, "3 found, 1 of them since this run began: 3");
    });
}

#[test]
fn a_check_that_cannot_be_asked_fails_also_where_it_could_not_be_asked_before() {
    on_each(|database| {
        database.query("CREATE TABLE old (i INTEGER)");
        let failed = only_failure(up(database, TABLE.1, &[("lost.sql", "SELECT * FROM nowhere")]));
        assert_eq!((failed.name.as_str(), failed.value), ("lost", None));
    });
}

#[test]
fn the_state_before_is_seen_under_the_lock_and_only_where_something_will_be_done() {
    on_each(|database| {
        let directory = database.migrations(&[TABLE]);
        let (result, events) = database.run(Command::Up, &directory, checked(database, &[]));
        result.unwrap();
        let place = |text: &str| events.iter().position(|event| event == text).unwrap_or_else(|| panic!("{text}"));
        assert!(place("state started") < place("state finished"));
        assert!(place("state finished") < place("migration started 1 1/1"), "{events:?}");
        assert!(events.iter().position(|event| event.starts_with("lock finished")).unwrap() < place("state started"));
        for (options, why) in [(checked(database, &[]), "nothing to do"), (Options::default(), "no checks")] {
            let (result, events) = database.run(Command::Up, &directory, options);
            result.unwrap();
            assert!(!events.contains(&"state started".to_owned()), "{why}: {events:?}");
        }
    });
}

#[test]
fn thresholds_say_what_warns_and_what_fails() {
    on(Backend::Postgres, |database| {
        old_postgres(database);
        let alone = |severity, name: &str, from| {
            let mut thresholds = Thresholds::default();
            thresholds.set("invalid_indexes", Severity::Fail, None);
            thresholds.set(name, severity, from);
            let options = Options { health: Health::Check { custom: Vec::new(), thresholds }, ..Options::default() };
            health_at(&database.url, options)
        };
        let report = alone(Severity::Warn, "invalid_indexes", Some(2.0)).unwrap();
        assert_eq!(ended(&report, "invalid_indexes", CheckStatus::Ok).threshold, Some(2.0));
        let report = alone(Severity::Warn, "invalid_indexes", Some(1.0)).unwrap();
        assert_eq!(ended(&report, "invalid_indexes", CheckStatus::Warn).threshold, Some(1.0));
        let failed = only_failure(alone(Severity::Fail, "unvalidated_constraints", Some(1.0)));
        assert_eq!((failed.name.as_str(), failed.threshold), ("unvalidated_constraints", Some(1.0)));
        let failed = only_failure(alone(Severity::Fail, "ping", Some(1e-9)));
        assert_eq!((failed.name.as_str(), failed.threshold), ("ping", Some(1e-9)));
        let failed = only_failure(alone(Severity::Fail, "connections", Some(0.001)));
        assert_eq!(failed.name, "connections");
    });
}

#[test]
fn every_check_with_a_number_has_the_unit_that_its_threshold_is_read_in() {
    on_each(|database| {
        database.query("CREATE TABLE old (i INTEGER)");
        let report = health_at(&database.url, checked(database, &[])).unwrap();
        for check in checks(&report) {
            let known = migrascope::report::BuiltIn::named(&check.name).unwrap_or_else(|| panic!("{check:?}"));
            if known.unit().is_some() && check.status != CheckStatus::Skipped && check.unit.is_some() {
                assert_eq!(check.unit, known.unit(), "{check:?}");
            }
        }
    });
}
