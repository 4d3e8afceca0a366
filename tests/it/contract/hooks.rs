//! Hooks around the migrations, on each database.

use std::path::Path;
use std::time::{Duration, Instant};

use migrascope::database::{Query, Reach};
use migrascope::error::HookFault;
use migrascope::event::{Command, Event, Hook, Observer};
use migrascope::layout;
use migrascope::run::{Hooks, Stop};
use migrascope::{Error, Options, Report, RunError};

use crate::support::{Backend, TestDatabase, block_on, eventually, on, on_each, query};

/// Two migrations, and two that revert them.
const TWO: [(&str, &str); 4] = [
    ("1_a.sql", "CREATE TABLE a (i INTEGER)"),
    ("1_a.down.sql", "DROP TABLE a"),
    ("2_b.sql", "CREATE TABLE b (i INTEGER)"),
    ("2_b.down.sql", "DROP TABLE b"),
];

fn run(database: &TestDatabase, directory: &Path, command: Command, hooks: Hooks) -> Result<Report, RunError> {
    let each = layout::Reader::directory(directory, database.connector().dialect()).hooks().unwrap();
    database.run(command, directory, Options { hooks: Hooks { each, ..hooks }, ..Options::default() }).0
}

fn each(directory: &Path, files: &[(&str, &str)]) {
    std::fs::create_dir_all(directory.join("hooks")).unwrap();
    for (name, text) in files {
        std::fs::write(directory.join("hooks").join(name), text).unwrap();
    }
}

/// A file that exists after the command has run.
fn mark(directory: &Path, name: &str) -> (std::path::PathBuf, Option<String>) {
    let path = directory.join(name);
    let command = format!("echo x >> '{}'", path.display());
    (path, Some(command))
}

#[test]
fn a_backup_is_made_when_something_is_pending_and_never_else() {
    on_each(|database| {
        let directory = database.migrations(&TWO);
        let (file, backup) = mark(&directory, "backups");
        let hooks = || Hooks { backup: backup.clone(), ..Hooks::default() };
        run(database, &directory, Command::Up, hooks()).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "x\n");
        run(database, &directory, Command::Up, hooks()).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "x\n", "nothing was pending");
        run(database, &directory, Command::Down, hooks()).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "x\nx\n");
    });
}

#[test]
fn a_failing_backup_leaves_everything_as_it_was_and_the_lock_free() {
    on_each(|database| {
        let directory = database.migrations(&TWO);
        let (file, after) = mark(&directory, "after");
        let failing = || Hooks { backup: Some("exit 4".into()), after: after.clone(), ..Hooks::default() };
        let error = run(database, &directory, Command::Up, failing()).unwrap_err();
        assert_eq!(error.to_string(), "the hook backup exited with 4");
        let tables = block_on(async {
            let mut session = database.connector().session(migrascope::database::Access::Write, None).await.unwrap();
            let sql = session.sql().unmanaged_tables(&["nothing"], Reach::Database);
            session.query(Query::Own(&sql)).await.unwrap()
        });
        assert!(tables.is_empty() && !file.exists(), "not even our own tables");
        run(database, &directory, Command::Up, Hooks::default()).unwrap();
        let error = run(database, &directory, Command::Down, failing()).unwrap_err();
        assert_eq!((error.report.applied, error.report.outcome.word()), (2, "error"));
        let rows = database.query(
            "SELECT outcome, error_code, error_text FROM _migrascope_journal WHERE kind = 'run' ORDER BY started_at DESC",
        );
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(rows[0], [text("error"), text("hook_exit"), text("the hook backup exited with 4")]);
    });
}

#[test]
fn sql_is_seen_around_each_migration_in_both_directions() {
    on_each(|database| {
        database.query("CREATE TABLE seen (n INTEGER, what VARCHAR(9))");
        let directory = database.migrations(&TWO);
        each(
            &directory,
            &[
                ("before_each.sql", "INSERT INTO seen SELECT count(*), 'before' FROM _migrascope_migrations;"),
                ("after_each.sql", "INSERT INTO seen SELECT count(*), 'after' FROM _migrascope_migrations;"),
            ],
        );
        let seen = || {
            let rows = database.query("SELECT what, CAST(n AS CHAR(9)) FROM seen ORDER BY n, what DESC");
            let text = |cell: &Option<String>| cell.as_deref().unwrap_or_default().trim().to_owned();
            let words: Vec<String> = rows.iter().map(|row| format!("{} {}", text(&row[0]), text(&row[1]))).collect();
            words.join(", ")
        };
        run(database, &directory, Command::Up, Hooks::default()).unwrap();
        assert_eq!(seen(), "before 0, before 1, after 1, after 2");
        run(database, &directory, Command::Down, Hooks::default()).unwrap();
        assert_eq!(seen(), "before 0, before 1, after 1, after 1, before 2, after 2");
    });
}

#[test]
fn sql_knows_its_migration_and_the_migration_knows_nothing_of_it() {
    on_each(|database| {
        let fact = match database.backend {
            Backend::Sqlite => return,
            Backend::Postgres => "current_setting('migrascope.version', true)",
            Backend::Mysql => "@migrascope_version",
        };
        database.query("CREATE TABLE seen (what VARCHAR(9), version VARCHAR(9))");
        let migration = format!("INSERT INTO seen VALUES ('inside', nullif({fact}, ''))");
        let directory = database.migrations(&[("7_a.sql", &migration)]);
        let told = format!("INSERT INTO seen VALUES ('before', {fact})");
        each(&directory, &[("before_each.sql", &told), ("after_each.sql", &told.replace("before", "after"))]);
        run(database, &directory, Command::Up, Hooks::default()).unwrap();
        let rows = database.query("SELECT what, version FROM seen ORDER BY what");
        let text = |text: &str| Some(text.to_owned());
        let expected = [[text("after"), text("7")], [text("before"), text("7")], [text("inside"), None]];
        assert_eq!(rows, expected.map(|row| row.to_vec()));
    });
}

#[test]
fn a_setting_of_a_hook_does_not_reach_the_migration() {
    on_each(|database| {
        let (set, look) = match database.backend {
            Backend::Sqlite => ("PRAGMA case_sensitive_like = 1; SELECT 1", "SELECT 'A' LIKE 'a'"),
            Backend::Postgres => {
                ("SET application_name = 'hook'", "SELECT current_setting('application_name') <> 'hook'")
            }
            Backend::Mysql => ("SET @mine = 1", "SELECT @mine IS NULL"),
        };
        database.query("CREATE TABLE seen (ok VARCHAR(9))");
        let directory = database.migrations(&[("1_a.sql", &format!("INSERT INTO seen {look}"))]);
        each(&directory, &[("before_each.sql", set)]);
        run(database, &directory, Command::Up, Hooks::default()).unwrap();
        assert!(["1", "true", "t"].contains(&database.value("SELECT ok FROM seen").as_str()), "{:?}", database.backend);
    });
}

#[test]
fn a_failing_hook_of_a_migration_stops_the_run_and_tells_the_place() {
    on_each(|database| {
        let directory = database.migrations(&TWO);
        each(&directory, &[("after_each.sql", "-- what for?\nSELECT 1;\nSELECT * FROM nowhere;\n")]);
        let error = run(database, &directory, Command::Up, Hooks::default()).unwrap_err();
        assert_eq!(database.applied(), ["1"], "what it came after stays applied");
        let Error::Hook { hook: Hook::AfterEach, fault: HookFault::Refused(failure), .. } = error.cause else {
            panic!("{error:?}")
        };
        assert_eq!((failure.line, failure.statement), (3, Some(2)));
        each(&directory, &[("after_each.sql", "")]);
        run(database, &directory, Command::Up, Hooks::default()).unwrap();
        assert_eq!(database.applied(), ["1", "2"], "and the lock was free");
    });
}

#[test]
fn the_last_command_knows_how_it_ended() {
    on_each(|database| {
        let directory = database.migrations(&[TWO[0], ("2_b.sql", "SELECT * FROM nowhere")]);
        let path = directory.join("end");
        let words =
            ["OUTCOME", "VERSION_FROM", "VERSION", "APPLIED", "PENDING", "ERROR"].map(|w| format!("$MIGRASCOPE_{w}"));
        let after = Some(format!("echo \"{}\" > '{}'", words.join("|"), path.display()));
        let error = run(database, &directory, Command::Up, Hooks { after: after.clone(), ..Hooks::default() });
        error.unwrap_err();
        let told = std::fs::read_to_string(&path).unwrap();
        assert!(told.starts_with("failure||1|1|1|migration 2 (b) failed"), "{told}");
        std::fs::write(directory.join("2_b.sql"), TWO[2].1).unwrap();
        run(database, &directory, Command::Up, Hooks { after, ..Hooks::default() }).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "success|1|2|1|0|\n");
    });
}

#[test]
fn a_command_that_takes_too_long_is_ended_with_all_that_it_has_started() {
    on_each(|database| {
        let directory = database.migrations(&TWO);
        let path = directory.join("grandchild");
        // It ignores SIGTERM; its own child is one that the shell does not wait for.
        let stubborn = format!("trap '' TERM; sh -c 'echo $$ > \"{}\"; exec sleep 300' & sleep 300", path.display());
        let hooks = Hooks { before: Some(stubborn), timeout: Duration::from_millis(600), ..Hooks::default() };
        let started = Instant::now();
        let error = run(database, &directory, Command::Up, hooks).unwrap_err();
        assert_eq!(error.to_string(), "the hook before timed out after 600ms and was terminated");
        assert!(started.elapsed() < Duration::from_secs(20));
        assert!(database.applied().is_empty());
        let id = std::fs::read_to_string(&path).unwrap().trim().to_owned();
        eventually("the grandchild is gone", || (!is_alive(&id)).then_some(()));
    });
}

/// Whether a process is running; a zombie is not.
fn is_alive(id: &str) -> bool {
    let output = std::process::Command::new("ps").args(["-o", "stat=", "-p", id]).output().unwrap();
    let state = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    !state.is_empty() && !state.starts_with('Z')
}

#[test]
fn sql_that_takes_too_long_is_cancelled() {
    on_each(|database| {
        let directory = database.migrations(&TWO);
        each(&directory, &[("before_each.sql", database.slow())]);
        let hooks = Hooks { timeout: Duration::from_millis(1500), ..Hooks::default() };
        let started = Instant::now();
        let error = run(database, &directory, Command::Up, hooks).unwrap_err();
        assert!(started.elapsed() < Duration::from_secs(30));
        assert!(matches!(error.cause, Error::Hook { hook: Hook::BeforeEach, .. }), "{error:?}");
        assert!(database.applied().is_empty());
    });
}

/// Requests a stop as soon as a hook has started.
struct Caller(Stop);

impl Observer for Caller {
    fn observe(&mut self, event: &Event<'_>) {
        if matches!(event, Event::HookRunning { hook: Hook::Before, .. }) {
            self.0.request();
        }
    }
}

#[test]
fn a_run_that_is_asked_to_stop_ends_its_hook() {
    on_each(|database| {
        let directory = database.migrations(&TWO);
        let hooks = Hooks { before: Some("sleep 300".into()), ..Hooks::default() };
        let migrator = database.migrator(&directory, Options { hooks, ..Options::default() });
        let stop = Stop::default();
        let started = Instant::now();
        let mut caller = Caller(stop.clone());
        let error = block_on(migrator.up().observe(&mut caller).stop(&stop)).unwrap_err();
        assert_eq!(
            (error.to_string().as_str(), error.report.outcome.word()),
            ("the hook before was interrupted", "cancellation")
        );
        assert!(started.elapsed() < Duration::from_secs(20));
        assert_eq!(database.value("SELECT outcome FROM _migrascope_journal WHERE kind = 'run'"), "interrupted");
    });
}

/// Requests a stop when the first migration starts.
struct Hasty(Stop);

impl Observer for Hasty {
    fn observe(&mut self, event: &Event<'_>) {
        if matches!(event, Event::MigrationStarted { .. }) {
            self.0.request();
        }
    }
}

#[test]
fn the_last_command_runs_when_the_run_was_interrupted_but_not_for_long() {
    on_each(|database| {
        let directory = database.migrations(&TWO);
        let path = directory.join("end");
        let after = format!("echo $MIGRASCOPE_OUTCOME > '{}'; exec sleep 300", path.display());
        let hooks = Hooks { after: Some(after), ..Hooks::default() };
        let migrator = database.migrator(&directory, Options { hooks, ..Options::default() });
        let stop = Stop::default();
        let (started, mut hasty) = (Instant::now(), Hasty(stop.clone()));
        let error = block_on(migrator.up().observe(&mut hasty).stop(&stop)).unwrap_err();
        assert!(matches!(error.cause, Error::Interrupted { .. }), "{error:?}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "cancellation\n");
        assert!(started.elapsed() < Duration::from_secs(10));
    });
}

/// Ends the session that holds the lock while a hook runs.
struct Thief(String);

impl Observer for Thief {
    fn observe(&mut self, event: &Event<'_>) {
        if matches!(event, Event::HookStarted { .. }) {
            let holders = "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
                 JOIN pg_stat_activity a ON a.pid = l.pid AND a.query LIKE '%pg_try_advisory_lock%' \
                 WHERE l.locktype = 'advisory' AND l.granted AND d.datname = current_database() AND a.pid <> pg_backend_pid()";
            let url = self.0.clone();
            std::thread::spawn(move || query(&url, holders)).join().unwrap();
        }
    }
}

#[test]
fn a_hook_is_ended_when_the_lock_is_gone() {
    on(Backend::Postgres, |database| {
        let directory = database.migrations(&TWO);
        let hooks = Hooks { before: Some("sleep 300".into()), ..Hooks::default() };
        let migrator = database.migrator(&directory, Options { hooks, ..Options::default() });
        let mut thief = Thief(database.url.clone());
        let error = block_on(migrator.up().observe(&mut thief)).unwrap_err();
        let told = error.to_string();
        assert!(
            told.starts_with("the hook before was terminated: the connection that holds the lock is gone"),
            "{told}"
        );
    });
}

#[test]
fn what_is_told_has_its_start_and_its_finish() {
    on(Backend::Sqlite, |database| {
        let directory = database.migrations(&TWO[..1]);
        each(&directory, &[("before_each.sql", "SELECT 1"), ("after_each.sql", "SELECT 1")]);
        let each = layout::Reader::directory(&directory, database.connector().dialect()).hooks().unwrap();
        let command = || Some("true".to_owned());
        let hooks = Hooks { backup: command(), before: command(), after: command(), each, ..Hooks::default() };
        let names = hooks.given();
        let (result, events) = database.run(Command::Up, &directory, Options { hooks, ..Options::default() });
        result.unwrap();
        let told: Vec<&String> = events.iter().filter(|event| event.starts_with("Hook")).collect();
        assert_eq!(told.len(), 10, "{told:?}");
        for (pair, hook) in told.chunks(2).zip(names) {
            let (start, finish) =
                (format!("HookStarted {{ hook: {hook:?}, "), format!("HookFinished {{ hook: {hook:?}, "));
            assert!(pair[0].starts_with(&start) && pair[1].starts_with(&finish), "{pair:?}");
        }
    });
}
