//! SIGINT, SIGTERM, and waiting for another runner.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Door, Seen};

/// Takes far longer than any test waits.
const SLOW: &str = "CREATE TABLE slow AS WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 9000000000) \
                    SELECT count(*) AS n FROM n;\n";

/// A runner whose statement has started.
fn busy(door: &Door) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child =
        door.command(&["up", "--format", "json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("statement_started") {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "it ended before its statement began");
    }
    (child, lines)
}

fn send(signal: &str, child: &Child) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

fn end(mut child: Child, mut rest: impl std::io::Read) -> Seen {
    let (mut stdout, mut stderr) = (String::new(), String::new());
    rest.read_to_string(&mut stdout).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    Seen { code: child.wait().unwrap().code(), stdout, stderr }
}

#[test]
fn a_signal_rolls_back_and_decides_the_code() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let door = Door::with(&[("1_slow.sql", SLOW)]);
        let (child, rest) = busy(&door);
        let sent = Instant::now();
        send(signal, &child);
        let seen = end(child, rest);
        assert_eq!(seen.code, Some(code), "{seen}");
        assert!(seen.stderr.starts_with("error: interrupted: migration 1 (slow) was rolled back"), "{seen}");
        assert!(seen.stdout.contains(&format!("\"exit_code\":{code}")), "{seen}");
        assert!(sent.elapsed() < Duration::from_secs(10));
        assert_eq!(door.run(&["status", "--check"]).code, Some(3));
    }
}

#[test]
fn a_runner_that_waits_names_the_holder_and_gives_up() {
    let door = Door::with(&[("1_slow.sql", SLOW)]);
    let (child, rest) = busy(&door);
    let waiting = door.run(&["up", "--lock-wait", "300ms"]);
    let at_once = door.run(&["up", "--lock-wait", "0"]);
    send("-INT", &child);
    let holder = format!("the lock is held by process {}", child.id());
    assert_eq!(end(child, rest).code, Some(130));
    assert_eq!((waiting.code, at_once.code), (Some(7), Some(7)), "{waiting}\n{at_once}");
    assert!(waiting.stderr.contains(&format!("… waiting for 0 s: {holder}")), "{waiting}");
    assert!(waiting.stderr.contains("error: the lock was not acquired within "), "{waiting}");
    assert!(
        at_once.stderr.contains("error: another runner holds the lock") && at_once.stderr.contains(&holder),
        "{at_once}"
    );
}

/// Waits until a runner's hook, which sleeps under this mark and ignores SIGTERM, has started.
fn stubborn(door: &Door, mark: &str, arguments: &[&str]) -> Child {
    let hook = format!("trap '' TERM INT; sleep {mark} & wait; sleep {mark}");
    let mut command = door.command(&[&["up", "--before", &hook], arguments].concat());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    crate::support::eventually("the hook runs", || sleeps(mark).then_some(()));
    child
}

fn sleeps(mark: &str) -> bool {
    let found = Command::new("pgrep").args(["-f", &format!("^sleep {mark}$")]).output().unwrap();
    !found.stdout.is_empty()
}

/// A second signal leaves no process of a hook behind, not even one that ignores SIGTERM.
#[test]
fn the_second_signal_ends_what_a_hook_has_started() {
    let door = Door::with(&[("1_t.sql", "CREATE TABLE t (i INTEGER);\n")]);
    let mark = format!("{}", 3_000_000 + std::process::id());
    let child = stubborn(&door, &mark, &[]);
    send("-INT", &child);
    std::thread::park_timeout(Duration::from_millis(300));
    send("-INT", &child);
    let out = child.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(130));
    crate::support::eventually("nothing of it is left", || (!sleeps(&mark)).then_some(()));
}

/// The second signal ends the run immediately, and the run reports that like any other end.
#[test]
fn the_second_signal_reports_the_end_of_the_run() {
    let door = Door::with(&[("1_t.sql", "CREATE TABLE t (i INTEGER);\n")]);
    let mark = format!("{}", 5_000_000 + std::process::id());
    let child = stubborn(&door, &mark, &["--format", "json", "--metrics-file", "m.prom"]);
    send("-TERM", &child);
    std::thread::park_timeout(Duration::from_millis(300));
    let sent = Instant::now();
    send("-TERM", &child);
    let out = child.wait_with_output().unwrap();
    assert!(sent.elapsed() < Duration::from_secs(2), "the hook would have had three seconds");
    let (stdout, stderr) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert_eq!(out.status.code(), Some(143), "{stderr}");
    assert!(stderr.starts_with("error: interrupted, and ended before the database answered"), "{stderr}");
    assert!(stdout.lines().any(|line| line.contains("run_finished") && line.contains("cancellation")), "{stdout}");
    let page = std::fs::read_to_string(door.path().join("m.prom")).unwrap();
    for (metric, value) in [("run_in_progress", "0"), ("last_run_success", "0")] {
        let line = page.lines().find(|line| line.starts_with(&format!("migrascope_{metric}{{"))).unwrap();
        assert_eq!(line.rsplit(' ').next(), Some(value), "{line}");
    }
}
