//! Every reader of the journal sees the newest result of a health check.

use super::Door;

fn page(door: &Door, file: &str) -> String {
    std::fs::read_to_string(door.path().join(file)).unwrap()
}

fn value(page: &str, metric: &str, check: &str) -> String {
    let label = format!("migrascope_check=\"{check}\"");
    let line = page.lines().find(|line| line.starts_with(&format!("{metric}{{")) && line.contains(&label));
    line.unwrap_or_else(|| panic!("{metric} {check}: {page}")).rsplit(' ').next().unwrap().to_owned()
}

fn rows(door: &Door) -> u32 {
    door.sql("SELECT count(*) FROM _migrascope_journal WHERE kind = 'check'").unwrap().parse().unwrap()
}

/// A database whose custom check has failed after a run, and which has been repaired since.
fn repaired() -> Door {
    let door = Door::with(&[("1_t.sql", "CREATE TABLE t (i INTEGER);\nINSERT INTO t VALUES (-1);\n")]);
    door.write("checks/negative.sql", "SELECT i FROM t WHERE i < 0;\n");
    let seen = door.run(&["up", "--checks", "checks", "--metrics-file", "up.prom"]);
    assert_eq!(seen.code, Some(9), "{seen}");
    assert_eq!(value(&page(&door, "up.prom"), "migrascope_health_check_success", "negative"), "0");
    door.sql("UPDATE t SET i = 1");
    door
}

#[test]
fn a_check_that_was_repaired_succeeds_everywhere_after_health() {
    let door = repaired();
    let made = rows(&door);
    let seen = door.run(&["health", "--checks", "checks", "--metrics-file", "health.prom"]);
    assert_eq!(seen.code, Some(0), "{seen}");
    door.run(&["push", "--metrics-file", "push.prom"]).good();
    door.run(&["up", "--checks", "checks", "--metrics-file", "again.prom"]).good();
    for file in ["health.prom", "push.prom", "again.prom"] {
        let page = page(&door, file);
        assert_eq!(value(&page, "migrascope_health_check_success", "negative"), "1", "{file}");
        // No counter decreases from one page to the next.
        assert_eq!(value(&page, "migrascope_health_check_duration_seconds_count", "negative"), "2", "{file}");
    }
    assert_eq!(rows(&door), made * 2);
}

#[test]
fn a_result_that_is_known_is_not_recorded_again() {
    let door = repaired();
    let health = |code| {
        let seen = door.run(&["health", "--checks", "checks"]);
        assert_eq!(seen.code, Some(code), "{seen}");
        rows(&door)
    };
    let first = health(0);
    assert_eq!((health(0), health(0)), (first, first));
    door.sql("UPDATE t SET i = -1");
    let failed = health(9);
    assert!(failed > first);
    assert_eq!(health(9), failed);
}

#[test]
fn health_of_a_database_without_a_journal_leaves_none() {
    let door = Door::empty();
    door.sql("CREATE TABLE t (i INTEGER)");
    let seen = door.run(&["health", "--metrics-file", "health.prom"]);
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(value(&page(&door, "health.prom"), "migrascope_health_check_success", "ping"), "1");
    assert_eq!(door.sql("SELECT count(*) FROM sqlite_schema WHERE name LIKE '_migrascope%'").as_deref(), Some("0"));
}
