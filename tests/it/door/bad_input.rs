//! Unusable input is reported with its position, before anything runs.

use insta::assert_snapshot;

use super::{Door, redacted};
use crate::support::{Backend, TestDatabase};

/// The output for a file that must not be sent to this database.
#[track_caller]
fn refused_by(database: &TestDatabase, name: &str, text: &[u8]) -> String {
    let door = Door::empty();
    door.write(&format!("migrations/{name}"), text);
    let seen = door.run(&["up", "--database-url", &database.url]);
    assert_eq!(seen.code, Some(2), "{seen}");
    seen.stderr
}

#[test]
fn unknown_words_are_met_with_a_suggestion() {
    let door = Door::shop();
    assert_snapshot!(door.run(&["upp"]), @r"
    --- stderr
    error: unrecognized subcommand 'upp'

      tip: a similar subcommand exists: 'up'

    Usage: migrascope [OPTIONS] <COMMAND>

    For more information, try '--help'.
    --- exit 2
    ");
    assert_snapshot!(door.run(&["up", "--lock-wiat", "5s"]), @r"
    --- stderr
    error: unexpected argument '--lock-wiat' found

      tip: a similar argument exists: '--lock-wait'

    Usage: migrascope up --lock-wait <DURATION>

    For more information, try '--help'.
    --- exit 2
    ");
    assert_snapshot!(door.run(&["up", "--order", "strikt"]), @r"
    --- stderr
    error: invalid value 'strikt' for '--order <HOW>'
      [possible values: strict, allow, skip]

      tip: a similar value exists: 'strict'

    For more information, try '--help'.
    --- exit 2
    ");
    let layout = door.run(&["up", "--layout", "rails"]).to_string();
    assert!(
        layout.contains("error: invalid value \"rails\" for --layout: expected one of auto, native, prisma, "),
        "{layout}"
    );
    assert!(layout.contains("--- exit 2"), "{layout}");
    assert_snapshot!(door.run(&["up", "--to", " "]), @r"
    --- stderr
    error: invalid value ' ' for '--to <VERSION>': expected a version

    For more information, try '--help'.
    --- exit 2
    ");
    assert_snapshot!(door.run(&["up", "--to", "1", "--steps", "1"]), @r"
    --- stderr
    error: the argument '--to <VERSION>' cannot be used with '--steps <N>'

    Usage: migrascope up --to <VERSION>

    For more information, try '--help'.
    --- exit 2
    ");
}

#[test]
fn an_unknown_key_is_met_with_a_suggestion_and_its_line() {
    let door = Door::shop();
    door.write("migrascope.toml", "dir = \"migrations\"\nlock-wiat = \"5s\"\n");
    assert_snapshot!(door.run(&["up"]), @r#"
    --- stderr
    error: unknown key lock-wiat; did you mean lock-wait?
     --> migrascope.toml:2:1
      |
    2 | lock-wiat = …
      | ^^^^^^^^^
    --- exit 2
    "#);
    door.write("migrascope.toml", "dir = \"migrations\n");
    assert_snapshot!(door.run(&["up"]), @r#"
    --- stderr
    error: the configuration file migrascope.toml is not TOML
     --> migrascope.toml:1:18
      |
    1 | dir = …
      |                  ^ invalid basic string, expected `"`
    --- exit 2
    "#);
}

#[test]
fn no_directory_and_no_files() {
    let door = Door::empty();
    assert_snapshot!(door.run(&["up"]), @r"
    --- stderr
    error: cannot read the directory migrations: No such file or directory (os error 2)
    help: name the directory with --dir, or create the first migration with migrascope new NAME
    --- exit 2
    ");
    std::fs::create_dir(door.path().join("migrations")).unwrap();
    assert_snapshot!(door.run(&["up"]), @r"
    --- stderr
    error: the directory migrations has no migrations for sqlite
    help: create the first one with migrascope new NAME; file names look like 20260131120000_add_users.sql
    --- exit 2
    ");
    assert!(!door.path().join("migrascope.db").exists());
}

#[test]
fn a_file_that_cannot_be_read() {
    let door = Door::empty();
    std::fs::create_dir(door.path().join("migrations")).unwrap();
    std::os::unix::fs::symlink("/nowhere/at/all", door.path().join("migrations/1_gone.sql")).unwrap();
    assert_snapshot!(door.run(&["up"]), @r"
    --- stderr
    error: the file cannot be read: No such file or directory (os error 2)
    --> migrations/1_gone.sql
    --- exit 2
    ");
}

#[test]
fn files_that_are_not_text_or_not_sql() {
    let Some(database) = TestDatabase::fresh(Backend::Postgres) else { return };
    let refused = |name: &str, text: &[u8]| refused_by(&database, name, text);
    assert_snapshot!(refused("1_bytes.sql", b"SELECT 1;\nSELECT '\xff\xfe';\n"), @r"
    error: invalid UTF-8
     --> migrations/1_bytes.sql:2:9
      |
    2 | SELECT '��';
      |         ^^^^
    help: save the file as UTF-8
    ");
    assert_snapshot!(refused("1_quote.sql", b"SELECT 1;\nSELECT 'it;\n"), @r"
    error: unterminated quote '
     --> migrations/1_quote.sql:2:8
      |
    2 | SELECT 'it;
      |        ^^^^
    ");
    assert_snapshot!(refused("1_backslash.sql", b"SELECT 1;\nSELECT 'it\\'s';\n"), @r"
    error: a backslash does not escape the quote after it in this string, unless standard_conforming_strings is off
     --> migrations/1_backslash.sql:2:8
      |
    2 | SELECT 'it\'s';
      |        ^^^^^^^^
    help: double the quote, or write the string as E'…'
    help: or, if every backslash escapes, begin the file with SET standard_conforming_strings = off

    error: unterminated quote '
     --> migrations/1_backslash.sql:2:14
      |
    2 | SELECT 'it\'s';
      |              ^^
    ");
    assert_snapshot!(refused("1_comment.sql", b"SELECT 1; /* open\n"), @r"
    error: unterminated block comment
     --> migrations/1_comment.sql:1:11
      |
    1 | SELECT 1; /* open
      |           ^^
    ");
    assert_snapshot!(refused("1_copy.sql", b"SELECT 1;\nCOPY users FROM stdin;\n1\tx\n\\.\n"), @r"
    error: COPY FROM STDIN reads rows from the script, which only psql supports
     --> migrations/1_copy.sql:2:1
      |
    2 | COPY users FROM stdin;
      | ^^^^
    help: write the rows as INSERT statements (pg_dump --inserts), or read a file of the server: COPY … FROM '/path'
    ");
    assert_snapshot!(refused("1_meta.sql", b"\\connect app\n"), @r"
    error: \connect is a psql meta-command, not SQL
     --> migrations/1_meta.sql:1:1
      |
    1 | \connect app
      | ^^^^^^^^
    help: name the database with --database-url; a migration stays on one connection
    ");
    assert_snapshot!(refused("1_directive.sql", b"-- migrascope: no-transacton\nSELECT 1;\n"), @r#"
    error: unknown directive "no-transacton", did you mean "no-transaction"?
     --> migrations/1_directive.sql:1:16
      |
    1 | -- migrascope: no-transacton
      |                ^^^^^^^^^^^^^
    "#);
}

#[test]
fn a_backslash_that_escapes_the_end_of_a_string() {
    let Some(database) = TestDatabase::fresh(Backend::Mysql) else { return };
    assert_snapshot!(refused_by(&database, "1_path.sql", b"SELECT 1;\nSELECT 'E:\\';\n"), @r"
    error: unterminated quote '
     --> migrations/1_path.sql:2:8
      |
    2 | SELECT 'E:\';
      |        ^^^^^^

    error: a backslash escapes the quote after it in this string, unless sql_mode has NO_BACKSLASH_ESCAPES
     --> migrations/1_path.sql:2:8
      |
    2 | SELECT 'E:\';
      |        ^^^^^^
    help: double the backslash, as in 'C:\\'
    help: or, if a backslash is a plain character, begin the file with SET sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES')
    ");
}

#[test]
fn names_without_a_version_and_versions_taken_twice() {
    let door = Door::with(&[("users.sql", "SELECT 1;"), ("1_a.sql", "SELECT 1;"), ("01_b.sql", "SELECT 1;")]);
    assert_snapshot!(door.run(&["up"]), @r"
    --- stderr
    error: the file name has no version: it must read like 20260131120000_add_users.sql
    --> migrations/users.sql

    error: the version is already used by migrations/01_b.sql
    --> migrations/1_a.sql
    help: give one of the two files another version
    --- exit 2
    ");
}

#[test]
fn all_problems_are_told_at_once() {
    let door = Door::with(&[("1_a.sql", "SELECT 'x"), ("2_b.sql", "/* x"), ("3_c.sql", "SELECT 1;")]);
    let seen = door.run(&["verify"]);
    assert_eq!((seen.code, seen.stderr.matches("error: ").count()), (Some(2), 2), "{seen}");
}

#[test]
fn urls_that_name_no_database() {
    let door = Door::shop();
    assert_snapshot!(door.run(&["up", "--database-url", "postgre://app:secret@db/app"]), @r#"
    --- stderr
    error: unknown database "postgre" in the database URL, did you mean "postgres"?
    help: expected a URL such as postgres://user:password@host:5432/database, mysql://… or sqlite://path/to/file.db
    --- exit 2
    "#);
    assert_snapshot!(door.run(&["up", "--database-url", "secret"]), @r"
    --- stderr
    error: the database URL has no scheme: it must begin with postgres://, mysql:// or sqlite://
    help: expected a URL such as postgres://user:password@host:5432/database, mysql://… or sqlite://path/to/file.db
    --- exit 2
    ");
    assert_snapshot!(door.run(&["up", "--database-url-file", "none"]), @r"
    --- stderr
    error: cannot read the database URL from none
    note: No such file or directory (os error 2)
    --- exit 2
    ");
    door.write("empty", "\n");
    assert_snapshot!(door.run(&["up", "--database-url-file", "empty"]), @r"
    --- stderr
    error: the file empty must contain the database URL, and is empty
    --- exit 2
    ");
}

#[test]
fn no_server_is_exit_8_with_host_port_and_database_but_no_password() {
    let door = Door::shop();
    for scheme in ["postgres", "mysql"] {
        let url = format!("{scheme}://app:s3cr3t@127.0.0.1:1/shop");
        for words in [["up", "-v"], ["status", "-v"], ["up", "--format=json"]] {
            let seen = door.run_with(&[("DATABASE_URL", &url)], &words);
            assert_eq!(seen.code, Some(8), "{seen}");
            assert!(seen.stderr.contains("127.0.0.1:1") && seen.stderr.contains("database shop"), "{seen}");
            assert!(!seen.to_string().contains("s3cr3t"), "{seen}");
        }
    }
}

#[test]
fn a_database_file_that_cannot_be_made() {
    let _redacted = redacted();
    assert_snapshot!(Door::shop().run(&["up", "--database-url", "sqlite://none/at/all.db"]), @r"
    --- stderr
    error: cannot connect to sqlite database all.db
    note: unable to open database file (14)
    help: check that the file's directory exists and can be written; only up creates a missing file
    --- exit 8
    ");
}

#[test]
fn a_name_without_letters_makes_no_file() {
    assert_snapshot!(Door::empty().run(&["new", "!?"]), @r#"
    --- stderr
    error: "!?" is not a valid migration name: it needs a letter or digit
    --- exit 2
    "#);
}

#[test]
fn a_url_without_its_flag_does_not_show_its_password() {
    let seen = Door::empty().run(&["up", "postgres://app:s3cret@db.example.com/shop"]);
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(seen.stderr.contains("unexpected argument 'postgres://…' found"), "{seen}");
    assert!(!seen.stderr.contains("s3cret"), "{seen}");
}
