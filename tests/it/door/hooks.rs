//! Hooks from outside: their environment, output, exit codes and signals.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{Door, Seen};

#[test]
fn a_command_is_told_about_its_run() {
    let door = Door::shop();
    let shown = "env | grep -E '^(MIGRASCOPE|TRACE|BAGGAGE|DATABASE)' | grep -v RUN_ID | sort >&2";
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let variables = [("TRACEPARENT", parent), ("BAGGAGE", "team=a")];
    let words =
        ["up", "--database-url", "sqlite://migrascope.db", "--target", "shop", "--before", shown, "--after", shown];
    let seen = Seen::of(door.command(&words).env_remove("DATABASE_URL").envs(variables).output().unwrap());
    assert_eq!(seen.code, Some(0), "{seen}");
    let told = |hook: &str| {
        let (_, rest) = seen.stderr.split_once(&format!("… hook {hook}\n")).unwrap();
        rest.lines().take_while(|line| !line.starts_with('…')).map(str::to_owned).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        told("before"),
        format!(
            "BAGGAGE=team=a\nMIGRASCOPE_APPLIED=0\nMIGRASCOPE_COMMAND=up\nMIGRASCOPE_DATABASE=migrascope.db\n\
             MIGRASCOPE_PENDING=3\nMIGRASCOPE_TARGET=shop\nMIGRASCOPE_VERSION=3\nMIGRASCOPE_VERSION_FROM=\nTRACEPARENT={parent}"
        ),
        "without a trace of our own the caller's goes on, and no URL is added"
    );
    assert_eq!(
        told("after"),
        format!(
            "BAGGAGE=team=a\nMIGRASCOPE_APPLIED=3\nMIGRASCOPE_COMMAND=up\nMIGRASCOPE_DATABASE=migrascope.db\n\
             MIGRASCOPE_ERROR=\nMIGRASCOPE_OUTCOME=success\nMIGRASCOPE_PENDING=0\nMIGRASCOPE_TARGET=shop\n\
             MIGRASCOPE_VERSION=3\nMIGRASCOPE_VERSION_FROM=\nTRACEPARENT={parent}"
        )
    );
}

#[test]
fn what_another_run_has_left_in_the_environment_is_not_about_this_one() {
    let door = Door::shop();
    let variables = [("MIGRASCOPE_OUTCOME", "failure"), ("MIGRASCOPE_ERROR", "old")];
    let seen = door.run_with(&variables, &["up", "--before", "echo \"<$MIGRASCOPE_OUTCOME$MIGRASCOPE_ERROR>\""]);
    assert!(seen.stderr.contains("\n<>\n"), "{seen}");
}

#[test]
fn what_commands_write_does_not_disturb_programs() {
    let door = Door::shop();
    let seen = door.run(&["up", "--format", "json", "--backup-command", "echo saved; echo careful >&2"]);
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(seen.stderr, "saved\ncareful\n");
    let lines: Vec<serde_json::Value> = seen.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |event: &str| lines.iter().find(|line| line["event"] == event).unwrap();
    assert_eq!(of("hook_started")["hook"], "backup");
    let finished = of("hook_finished");
    assert_eq!(
        (&finished["hook"], &finished["exit_code"], &finished["error"]),
        (&"backup".into(), &0.into(), &().into())
    );
    assert!(finished["elapsed_seconds"].as_f64().unwrap() > 0.0);
}

#[test]
fn a_backup_that_fails_says_that_nothing_was_changed() {
    let door = Door::shop();
    let seen = door.run(&["up", "--backup-command", "echo no room >&2; exit 28", "--after", "echo never"]);
    assert_eq!(seen.code, Some(5), "{seen}");
    assert!(seen.stdout.contains("✗ hook backup "), "{seen}");
    let (_, told) = seen.stderr.split_once("no room\n").unwrap();
    assert_eq!(
        told,
        "error: the hook backup exited with 28\nhelp: nothing was changed; fix what stopped it, and run again\n"
    );
    assert_eq!(door.run(&["status", "--check"]).code, Some(3));
}

#[test]
fn a_last_command_that_fails_says_that_everything_is_applied() {
    let door = Door::shop();
    let seen = door.run(&["up", "--after", "exit 1"]);
    assert_eq!(seen.code, Some(9), "{seen}");
    let help = "help: the 3 migrations of this run ARE applied and recorded: do not run them again, \
                but do by hand what the hook should have done\n";
    assert!(seen.stderr.ends_with(&format!("error: the hook after exited with 1\n{help}")), "{seen}");
    assert_eq!(door.run(&["status", "--check"]).code, Some(0));
}

#[test]
fn a_failing_statement_is_shown_in_its_file() {
    let door = Door::shop();
    door.write("migrations/hooks/after_each.sql", "SELECT 1;\nSELECT nowt FROM users;\n");
    let seen = door.run(&["up"]);
    assert_eq!(seen.code, Some(5), "{seen}");
    assert!(seen.stderr.starts_with("error: the hook after_each failed after migration 1 (users)"), "{seen}");
    assert!(seen.stderr.contains("migrations/hooks/after_each.sql:2"), "{seen}");
    assert!(seen.stderr.contains("no such column: nowt"), "{seen}");
    assert!(seen.stderr.contains("statement 2: SELECT"), "{seen}");
    assert!(seen.stderr.contains("the 1 migration of this run IS applied and recorded"), "{seen}");
}

#[test]
fn a_plan_names_the_hooks_and_runs_none() {
    let door = Door::shop();
    door.write("migrations/hooks/before_each.sql", "SELECT nonsense");
    let words = ["--backup-command", "touch ran", "--after", "touch ran"];
    for command in [&["plan"][..], &["up", "--dry-run"], &["status"], &["verify"]] {
        let seen = door.run(&[command, &words].concat());
        let names = seen.stdout.contains("\nhooks: backup, before_each, after\n");
        assert_eq!(names, ["plan", "up"].contains(&command[0]), "{seen}");
        let known: serde_json::Value = serde_json::from_str(
            door.run(&[command, &words, &["--format", "json"]].concat()).stdout.lines().last().unwrap(),
        )
        .unwrap();
        assert_eq!(known.get("hooks").is_some(), names, "{known}");
    }
    assert!(!door.path().join("ran").exists());
}

#[test]
fn files_that_nobody_would_run_are_refused() {
    let door = Door::shop();
    for (name, text, told) in [
        ("before-each.sql", "", "no hook has this name; did you mean before_each.sql?"),
        ("after_each.sh", "", "no hook has this name; did you mean after_each.sql?"),
        ("seed.sql", "", "no hook has this name"),
        ("before_each.sql", "BEGIN;\nSELECT 1;\nCOMMIT;", "a hook runs in its own transaction"),
        ("after_each.sql", "VACUUM;", "a hook runs in its own transaction"),
    ] {
        door.write(&format!("migrations/hooks/{name}"), text);
        for command in ["up", "plan", "verify"] {
            let seen = door.run(&[command]);
            assert_eq!(seen.code, Some(2), "{name}, {command}: {seen}");
            assert!(seen.stderr.starts_with(&format!("error: {told}")), "{name}: {seen}");
        }
        door.remove(&format!("migrations/hooks/{name}"));
    }
    door.write("migrations/hooks/README.md", "How to make a backup.");
    door.write("migrations/hooks/backup.sh", "true");
    door.write("migrations/hooks/before_each.postgres.sql", "SELECT pg_backend_pid()");
    assert_eq!(
        door.run(&["up"]).code,
        Some(0),
        "what is for the shell, for people and for other databases may be there"
    );
}

#[test]
fn an_empty_command_and_no_limit_are_refused() {
    let door = Door::shop();
    for (words, told) in [
        (["--backup-command", " "], "invalid value \" \" for --backup-command: expected a command"),
        (["--hook-timeout", "0s"], "invalid value \"0s\" for --hook-timeout: expected a limit above 0"),
    ] {
        let seen = door.run(&[&["up"], &words[..]].concat());
        assert_eq!(seen.code, Some(2), "{seen}");
        assert!(seen.stderr.contains(told), "{seen}");
    }
}

#[test]
fn a_signal_ends_the_hook_and_decides_the_code() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let door = Door::shop();
        let words = ["up", "--format", "json", "--before", "trap 'echo ended; exit 0' TERM; sleep 300 & wait"];
        let mut child = door.command(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.contains("hook_running") {
            line.clear();
            assert!(lines.read_line(&mut line).unwrap() > 0, "it ended before its hook began");
        }
        let sent = Instant::now();
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        let (mut stdout, mut stderr) = (String::new(), String::new());
        lines.read_to_string(&mut stdout).unwrap();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        let seen = Seen { code: child.wait().unwrap().code(), stdout, stderr };
        assert_eq!(seen.code, Some(code), "{seen}");
        assert!(seen.stderr.starts_with("ended\nerror: the hook before was interrupted"), "{seen}");
        assert!(sent.elapsed() < Duration::from_secs(10));
        assert_eq!(door.run(&["up", "--lock-wait", "0"]).code, Some(0), "the lock is free");
    }
}
