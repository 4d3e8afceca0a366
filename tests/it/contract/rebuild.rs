//! SQLite's table rebuild: foreign keys are switched off around one transaction, and checked before its commit.

use migrascope::database::{self, ConnectOptions, SecretUrl};
use migrascope::event::Observers;
use migrascope::report::{PartialEffect, Stage};
use migrascope::{Error, Migrator, Options, Report, RunError, layout};

use crate::support::{Backend, TestDatabase, block_on, on};

const TABLES: &str = "CREATE TABLE parent (id INTEGER PRIMARY KEY, n TEXT);
CREATE TABLE child (id INTEGER PRIMARY KEY, pid INTEGER REFERENCES parent (id) ON DELETE CASCADE);
INSERT INTO parent VALUES (1, 'a'), (2, 'b');
INSERT INTO child VALUES (10, 1), (11, 2);
";
const REBUILD: &str = "CREATE TABLE parent_new (id INTEGER PRIMARY KEY, n TEXT NOT NULL);
INSERT INTO parent_new SELECT * FROM parent;
DROP TABLE parent;
ALTER TABLE parent_new RENAME TO parent;
";

/// Foreign keys are enforced on every connection, as in many applications.
fn up(database: &TestDatabase, files: &[(&str, &str)]) -> Result<Report, RunError> {
    let options =
        ConnectOptions { application: "migrascope/test".into(), init: vec!["PRAGMA foreign_keys = ON".into()] };
    let connector = database::open(&SecretUrl::new(database.url.as_str()), options).unwrap();
    let set = layout::Reader::directory(database.migrations(files), connector.dialect()).migrations().unwrap();
    let migrator = Migrator::new(connector, set, Options::default());
    block_on(migrator.up().observe(&mut Observers::default()))
}

fn failure(result: Result<Report, RunError>) -> migrascope::report::Failure {
    match result.unwrap_err().cause {
        Error::Migration { failure, .. } => *failure,
        other => panic!("{other:?}"),
    }
}

fn rebuild() -> String {
    format!("PRAGMA foreign_keys = OFF;\n{REBUILD}PRAGMA foreign_keys = ON;\n")
}

#[test]
fn a_rebuild_keeps_the_rows_of_the_tables_that_refer_to_it() {
    on(Backend::Sqlite, |database| {
        let report = up(database, &[("1_a.sql", TABLES), ("2_b.sql", &rebuild())]).unwrap();
        assert!(report.steps[1].atomic);
        assert_eq!(report.steps[1].statements.len(), 6);
        assert_eq!(database.value("SELECT count(*) FROM child"), "2");
        assert_eq!(database.value("SELECT \"notnull\" FROM pragma_table_info('parent') WHERE name = 'n'"), "1");
    });
}

#[test]
fn a_rebuild_that_fails_leaves_nothing() {
    on(Backend::Sqlite, |database| {
        let view = format!("{TABLES}CREATE VIEW names AS SELECT n FROM parent;");
        for script in
            [rebuild(), format!("PRAGMA \"main\".foreign_keys(0);\nBEGIN;\n{REBUILD}COMMIT;\nPRAGMA foreign_keys(1);")]
        {
            let failure = failure(up(database, &[("1_a.sql", &view), ("2_b.sql", &script)]));
            assert_eq!(failure.remains, PartialEffect::Nothing);
            assert_eq!(failure.summary, "ALTER TABLE parent_new");
            assert_eq!(database.value("SELECT count(*) FROM parent"), "2");
            assert_eq!(database.value("SELECT count(*) FROM child"), "2");
            assert_eq!(database.value("SELECT count(*) FROM sqlite_master WHERE name = 'parent_new'"), "0");
        }
        assert_eq!(database.applied(), ["1"]);
    });
}

#[test]
fn what_a_rebuild_leaves_without_its_parent_is_found_before_the_commit() {
    on(Backend::Sqlite, |database| {
        let script = rebuild().replace("FROM parent;", "FROM parent WHERE id > 1;");
        let failure = failure(up(database, &[("1_a.sql", TABLES), ("2_b.sql", &script)]));
        assert_eq!(
            failure.message,
            "FOREIGN KEY constraint failed: 1 row of child refers to rows of parent that do not exist, the first with rowid 10"
        );
        assert_eq!(
            (failure.stage, failure.remains, failure.code.as_deref()),
            (Stage::Commit, PartialEffect::Nothing, Some("787"))
        );
        assert_eq!(database.value("SELECT count(*) FROM parent"), "2");
        assert_eq!(database.applied(), ["1"]);
    });
}

#[test]
fn rows_that_had_no_parent_before_hinder_nothing() {
    on(Backend::Sqlite, |database| {
        let tables = TABLES.replace("(11, 2)", "(11, 2), (12, 7)");
        let before = format!("PRAGMA foreign_keys = OFF;\n{tables}PRAGMA foreign_keys = ON;\n");
        let before = format!("-- migrascope: no-transaction\n{before}");
        up(database, &[("1_a.sql", &before), ("2_b.sql", &rebuild())]).unwrap();
        assert_eq!(database.value("SELECT count(*) FROM child"), "3");
    });
}

#[test]
fn a_foreign_key_to_what_is_not_unique_hinders_nothing() {
    on(Backend::Sqlite, |database| {
        let loose = format!("{TABLES}CREATE TABLE loose (n TEXT REFERENCES parent (n));");
        up(database, &[("1_a.sql", &loose), ("2_b.sql", &rebuild())]).unwrap();
        assert_eq!(database.applied(), ["1", "2"]);
    });
}

#[test]
fn the_next_migration_has_foreign_keys_as_the_connection_has_them() {
    on(Backend::Sqlite, |database| {
        let off = format!("PRAGMA foreign_keys = OFF;\n{REBUILD}");
        let files = [("1_a.sql", TABLES), ("2_b.sql", off.as_str()), ("3_c.sql", "INSERT INTO child VALUES (12, 7)")];
        let failure = failure(up(database, &files));
        assert_eq!(failure.message, "FOREIGN KEY constraint failed");
        assert_eq!(database.applied(), ["1", "2"]);
    });
}
