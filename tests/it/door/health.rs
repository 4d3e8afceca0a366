//! The health checks as seen by users, scripts and dashboards.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use insta::assert_snapshot;

use super::{Door, Seen, redacted};

/// Also replaces the values of a table, which are times.
fn run(door: &Door, words: &[&str]) -> Seen {
    let seen = door.run(words);
    let shown = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    Seen { stdout: seen.stdout.lines().map(shown).collect::<Vec<_>>().join("\n"), ..seen }
}

fn report(seen: &Seen) -> serde_json::Value {
    serde_json::from_str(seen.stdout.lines().last().unwrap()).unwrap()
}

fn orders() -> Door {
    let door = Door::with(&[("1_orders.sql", "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER);\n")]);
    door.write("checks/orders_without_customer.sql", "SELECT id FROM orders WHERE customer IS NULL ORDER BY id;\n");
    door
}

#[test]
fn after_a_run_a_sentence_says_that_all_is_well() {
    let _redacted = redacted();
    assert_snapshot!(orders().run(&["up"]), @r"
    migrascope [version] up  sqlite [version], database migrascope.db  run [id]
    ✓ 1 orders [t]  1 statement
    healthy: 8 checks in [t]
    1 migration applied in [t]; schema is at 1
    --- exit 0
    ");
}

#[test]
fn a_healthy_database_is_a_table_and_a_sentence() {
    let _redacted = redacted();
    let door = orders();
    door.run(&["up"]).good();
    assert_snapshot!(run(&door, &["health"]), @r"
    migrascope [version] health sqlite [version], database migrascope.db run [id]
    CHECK STATUS VALUE THRESHOLD TIME FOUND
    connect ok [t] [t] connected in [t]
    ping ok [t] [t] round trip p50 [t], max [t]
    read ok 1 [t] the ledger has 1 row
    write_rollback ok [t] a row was written and rolled back
    writable ok [t] the server takes writes
    quick_check ok 0 1 [t] none found
    foreign_keys ok 0 1 [t] none found
    orders_without_customer ok 0 1 [t] none found
    healthy: 8 checks in [t]
    --- exit 0
    ");
}

#[test]
fn an_unhealthy_run_says_what_is_wrong_and_that_nothing_has_to_be_run_again() {
    let _redacted = redacted();
    let door = orders();
    door.write("migrations/2_broken.sql", "INSERT INTO orders VALUES (7, NULL), (8, 1), (9, NULL);\n");
    assert_snapshot!(door.run(&["up"]), @r"
    migrascope [version] up  sqlite [version], database migrascope.db  run [id]
    ✓ 1 orders [t]  1 statement
    ✓ 2 broken [t]  1 statement, 3 rows
    ✗ health: orders_without_customer: 2 found: 7; 9 [t]
    unhealthy: 8 checks in [t], 1 failed
    2 migrations applied in [t]; schema is at 2
    --- stderr
    error: the database is unhealthy: orders_without_customer
    note: orders_without_customer (value 2, threshold 1): 2 found: 7; 9
    help: orders_without_customer: checks/orders_without_customer.sql returns a row for each fault
    help: the 2 migrations of this run ARE applied and recorded: do not run them again; migrascope health checks again
    --- exit 9
    ");
    assert_snapshot!(run(&door, &["health"]), @r"
    migrascope [version] health sqlite [version], database migrascope.db run [id]
    CHECK STATUS VALUE THRESHOLD TIME FOUND
    connect ok [t] [t] connected in [t]
    ping ok [t] [t] round trip p50 [t], max [t]
    read ok 2 [t] the ledger has 2 rows
    write_rollback ok [t] a row was written and rolled back
    writable ok [t] the server takes writes
    quick_check ok 0 1 [t] none found
    foreign_keys ok 0 1 [t] none found
    orders_without_customer fail 2 1 [t] 2 found: 7; 9
    unhealthy: 8 checks in [t], 1 failed
    --- stderr
    error: the database is unhealthy: orders_without_customer
    note: orders_without_customer (value 2, threshold 1): 2 found: 7; 9
    help: orders_without_customer: checks/orders_without_customer.sql returns a row for each fault
    --- exit 9
    ");
    assert_eq!(door.run(&["up"]).code, Some(0), "there is nothing to do, and so nothing is examined");
}

#[test]
fn the_report_of_a_run_has_each_check() {
    let door = orders();
    door.write("migrations/2_broken.sql", "INSERT INTO orders VALUES (7, NULL);\n");
    let seen = door.run(&["up", "--format", "json"]);
    assert_eq!(seen.code, Some(9), "{seen}");
    let report = report(&seen);
    assert_eq!((&report["exit_code"], &report["error"]["kind"]), (&9.into(), &"unhealthy".into()));
    let checks = report["run"]["health"]["checks"].as_array().unwrap();
    let failed: Vec<_> = checks.iter().filter(|check| check["status"] == "fail").collect();
    assert_eq!(failed.len(), 1, "{checks:?}");
    assert_eq!((&failed[0]["name"], &failed[0]["message"]), (&"orders_without_customer".into(), &"1 found: 7".into()));
    assert_eq!((&failed[0]["value"], &failed[0]["threshold"]), (&1.0.into(), &1.0.into()));
    let events: Vec<String> = seen
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["event"].as_str().unwrap().to_owned())
        .collect();
    let count = |name: &str| events.iter().filter(|event| *event == name).count();
    assert_eq!((count("check_started"), count("health_checked")), (checks.len(), checks.len()));
    assert_eq!((count("health_started"), count("health_finished")), (1, 1));
}

#[test]
fn the_report_of_the_checks_alone_is_theirs() {
    let door = orders();
    door.run(&["up"]).good();
    let seen = door.run(&["health", "--format", "json"]);
    assert_eq!(seen.code, Some(0), "{seen}");
    let report = report(&seen);
    assert_eq!((&report["command"], &report["exit_code"]), (&"health".into(), &0.into()));
    assert_eq!(report["health"]["checks"].as_array().unwrap().len(), 8);
    assert!(report.get("run").is_none_or(serde_json::Value::is_null), "it is no run: {report}");
}

#[test]
fn a_fault_is_a_figure_that_is_zero() {
    let door = orders();
    door.write("migrations/2_broken.sql", "INSERT INTO orders VALUES (7, NULL);\n");
    let seen = door.run(&["up", "--metrics-file", "m.prom"]);
    assert_eq!(seen.code, Some(9), "{seen}");
    let text = std::fs::read_to_string(door.path().join("m.prom")).unwrap();
    let value = |check: &str| {
        let mut lines = text.lines().filter(|line| {
            line.starts_with("migrascope_health_check_success{")
                && line.contains(&format!("migrascope_check=\"{check}\""))
        });
        lines.next().unwrap_or_else(|| panic!("no {check} in\n{text}")).rsplit_once(' ').unwrap().1.to_owned()
    };
    assert_eq!(value("orders_without_customer"), "0");
    assert_eq!(value("connect"), "1");
    assert_eq!(value("quick_check"), "1");
    let line = |name: &str| text.lines().find(|line| line.starts_with(name)).map(|line| line.ends_with(" 0"));
    assert_eq!(line("migrascope_last_run_success{"), Some(true), "{text}");
}

#[test]
fn off_makes_no_checks_and_needs_none() {
    let door = orders();
    door.write("checks/wrong.sql", "SELECT 'no end");
    door.write("migrations/2_broken.sql", "INSERT INTO orders VALUES (7, NULL);\n");
    let shown = door.run(&["up", "--health", "off"]).good();
    assert!(!shown.contains("health"), "{shown}");
}

#[test]
fn a_check_that_cannot_be_read_stops_everything_before_it_begins() {
    let _redacted = redacted();
    let door = orders();
    door.write("checks/wrong.sql", "SELECT 1;\nSELECT 'no end\n");
    for command in ["up", "health"] {
        let seen = door.run(&[command]);
        assert_eq!(seen.code, Some(2), "{seen}");
        assert!(!door.path().join("migrascope.db").exists(), "{command} has touched the database");
    }
    assert_snapshot!(door.run(&["up"]), @r"
    --- stderr
    error: --checks: unterminated quote '
     --> checks/wrong.sql:2:8
      |
    2 | SELECT 'no end
      |        ^^^
    --- exit 2
    ");
}

#[test]
fn a_directory_of_checks_that_is_not_there_is_said_where_it_was_named() {
    let _redacted = redacted();
    assert_snapshot!(Door::shop().run(&["up", "--checks", "elsewhere"]), @r"
    --- stderr
    error: --checks: cannot read the directory elsewhere: No such file or directory (os error 2)
    --- exit 2
    ");
}

#[test]
fn a_check_that_is_no_question_is_refused() {
    let _redacted = redacted();
    let door = orders();
    door.write("checks/ends.sql", "SELECT 1 WHERE 0;\nCOMMIT;\nDELETE FROM orders;\n");
    assert_snapshot!(door.run(&["health"]), @r"
    --- stderr
    error: --checks: a health check runs in a read-only transaction: it must not begin or end one itself
     --> checks/ends.sql:2:1
      |
    2 | COMMIT;
      | ^^^^^^^
    --- exit 2
    ");
}

#[test]
fn without_a_database_there_is_no_connection_and_no_file_is_made() {
    let _redacted = redacted();
    let door = Door::empty();
    assert_snapshot!(door.run(&["health"]), @r"
    --- stderr
    error: cannot connect to sqlite database migrascope.db
    note: unable to open database file (14)
    help: check that the file's directory exists and can be written; only up creates a missing file
    --- exit 8
    ");
    assert_eq!(std::fs::read_dir(door.path()).unwrap().count(), 0);
}

#[test]
fn alone_they_need_no_directory_of_migrations() {
    let door = Door::empty();
    door.sql("CREATE TABLE theirs (i INTEGER)");
    let shown = door.run(&["health"]).good();
    assert!(shown.contains("there is no ledger yet") && shown.contains("\nhealthy: "), "{shown}");
}

#[test]
fn quiet_says_only_what_is_wrong() {
    let door = orders();
    assert_eq!(door.run(&["up", "--quiet"]).good(), "");
    door.write("migrations/2_broken.sql", "INSERT INTO orders VALUES (7, NULL);\n");
    let seen = door.run(&["up", "--quiet"]);
    assert_eq!(seen.code, Some(9), "{seen}");
    assert!(seen.stderr.contains("orders_without_customer (value 1, threshold 1): 1 found: 7"), "{seen}");
}

#[test]
fn a_signal_ends_the_checks_and_says_that_the_migrations_are_applied() {
    for words in [["up", "--format", "json"], ["health", "--format", "json"]] {
        let door = orders();
        if words[0] == "health" {
            door.run(&["up"]).good();
        }
        let slow = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 9000000000) SELECT count(*) FROM n";
        // The table does not exist before the run, so there is nothing to wait for.
        let table = "SELECT 1 FROM orders WHERE 1 = 0";
        door.write("checks/slow.sql", format!("-- migrascope: statement-timeout=10min\n{table};\n{slow};\n"));
        let mut child = door.command(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let begun = lines.any(|line| line.as_ref().is_ok_and(|line| line.contains(r#""name":"slow""#)));
        assert!(begun, "the slow check began");
        assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
        let stdout = lines.map(Result::unwrap).collect::<Vec<_>>().join("\n");
        let output = child.wait_with_output().unwrap();
        let seen = Seen { code: output.status.code(), stdout, stderr: String::from_utf8(output.stderr).unwrap() };
        assert_eq!(seen.code, Some(143), "{seen}");
        assert!(seen.stderr.starts_with("error: interrupted during the health checks\nhelp: "), "{seen}");
        let applied = "the 1 migration of this run IS applied and recorded: do not run it again";
        assert_eq!(seen.stderr.contains(applied), words[0] == "up", "{seen}");
        assert!(seen.stdout.contains("\"message\":\"interrupted\""), "the check that was cut off is skipped: {seen}");
    }
}

#[test]
fn what_was_wrong_before_the_run_is_a_warning() {
    let _redacted = redacted();
    let door = orders();
    door.run(&["up"]).good();
    door.write("migrations/2_broken.sql", "INSERT INTO orders VALUES (7, NULL);\n");
    assert_eq!(door.run(&["up"]).code, Some(9));
    door.write("migrations/3_more.sql", "INSERT INTO orders VALUES (8, 1);\n");
    assert_snapshot!(door.run(&["up"]), @r"
    migrascope [version] up  sqlite [version], database migrascope.db  run [id]
    ✓ 3 more [t]  1 statement, 1 row
    ! health: orders_without_customer: 1 found: 7; it was so before this run [t]
    healthy: 8 checks in [t], 1 with a warning
    1 migration applied in [t]; schema is at 3
    --- exit 0
    ");
    door.write("migrations/4_worse.sql", "INSERT INTO orders VALUES (9, NULL);\n");
    let seen = door.run(&["up", "--quiet"]);
    assert_eq!(seen.code, Some(9), "{seen}");
    assert!(seen.stderr.contains("2 found, 1 of them since this run began: 9"), "{seen}");
}

#[test]
fn thresholds_come_from_every_source() {
    let door = orders();
    door.write("migrations/2_broken.sql", "INSERT INTO orders VALUES (7, NULL);\n");
    let printed = door.run(&["up", "--health-fail", "orders_without_customer=never"]).good();
    assert!(!printed.contains("orders_without_customer"), "{printed}");
    door.write(
        "migrascope.toml",
        "health-warn = [\"orders_without_customer=1\"]\nhealth-fail = [\"orders_without_customer=2\", \"ping=1min\"]\n",
    );
    let check = |seen: &Seen| {
        let report = report(seen);
        let checks = report["health"]["checks"].as_array().unwrap();
        checks.iter().find(|check| check["name"] == "orders_without_customer").unwrap()["status"].clone()
    };
    let seen = door.run(&["health", "--format", "json"]);
    assert_eq!((seen.code, check(&seen)), (Some(0), "warn".into()), "{seen}");
    let variable = [("MIGRASCOPE_HEALTH_FAIL", "connections=99%, orders_without_customer=1")];
    let seen = door.run_with(&variable, &["health", "--format", "json"]);
    assert_eq!((seen.code, check(&seen)), (Some(9), "fail".into()), "{seen}");
}

#[test]
fn a_threshold_that_cannot_be_is_said_with_what_it_should_be() {
    let door = orders();
    let table = [
        ("connections", "expected CHECK=VALUE, such as connections=90%"),
        ("connections=120%", "expected a ratio such as 90% or 0.9"),
        ("connections=0", "expected a value above 0"),
        ("replica_lag=5", "expected a duration such as 500ms, 5s or 10min"),
        ("invalid_indexes=many", "expected a number, 1 or above"),
        ("writable=1", "writable has no threshold: it measures no number"),
    ];
    for (text, reason) in table {
        let seen = door.run(&["health", "--health-fail", text]);
        assert_eq!(seen.code, Some(2), "{text}: {seen}");
        assert!(seen.stderr.contains(&format!("invalid value {text:?} for --health-fail: ")), "{seen}");
        assert!(seen.stderr.contains(reason), "{seen}");
    }
    let seen = door.run(&["health", "--health-warn", "invalid_index=2"]);
    assert_eq!(seen.code, Some(2), "{seen}");
    let expected = "unknown health check \"invalid_index\" in a threshold; did you mean invalid_indexes?";
    assert!(seen.stderr.contains(expected), "{seen}");
}
