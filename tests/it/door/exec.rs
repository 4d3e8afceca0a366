//! `exec`: the policy, the run, and then the application.

use std::process::{Command, Stdio};

use super::{Door, Seen};

const DEVELOPMENT: (&str, &str) = ("APP_ENV", "development");
/// Prints that it runs, its trace and its arguments.
const APP: [&str; 6] = ["--", "sh", "-c", "echo \"app: $TRACEPARENT $*\"", "app", "one argument"];

fn exec(door: &Door, variables: &[(&str, &str)], options: &[&str]) -> Seen {
    door.run_with(variables, &[&["exec"], options, &APP[..]].concat())
}

fn applied(door: &Door) -> String {
    door.run(&["status"]).stdout
}

#[test]
fn the_application_starts_when_everything_is_applied_and_has_standard_output_for_itself() {
    let door = Door::shop();
    let seen = exec(&door, &[DEVELOPMENT], &[]);
    assert_eq!((seen.code, seen.stdout.as_str()), (Some(0), "app:  one argument\n"), "{seen}");
    let lines: Vec<&str> = seen.stderr.lines().collect();
    assert_eq!(lines[0], "pending migrations are applied: APP_ENV is development, and AUTO_MIGRATE is not set");
    assert!(lines[1].starts_with("migrascope ") && lines[1].contains(" exec  sqlite "), "{seen}");
    assert!(seen.stderr.contains("3 migrations applied in "), "{seen}");
    assert!(lines.last().unwrap().starts_with("starting /"), "{seen}");
    let again = exec(&door, &[DEVELOPMENT], &["--quiet"]);
    assert_eq!((again.code, again.stderr.as_str()), (Some(0), ""), "{again}");
}

#[test]
fn what_is_only_looked_at_is_said_and_changes_nothing() {
    for variables in [&[][..], &[DEVELOPMENT, ("AUTO_MIGRATE", "false")]] {
        let door = Door::shop();
        let seen = exec(&door, variables, &[]);
        assert_eq!((seen.code, seen.stdout.as_str()), (Some(0), "app:  one argument\n"), "{seen}");
        assert!(seen.stderr.contains("  pending  1 (users)\n  pending  2 (orders)\n  pending  3 (tidy)\n"), "{seen}");
        assert!(seen.stderr.contains("3 migrations are pending; schema is empty; apply with migrascope up"), "{seen}");
        assert!(!door.path().join("migrascope.db").exists(), "nothing was created");
    }
}

#[test]
fn under_tests_and_where_it_is_forbidden_nobody_asks_the_database() {
    for variables in [&[("APP_ENV", "test"), ("AUTO_MIGRATE", "true")][..], &[("AUTO_MIGRATE", "false")]] {
        let door = Door::shop();
        let nowhere = ["--database-url", "postgres://nobody@127.0.0.1:9/none"];
        let seen = exec(&door, variables, &nowhere);
        assert_eq!((seen.code, seen.stdout.as_str()), (Some(0), "app:  one argument\n"), "{seen}");
        assert!(seen.stderr.contains("the database is left alone: "), "{seen}");
    }
}

#[test]
fn a_migration_that_fails_keeps_the_application_from_starting() {
    let door = Door::with(&[("1_good.sql", "CREATE TABLE t (i INTEGER);"), ("2_bad.sql", "SELECT nonsense;")]);
    let seen = exec(&door, &[DEVELOPMENT], &[]);
    assert_eq!((seen.code, seen.stdout.as_str()), (Some(5), ""), "{seen}");
    assert!(seen.stderr.contains("no such column: nonsense"), "{seen}");
    assert!(seen.stderr.contains("note: the application was not started"), "{seen}");
    assert!(seen.stderr.contains("help: migrascope up applies what is pending without starting it"), "{seen}");
    let production = exec(&door, &[("AUTO_MIGRATE", "true")], &["--format", "json"]);
    assert_eq!((production.code, production.stdout.as_str()), (Some(5), ""), "{production}");
    assert!(production.stderr.contains("\"event\":\"policy_decided\""), "{production}");
    assert!(production.stderr.contains("\"exit_code\":5"), "{production}");
    assert!(!production.stderr.contains("without starting it"), "{production}");
}

#[test]
fn a_database_that_cannot_be_looked_at_stops_nobody_who_would_change_nothing() {
    let nowhere = ["--database-url", "postgres://nobody@127.0.0.1:9/none"];
    let door = Door::shop();
    let looks = exec(&door, &[], &nowhere);
    assert_eq!((looks.code, looks.stdout.as_str()), (Some(0), "app:  one argument\n"), "{looks}");
    assert!(looks.stderr.contains("warning: cannot connect to "), "{looks}");
    let migrates = exec(&door, &[("AUTO_MIGRATE", "true")], &nowhere);
    assert_eq!((migrates.code, migrates.stdout.as_str()), (Some(8), ""), "{migrates}");
    let changed = Door::shop();
    changed.run(&["up"]).good();
    changed.write("migrations/1_users.sql", "CREATE TABLE changed (i INTEGER);");
    let seen = exec(&changed, &[], &[]);
    assert_eq!((seen.code, seen.stdout.as_str()), (Some(0), "app:  one argument\n"), "{seen}");
    assert!(seen.stderr.contains("warning: migration 1 (users) was changed after it was applied"), "{seen}");
}

#[test]
fn what_cannot_be_started_is_refused_before_anything_is_touched() {
    let door = Door::shop();
    door.write("no-program", "");
    for name in ["no-such-program", "./no-program", "./migrations", ""] {
        let seen = door.run_with(&[DEVELOPMENT], &["exec", "--", name]);
        assert_eq!((seen.code, seen.stdout.as_str()), (Some(2), ""), "{name}: {seen}");
        assert!(seen.stderr.contains("program not found, or not executable: "), "{seen}");
        assert!(!door.path().join("migrascope.db").exists(), "{name}");
    }
    let seen = exec(&door, &[("APP_ENV", "prod")], &[]);
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(seen.stderr.contains("did you mean production?"), "{seen}");
}

#[test]
fn the_environment_can_be_said_by_flag_variable_and_file() {
    let door = Door::shop();
    let flag = exec(&door, &[DEVELOPMENT], &["--env", "test"]);
    assert!(flag.stderr.contains("the database is left alone: --env is test"), "{flag}");
    let variable = exec(&door, &[DEVELOPMENT, ("MIGRASCOPE_ENV", "test")], &[]);
    assert!(variable.stderr.contains("MIGRASCOPE_ENV is test"), "{variable}");
    door.write("migrascope.toml", "env = \"test\"\n");
    let file = exec(&door, &[DEVELOPMENT], &[]);
    assert!(file.stderr.contains("the key env is test"), "{file}");
    door.write("migrascope.toml", "env = \"prod\"\n");
    let wrong = exec(&door, &[], &[]);
    assert_eq!(wrong.code, Some(2), "{wrong}");
    assert!(wrong.stderr.contains("did you mean production?"), "{wrong}");
}

#[test]
fn the_application_takes_our_place_with_our_process_id_and_its_own_exit_code() {
    let door = Door::shop();
    let words = ["exec", "--quiet", "--", "sh", "-c", "echo $$; trap 'exit 7' TERM; echo ready; sleep 5 & wait"];
    let mut child = door.command(&words).env("AUTO_MIGRATE", "true").stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    assert_eq!(lines.next().unwrap().unwrap(), child.id().to_string());
    assert_eq!(lines.next().unwrap().unwrap(), "ready");
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(7), "the signal is the application's own");
}

#[test]
fn several_at_once_migrate_once_and_all_start() {
    let door = Door::shop();
    let words = [&["exec", "--quiet"], &APP[..]].concat();
    let start = |_| door.command(&words).env("AUTO_MIGRATE", "true").stdout(Stdio::piped()).spawn().unwrap();
    let children: Vec<_> = (0..5).map(start).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "app:  one argument\n");
        assert_eq!(output.status.code(), Some(0));
    }
    assert_eq!(applied(&door).matches("applied").count(), 4, "three rows and the sentence");
}

#[test]
fn what_is_secret_and_ours_is_not_handed_on() {
    let door = Door::shop();
    let ours = [
        ("MIGRASCOPE_DATABASE_URL", "sqlite://ours.db"),
        ("MIGRASCOPE_PUSH_URL", "http://user:secret@127.0.0.1:9"),
        ("MIGRASCOPE_WEBHOOK_URL", "http://127.0.0.1:9/secret"),
        ("MIGRASCOPE_GRAFANA_TOKEN", "secret"),
        ("MIGRASCOPE_BEFORE", "true secret"),
        ("MIGRASCOPE_CONNECTION_INIT", "SELECT 'secret'"),
        ("MIGRASCOPE_WHATEVER_COMES_TOKEN", "secret"),
        ("MIGRASCOPE_TELEMETRY", "off"),
        ("DATABASE_URL", "postgres://app@db/app"),
        ("AUTO_MIGRATE", "true"),
    ];
    let seen = door.run_with(&ours, &["exec", "--quiet", "--", "env"]);
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(seen.stdout.contains("DATABASE_URL=postgres://app@db/app\n"), "{seen}");
    assert!(seen.stdout.contains("MIGRASCOPE_TELEMETRY=off\n"), "{seen}");
    assert!(!seen.stdout.contains("secret") && !seen.stdout.contains("ours.db"), "{seen}");
    assert!(door.path().join("ours.db").exists(), "we used it ourselves");
}

#[test]
fn the_release_before_starts_where_the_next_one_was() {
    let door = Door::shop();
    door.run(&["up"]).good();
    door.remove("migrations/3_tidy.sql");
    let seen = exec(&door, &[DEVELOPMENT], &[]);
    assert_eq!((seen.code, seen.stdout.as_str()), (Some(0), "app:  one argument\n"), "{seen}");
    assert!(seen.stderr.contains("warning: migration 3 (tidy) is applied but its file is missing"), "{seen}");
    assert_eq!(door.run(&["wait"]).code, Some(0));
    assert_eq!(door.run(&["up"]).code, Some(4), "up says what it sees");
}
