//! Supabase's directory and history table, on PostgreSQL. Rows and tables are those that its command line has made.

use std::path::{Path, PathBuf};

use crate::support::{Backend, TestDatabase, on};

const TABLE: (&str, &str) = ("20240101000000_a.sql", "create table a (id int);\ninsert into a values (1);\n");
const MORE: (&str, &str) = ("20240102000000_b_x.sql", "-- c\ncreate table b (id int);");
const LAST: (&str, &str) = ("20240103000000_.sql", "");

/// What `supabase migration up` does before the first migration.
const DDL: [&str; 4] = [
    "CREATE SCHEMA IF NOT EXISTS supabase_migrations",
    "CREATE TABLE IF NOT EXISTS supabase_migrations.schema_migrations (version text NOT NULL PRIMARY KEY)",
    "ALTER TABLE supabase_migrations.schema_migrations ADD COLUMN IF NOT EXISTS statements text[]",
    "ALTER TABLE supabase_migrations.schema_migrations ADD COLUMN IF NOT EXISTS name text",
];

/// The row of the first migration as Supabase writes it.
const ROW: &str = "20240101000000|{\"create table a (id int)\",\"insert into a values (1)\"}|a";

/// A database in which Supabase has applied the first migration.
fn begun(database: &TestDatabase, files: &[(&str, &str)]) -> PathBuf {
    DDL.iter().for_each(|sql| drop(database.query(sql)));
    TABLE.1.split_terminator(";\n").for_each(|sql| drop(database.query(sql)));
    insert(database, "20240101000000", "'{\"create table a (id int)\",\"insert into a values (1)\"}'", "'a'");
    database.migrations(files)
}

fn insert(database: &TestDatabase, version: &str, statements: &str, name: &str) {
    database.query(&format!(
        "INSERT INTO supabase_migrations.schema_migrations (version, statements, name) VALUES ('{version}', {statements}, {name})"
    ));
}

/// Runs the binary on a directory of Supabase; returns its exit code and what it printed.
fn ours(database: &TestDatabase, directory: &Path, arguments: &str) -> (i32, String) {
    let mut command = database.binary(directory);
    let output = command.args(arguments.split(' ')).env("MIGRASCOPE_LAYOUT", "supabase").env("COLUMNS", "200").output();
    let output = output.unwrap();
    (output.status.code().unwrap(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[track_caller]
fn ends(database: &TestDatabase, directory: &Path, arguments: &str, code: i32) -> String {
    let (found, printed) = ours(database, directory, arguments);
    assert_eq!(found, code, "{arguments}: {printed}");
    printed
}

/// The rows in the order of their versions.
fn rows(database: &TestDatabase) -> Vec<String> {
    let sql = "SELECT concat_ws('|', version, statements::text, name) FROM supabase_migrations.schema_migrations ORDER BY version";
    database.query(sql).into_iter().map(|row| row.into_iter().flatten().collect()).collect()
}

#[test]
fn what_supabase_applied_is_applied_and_goes_on() {
    on(Backend::Postgres, |database| {
        let directory = begun(database, &[TABLE, MORE, LAST]);
        let status = ends(database, &directory, "status", 0);
        assert!(status.contains("1 migration applied, 2 pending; schema is at 20240101000000"), "{status}");
        ends(database, &directory, "up", 0);
        assert_eq!(
            rows(database),
            [ROW, "20240102000000|{\"-- c\ncreate table b (id int)\"}|b_x", "20240103000000|{}|"]
        );
        assert_eq!(database.value("SELECT count(*) FROM b"), "0");
        assert!(ends(database, &directory, "up", 0).contains("nothing to do"));
        ends(database, &directory, "verify", 0);
    });
}

/// The table as the server describes it.
fn description(database: &TestDatabase) -> Vec<Vec<Option<String>>> {
    database.query(
        "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull::text, pg_get_expr(d.adbin, d.adrelid) \
         FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
         WHERE a.attrelid = 'supabase_migrations.schema_migrations'::regclass AND a.attnum > 0 \
         UNION ALL SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid), NULL, NULL FROM pg_index \
         WHERE indrelid = 'supabase_migrations.schema_migrations'::regclass",
    )
}

#[test]
fn the_table_is_the_one_that_supabase_makes() {
    on(Backend::Postgres, |database| {
        let directory = database.migrations(&[TABLE]);
        ends(database, &directory, "up", 0);
        let other = TestDatabase::fresh(Backend::Postgres).unwrap();
        begun(&other, &[]);
        let theirs = description(&other);
        assert_eq!(theirs.len(), 4, "{theirs:?}");
        assert_eq!((description(database), rows(database)), (theirs, rows(&other)));
    });
}

#[test]
fn a_table_of_an_early_version_gets_its_columns() {
    on(Backend::Postgres, |database| {
        database.query(DDL[0]);
        database.query(DDL[1]);
        database.query("INSERT INTO supabase_migrations.schema_migrations VALUES ('20240101000000')");
        database.query("CREATE TABLE a (id int)");
        let directory = database.migrations(&[TABLE, MORE]);
        assert!(ends(database, &directory, "status", 0).contains("1 migration applied, 1 pending"));
        assert_eq!(description(database).len(), 2, "reading changes nothing");
        ends(database, &directory, "up", 0);
        let other = TestDatabase::fresh(Backend::Postgres).unwrap();
        begun(&other, &[]);
        assert_eq!(description(database), description(&other));
        assert_eq!(rows(database), ["20240101000000", "20240102000000|{\"-- c\ncreate table b (id int)\"}|b_x"]);
    });
}

#[test]
fn a_table_of_a_hosted_project_keeps_its_columns() {
    on(Backend::Postgres, |database| {
        let directory = begun(database, &[TABLE, MORE]);
        database.query(
            "ALTER TABLE supabase_migrations.schema_migrations ADD created_by text, ADD idempotency_key text UNIQUE, ADD rollback text[]",
        );
        ends(database, &directory, "up", 0);
        assert_eq!(rows(database).len(), 2);
    });
}

#[test]
fn files_are_compared_as_supabase_compares_them() {
    on(Backend::Postgres, |database| {
        let directory = begun(database, &[(TABLE.0, "create table other (id int);"), LAST]);
        ends(database, &directory, "up", 0);
        let late = database.migrations(&[TABLE, MORE, LAST]);
        let printed = ends(database, &late, "up", 4);
        assert!(
            printed.contains("migration 20240102000000 (b_x) is pending but older than 20240103000000"),
            "{printed}"
        );
        ends(database, &late, "up --order allow", 0);
        assert_eq!(rows(database).len(), 3);
        let printed = ends(database, &database.migrations(&[TABLE, MORE]), "up", 4);
        assert!(printed.contains("migration 20240103000000 (unnamed) is applied but its file is missing"), "{printed}");
    });
}

#[test]
fn a_version_is_a_text() {
    on(Backend::Postgres, |database| {
        DDL.iter().for_each(|sql| drop(database.query(sql)));
        insert(database, "1", "'{}'", "'a'");
        let printed = ends(database, &database.migrations(&[("01_a.sql", ""), ("2_b.sql", "")]), "status", 0);
        assert!(printed.contains("2 pending") && printed.contains("missing"), "{printed}");
    });
}

#[test]
fn repairs_are_those_of_supabase() {
    on(Backend::Postgres, |database| {
        let directory = begun(database, &[TABLE, MORE]);
        ends(database, &directory, "repair --mark-applied 20240102000000 --reason test", 0);
        assert_eq!(rows(database), [ROW, "20240102000000|{\"-- c\ncreate table b (id int)\"}|b_x"]);
        assert_eq!(database.value("SELECT (to_regclass('b') IS NULL)::text"), "true");
        ends(database, &directory, "repair --mark-reverted 20240102000000 --reason test", 0);
        assert_eq!(rows(database), [ROW]);
    });
}

#[test]
fn a_failure_leaves_nothing_and_a_concurrent_index_runs() {
    on(Backend::Postgres, |database| {
        let index = ("20240104000000_i.sql", "create index concurrently i on a (id);\nselect 1;\n");
        let failing = ("20240105000000_f.sql", "create table f (id int);\nselect 1 / 0;\n");
        let directory = begun(database, &[TABLE, index, failing]);
        let printed = ends(database, &directory, "up", 5);
        assert!(printed.contains("division by zero"), "{printed}");
        assert_eq!(database.value("SELECT (to_regclass('f') IS NULL)::text"), "true");
        let index = "20240104000000|{\"create index concurrently i on a (id)\",\"select 1\"}|i";
        assert_eq!(rows(database), [ROW, index]);
        assert_eq!(database.value("SELECT indisvalid::text FROM pg_index WHERE indexrelid = 'i'::regclass"), "true");
    });
}

#[test]
fn other_databases_are_refused_by_name() {
    for backend in [Backend::Mysql, Backend::Sqlite] {
        on(backend, |database| {
            let directory = database.migrations(&[("1_a.sql", "CREATE TABLE a (id INTEGER);")]);
            let printed = ends(database, &directory, "up", 2);
            assert!(printed.contains("the migrations are for Supabase, which has only PostgreSQL"), "{printed}");
            let output = database.binary(&directory).args(["up", "--history", "supabase"]).output().unwrap();
            let printed = String::from_utf8(output.stderr).unwrap();
            assert!(!output.status.success(), "{printed}");
            assert!(printed.contains("has no history in the format of Supabase, only PostgreSQL"), "{printed}");
        });
    }
}
