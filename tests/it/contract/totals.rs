//! The journal's counters are the same for every reader.

use std::time::Duration;

use migrascope::event::Command;
use migrascope::history::Direction;
use migrascope::journal::Counters;
use migrascope::plan::RefusalReason;
use migrascope::report::Outcome;
use migrascope::run::LockWait;
use migrascope::{Options, RunError};

use super::locking::{SlowRunner, is_postgres_before_14, is_waited_for_until_it_is_ended};
use crate::support::{TestDatabase, block_on, eventually, on_each};

fn look(database: &TestDatabase) -> Counters {
    let directory = database.migrations(&[("1_a.sql", "CREATE TABLE a (i INTEGER)")]);
    block_on(database.migrator(&directory, Options::default()).look()).unwrap().1
}

fn count<K>(spreads: &migrascope::journal::Histograms<K>) -> u64 {
    spreads.values().map(|spread| spread.count).sum()
}

#[test]
fn every_run_and_every_attempt_counts_once() {
    on_each(|database| {
        database.query("CREATE TABLE made (i INTEGER)");
        assert_eq!(look(database), Counters::default(), "nothing stands in a journal that does not exist");
        let first = ("1_a.sql", "CREATE TABLE a (i INTEGER)");
        let good = database.migrations(&[first, ("2_b.sql", "INSERT INTO a VALUES (1)")]);
        let bad = database.migrations(&[first, ("2_b.sql", "INSERT INTO a VALUES (1)"), ("3_c.sql", "CREATE TABEL c")]);
        database.up(&good).unwrap();
        database.up(&bad).unwrap_err();
        let last: RunError = database.up(&bad).unwrap_err();
        let totals = look(database);
        assert_eq!(totals.runs.get(&Outcome::Success), Some(&1));
        assert_eq!(totals.runs.get(&Outcome::Failure), Some(&2));
        assert_eq!(totals.migrations.get(&(Direction::Up, Outcome::Success)), Some(&2));
        assert_eq!(totals.migrations.get(&(Direction::Up, Outcome::Failure)), Some(&2));
        assert_eq!((count(&totals.run_durations), count(&totals.migration_durations)), (3, 4));
        assert_eq!(count(&totals.lock_waits), 3);
        assert!(totals.last_failure > totals.last_success && totals.last_success >= totals.since, "{totals:?}");
        let run = totals.last_run.unwrap();
        assert_eq!((run.run_id, run.outcome), (last.report.run_id, Outcome::Failure));
        assert_eq!(run.steps.outcomes.get(&Outcome::Failure), Some(&1));
        assert!(run.stages.connect > Duration::ZERO && run.stages.lock > Duration::ZERO, "{:?}", run.stages);
        assert!(run.stages.apply > Duration::ZERO && run.elapsed >= run.stages.apply, "{:?}", run.stages);
        assert_eq!(totals.running, None);

        database.up(&good).unwrap();
        let totals = look(database);
        assert_eq!(totals.runs.get(&Outcome::Success), Some(&2), "a run with nothing to do is a run");
        assert!(totals.last_success > totals.last_failure);
        assert_eq!(count(&totals.lock_waits), 3, "it waited for no lock");
    });
}

#[test]
fn a_refused_run_counts_as_an_error() {
    on_each(|database| {
        database.up(&database.migrations(&[("1_a.sql", "CREATE TABLE a (i INTEGER)")])).unwrap();
        database.up(&database.migrations(&[("1_a.sql", "CREATE TABLE b (i INTEGER)")])).unwrap_err();
        let totals = look(database);
        assert_eq!(totals.runs.get(&Outcome::Error), Some(&1));
        let why = "SELECT error_code FROM _migrascope_journal WHERE kind = 'run' AND outcome = 'error'";
        assert_eq!(database.value(why), "refused");
        let why = "SELECT reason FROM _migrascope_journal WHERE kind = 'run' AND outcome = 'error'";
        assert_eq!(database.value(why), "changed");
        let last = totals.last_run.unwrap();
        assert_eq!((last.error.as_deref(), last.reasons), (Some("refused"), vec![RefusalReason::Changed]));
    });
}

#[test]
fn a_file_that_is_gone_is_counted_before_any_run_and_is_a_reason() {
    on_each(|database| {
        let (first, second) = (("1_a.sql", "CREATE TABLE a (i INTEGER)"), ("2_b.sql", "CREATE TABLE b (i INTEGER)"));
        database.up(&database.migrations(&[first, second])).unwrap();
        let directory = database.migrations(&[second, ("0_late.sql", "CREATE TABLE c (i INTEGER)")]);
        let (status, _) = block_on(database.migrator(&directory, Options::default()).look()).unwrap();
        assert_eq!((status.schema.missing, status.schema.changed), (1, 0));
        database.up(&directory).unwrap_err();
        let last = look(database).last_run.unwrap();
        assert_eq!(last.reasons, [RefusalReason::Missing, RefusalReason::OutOfOrder]);
        database.up(&database.migrations(&[first, second])).unwrap();
        let last = look(database).last_run.unwrap();
        assert_eq!((last.error, last.reasons), (None, Vec::new()), "a run that succeeded has nothing to explain");
    });
}

/// Migrations that vanished: of all runs, and of the last one.
fn vanished(totals: &Counters) -> (u64, u64) {
    let all = totals.migrations.iter().filter(|((_, outcome), _)| *outcome == Outcome::Vanished);
    let last = totals.last_run.iter().filter(|last| last.outcome == Outcome::Vanished);
    let last = last.filter_map(|last| last.steps.outcomes.get(&Outcome::Vanished)).sum();
    (all.map(|(_, count)| count).sum(), last)
}

#[test]
fn a_killed_run_is_the_last_one_whatever_did_nothing_meanwhile() {
    on_each(|database| {
        let old = ("0_old.sql", "CREATE TABLE old (i INTEGER)");
        let older = database.migrations(&[old]);
        database.up(&older).unwrap();
        let runner = SlowRunner::at(database, &database.migrations(&[old, ("1_slow.sql", database.slow())]), 1);
        let running = look(database).running.expect("a run holds the lock");
        // A run of an older release with nothing to do, and one that does not get the lock.
        if database.transactional_ddl() {
            database.up(&older).unwrap();
        }
        let newer = database.migrations(&[old, ("9_newer.sql", "SELECT 1")]);
        let impatient = Options { wait: LockWait::No, ..Options::default() };
        database.run(Command::Up, &newer, impatient).0.unwrap_err();
        if is_postgres_before_14(database) {
            runner.kill_at_its_statement(database);
        } else {
            drop(runner);
        }
        let seen = eventually("the server notices that the runner is gone", || {
            Some(look(database)).filter(|totals| totals.running.is_none())
        });
        let last = seen.last_run.expect("a run has ended");
        assert_eq!((last.run_id, last.outcome), (running.run_id, Outcome::Vanished));
        assert!(seen.last_failure > seen.last_success);
        if is_postgres_before_14(database) {
            is_waited_for_until_it_is_ended(database);
        }
    });
}

#[test]
fn a_killed_run_has_vanished_for_whoever_looks_and_for_whoever_comes_next() {
    on_each(|database| {
        let runner = SlowRunner::start(database);
        let seen = look(database);
        let running = seen.running.expect("somebody has the lock");
        assert_eq!(seen.runs.get(&Outcome::Vanished), None);
        let is_left = is_postgres_before_14(database);
        if is_left {
            runner.kill_at_its_statement(database);
        } else {
            drop(runner);
        }
        let seen = eventually("the server notices that the runner is gone", || {
            Some(look(database)).filter(|totals| totals.running.is_none())
        });
        assert_eq!(seen.runs.get(&Outcome::Vanished), Some(&1));
        assert_eq!(vanished(&seen).0, vanished(&seen).1, "the last run is that one alone");
        assert!(seen.last_failure >= Some(running.began), "its last sign of life counts");
        assert_eq!(seen.last_run.as_ref().map(|last| last.run_id.as_str()), Some(running.run_id.as_str()));

        if is_left {
            is_waited_for_until_it_is_ended(database);
        }
        // A half-way migration on a database where DDL commits implicitly is refused, but the previous run is marked all the same.
        let _ = database.up(&database.migrations(&[("1_slow.sql", "CREATE TABLE quick (i INTEGER)")]));
        let marked = "SELECT count(*) FROM _migrascope_journal WHERE kind = 'run' AND outcome = 'vanished'";
        assert_eq!(database.value(marked), "1");
        let after = look(database);
        assert_eq!(after.runs.get(&Outcome::Vanished), Some(&1), "counted once, derived or marked");
        let ended = "SELECT count(*) FROM _migrascope_journal WHERE outcome = 'vanished' AND finished_at IS NULL";
        assert_eq!(database.value(ended), "0", "each has an end: when it was noticed");
        let lost = u64::from(!database.transactional_ddl());
        assert_eq!(after.migrations.get(&(Direction::Up, Outcome::Vanished)).copied().unwrap_or_default(), lost);
    });
}
