//! The text output of `status` about the current run and the last failure.

use insta::assert_snapshot;
use serde_json::Value;

use super::{Door, redacted};
use crate::contract::locking::SlowRunner;
use crate::support::{eventually, on_each};

#[test]
fn the_last_failure_stands_beside_the_pending_migration() {
    let _redacted = redacted();
    let door = Door::with(&[
        ("1_a.sql", "CREATE TABLE a (i INTEGER);\n"),
        ("2_b.sql", "CREATE TABEL b (i INTEGER);\n"),
        ("3_c.sql", "CREATE TABLE c (i INTEGER);\n"),
    ]);
    assert_eq!(door.run(&["up"]).code, Some(5));
    let seen = door.run(&["status", "--check"]);
    assert_eq!(seen.code, Some(3), "{seen}");
    assert_snapshot!(seen.stdout, @r#"
    sqlite [version], database migrascope.db
     VERSION  NAME  STATE    APPLIED AT                TIME
     1        a     applied  [time] [t]
     2        b     pending
        failed [t] ago: 1 near "TABEL": syntax error, run [id]
     3        c     pending
    1 migration applied, 2 pending; schema is at 1
    "#);
    door.write("migrations/2_b.sql", "CREATE TABLE b (i INTEGER);\n");
    let seen = door.run(&["status"]);
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(seen.stdout.contains("; the file was changed since\n"), "{seen}");
    let json = door.run(&["status", "--format", "json"]).good();
    let report: Value = serde_json::from_str(json.trim_end()).unwrap();
    let failure = &report["migrations"][1]["last_failure"];
    assert_eq!(
        (failure["outcome"].as_str(), failure["file_changed"].as_bool()),
        (Some("failure"), Some(true)),
        "{json}"
    );
    assert!(report["migrations"][0]["last_failure"].is_null(), "{json}");
}

#[test]
fn a_run_that_is_going_on_is_shown_and_fails_nothing() {
    on_each(|database| {
        let text = format!("-- migrascope: no-transaction\nCREATE TABLE a (i INTEGER);\n{};", database.slow());
        let directory = database.migrations(&[("1_a.sql", &text)]);
        let _runner = SlowRunner::at(database, &directory, 2);
        let run = |words: &[&str]| {
            let output = database.binary(&directory).args(words).output().unwrap();
            let text = [output.stdout, output.stderr].map(|part| String::from_utf8(part).unwrap()).concat();
            (output.status.code(), text)
        };
        eventually("it is at its second statement", || run(&["status"]).1.contains("statement 2 of 2").then_some(()));
        let (code, seen) = run(&["status", "--check"]);
        assert_eq!(code, Some(3), "{seen}");
        assert!(seen.contains("    running for ") && seen.contains(", statement 2 of 2, run "), "{seen}");
        assert!(seen.contains(", host ") && !seen.contains("repair") && !seen.contains("unfinished"), "{seen}");
        for command in ["verify", "plan"] {
            let (code, seen) = run(&[command]);
            assert_eq!(code, Some(0), "{seen}");
            assert!(seen.contains(" is running: up for ") && !seen.contains("repair"), "{seen}");
        }
        let (_, json) = run(&["status", "--format", "json"]);
        let report: Value = serde_json::from_str(json.trim_end()).unwrap();
        let running = &report["running"];
        assert_eq!((running["command"].as_str(), running["migration"]["statement"].as_u64()), (Some("up"), Some(2)));
        assert_eq!(report["migrations"][0]["state"], "running", "{json}");
        assert_eq!(report["migrations"][0]["progress"]["run_id"], running["run_id"], "{json}");
    });
}
