//! Rows of Flyway's history that are not plain migrations: baselines, failures, what was undone or deleted, and code.

use super::flyway::{begun_by_flyway, ours, recorded, refused, row, succeeds, table_of_flyway};
use crate::support::{Backend, TestDatabase, on, on_each};

const ONE: (&str, &str) = ("V1__one.sql", "CREATE TABLE one (i INTEGER)");
const TWO: (&str, &str) = ("V2__two.sql", "CREATE TABLE two (i INTEGER)");
const THREE: (&str, &str) = ("V3__three.sql", "CREATE TABLE three (i INTEGER)");
const FAILED: &str = "9, '3', 'three', 'SQL', 'V3__three.sql', 1";

fn table(database: &TestDatabase) {
    table_of_flyway(database.backend).iter().for_each(|sql| drop(database.query(sql)));
}

#[test]
fn a_baseline_counts_as_everything_up_to_it() {
    on_each(|database| {
        table(database);
        database.query("CREATE TABLE two (i INTEGER)");
        row(database, "1, '02', '<< Flyway Baseline >>', 'BASELINE', '<< Flyway Baseline >>', NULL", true);
        let status = succeeds(database, &database.migrations(&[ONE, TWO, THREE]), &["status"]);
        assert!(status.contains("2 migrations applied, 1 pending"), "{status}");
        // No file up to the baseline has to exist.
        let directory = database.migrations(&[THREE]);
        succeeds(database, &directory, &["up", "--strict"]);
        assert_eq!(recorded(database), ["1 02 << Flyway Baseline >> BASELINE", "2 3 three SQL"]);
        succeeds(database, &directory, &["verify"]);
        // A mark for a version below leaves the baseline.
        let whole = database.migrations(&[ONE, TWO, THREE]);
        ours(database, &whole, &["repair", "--mark-reverted", "2", "--reason", "a test"]);
        assert_eq!(recorded(database).len(), 2);
    });
}

#[test]
fn a_database_with_only_a_baseline_has_a_history() {
    on_each(|database| {
        table(database);
        database.query("CREATE TABLE other (i INTEGER)");
        row(database, "1, '1', '<< Flyway Baseline >>', 'BASELINE', '<< Flyway Baseline >>', NULL", true);
        let directory = database.migrations(&[TWO]);
        let mut command = database.binary(&directory);
        command.env_remove("MIGRASCOPE_ALLOW_NONEMPTY").env("MIGRASCOPE_LAYOUT", "flyway").arg("up");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(recorded(database)[1], "2 2 two SQL");
    });
}

#[test]
fn a_baseline_file_matters_only_where_nothing_is_applied() {
    on_each(|database| {
        let all = ("B2__all.sql", "CREATE TABLE one (i INTEGER); CREATE TABLE two (i INTEGER)");
        let alone = database.migrations(&[all, THREE]);
        let printed = refused(database, &alone, &["up"]);
        assert!(printed.contains("B2__all.sql") && printed.contains("a baseline migration"), "{printed}");
        table(database);
        row(database, "1, '2', 'all', 'SQL_BASELINE', 'B2__all.sql', 1", true);
        succeeds(database, &alone, &["up"]);
        assert_eq!(recorded(database), ["1 2 all SQL_BASELINE", "2 3 three SQL"]);

        let other = TestDatabase::fresh(database.backend).unwrap();
        succeeds(&other, &other.migrations(&[ONE, TWO, all, THREE]), &["up"]);
        assert_eq!(recorded(&other), ["1 1 one SQL", "2 2 two SQL", "3 3 three SQL"]);
    });
}

#[test]
fn ranks_follow_the_highest_one_and_a_schema_row_is_no_migration() {
    on_each(|database| {
        table(database);
        row(database, "0, NULL, '<< Flyway Schema Creation >>', 'SCHEMA', '\"app\"', NULL", true);
        row(database, "7, '1', 'one', 'SQL', 'V1__one.sql', NULL", true);
        let directory = database.migrations(&[ONE, TWO]);
        let status = succeeds(database, &directory, &["status"]);
        assert!(status.contains("1 migration applied, 1 pending"), "{status}");
        succeeds(database, &directory, &["up"]);
        assert_eq!(recorded(database)[2], "8 2 two SQL");
        // No checksum is that of any file.
        succeeds(database, &database.migrations(&[(ONE.0, "SELECT 2"), TWO]), &["verify"]);
    });
}

#[test]
fn what_was_deleted_or_undone_is_not_applied() {
    on_each(|database| {
        table(database);
        row(database, "1, '1', 'one', 'SQL', 'V1__one.sql', NULL", true);
        row(database, "2, '2', 'two', 'SQL', 'V2__two.sql', NULL", true);
        row(database, "3, '3', 'three', 'SQL', 'V3__three.sql', NULL", true);
        row(database, "4, NULL, 'r', 'SQL', 'R__r.sql', NULL", true);
        row(database, "5, '3', 'three', 'UNDO_SQL', 'U3__three.sql', NULL", true);
        row(database, "6, '2', 'two', 'DELETE', 'V2__two.sql', NULL", true);
        row(database, "7, NULL, 'r', 'DELETE', 'R__r.sql', NULL", true);
        succeeds(database, &database.migrations(&[ONE]), &["verify"]);
        let directory = database.migrations(&[ONE, TWO, THREE, ("R__r.sql", "SELECT 1")]);
        let status = succeeds(database, &directory, &["status"]);
        assert!(status.contains("1 migration applied, 3 pending"), "{status}");
        succeeds(database, &directory, &["up"]);
        assert_eq!(recorded(database)[7..], ["8 2 two SQL", "9 3 three SQL", "10 - r SQL"]);
        assert!(succeeds(database, &directory, &["up"]).contains("nothing to do"));
    });
}

#[test]
fn applied_code_needs_no_file() {
    on_each(|database| {
        table(database);
        row(database, "1, '1', 'one', 'JDBC', 'db.migration.V1__one', NULL", true);
        row(database, "2, '2', 'two', 'SPRING_JDBC', 'db.migration.V2__two', 5", true);
        let directory = database.migrations(&[THREE]);
        succeeds(database, &directory, &["up", "--strict"]);
        assert_eq!(recorded(database)[2], "3 3 three SQL");
        assert!(succeeds(database, &directory, &["up"]).contains("nothing to do"));
    });
}

#[test]
fn a_row_of_an_unknown_type_stops_every_command() {
    on_each(|database| {
        table(database);
        row(database, "1, '1', 'one', 'MAGIC', 'V1__one.sql', NULL", true);
        for command in ["status", "up", "verify"] {
            let (code, printed) = ours(database, &database.migrations(&[ONE]), &[command]);
            assert_ne!(code, 0, "{printed}");
            assert!(printed.contains("a row of Flyway's history has the unknown type \"MAGIC\""), "{printed}");
        }
        assert_eq!(recorded(database).len(), 1);
    });
}

#[test]
fn what_flyway_left_failed_is_refused_until_it_is_settled() {
    on_each(|database| {
        begun_by_flyway(database);
        let files = [
            ("V1__create_users.sql", "CREATE TABLE users (id INTEGER);\n"),
            ("V1_1__add_posts.sql", "CREATE TABLE posts (id INTEGER);\r\n"),
            ("V2.0__index__posts.sql", "CREATE INDEX posts_id ON posts (id)"),
            THREE,
        ];
        let directory = database.migrations(&files);
        for (settlement, rows) in [
            ("repair --mark-reverted 3 --reason test", 3),
            ("repair --mark-applied 3 --reason test", 4),
            ("repair --resume 3 --in-doubt did-not-run --reason test", 4),
        ] {
            database.query("DELETE FROM flyway_schema_history WHERE version IN ('3', '03')");
            row(database, &FAILED.replace("'3'", "'03'"), false);
            let printed = refused(database, &directory, &["up"]);
            assert!(printed.contains("migration 03 (three) is marked as not successful"), "{printed}");
            assert!(ours(database, &directory, &["status"]).1.contains("unfinished"));
            succeeds(database, &directory, &settlement.split(' ').collect::<Vec<_>>());
            let recorded = recorded(database);
            assert_eq!(recorded.len(), rows, "{settlement}: {recorded:?}");
            assert!(rows == 3 || recorded[3] == "4 3 three SQL", "{settlement}: {recorded:?}");
        }
        assert!(succeeds(database, &directory, &["up"]).contains("nothing to do"));
    });
}

#[test]
fn what_we_left_half_way_is_a_failed_row() {
    on_each(|database| {
        let bad = (
            "V2__bad.sql",
            "-- migrascope: no-transaction\nCREATE TABLE two (i INTEGER);\nINSERT INTO later VALUES (1);",
        );
        let directory = database.migrations(&[ONE, bad]);
        assert_eq!(ours(database, &directory, &["up"]).0, 6);
        assert_eq!(recorded(database), ["1 1 one SQL", "2 2 bad SQL !"]);
        assert!(refused(database, &directory, &["up"]).contains("migration 2 (bad) failed half-way"));
        database.query("CREATE TABLE later (i INTEGER)");
        succeeds(database, &directory, &["repair", "--resume", "2", "--reason", "a test"]);
        assert_eq!(recorded(database), ["1 1 one SQL", "2 2 bad SQL"]);
        assert_eq!(database.value("SELECT count(*) FROM later"), "1");
    });
}

#[test]
fn a_failure_that_left_nothing_leaves_no_row() {
    on_each(|database| {
        let bad = ("V2__bad.sql", "-- migrascope: no-transaction\nINSERT INTO nowhere VALUES (1);");
        let directory = database.migrations(&[ONE, bad]);
        assert_eq!(ours(database, &directory, &["up"]).0, 5);
        assert_eq!(recorded(database), ["1 1 one SQL"]);
    });
}

#[test]
fn a_failed_repeatable_migration_is_settled_by_its_name() {
    on_each(|database| {
        table(database);
        row(database, "1, NULL, 'the view', 'SQL', 'R__the_view.sql', 7", true);
        row(database, "2, NULL, 'the view', 'SQL', 'R__the_view.sql', 8", false);
        let directory = database.migrations(&[ONE, ("R__the_view.sql", "SELECT 1")]);
        assert!(refused(database, &directory, &["up"]).contains("the view"));
        assert_eq!(recorded(database).len(), 2);
    });
}

#[test]
fn reverting_is_not_possible_and_a_mark_removes_the_row() {
    on_each(|database| {
        let directory = database.migrations(&[("V01_0__one.sql", ONE.1), TWO, ("U2__two.sql", "DROP TABLE two")]);
        succeeds(database, &directory, &["up"]);
        let (code, printed) = ours(database, &directory, &["down", "--yes"]);
        assert!(code == 4 && printed.contains("migration 2 (two) has no down script"), "{code} {printed}");
        database.query("DROP TABLE one");
        // The row has the version as it was written.
        succeeds(database, &directory, &["repair", "--mark-reverted", "1", "--reason", "a test"]);
        assert_eq!(recorded(database), ["2 2 two SQL"]);
    });
}

#[test]
fn an_index_is_built_concurrently() {
    on(Backend::Postgres, |database| {
        let index = ("V2__index.sql", "CREATE INDEX CONCURRENTLY one_i ON one (i);");
        succeeds(database, &database.migrations(&[ONE, index]), &["up"]);
        assert_eq!(recorded(database), ["1 1 one SQL", "2 2 index SQL"]);
    });
}
