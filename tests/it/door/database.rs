//! How the database is selected, how that is reported, and what happens if none is configured.

use insta::assert_snapshot;

use super::{Door, Seen, redacted};
use crate::support::{Backend, TestDatabase, on, on_each};

fn without_settings(door: &Door, words: &[&str]) -> Seen {
    Seen::of(door.command(words).env_remove("DATABASE_URL").output().unwrap())
}

#[test]
fn without_any_setting_nothing_is_touched() {
    let door = Door::shop();
    for words in
        [&["up"][..], &["status"], &["plan"], &["verify"], &["health"], &["down"], &["push"], &["serve"], &["wait"]]
    {
        let seen = without_settings(&door, words);
        assert_eq!(seen.code, Some(2), "{words:?}: {seen}");
        assert!(seen.stderr.contains("no database is configured"), "{words:?}: {seen}");
    }
    assert_snapshot!(without_settings(&door, &["up"]), @"
    --- stderr
    error: no database is configured
    help: set DATABASE_URL or pass --database-url, as in postgres://user:password@host:5432/database or mysql://…
    help: to try it with a SQLite file: --database-url sqlite://migrascope.db
    --- exit 2
    ");
    assert!(!door.path().join("migrascope.db").exists());
    for words in [&["new", "add_thing"][..], &["completions", "bash"], &["man"]] {
        assert_eq!(without_settings(&door, words).code, Some(0), "{words:?}");
    }
}

#[test]
fn a_dotenv_file_names_the_database_where_nothing_else_does() {
    let _redacted = redacted();
    let door = Door::with(&[("1_a.sql", "CREATE TABLE a (i INTEGER);")]);
    door.write(".env", "# ours\nOTHER=two words that nobody quotes\nDATABASE_URL=\"sqlite://of-dotenv.db\"\nexport MIGRASCOPE_TARGET=shop\nAPP_ENV=development\n");
    let seen = without_settings(&door, &["up"]);
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(seen.stdout.starts_with("DATABASE_URL, MIGRASCOPE_TARGET from .env\n"), "{seen}");
    assert!(seen.stdout.contains("database of-dotenv.db"), "{seen}");
    for command in ["up", "status", "plan", "down"] {
        let seen = without_settings(&door, &[command, "--format", "json"]);
        let last: serde_json::Value = serde_json::from_str(seen.stdout.lines().last().unwrap()).unwrap();
        assert_eq!(last["from_dotenv"], serde_json::json!(["DATABASE_URL", "MIGRASCOPE_TARGET"]), "{command}: {seen}");
    }
    let seen = door.run(&["status", "--format", "json", "--target", "other"]).good();
    assert!(!seen.contains("dotenv"), "{seen}");
    // An environment variable overrides a file, even under another name.
    door.write(".env", "MIGRASCOPE_DATABASE_URL=sqlite://of-dotenv.db\n");
    let seen = door.run(&["up"]).good();
    assert!(seen.contains("database migrascope.db") && !seen.contains(".env"), "{seen}");
    // An empty variable counts as set.
    door.write(".env", "DATABASE_URL=sqlite://of-dotenv.db\n");
    assert_eq!(door.run_with(&[("DATABASE_URL", "")], &["up"]).code, Some(2));
}

#[test]
fn exec_hands_the_database_of_a_dotenv_file_on() {
    let door = Door::with(&[("1_a.sql", "CREATE TABLE a (i INTEGER);")]);
    door.write(".env", "DATABASE_URL=sqlite://of-dotenv.db\nAPP_ENV=development\n");
    let seen = without_settings(&door, &["--env", "test", "exec", "--", "/bin/sh", "-c", "echo \"$DATABASE_URL\""]);
    assert_eq!((seen.code, seen.stdout.trim()), (Some(0), "sqlite://of-dotenv.db"), "{seen}");
    // A file that may have been left behind does not set the environment: it is production, which applies nothing automatically.
    let seen = without_settings(&door, &["exec", "--", "/bin/true"]);
    assert!(!seen.stderr.contains("development"), "{seen}");
}

#[test]
fn a_dotenv_line_that_cannot_be_read_is_not_shown() {
    let door = Door::shop();
    door.write(".env", "DATABASE_URL=postgres://u:hunter 2@h/d\n");
    let seen = without_settings(&door, &["up"]);
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(
        seen.stderr.contains("the value of DATABASE_URL cannot be parsed") && !seen.stderr.contains("hunter"),
        "{seen}"
    );
}

/// What every header must contain.
fn place(database: &TestDatabase) -> Vec<String> {
    if database.backend == Backend::Sqlite {
        return vec![database.url.replace("sqlite://", "database ")];
    }
    let place = database.url.rsplit_once('@').unwrap().1;
    let (server, name) = place.split_once('/').unwrap();
    let (user, _) = database.url.split_once("://").unwrap().1.split_once(':').unwrap();
    let schema = if database.backend == Backend::Postgres { ", schema public" } else { "" };
    vec![format!("at {server}, database {name}{schema}, user {user}")]
}

#[test]
fn every_command_says_where_it_works() {
    on_each(|database| {
        let directory =
            database.migrations(&[("1_a.sql", "CREATE TABLE a (i INTEGER);"), ("1_a.down.sql", "DROP TABLE a;")]);
        let commands: [&[&str]; 9] = [
            &["plan"],
            &["baseline", "1"],
            &["down"],
            &["up"],
            &["status"],
            &["verify"],
            &["health"],
            &["wait"],
            &["repair", "--accept-changes", "1", "--reason", "a test"],
        ];
        for words in commands {
            let output = database.binary(&directory).args(words).output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout);
            for part in place(database) {
                assert!(
                    text.contains(&part),
                    "{words:?}: {part:?} in {text}{}",
                    String::from_utf8_lossy(&output.stderr)
                );
            }
            assert!(!text.contains("throwaway"), "{text}");
        }
        let output =
            database.binary(&directory).args(["exec", "--env", "development", "--", "/bin/true"]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains(&place(database)[0]), "{text}");
        let output = database.binary(&directory).args(["up", "--format", "json"]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let place = if database.backend == Backend::Sqlite { "\"file\":\"/" } else { "\"address\":\"127.0.0.1\"" };
        assert!(text.contains(place), "{text}");
        assert_eq!(text.contains("\"port\":null"), database.backend == Backend::Sqlite, "{text}");
    });
}

#[test]
fn a_parameter_that_cannot_be_honoured_ends_every_command_with_2() {
    on(Backend::Postgres, |database| {
        let directory = database.migrations(&[("1_a.sql", "CREATE TABLE a (i INTEGER);")]);
        for parameter in ["sslmodee=require", "channel_binding=require", "sslmode=disable&ssl=true", "service=nowhere"]
        {
            let url = format!("{}?{parameter}", database.url);
            for command in ["up", "status", "health"] {
                let output =
                    database.binary(&directory).env("MIGRASCOPE_DATABASE_URL", &url).arg(command).output().unwrap();
                let text = String::from_utf8_lossy(&output.stderr);
                assert_eq!(output.status.code(), Some(2), "{parameter}: {text}");
                assert!(text.contains("parameter") && !text.contains("throwaway"), "{text}");
            }
        }
        let output = database.binary(&directory).env("PGCHANNELBINDING", "require").arg("up").output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains("the variable PGCHANNELBINDING"), "{text}");
        assert_eq!(database.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0");
    });
}
