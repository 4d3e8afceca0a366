//! What a reader sees while another process migrates: a live run does not look like an abandoned one.

use std::path::{Path, PathBuf};

use migrascope::event::Command;
use migrascope::history::Direction;
use migrascope::plan::{Note, Objection};
use migrascope::run::LockWait;
use migrascope::{Error, Options, State, Status, StatusRow};

use super::locking::{SlowRunner, is_postgres_before_14};
use crate::support::{Backend, TestDatabase, block_on, eventually, on, on_each, query};

const FIRST: (&str, &str) = ("1_a.sql", "CREATE TABLE a (i INTEGER);");

/// Two migrations; the second one runs statement by statement and blocks at its second statement.
fn stepwise(database: &TestDatabase) -> PathBuf {
    let slow = format!(
        "-- migrascope: no-transaction\nCREATE TABLE b (i INTEGER);\n{};\nCREATE TABLE c (i INTEGER);",
        database.slow()
    );
    database.migrations(&[FIRST, ("2_b.sql", &slow)])
}

fn status(database: &TestDatabase, directory: &Path) -> Status {
    block_on(database.migrator(directory, Options::default()).status()).unwrap()
}

fn states(status: &Status) -> Vec<State> {
    status.rows.iter().map(|row| row.state).collect()
}

/// The row of a migration that has reached its second statement.
fn at_its_second_statement(database: &TestDatabase, directory: &Path) -> (Status, StatusRow) {
    eventually("the journal says that it is at its second statement", || {
        let status = status(database, directory);
        let row = status.rows.get(1)?.clone();
        row.progress.as_ref().is_some_and(|progress| progress.statement == Some(2)).then_some((status, row))
    })
}

#[test]
fn readers_see_how_far_a_living_run_has_come_and_object_to_nothing() {
    on_each(|database| {
        let directory = stepwise(database);
        let _runner = SlowRunner::at(database, &directory, 3);
        let (status, row) = at_its_second_statement(database, &directory);
        assert_eq!((states(&status), &status.objections), (vec![State::Applied, State::Running], &Vec::new()));
        assert_eq!((status.schema.applied, status.schema.pending, status.schema.dirty), (1, 1, false));
        let run = status.running.as_ref().unwrap();
        let journaled = database.value("SELECT run_id FROM _migrascope_journal WHERE kind = 'run'");
        assert_eq!((&run.run_id, run.command.as_str(), run.certain), (&journaled, "up", true));
        assert_eq!((run.migrations, run.migrations_done, run.host.is_some()), (2, 1, true));
        let progress = row.progress.unwrap();
        assert_eq!((progress.run_id, progress.statements, progress.host), (journaled, Some(3), run.host.clone()));
        assert!(matches!(status.notes.as_slice(), [Note::Running(_)]), "{:?}", status.notes);
        let words = format!("{run}");
        assert!(
            words.contains("is running: up for ") && words.contains("statement 2 of 3 of migration 2 (b)"),
            "{words}"
        );

        let migrator = database.migrator(&directory, Options::default());
        let (_, plan) = block_on(migrator.plan(Direction::Up)).unwrap();
        assert_eq!(plan.steps.len(), 1, "it is pending until it is applied");
        assert!(matches!(plan.notes.as_slice(), [Note::Running(_)]), "{:?}", plan.notes);

        let (seen, totals) = block_on(migrator.look()).unwrap();
        assert_eq!((seen.schema.dirty, seen.objections), (false, Vec::new()), "what serve shows agrees");
        assert_eq!(totals.running.map(|running| running.run_id), Some(run.run_id.clone()));

        // A runner that may write waits for the lock as before, and does not report the schema as half-way.
        let options = Options { wait: LockWait::No, ..Options::default() };
        let error = database.run(Command::Up, &directory, options).0.unwrap_err();
        assert!(matches!(error.cause, Error::Lock { .. }), "{error:?}");
    });
}

#[test]
fn a_migration_in_one_transaction_is_running_too() {
    on_each(|database| {
        let slow = format!("CREATE TABLE b (i INTEGER);\n{};", database.slow());
        let directory = database.migrations(&[FIRST, ("2_b.sql", &slow), ("3_c.sql", "CREATE TABLE c (i INTEGER);")]);
        let _runner = SlowRunner::at(database, &directory, 3);
        let status = eventually("the first is applied", || {
            Some(status(database, &directory)).filter(|status| status.schema.applied == 1)
        });
        assert_eq!(states(&status), [State::Applied, State::Running, State::Pending]);
        let progress = status.rows[1].progress.as_ref().unwrap();
        assert_eq!(progress.statement.is_none(), database.transactional_ddl(), "{progress:?}");
    });
}

#[test]
fn a_revert_that_is_going_on_is_running() {
    on_each(|database| {
        let slow = format!("-- migrascope: no-transaction\n{};\nDROP TABLE a;", database.slow());
        let directory = database.migrations(&[FIRST, ("1_a.down.sql", &slow)]);
        database.up(&directory).unwrap();
        let mut command = database.binary(&directory);
        command.arg("down");
        let _runner = SlowRunner::of(command, 1);
        let status = eventually("the journal says so", || {
            Some(status(database, &directory)).filter(|status| status.running.is_some())
        });
        assert_eq!((states(&status), status.objections), (vec![State::Running], Vec::new()));
        let migrator = database.migrator(&directory, Options::default());
        assert_eq!(block_on(migrator.plan(Direction::Up)).unwrap().1.steps.len(), 0);
        // Nothing is pending, but `up` does not rely on that.
        let options = Options { wait: LockWait::No, ..Options::default() };
        let error = database.run(Command::Up, &directory, options).0.unwrap_err();
        assert!(matches!(error.cause, Error::Lock { .. }), "{error:?}");
    });
}

#[test]
fn what_a_dead_runner_has_left_is_unfinished_once_the_server_has_ended_it() {
    on_each(|database| {
        let directory = stepwise(database);
        let runner = SlowRunner::at(database, &directory, 3);
        at_its_second_statement(database, &directory);
        let goes_on = database.backend == Backend::Mysql || is_postgres_before_14(database);
        if goes_on {
            runner.kill_at_its_statement(database);
            let seen = eventually("the lock is free", || {
                Some(status(database, &directory)).filter(|seen| seen.running.as_ref().is_some_and(|run| !run.certain))
            });
            // The server is still executing: a repair now would be wrong.
            assert_eq!((states(&seen)[1], seen.objections), (State::Running, Vec::new()));
            assert!(seen.running.unwrap().to_string().contains("may still be running"));
            end_what_runs(database);
        } else {
            drop(runner);
        }
        let seen = eventually("the server notices that the runner is gone", || {
            Some(status(database, &directory)).filter(|seen| seen.running.is_none())
        });
        assert_eq!(states(&seen), [State::Applied, State::Unfinished]);
        assert!(matches!(seen.objections.as_slice(), [Objection::Unsettled(_)]), "{:?}", seen.objections);
        assert!(seen.schema.dirty);
    });
}

pub(crate) fn end_what_runs(database: &TestDatabase) {
    match database.backend {
        Backend::Mysql => {
            let running = "FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND INFO = 'SELECT SLEEP(120)'";
            let process = database.value(&format!("SELECT CAST(ID AS CHAR) {running}"));
            database.query(&format!("KILL {process}"));
        }
        _ => {
            let running = "datname = current_database() AND query LIKE '%pg_sleep(120)%' AND pid <> pg_backend_pid()";
            database.query(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {running}"));
        }
    }
}

#[test]
fn a_user_who_may_only_read_sees_it_as_well() {
    for backend in [Backend::Postgres, Backend::Mysql] {
        on(backend, |database| {
            let directory = stepwise(database);
            let _runner = SlowRunner::at(database, &directory, 3);
            at_its_second_statement(database, &directory);
            let reader = Reader::of(database);
            let connector = crate::support::connector(&reader.url);
            let set = migrascope::layout::Reader::directory(&directory, connector.dialect()).migrations().unwrap();
            let seen = block_on(migrascope::Migrator::new(connector, set, Options::default()).status()).unwrap();
            assert_eq!((states(&seen), seen.objections), (vec![State::Applied, State::Running], Vec::new()));
            assert!(seen.running.unwrap().certain);
        });
    }
}

/// A user with SELECT on the runner's tables, dropped at the end.
struct Reader<'d> {
    database: &'d TestDatabase,
    name: String,
    url: String,
}

impl<'d> Reader<'d> {
    fn of(database: &'d TestDatabase) -> Self {
        let name = format!("r{}", &uuid::Uuid::now_v7().simple().to_string()[12..]);
        let user = match database.backend {
            Backend::Mysql => format!("'{name}'@'%'"),
            _ => name.clone(),
        };
        let grants = match database.backend {
            Backend::Mysql => vec![
                format!("CREATE USER {user} IDENTIFIED BY 'reads'"),
                format!("GRANT SELECT ON {}.* TO {user}", database.value("SELECT DATABASE()")),
            ],
            _ => vec![
                format!("CREATE ROLE {user} LOGIN PASSWORD 'reads'"),
                format!("GRANT SELECT ON _migrascope_migrations, _migrascope_journal TO {user}"),
            ],
        };
        grants.iter().for_each(|sql| drop(database.query(sql)));
        let (scheme, rest) = database.url.split_once("://").unwrap();
        let url = format!("{scheme}://{name}:reads@{}", rest.rsplit_once('@').unwrap().1);
        Self { database, name, url }
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        match self.database.backend {
            Backend::Mysql => drop(query(&self.database.url, &format!("DROP USER '{}'@'%'", self.name))),
            _ => {
                self.database.query(&format!("DROP OWNED BY {}", self.name));
                self.database.query(&format!("DROP ROLE {}", self.name));
            }
        }
    }
}
