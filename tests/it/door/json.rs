//! Output for programs.

use insta::assert_snapshot;
use serde_json::Value;

use super::{Door, Seen};

fn lines(seen: &Seen) -> Vec<Value> {
    seen.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The last line, which must be a report with the exit code.
#[track_caller]
fn report(seen: &Seen) -> Value {
    let last = lines(seen).pop().unwrap();
    assert_eq!((last["event"].as_str(), last["schema"].as_u64()), (Some("report"), Some(1)), "{seen}");
    assert_eq!(last["exit_code"].as_i64(), seen.code.map(i64::from));
    last
}

#[test]
fn a_run_is_told_event_by_event() {
    let door = Door::shop();
    let seen = door.run(&["up", "--steps", "1", "--format", "json"]);
    let names: Vec<String> = lines(&seen).iter().map(|line| line["event"].as_str().unwrap().to_owned()).collect();
    assert_snapshot!(names.join("\n"), @r"
    run_started
    connect_started
    connect_finished
    lock_started
    lock_finished
    plan_started
    plan_finished
    state_started
    state_finished
    migration_started
    statement_started
    statement_finished
    statement_started
    statement_finished
    recorded
    migration_finished
    health_started
    check_started
    health_checked
    check_started
    health_checked
    check_started
    health_checked
    check_started
    health_checked
    check_started
    health_checked
    check_started
    health_checked
    check_started
    health_checked
    health_finished
    lock_released
    run_finished
    report
    ");
    let report = report(&seen);
    assert_eq!(report["run"]["to"], "1");
    assert_eq!(report["run"]["steps"][0]["statements"][1]["rows"], 2);
    assert_eq!(seen.stderr, "");
}

#[test]
fn every_event_of_a_run_carries_its_id_and_time() {
    let seen = Door::shop().run(&["--format=json", "up"]);
    let mut events = lines(&seen);
    let last = events.pop().unwrap();
    for event in events {
        assert_eq!(event["run_id"], last["run"]["run_id"], "{event}");
        assert!(event["time"].as_str().unwrap().ends_with('Z') && event["schema"] == 1, "{event}");
    }
}

#[test]
fn a_failure_is_told_to_both() {
    let door = Door::with(&[("1_a.sql", "SELECT 1;\nSELEC 2;\n")]);
    let seen = door.run(&["up", "--format", "json"]);
    let report = report(&seen);
    assert_eq!(seen.code, Some(5));
    assert_eq!(report["run"]["steps"][0]["failure"]["line"], 2);
    let problem = &report["error"]["problems"][0];
    assert_eq!((&problem["path"], &problem["line"]), (&"migrations/1_a.sql".into(), &2.into()), "{problem}");
    assert!(seen.stderr.starts_with("error: migration 1 (a) failed and was rolled back"), "{seen}");
}

#[test]
fn every_command_ends_with_a_report() {
    let door = Door::shop();
    let json = |words: &[&str]| report(&door.run_with(&[("MIGRASCOPE_FORMAT", "json")], words));
    assert_eq!(json(&["plan"])["steps"][2]["atomic"], false);
    assert_eq!(json(&["status", "--check"])["pending"], 3);
    assert_eq!(json(&["up", "-q"])["run"]["applied"], 3);
    assert_eq!(json(&["status"])["migrations"][0]["state"], "applied");
    assert_eq!(json(&["verify"])["objections"], Value::Array(Vec::new()));
    let refused = json(&["down"])["error"].clone();
    assert_eq!((&refused["kind"], refused["reasons"].to_string()), (&"refused".into(), r#"["no_down"]"#.to_owned()));
    assert_eq!(json(&["new", "x"])["files"][0], "migrations/4_x.sql");
    assert_eq!(json(&["up", "--dir", "none"])["error"]["kind"], "layout");
    assert_eq!(json(&["up", "--lock-wait", "soon"])["error"]["kind"], "settings");
    assert_eq!(json(&["up", "--database-url", "x"])["error"]["kind"], "url");
}

#[test]
fn quiet_leaves_the_report_alone() {
    let seen = Door::shop().run(&["up", "-q", "--format", "json"]);
    assert_eq!(lines(&seen).len(), 1, "{seen}");
    report(&seen);
}
