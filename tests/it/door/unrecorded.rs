//! The end of a run that could not be recorded in the journal.

use super::Door;

const NO_ROOM: &str = "CREATE TABLE t (i INTEGER);\n\
    CREATE TRIGGER no_room BEFORE UPDATE ON _migrascope_journal WHEN OLD.kind = 'run' BEGIN SELECT RAISE(ABORT, 'no room'); END;\n";

/// A run that has failed, and whose end could not be recorded.
fn failed() -> Door {
    let door = Door::with(&[("1_t.sql", NO_ROOM), ("2_bad.sql", "SELECT nothing;\n")]);
    let seen =
        door.run_with(&[("XDG_STATE_HOME", &here(&door))], &["up", "--format", "json", "--metrics-file", "m.prom"]);
    assert_eq!(seen.code, Some(5), "{seen}");
    assert!(seen.stderr.contains("warning: the end of this run could not be recorded in the journal"), "{seen}");
    assert!(seen.stdout.contains("\"end_not_recorded\":true"), "{seen}");
    door
}

fn here(door: &Door) -> String {
    door.path().join("state").display().to_string()
}

fn metric(door: &Door, file: &str, name: &str) -> String {
    let page = std::fs::read_to_string(door.path().join(file)).unwrap();
    let line = page
        .lines()
        .find(|line| line.starts_with(&format!("migrascope_{name}")))
        .unwrap_or_else(|| panic!("{name}: {page}"));
    line.rsplit(' ').next().unwrap().to_owned()
}

fn counted(door: &Door, file: &str, outcome: &str) -> String {
    let page = std::fs::read_to_string(door.path().join(file)).unwrap();
    let label = format!("migrascope_outcome=\"{outcome}\"");
    let line = page.lines().find(|line| line.starts_with("migrascope_runs_total{") && line.contains(&label)).unwrap();
    line.rsplit(' ').next().unwrap().to_owned()
}

fn recorded(door: &Door) -> String {
    door.sql("SELECT outcome || ' ' || coalesce(error_code, '-') || ' ' || (finished_at IS NOT NULL) || ' ' || (elapsed_ms IS NOT NULL) \
                FROM _migrascope_journal WHERE kind = 'run' ORDER BY started_at LIMIT 1").unwrap()
}

#[test]
fn its_own_page_reports_it_and_never_that_it_vanished() {
    let door = failed();
    for (name, value) in [("run_in_progress", "0"), ("last_run_success", "0")] {
        assert_eq!(metric(&door, "m.prom", name), value, "{name}");
    }
    assert_ne!(metric(&door, "m.prom", "last_run_duration_seconds"), "0", "one that vanished has no duration");
    assert_eq!(counted(&door, "m.prom", "vanished"), "0");
}

#[test]
fn the_next_command_on_this_machine_knows_it_and_the_next_run_records_it() {
    let door = failed();
    let state = here(&door);
    door.sql("DROP TRIGGER no_room");
    let seen = door.run_with(&[("XDG_STATE_HOME", &state)], &["push", "--metrics-file", "later.prom"]);
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(
        (counted(&door, "later.prom", "failure"), counted(&door, "later.prom", "vanished")),
        ("1".into(), "0".into())
    );
    assert_ne!(metric(&door, "later.prom", "last_run_duration_seconds"), "0");
    door.write("migrations/2_bad.sql", "INSERT INTO t VALUES (1);\n");
    let seen = door.run_with(&[("XDG_STATE_HOME", &state)], &["up"]);
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(recorded(&door), "failure 1 1 1");
}

#[test]
fn elsewhere_it_has_vanished_and_the_next_run_says_when_that_was_noticed() {
    let door = failed();
    door.sql("DROP TRIGGER no_room");
    door.write("migrations/2_bad.sql", "INSERT INTO t VALUES (1);\n");
    let elsewhere = door.path().join("elsewhere").display().to_string();
    let seen = door.run_with(&[("XDG_STATE_HOME", &elsewhere)], &["up"]);
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(recorded(&door), "vanished - 1 0");
}

#[test]
fn where_it_cannot_be_kept_that_is_said() {
    let door = Door::with(&[("1_t.sql", NO_ROOM), ("2_bad.sql", "SELECT nothing;\n")]);
    door.write("state", "in the way");
    let seen = door.run_with(&[("XDG_STATE_HOME", &here(&door))], &["up"]);
    assert_eq!(seen.code, Some(5), "{seen}");
    assert!(seen.stderr.contains("later runs will take it for one whose process died: it cannot be kept: "), "{seen}");
}
