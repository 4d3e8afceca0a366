//! Statements that fail with a lock timeout, a deadlock or a serialization failure are retried, and the retry is reported.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use migrascope::database::{Access, Query};
use migrascope::event::{Event, Observer};
use migrascope::history::Direction;
use migrascope::report::{Outcome, PartialEffect, RetryReason};
use migrascope::run::{JournalCounters, LockTimeout, Stop};
use migrascope::{Error, Options, Report, RunError};

use crate::support::{Backend, TestDatabase, block_on, connector, on, on_each};

/// Another session of the database, which runs the given SQL and then ends.
pub(super) struct Other {
    /// Its process number on the server.
    process: Option<u64>,
    orders: Option<Sender<String>>,
    thread: Option<JoinHandle<()>>,
}

impl Other {
    /// Returns after `sql` has run.
    pub(super) fn begin(database: &TestDatabase, sql: &str) -> Self {
        let (orders, receiver): (Sender<String>, Receiver<String>) = channel();
        let (ready, is_ready) = channel();
        let url = database.url.clone();
        let thread = std::thread::spawn(move || {
            block_on(async {
                let mut session = connector(&url).session(Access::Write, None).await.unwrap();
                for order in receiver {
                    for statement in order.split(';') {
                        session.query(Query::InPath(statement)).await.unwrap();
                    }
                    _ = ready.send(session.server_info().process);
                }
                session.close().await;
            });
        });
        let mut other = Self { process: None, orders: Some(orders), thread: Some(thread) };
        other.order(sql);
        other.process = is_ready.recv().unwrap();
        other
    }

    /// A session that holds the lock needed by `ALTER TABLE t` as soon as the migration starts.
    pub(super) fn gets_in_the_way(other: &mut Option<Self>, database: &TestDatabase, event: &Event<'_>) {
        let sql = match database.backend {
            Backend::Sqlite => "BEGIN IMMEDIATE",
            Backend::Postgres => "BEGIN; SELECT count(*) FROM t",
            Backend::Mysql => "START TRANSACTION; SELECT count(*) FROM t",
        };
        if matches!(event, Event::MigrationStarted { .. }) {
            *other = Some(Self::begin(database, sql));
        }
    }

    /// Returns immediately.
    fn order(&self, sql: &str) {
        self.orders.as_ref().unwrap().send(sql.to_owned()).unwrap();
    }

    /// The session has ended when this returns.
    fn leave(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.leave();
    }
}

struct React<F>(F);

impl<F: FnMut(&Event<'_>) + Send> Observer for React<F> {
    fn observe(&mut self, event: &Event<'_>) {
        (self.0)(event);
    }
}

pub(super) fn up(
    database: &TestDatabase,
    files: &[(&str, &str)],
    retries: u32,
    stop: &Stop,
    react: impl FnMut(&Event<'_>) + Send,
) -> Result<Report, RunError> {
    let directory = database.migrations(files);
    // Deadlocks are detected after a second.
    let lock_timeout = if retries == PATIENTLY { Duration::from_secs(60) } else { Duration::from_millis(300) };
    let options = Options {
        retries,
        lock_timeout: LockTimeout::For(lock_timeout),
        allow_nonempty: true,
        journal_counters: JournalCounters::Read,
        ..Options::default()
    };
    let migrator = database.migrator(&directory, options);
    block_on(migrator.up().observe(&mut React(react)).stop(stop))
}

/// This many retries; the first attempt waits a minute for a lock.
const PATIENTLY: u32 = 11;

pub(super) const FIRST: (&str, &str) = ("1_t.sql", "CREATE TABLE t (i INTEGER)");
pub(super) const SECOND: (&str, &str) = ("2_more.sql", "ALTER TABLE t ADD COLUMN more INTEGER");

pub(super) fn retry_rows(database: &TestDatabase) -> Vec<Vec<Option<String>>> {
    database.query("SELECT version, outcome, statements_done FROM _migrascope_journal WHERE kind = 'retry' ORDER BY id")
}

fn row(version: &str, reason: &str, statement: &str) -> Vec<Option<String>> {
    [version, reason, statement].map(|word| Some(word.to_owned())).to_vec()
}

#[test]
fn what_finds_a_lock_taken_succeeds_after_its_holder_has_left() {
    on_each(|database| {
        up(database, &[FIRST], 0, &Stop::default(), |_| {}).unwrap();
        let mut other = None;
        let mut told = Vec::new();
        let report = up(database, &[FIRST, SECOND], 10, &Stop::default(), |event| {
            Other::gets_in_the_way(&mut other, database, event);
            match event {
                Event::Retrying { index, reason, attempt, of, pause, .. } => {
                    assert!(*pause >= Duration::from_millis(250), "{pause:?}");
                    told.push(format!("statement {index} {} {attempt}/{of}", reason.word()));
                    other = None;
                }
                Event::AttemptStarted { attempt, .. } => told.push(format!("attempt {attempt}")),
                _ => {}
            }
        })
        .unwrap();
        assert_eq!(told, ["statement 0 lock_timeout 1/11", "attempt 2"]);
        assert_eq!((report.steps[0].retries, report.steps[0].statements.len()), (1, 1));
        assert!(report.steps[0].elapsed >= Duration::from_millis(550), "the attempt and the pause count");
        assert_eq!(database.applied(), ["1", "2"]);
        assert_eq!(retry_rows(database), [row("2", "lock_timeout", "0")]);
        let written =
            database.value("SELECT elapsed_ms FROM _migrascope_journal WHERE version = '2' AND kind = 'migration'");
        assert!(written.parse::<f64>().is_ok_and(|milliseconds| milliseconds >= 550.0), "{written}");
    });
}

#[test]
fn whoever_is_in_the_way_is_named() {
    for backend in [Backend::Postgres, Backend::Mysql] {
        on(backend, |database| {
            up(database, &[FIRST], 0, &Stop::default(), |_| {}).unwrap();
            let (mut other, mut seen) = (None, Vec::new());
            up(database, &[FIRST, SECOND], PATIENTLY, &Stop::default(), |event| {
                Other::gets_in_the_way(&mut other, database, event);
                if let Event::StatementBlocked { index, blocker, .. } = event {
                    let process = other.take().map(|other| other.process);
                    seen.push((*index, process == Some(blocker.process), blocker.user.is_some()));
                }
            })
            .unwrap();
            assert_eq!(seen, [(0, true, true)], "{backend:?}");
        });
    }
}

#[test]
fn attempts_are_numbered_and_the_metrics_count_them() {
    on_each(|database| {
        up(database, &[FIRST], 0, &Stop::default(), |_| {}).unwrap();
        let mut other = None;
        let report = up(database, &[FIRST, SECOND], 10, &Stop::default(), |event| {
            Other::gets_in_the_way(&mut other, database, event);
            if matches!(event, Event::Retrying { attempt: 2, .. }) {
                other = None;
            }
        })
        .unwrap();
        assert_eq!(report.steps[0].retries, 2);
        let directory = database.migrations(&[FIRST]);
        let totals = block_on(database.migrator(&directory, Options::default()).look()).unwrap().1;
        assert_eq!(totals.statement_retries.get(&RetryReason::LockTimeout), Some(&2));
        assert_eq!(totals.migrations.get(&(Direction::Up, Outcome::Success)), Some(&2), "a retry is no migration");
    });
}

#[test]
fn a_lock_that_stays_taken_is_a_failure_that_leaves_nothing() {
    on_each(|database| {
        up(database, &[FIRST], 0, &Stop::default(), |_| {}).unwrap();
        let mut other = None;
        let error = up(database, &[FIRST, SECOND], 1, &Stop::default(), |event| {
            Other::gets_in_the_way(&mut other, database, event);
            if matches!(event, Event::MigrationFinished { .. }) {
                other = None;
            }
        })
        .unwrap_err();
        let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
        assert_eq!(failure.remains, PartialEffect::Nothing);
        assert_eq!(error.report.steps[0].retries, 1);
        assert_eq!(database.applied(), ["1"]);
        up(database, &[FIRST, SECOND], 0, &Stop::default(), |_| {}).unwrap();
        assert_eq!(database.applied(), ["1", "2"]);
    });
}

#[test]
fn no_retries_mean_none() {
    on_each(|database| {
        up(database, &[FIRST], 0, &Stop::default(), |_| {}).unwrap();
        let mut other = None;
        let error = up(database, &[FIRST, SECOND], 0, &Stop::default(), |event| {
            Other::gets_in_the_way(&mut other, database, event);
            assert!(!matches!(event, Event::Retrying { .. }), "{event:?}");
            if matches!(event, Event::MigrationFinished { .. }) {
                other = None;
            }
        })
        .unwrap_err();
        assert_eq!(error.report.steps[0].retries, 0);
        assert!(retry_rows(database).is_empty());
    });
}

#[test]
fn a_request_to_stop_ends_the_pause() {
    on_each(|database| {
        up(database, &[FIRST], 0, &Stop::default(), |_| {}).unwrap();
        let mut other = None;
        let stop = Stop::default();
        let error = up(database, &[FIRST, SECOND], 10, &stop, |event| {
            Other::gets_in_the_way(&mut other, database, event);
            assert!(!matches!(event, Event::AttemptStarted { .. }), "{event:?}");
            if matches!(event, Event::Retrying { .. }) {
                other = None;
                stop.request();
            }
        })
        .unwrap_err();
        assert_eq!(error.report.outcome, Outcome::Cancellation);
        assert_eq!(error.report.steps[0].outcome, Outcome::Cancellation);
        assert_eq!(database.applied(), ["1"]);
        let outcome =
            database.value("SELECT outcome FROM _migrascope_journal WHERE version = '2' AND kind = 'migration'");
        assert_eq!(outcome, "interrupted");
    });
}

#[test]
fn of_a_migration_without_transaction_only_the_statement_is_tried_again() {
    let script = "-- migrascope: no-transaction\nCREATE TABLE c (i INTEGER);\nALTER TABLE t ADD COLUMN more INTEGER";
    for backend in [Backend::Postgres, Backend::Mysql] {
        on(backend, |database| {
            up(database, &[FIRST], 0, &Stop::default(), |_| {}).unwrap();
            let mut other = None;
            let mut begun = Vec::new();
            let report = up(database, &[FIRST, ("2_more.sql", script)], 10, &Stop::default(), |event| {
                Other::gets_in_the_way(&mut other, database, event);
                match event {
                    Event::StatementStarted { index, .. } => begun.push(*index),
                    Event::Retrying { .. } => other = None,
                    _ => {}
                }
            })
            .unwrap();
            assert_eq!(begun, [0, 1, 1]);
            assert_eq!((report.steps[0].retries, report.steps[0].statements.len()), (1, 2));
            assert_eq!(retry_rows(database), [row("2", "lock_timeout", "1")]);
        });
    }
}

#[test]
fn a_note_that_a_statement_has_run_is_tried_again_and_the_statement_is_not() {
    on(Backend::Sqlite, |database| {
        up(database, &[FIRST], 0, &Stop::default(), |_| {}).unwrap();
        let (mut other, mut begun) = (None, Vec::new());
        let report =
            up(database, &[FIRST, ("2_vacuum.sql", "VACUUM;\nSELECT 1")], 10, &Stop::default(), |event| match event {
                Event::StatementStarted { index, .. } => begun.push(*index),
                Event::StatementFinished { index: 0, .. } => other = Some(Other::begin(database, "BEGIN IMMEDIATE")),
                Event::Retrying { .. } => other = None,
                _ => {}
            })
            .unwrap();
        assert_eq!((begun, report.steps[0].retries), (vec![0, 1], 1));
        assert_eq!(retry_rows(database), [row("2", "lock_timeout", "0")]);
    });
}

#[test]
fn in_a_transaction_of_the_scripts_own_nothing_is_tried_again() {
    let script = "-- migrascope: no-transaction\nBEGIN;\nALTER TABLE t ADD COLUMN more INTEGER;\nCOMMIT;\nSELECT 1";
    on(Backend::Postgres, |database| {
        up(database, &[FIRST], 0, &Stop::default(), |_| {}).unwrap();
        let mut other = None;
        let error = up(database, &[FIRST, ("2_more.sql", script)], 10, &Stop::default(), |event| {
            Other::gets_in_the_way(&mut other, database, event);
            assert!(!matches!(event, Event::Retrying { .. }), "{event:?}");
        })
        .unwrap_err();
        let Error::Migration { failure, .. } = &error.cause else { panic!("{error:?}") };
        assert_eq!(failure.remains, PartialEffect::Nothing);
    });
}

#[test]
fn whoever_is_chosen_to_end_a_deadlock_is_tried_again() {
    for backend in [Backend::Postgres, Backend::Mysql] {
        on(backend, |database| {
            // The other session is never the victim: it checks for deadlocks too late, or has changed far more.
            let (patiently, script) = match backend {
                Backend::Postgres => (
                    "SET deadlock_timeout = '1h'; BEGIN",
                    "UPDATE d SET n = n + 10 WHERE i = 1;\nUPDATE d SET n = n + 10 WHERE i > 1",
                ),
                _ => ("START TRANSACTION", "UPDATE d SET n = n + 10"),
            };
            let rows = (1..=200).map(|i| format!("({i}, 0)")).collect::<Vec<_>>().join(", ");
            database.query("CREATE TABLE d (i INTEGER PRIMARY KEY, n INTEGER)");
            database.query(&format!("INSERT INTO d VALUES {rows}"));
            let mut other = Some(Other::begin(database, &format!("{patiently}; UPDATE d SET n = n + 1 WHERE i > 1")));
            let (mut crossed, mut reasons) = (false, Vec::new());
            let report = up(database, &[("1_both.sql", script)], PATIENTLY, &Stop::default(), |event| match event {
                Event::StatementFinished { index: 0, result: Ok(_), .. } | Event::StatementRunning { .. }
                    if !crossed =>
                {
                    crossed = true;
                    other.as_ref().unwrap().order("UPDATE d SET n = n + 1 WHERE i = 1; COMMIT");
                }
                Event::Retrying { reason, .. } => {
                    reasons.push(*reason);
                    other = None;
                }
                _ => {}
            });
            assert_eq!(report.unwrap().steps[0].retries, 1, "{backend:?}");
            assert_eq!(reasons, [RetryReason::Deadlock]);
            let both = database.value("SELECT count(*) FROM d WHERE n = 11");
            assert_eq!(both, "200", "{backend:?}: each has changed every row, and once");
        });
    }
}

#[test]
fn a_conflict_of_transactions_is_tried_again_from_the_beginning() {
    on(Backend::Postgres, |database| {
        database.query("CREATE TABLE a (n INTEGER)");
        database.query("INSERT INTO a VALUES (0)");
        let script = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;\nSELECT n FROM a;\nUPDATE a SET n = n + 10";
        let mut conflicts = 0;
        let report = up(database, &[("1_a.sql", script)], 10, &Stop::default(), |event| match event {
            Event::StatementFinished { index: 1, .. } if conflicts == 0 => {
                let url = database.url.clone();
                std::thread::spawn(move || crate::support::query(&url, "UPDATE a SET n = n + 1")).join().unwrap();
            }
            Event::Retrying { reason, .. } => {
                assert_eq!(*reason, RetryReason::Serialization);
                conflicts += 1;
            }
            _ => {}
        })
        .unwrap();
        assert_eq!((conflicts, report.steps[0].retries, report.steps[0].statements.len()), (1, 1, 3));
        assert_eq!(database.value("SELECT n FROM a"), "11");
    });
}

#[test]
fn the_rows_that_a_run_has_changed_are_told_by_what_changed_them() {
    on_each(|database| {
        let script =
            "INSERT INTO t VALUES (1), (2), (3);\nUPDATE t SET i = i + 1 WHERE i > 1;\nDELETE FROM t WHERE i = 1";
        up(database, &[FIRST, ("2_rows.sql", script)], 0, &Stop::default(), |_| {}).unwrap();
        let sql =
            "SELECT rows_inserted, rows_updated, rows_deleted, rows_other FROM _migrascope_journal WHERE kind = 'run'";
        let words = ["3", "2", "1", "0"].map(|word| Some(word.to_owned())).to_vec();
        assert_eq!(database.query(sql), [words]);
    });
}
