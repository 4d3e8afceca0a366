//! `{operation} {target}`: low cardinality and no values.

use migrascope::migration::Dialect::{self, Mysql, Postgres, Sqlite};

#[track_caller]
fn check(dialect: Dialect, rows: &[(&str, &str)]) {
    for (text, summary) in rows {
        let parsed = migrascope::script::parse(text, dialect).unwrap();
        assert_eq!(parsed.statements.iter().map(|s| s.summary.as_str()).collect::<Vec<_>>(), [*summary], "{text}");
    }
}

#[test]
fn definitions() {
    let rows = [
        ("CREATE TABLE IF NOT EXISTS users (id int)", "CREATE TABLE users"),
        ("create table Public . \"Odd name\" (id int)", "create table Public.\"Odd name\""),
        ("CREATE UNLOGGED TABLE users (id int)", "CREATE UNLOGGED TABLE users"),
        (
            "CREATE UNIQUE INDEX CONCURRENTLY users_email ON users (email)",
            "CREATE UNIQUE INDEX CONCURRENTLY users_email",
        ),
        ("CREATE INDEX ON ONLY users (email)", "CREATE INDEX ON users"),
        ("CREATE OR REPLACE FUNCTION app.f(a int) RETURNS int AS 'x'", "CREATE OR REPLACE FUNCTION app.f"),
        ("CREATE CONSTRAINT TRIGGER t AFTER INSERT ON a", "CREATE CONSTRAINT TRIGGER t"),
        ("CREATE EVENT TRIGGER t ON ddl_command_end", "CREATE EVENT TRIGGER t"),
        ("CREATE MATERIALIZED VIEW IF NOT EXISTS v AS SELECT 1", "CREATE MATERIALIZED VIEW v"),
        ("CREATE TYPE mood AS ENUM ('sad')", "CREATE TYPE mood"),
        ("CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\"", "CREATE EXTENSION \"uuid-ossp\""),
        ("CREATE CAST (a AS b) WITHOUT FUNCTION", "CREATE CAST"),
        ("CREATE TEXT SEARCH CONFIGURATION c (PARSER = d)", "CREATE TEXT SEARCH CONFIGURATION c"),
        ("ALTER TABLE IF EXISTS ONLY public.users ADD COLUMN a int", "ALTER TABLE public.users"),
        ("ALTER DEFAULT PRIVILEGES IN SCHEMA a GRANT SELECT ON TABLES TO b", "ALTER DEFAULT PRIVILEGES"),
        ("DROP TABLE IF EXISTS users, orders", "DROP TABLE users"),
        ("DROP INDEX CONCURRENTLY IF EXISTS a", "DROP INDEX CONCURRENTLY a"),
        ("COMMENT ON TABLE users IS 'secret'", "COMMENT ON TABLE users"),
        ("COMMENT ON MATERIALIZED VIEW v IS 'secret'", "COMMENT ON MATERIALIZED VIEW v"),
    ];
    check(Postgres, &rows);
}

#[test]
fn rows_and_settings() {
    let rows = [
        ("INSERT INTO users VALUES (1)", "INSERT INTO users"),
        ("UPDATE ONLY users SET a = 1", "UPDATE users"),
        ("DELETE FROM ONLY users WHERE a = 1", "DELETE FROM users"),
        ("TRUNCATE TABLE ONLY users", "TRUNCATE TABLE users"),
        ("SELECT 1", "SELECT"),
        ("SELECT a, (SELECT 1 FROM b) FROM users u", "SELECT users"),
        ("SELECT a FROM (SELECT 1) b", "SELECT"),
        ("(SELECT a FROM b) UNION SELECT 1", "SELECT b"),
        ("WITH a AS (SELECT 1) SELECT 2", "WITH"),
        ("DO $$ secret $$", "DO"),
        ("SET search_path = a", "SET search_path"),
        ("SET app.key = 'secret'", "SET app.key"),
        ("SET LOCAL TIME ZONE 'secret'", "SET LOCAL TIME ZONE"),
        ("GRANT SELECT ON users TO bob", "GRANT"),
        ("CALL app.tidy('secret')", "CALL app.tidy"),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY v", "REFRESH MATERIALIZED VIEW CONCURRENTLY v"),
        ("REINDEX (VERBOSE) TABLE a", "REINDEX TABLE a"),
        ("LOCK TABLE ONLY a IN SHARE MODE", "LOCK TABLE a"),
        ("COPY a (b) TO STDOUT", "COPY a"),
        ("EXPLAIN SELECT 1", "EXPLAIN"),
        ("START TRANSACTION", "START TRANSACTION"),
        ("FROBNICATE 'secret' 42", "FROBNICATE"),
    ];
    check(Postgres, &rows);
}

#[test]
fn mysql_and_sqlite() {
    check(
        Mysql,
        &[
            ("INSERT LOW_PRIORITY IGNORE INTO `users` VALUES (1)", "INSERT INTO `users`"),
            ("REPLACE INTO users VALUES (1)", "REPLACE INTO users"),
            ("DELETE QUICK FROM users", "DELETE FROM users"),
            ("CREATE DEFINER = 'a'@'b' PROCEDURE p() SELECT 1", "CREATE PROCEDURE p"),
            ("CREATE OR REPLACE ALGORITHM = MERGE SQL SECURITY DEFINER VIEW v AS SELECT 1", "CREATE OR REPLACE VIEW v"),
            ("CREATE FULLTEXT INDEX a ON b (c)", "CREATE FULLTEXT INDEX a"),
            ("CREATE USER 'bob'@'localhost' IDENTIFIED BY 'secret'", "CREATE USER"),
            ("SET @token = 'secret'", "SET"),
            ("SET NAMES 'utf8'", "SET NAMES"),
            ("SET PASSWORD FOR bob = 'secret'", "SET PASSWORD"),
            ("RENAME TABLE a TO b", "RENAME TABLE a"),
            ("/*!40101 CREATE TABLE a (b int) */", "CREATE TABLE a"),
            ("/*! */", "SQL"),
            ("LOCK TABLES a READ", "LOCK TABLES a"),
        ],
    );
    check(
        Sqlite,
        &[
            ("INSERT OR REPLACE INTO [odd name] VALUES (1)", "INSERT INTO [odd name]"),
            ("CREATE VIRTUAL TABLE a USING fts5(b)", "CREATE VIRTUAL TABLE a"),
            ("PRAGMA main.user_version = 42", "PRAGMA main.user_version"),
        ],
    );
}

#[test]
fn secrets_and_literals_stay_out() {
    check(
        Postgres,
        &[
            ("ALTER ROLE bob PASSWORD 'secret'", "ALTER ROLE bob"),
            ("CREATE USER bob PASSWORD 'secret'", "CREATE USER bob"),
            ("ALTER SYSTEM SET a = 'secret'", "ALTER SYSTEM"),
            ("CREATE USER MAPPING FOR bob SERVER a OPTIONS (password 'secret')", "CREATE USER MAPPING"),
            ("CREATE SUBSCRIPTION s CONNECTION 'secret' PUBLICATION p", "CREATE SUBSCRIPTION s"),
            ("SELECT 1 FROM 'secret'", "SELECT"),
        ],
    );
}

#[test]
fn long_names_are_cut_between_characters() {
    let name = "é".repeat(300);
    let summary = format!("CREATE TABLE {}", "é".repeat(255 - "CREATE TABLE ".len()));
    check(Postgres, &[(&format!("CREATE TABLE {name} (a int)"), &summary)]);
}
