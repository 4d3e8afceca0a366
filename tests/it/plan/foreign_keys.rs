//! How SQLite's foreign key enforcement is switched around one transaction.

use migrascope::history::History;
use migrascope::layout;
use migrascope::migration::{Dialect, MigrationSet};
use migrascope::plan::{self, Atomic, Rules};

const OFF: &str = "PRAGMA foreign_keys=OFF;\n";
const ON: &str = "PRAGMA foreign_keys=ON;\n";
const REBUILD: &str =
    "CREATE TABLE n (i INT);\nINSERT INTO n SELECT * FROM t;\nDROP TABLE t;\nALTER TABLE n RENAME TO t;\n";

fn set(text: &str) -> MigrationSet {
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::write(folder.path().join("1_m.sql"), text).unwrap();
    layout::Reader::directory(folder.path(), Dialect::Sqlite).migrations().unwrap()
}

#[track_caller]
fn check(at_first: bool, parts: &[&str], expected: &str) {
    let set = set(&parts.concat());
    let rules = Rules { foreign_keys: Some(at_first), product: "SQLite", ..super::rules() };
    let plan = plan::up(&set, &History::default(), &rules).unwrap();
    let step = &plan.steps[0];
    let told = match (&step.atomic, step.foreign_keys) {
        (Atomic::Yes, None) => "as it is".to_owned(),
        (Atomic::Yes, Some(true)) => "on".to_owned(),
        (Atomic::Yes, Some(false)) => "off".to_owned(),
        (Atomic::No { why }, _) => why.clone(),
    };
    assert_eq!(told, expected, "{parts:?}");
}

#[test]
fn a_rebuild_is_one_transaction_with_the_switch_around_it() {
    for at_first in [false, true] {
        check(at_first, &[OFF, REBUILD, ON], "off");
        check(at_first, &[OFF, REBUILD], "off");
        check(at_first, &["CREATE TABLE a (i INT);", OFF, REBUILD, ON, "CREATE INDEX x ON t (i);"], "off");
        check(at_first, &["PRAGMA defer_foreign_keys=ON;", OFF, REBUILD, ON, "PRAGMA defer_foreign_keys=OFF;"], "off");
        check(at_first, &["PRAGMA legacy_alter_table=ON;", OFF, REBUILD, ON, "PRAGMA legacy_alter_table=OFF;"], "off");
        check(at_first, &[OFF, REBUILD, ON, OFF, REBUILD, "PRAGMA foreign_key_check;", ON], "off");
        check(at_first, &[OFF, "BEGIN;", REBUILD, "COMMIT;", ON], "off");
        check(at_first, &[OFF, "BEGIN IMMEDIATE;", REBUILD, "END;", ON, OFF, "BEGIN;", REBUILD, "COMMIT;", ON], "off");
        check(at_first, &[OFF, "SAVEPOINT a;", REBUILD, "RELEASE a;", ON], "off");
        check(at_first, &[ON, "INSERT INTO t VALUES (1);"], "on");
        check(at_first, &[REBUILD], "as it is");
        check(at_first, &["PRAGMA legacy_alter_table=ON;", "BEGIN;", REBUILD, "COMMIT;"], "as it is");
    }
}

#[test]
fn a_switch_inside_a_transaction_of_the_script_has_no_effect() {
    check(true, &["BEGIN;", OFF, REBUILD, ON, "COMMIT;"], "as it is");
    check(true, &["SAVEPOINT a;", OFF, REBUILD, ON, "RELEASE a;"], "as it is");
}

#[test]
fn what_depends_on_the_value_is_not_moved_to_another_one() {
    let part = |line: u32| format!("line {line}: foreign keys are enforced for only some of its statements");
    check(false, &[OFF, REBUILD, ON, "UPDATE t SET i = 2;"], &part(7));
    check(true, &["UPDATE t SET i = 2;\n", OFF, REBUILD], &part(4));
    check(true, &["DROP TABLE u;\n", OFF, REBUILD], &part(4));
    check(true, &["ALTER TABLE t ADD COLUMN j INT;\n", OFF, REBUILD, ON], "off");
    check(true, &["ALTER TABLE t ADD COLUMN j INT DEFAULT 1 REFERENCES u;\n", OFF, REBUILD, ON], &part(4));
    check(false, &["UPDATE t SET i = 2;\n", OFF, REBUILD], "off");
}

#[test]
fn a_script_that_asks_for_it_or_rolls_back_itself_runs_as_before() {
    check(false, &["-- migrascope: no-transaction\n", OFF, REBUILD, ON], "its file has the directive no-transaction");
    check(
        false,
        &[OFF, "BEGIN;", REBUILD, "ROLLBACK;", ON],
        "line 2: its own transaction (BEGIN) does not enclose the whole script",
    );
    check(
        false,
        &[OFF, "SAVEPOINT a;", "SAVEPOINT b;", REBUILD, "RELEASE a;", ON],
        "it nests savepoints between switches of foreign keys",
    );
}
