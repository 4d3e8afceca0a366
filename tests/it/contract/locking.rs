//! Only one runner works at a time.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command as Process, Stdio};
use std::time::Duration;

use migrascope::event::Command;
use migrascope::run::LockWait;
use migrascope::{Error, Options};

use crate::support::{Backend, TestDatabase, crowd, eventually, on, on_each};

fn fifty(database: &TestDatabase) -> std::path::PathBuf {
    let files: Vec<(String, String)> = (1..=50)
        .map(|n| {
            (format!("{n:03}_t{n}.sql"), format!("CREATE TABLE t{n} (i INTEGER);\nINSERT INTO t{n} VALUES ({n});"))
        })
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    database.migrations(&files)
}

fn start(mut command: Process) -> Child {
    command.arg("up").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn of_ten_racing_processes_one_applies_everything_and_all_succeed() {
    let _crowd = crowd();
    on_each(|database| {
        let directory = fifty(database);
        let racers: Vec<Child> = (0..10).map(|_| start(database.binary(&directory))).collect();
        let mut applied = 0;
        for racer in racers {
            let output = racer.wait_with_output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
            if text.contains("50 migrations applied in") {
                applied += 1;
            } else {
                assert!(text.contains("nothing to do"), "{text}");
            }
        }
        assert_eq!(applied, 1);
        assert_eq!(database.applied().len(), 50);
        let attempts = "SELECT count(*) FROM _migrascope_journal WHERE kind = 'migration' AND outcome = 'success'";
        assert_eq!(database.value(attempts), "50");
    });
}

/// A process that holds the lock and runs a statement of two minutes.
pub(crate) struct SlowRunner(Child);

impl SlowRunner {
    pub(crate) fn start(database: &TestDatabase) -> Self {
        Self::at(database, &database.migrations(&[("1_slow.sql", database.slow())]), 1)
    }

    /// A run of these migrations that has started this many statements.
    pub(crate) fn at(database: &TestDatabase, directory: &Path, statements: usize) -> Self {
        let mut command = database.binary(directory);
        command.arg("up");
        Self::of(command, statements)
    }

    /// Any run that has started this many statements.
    pub(crate) fn of(mut command: Process, statements: usize) -> Self {
        let mut child =
            command.args(["--format", "json"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut begun = lines.by_ref().filter(|line| line.as_ref().unwrap().contains("statement_started"));
        assert!(begun.nth(statements - 1).is_some(), "it never came to its statement");
        Self(child)
    }

    /// Kills the process when the server executes its statement; the event is emitted shortly before it is sent.
    pub(crate) fn kill_at_its_statement(self, database: &TestDatabase) {
        let running = match database.backend {
            Backend::Sqlite => panic!("SQLite is the process itself"),
            Backend::Postgres => {
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' \
                 AND query LIKE '%pg_sleep(120)%' AND pid <> pg_backend_pid()"
            }
            Backend::Mysql => {
                "SELECT count(*) FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND INFO = 'SELECT SLEEP(120)'"
            }
        };
        eventually("the server runs it", || (database.value(running) == "1").then_some(()));
    }
}

impl Drop for SlowRunner {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Whether this PostgreSQL continues the statement of a dead client to its end: versions before 14 do, because they have no
/// `client_connection_check_interval`.
pub(crate) fn is_postgres_before_14(database: &TestDatabase) -> bool {
    database.backend == Backend::Postgres
        && database.value("SELECT current_setting('server_version_num')::integer < 140000") == "t"
}

/// The next runner waits for the statement that a dead runner has left, and reports its session. Then the session is terminated.
pub(crate) fn is_waited_for_until_it_is_ended(database: &TestDatabase) {
    let directory = database.migrations(&[("1_slow.sql", "SELECT 1")]);
    let options = Options { wait: LockWait::For(Duration::from_secs(2)), ..Options::default() };
    let error = database.run(Command::Up, &directory, options).0.unwrap_err();
    let Error::Lock { holder: Some(holder), .. } = &error.cause else { panic!("{error:?}") };
    let process = holder.process.unwrap();
    if database.backend == Backend::Postgres {
        assert_eq!(holder.doing.as_deref(), Some("active: SELECT pg_sleep(120)"), "{holder:?}");
        assert_eq!(database.value(&format!("SELECT pg_terminate_backend({process})")), "t");
    } else {
        database.query(&format!("KILL {process}"));
    }
}

#[test]
fn what_a_dead_runner_has_left_running_is_waited_for() {
    on(Backend::Mysql, |database| {
        SlowRunner::start(database).kill_at_its_statement(database);
        is_waited_for_until_it_is_ended(database);
        let directory = database.migrations(&[("1_slow.sql", "SELECT 1")]);
        let options = Options { wait: LockWait::For(Duration::from_secs(30)), ..Options::default() };
        let error = database.run(Command::Up, &directory, options).0.unwrap_err();
        assert!(matches!(error.cause, Error::Refused(_)), "now it can be said what it has left: {error:?}");
    });
}

#[test]
fn who_waits_in_vain_is_told_who_has_the_lock() {
    on_each(|database| {
        let runner = SlowRunner::start(database);
        let directory = database.migrations(&[("1_slow.sql", database.slow())]);
        let options = Options { wait: LockWait::For(Duration::from_secs(2)), ..Options::default() };
        let (result, events) = database.run(Command::Up, &directory, options);
        let error = result.unwrap_err();
        let Error::Lock { holder: Some(holder), waited } = &error.cause else { panic!("{error:?}") };
        assert!(*waited >= Duration::from_secs(2));
        assert_eq!((error.report.applied, error.report.pending), (0, 1), "how the schema stands is known all the same");
        assert!(holder.process.is_some() && holder.user.is_some(), "{holder:?}");
        match database.backend {
            Backend::Sqlite => assert_eq!(holder.process, Some(u64::from(runner.0.id()))),
            Backend::Postgres => {
                assert!(holder.application.as_ref().is_some_and(|name| name.starts_with("migrascope/")), "{holder:?}");
                assert!(
                    holder.doing.as_ref().is_some_and(|doing| doing == "active: SELECT pg_sleep(120)"),
                    "{holder:?}"
                );
            }
            Backend::Mysql => assert!(holder.client.is_some(), "{holder:?}"),
        }
        assert!(events.contains(&"lock waited".to_owned()), "{events:?}");
        assert_eq!(events.last().unwrap(), "run finished timeout");
    });
}

#[test]
fn the_death_of_the_holder_frees_the_lock() {
    on_each(|database| {
        let runner = SlowRunner::start(database);
        if is_postgres_before_14(database) {
            runner.kill_at_its_statement(database);
            is_waited_for_until_it_is_ended(database);
        } else {
            drop(runner);
        }
        let directory = database.migrations(&[("2_b.sql", "CREATE TABLE b (i INTEGER)")]);
        let options =
            Options { wait: LockWait::For(Duration::from_secs(30)), allow_missing: Some(true), ..Options::default() };
        let (result, _) = database.run(Command::Up, &directory, options);
        match database.backend {
            // The killed migration may have been half-way, and the next run reports that instead of guessing.
            Backend::Mysql => {
                let error = result.unwrap_err();
                assert!(error.to_string().contains("was interrupted half-way"), "{error}");
            }
            _ => assert_eq!(result.unwrap().steps.len(), 1),
        }
    });
}

#[test]
fn readers_read_while_somebody_migrates() {
    on(Backend::Sqlite, |database| {
        database.query("CREATE TABLE seen (i INTEGER)");
        let _runner = SlowRunner::start(database);
        assert_eq!(database.value("SELECT count(*) FROM seen"), "0");
    });
}

#[test]
fn the_lock_file_is_gone_after_the_run() {
    on(Backend::Sqlite, |database| {
        let directory = database.migrations(&[("1_a.sql", "CREATE TABLE a (i INTEGER)")]);
        database.up(&directory).unwrap();
        let file = format!("{}-migrascope.lock", database.url.strip_prefix("sqlite://").unwrap());
        assert!(!Path::new(&file).exists());
    });
}
