//! Repeatable migrations: applied after the versions, and again when their file has changed.

use std::path::PathBuf;

use crate::support::{Backend, TestDatabase, on_each};

const USERS: (&str, &str) = ("1_users.sql", "CREATE TABLE users (id INTEGER);\nINSERT INTO users VALUES (1);");

fn view(columns: &str) -> String {
    format!("DROP VIEW IF EXISTS user_ids;\nCREATE VIEW user_ids AS SELECT {columns} FROM users;")
}

fn directory(database: &TestDatabase, columns: &str) -> PathBuf {
    let view = view(columns);
    // The first one is named before the second, on which it depends by its name alone.
    database.migrations(&[USERS, ("R__a_view.sql", &view), ("R__rows.sql", "INSERT INTO users VALUES (2);")])
}

fn ours(database: &TestDatabase, directory: &std::path::Path, arguments: &str) -> (i32, String) {
    let output = database.binary(directory).args(arguments.split(' ')).env("COLUMNS", "200").output().unwrap();
    (output.status.code().unwrap(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[test]
fn one_runs_after_the_versions_and_again_when_it_has_changed() {
    on_each(|database| {
        let first = directory(database, "id");
        let (code, printed) = ours(database, &first, "up");
        assert_eq!(code, 0, "{printed}");
        let order: Vec<usize> = ["✓ 1 ", "✓ a_view", "✓ rows"].iter().map(|line| printed.find(line).unwrap()).collect();
        assert!(order.is_sorted(), "{printed}");
        assert!(ours(database, &first, "up").1.contains("nothing to do"));

        // A comment or a line ending is no change of the statements, and yet the file is another.
        let second = directory(database, "id AS number");
        let (code, printed) = ours(database, &second, "status");
        assert_eq!(code, 0, "{printed}");
        assert!(printed.contains("1 pending"), "{printed}");
        let (code, printed) = ours(database, &second, "up");
        assert!(code == 0 && printed.contains("✓ a_view") && !printed.contains("✓ rows"), "{printed}");
        assert_eq!(database.value("SELECT max(number) FROM user_ids"), "2");
        assert_eq!(database.value("SELECT count(*) FROM users"), "2");
        assert_eq!(database.value("SELECT count(*) FROM _migrascope_migrations"), "3");
        assert_eq!(ours(database, &second, "verify").0, 0);
    });
}

#[test]
fn one_that_fails_is_pending_and_down_leaves_it_alone() {
    on_each(|database| {
        let first = directory(database, "id");
        assert_eq!(ours(database, &first, "up").0, 0);
        let broken = directory(database, "id");
        std::fs::write(broken.join("R__a_view.sql"), view("id") + "\nINSERT INTO missing VALUES (1);").unwrap();
        let (code, printed) = ours(database, &broken, "up");
        let stays = database.backend != Backend::Mysql;
        assert_eq!(code, if stays { 5 } else { 6 }, "{printed}");
        assert!(printed.contains("a_view"), "{printed}");
        if stays {
            assert_eq!(database.value("SELECT count(*) FROM user_ids"), "2");
            assert!(ours(database, &first, "up").1.contains("nothing to do"));
        } else {
            let (code, printed) = ours(database, &first, "repair --mark-reverted repeatable:a_view --reason test");
            assert_eq!(code, 0, "{printed}");
            assert_eq!(ours(database, &first, "up").0, 0);
        }
        let (code, printed) = ours(database, &first, "down --yes");
        assert!(code == 4 && printed.contains("migration 1 (users)"), "{code} {printed}");
    });
}

#[test]
fn one_has_no_down_file() {
    on_each(|database| {
        let directory = database.migrations(&[USERS, ("R__a.down.sql", "SELECT 1;")]);
        let (code, printed) = ours(database, &directory, "up");
        assert!(code == 2 && printed.contains("a repeatable migration has no down file"), "{printed}");
    });
}
