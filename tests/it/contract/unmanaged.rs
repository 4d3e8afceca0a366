//! A database with tables but no history is not migrated, unless that is requested.

use migrascope::history::Direction;
use migrascope::migration::Version;
use migrascope::plan::{Change, Note, Objection, Target};
use migrascope::policy::{Environment, Policy};
use migrascope::{Error, Options};
use std::path::PathBuf;

use crate::support::{Backend, TestDatabase, block_on, connector, on, on_each};

const ALLOWED: fn() -> Options = || Options { allow_nonempty: true, ..Options::default() };

/// Seed data that must not be inserted twice.
fn seeds(database: &TestDatabase) -> PathBuf {
    database.migrations(&[
        ("1_a.sql", "CREATE TABLE IF NOT EXISTS a (i INTEGER);\nINSERT INTO a VALUES (1);"),
        ("1_a.down.sql", "DELETE FROM a"),
    ])
}

fn refused(error: &Error) -> &[String] {
    let Error::Refused(objections) = error else { panic!("{error:?}") };
    match objections.as_slice() {
        [Objection::Unmanaged { tables }] => tables,
        other => panic!("{other:?}"),
    }
}

fn up(database: &TestDatabase, directory: &std::path::Path) -> Result<migrascope::Report, migrascope::RunError> {
    block_on(database.migrator(directory, Options::default()).up())
}

#[test]
fn tables_without_a_history_are_refused_by_name_and_nothing_is_changed() {
    on_each(|database| {
        database.query("CREATE TABLE a (i INTEGER)");
        database.query("INSERT INTO a VALUES (1)");
        let directory = seeds(database);
        let migrator = database.migrator(&directory, Options::default());
        let error = block_on(migrator.up()).unwrap_err();
        assert_eq!(refused(&error.cause), ["a"]);
        assert_eq!(error.to_string(), "the database has a table (a) but no history of migrations");
        assert_eq!(refused(&block_on(migrator.plan(Direction::Up)).map(drop).unwrap_err()), ["a"]);
        let status = block_on(migrator.status()).unwrap();
        assert!(matches!(status.objections.as_slice(), [Objection::Unmanaged { .. }]), "{:?}", status.objections);
        let policy = Policy { environment: Environment::Development, named_by: None, auto_migrate: None };
        assert_eq!(refused(&block_on(migrator.auto(policy)).unwrap_err().cause), ["a"]);
        assert_eq!(database.value("SELECT count(*) FROM a"), "1");

        block_on(database.migrator(&directory, ALLOWED()).up()).unwrap();
        assert_eq!(database.value("SELECT count(*) FROM a"), "2");
    });
}

#[test]
fn a_baseline_is_the_way_in() {
    on_each(|database| {
        database.query("CREATE TABLE a (i INTEGER)");
        let directory = seeds(database);
        database.repair(&directory, Change::Baseline(Version::from_history("1").into())).0.unwrap();
        assert!(up(database, &directory).unwrap().steps.is_empty());
        assert_eq!(database.value("SELECT count(*) FROM a"), "0");
    });
}

#[test]
fn where_it_is_allowed_tables_are_a_note() {
    on_each(|database| {
        database.query("CREATE TABLE a (i INTEGER)");
        let note = Note::Unmanaged { tables: vec!["a".to_owned()] };
        let status = block_on(database.migrator(&seeds(database), ALLOWED()).status()).unwrap();
        assert_eq!((status.objections, status.notes), (vec![], vec![note]));
    });
}

#[test]
fn what_our_own_attempts_have_left_is_no_reason_to_refuse() {
    on_each(|database| {
        // The first run fails, and the application creates a table before the second.
        let directory = database.migrations(&[("1_a.sql", "CREATE TABLE a (i INTEGER);\nSELECT nonsense")]);
        up(database, &directory).unwrap_err();
        database.query("CREATE TABLE of_the_application (i INTEGER)");
        let error = up(database, &directory).unwrap_err();
        if database.transactional_ddl() {
            assert!(matches!(error.cause, Error::Migration { .. }), "{error:?}");
        } else {
            assert!(matches!(&error.cause, Error::Refused(why) if matches!(why[..], [Objection::Unsettled(_)])));
            database.query("DROP TABLE a");
            database.repair(&directory, Change::MarkReverted(Version::from_history("1").into())).0.unwrap();
            assert!(matches!(up(database, &directory).unwrap_err().cause, Error::Migration { .. }));
        }
    });
}

#[test]
fn a_history_that_was_reverted_may_begin_again() {
    on_each(|database| {
        let directory = seeds(database);
        up(database, &directory).unwrap();
        let everything = Options { target: Target::Version(Version::from_history("0")), ..Options::default() };
        database.down(&directory, everything).unwrap();
        assert_eq!(database.applied(), Vec::<String>::new());
        assert_eq!(up(database, &directory).unwrap().steps.len(), 1);
    });
}

#[test]
fn a_history_that_was_dropped_is_missed_though_the_journal_is_there() {
    on_each(|database| {
        let directory = seeds(database);
        up(database, &directory).unwrap();
        database.query("DROP TABLE _migrascope_migrations");
        assert_eq!(refused(&up(database, &directory).unwrap_err().cause), ["a"]);
    });
}

#[test]
fn a_refused_run_does_not_open_the_door_for_the_next_one() {
    on_each(|database| {
        // As an administrator may create the runner's tables for a user who may not.
        let empty = database.migrations(&[("1_nothing.sql", "SELECT 1"), ("1_nothing.down.sql", "SELECT 1")]);
        up(database, &empty).unwrap();
        database.query("DELETE FROM _migrascope_migrations");
        database.query("DELETE FROM _migrascope_journal");
        database.query("CREATE TABLE a (i INTEGER)");
        let directory = seeds(database);
        for _ in 0..3 {
            assert_eq!(refused(&up(database, &directory).unwrap_err().cause), ["a"]);
        }
    });
}

#[test]
fn tables_of_any_schema_count_and_those_of_extensions_and_partitions_do_not() {
    on(Backend::Postgres, |database| {
        let directory = seeds(database);
        database.query("CREATE TABLE ext (i INTEGER)");
        database.query("CREATE SCHEMA extensions");
        database.query("CREATE TABLE extensions.catalogue (i INTEGER)");
        // The tables of an extension such as PostGIS are its members.
        database.query("CREATE EXTENSION IF NOT EXISTS pgcrypto");
        database.query("ALTER EXTENSION pgcrypto ADD TABLE ext");
        database.query("ALTER EXTENSION pgcrypto ADD TABLE extensions.catalogue");
        database.query("CREATE VIEW v AS SELECT 1 AS one");
        assert_eq!(
            block_on(database.migrator(&directory, Options::default()).plan(Direction::Up)).unwrap().1.notes,
            []
        );

        database.query("CREATE SCHEMA app");
        database.query("CREATE TABLE app.parts (i INTEGER) PARTITION BY RANGE (i)");
        database.query("CREATE TABLE app.part PARTITION OF app.parts FOR VALUES FROM (0) TO (9)");
        database.query("CREATE MATERIALIZED VIEW app.sums AS SELECT 1 AS one");
        assert_eq!(refused(&up(database, &directory).unwrap_err().cause), ["app.parts", "app.sums"]);

        // For a connection to one schema, and in a database with several histories, other schemas do not count.
        database.query("CREATE SCHEMA fresh");
        let url = format!("{}?options=-csearch_path%3Dfresh", database.url);
        let set = migrascope::layout::Reader::directory(&directory, connector(&url).dialect()).migrations().unwrap();
        block_on(migrascope::Migrator::new(connector(&url), set, Options::default()).up()).unwrap();
        let options = Options { ledger_table: "public._migrascope_migrations".into(), ..Options::default() };
        block_on(database.migrator(&directory, options).up()).unwrap();
    });
}

#[test]
fn views_sequences_and_temporary_tables_are_no_tables() {
    on(Backend::Mysql, |database| {
        database.query("CREATE VIEW v AS SELECT 1 AS one");
        up(database, &seeds(database)).unwrap();
    });
    on(Backend::Sqlite, |database| {
        database.query("CREATE VIEW v AS SELECT 1 AS one");
        database.query("CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)");
        up(database, &seeds(database)).unwrap();
    });
}

#[test]
fn the_tables_behind_a_virtual_one_are_not_counted() {
    on(Backend::Sqlite, |database| {
        database.query("CREATE VIRTUAL TABLE texts USING fts5(body)");
        assert_eq!(refused(&up(database, &seeds(database)).unwrap_err().cause), ["texts"]);
    });
}
