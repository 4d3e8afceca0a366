//! The progress of a run, for the pages. It contains no SQL and no password.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use migrascope::database::{Holder, ServerInfo};
use migrascope::event::{Command, Hook, RunContext};
use migrascope::plan::Step;
use migrascope::report::{Outcome, Report};
use migrascope::{Error, Event, Observer};

use crate::cli::words;

/// The progress of one run, written by its events; clones share it.
#[derive(Clone, Default)]
pub(super) struct SharedProgress(Arc<Mutex<RunProgress>>);

impl SharedProgress {
    /// Locks it for reading.
    pub(super) fn lock(&self) -> MutexGuard<'_, RunProgress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The progress of a run.
#[derive(Default)]
pub(super) struct RunProgress {
    /// Its command, context and start, once it has begun.
    pub(super) run: Option<(Command, RunContext, SystemTime)>,
    /// The name of the database in metrics.
    target: Option<String>,
    /// The database, as far as it is known.
    pub(super) database: Option<ServerInfo>,
    /// Its phase.
    pub(super) phase: Phase,
    /// The start of the phase.
    pub(super) since: Option<SystemTime>,
    /// The migrations that have succeeded.
    pub(super) done: usize,
    /// The migrations of its plan, once there is one.
    pub(super) of: Option<usize>,
}

/// The phase of a run.
#[derive(Debug, Default)]
pub(super) enum Phase {
    /// It has not begun.
    #[default]
    Starting,
    /// It connects.
    Connecting,
    /// It acquires the lock, which another session may hold.
    Locking { holder: Option<Holder> },
    /// It reads the history.
    Planning,
    /// It runs a migration.
    Migrating(RunningMigration),
    /// It runs a hook.
    Hook(Hook),
    /// It runs the health checks; `check` is the current one.
    Examining { check: Option<String> },
    /// It has ended.
    Finished { outcome: Outcome, error: Option<String> },
}

/// The migration that is running.
#[derive(Debug)]
pub(super) struct RunningMigration {
    /// Its number in the plan, from 1.
    pub(super) index: usize,
    /// Its version.
    pub(super) version: String,
    /// Its name.
    pub(super) name: String,
    /// `up` or `down`.
    pub(super) direction: &'static str,
    /// The number of its statements.
    pub(super) statements: usize,
    /// The number of the last statement that was sent, from 1, and when.
    pub(super) statement: Option<(usize, SystemTime)>,
    /// The number of statements that have ended.
    ended: usize,
    /// Whether the migration has ended.
    over: bool,
}

impl Observer for SharedProgress {
    fn observe(&mut self, event: &Event<'_>) {
        let now = SystemTime::now();
        let mut progress = self.lock();
        match event {
            Event::RunStarted { command, run, expected, target } => {
                *progress = RunProgress { run: Some((*command, (*run).clone(), now)), ..RunProgress::default() };
                progress.database = Some((*expected).clone());
                progress.target = Some((*target).to_owned());
            }
            Event::ConnectStarted => progress.enter(Phase::Connecting, now),
            Event::ConnectFinished { result: Ok(identity), .. } => progress.database = Some((*identity).clone()),
            Event::LockStarted { .. } => progress.enter(Phase::Locking { holder: None }, now),
            Event::LockWaited { holder, .. } => progress.wait_for(*holder),
            Event::PlanStarted => progress.enter(Phase::Planning, now),
            Event::PlanFinished { result: Ok(plan), .. } => progress.of = Some(plan.steps.len()),
            Event::HookStarted { hook, .. } => progress.enter(Phase::Hook(*hook), now),
            Event::StateStarted | Event::HealthStarted => progress.enter(Phase::Examining { check: None }, now),
            Event::CheckStarted { name } => progress.enter(Phase::Examining { check: Some((*name).to_owned()) }, now),
            Event::RunFinished { report, error, .. } => progress.finish(report, *error, now),
            other => progress.follow(other, now),
        }
    }
}

impl RunProgress {
    /// The name of the database in metrics, where it is known.
    pub(super) fn target(&self) -> Option<&str> {
        self.target.as_deref()
    }

    /// The share of the plan that is done, in percent, by migrations and the statements of the current one.
    pub(super) fn percent(&self) -> Option<usize> {
        let of = self.of.filter(|of| *of > 0)?;
        let inside = match &self.phase {
            Phase::Migrating(migration) if !migration.over => {
                migration.ended as f64 / migration.statements.max(1) as f64
            }
            _ => 0.0,
        };
        // Rounded down, so that only a finished plan has 100 %.
        Some(((self.done as f64 + inside.min(0.99)) * 100.0 / of as f64) as usize)
    }

    /// Whether the run has succeeded.
    pub(super) fn has_succeeded(&self) -> bool {
        matches!(self.phase, Phase::Finished { outcome: Outcome::Success, .. })
    }

    fn enter(&mut self, phase: Phase, now: SystemTime) {
        self.phase = phase;
        self.since = Some(now);
    }

    /// What the holder of the lock is running is SQL and is not kept.
    fn wait_for(&mut self, holder: Option<&Holder>) {
        if let Phase::Locking { holder: known } = &mut self.phase {
            *known = holder.map(|holder| Holder { doing: None, ..holder.clone() });
        }
    }

    fn finish(&mut self, report: &Report, error: Option<&Error>, now: SystemTime) {
        let error = error.map(|error| error.kind().to_owned());
        self.enter(Phase::Finished { outcome: report.outcome, error }, now);
    }

    /// Follows the events of migrations.
    fn follow(&mut self, event: &Event<'_>, now: SystemTime) {
        if let Event::MigrationStarted { step, index, of } = event {
            self.of = Some(*of);
            return self.enter(Phase::Migrating(RunningMigration::of(step, *index)), now);
        }
        let Phase::Migrating(migration) = &mut self.phase else { return };
        match event {
            Event::StatementStarted { index, .. } => migration.statement = Some((index + 1, now)),
            Event::StatementFinished { index, result: Ok(_), .. } => migration.ended = index + 1,
            Event::Retrying { step, .. } if step.atomic.is_yes() => migration.ended = 0,
            Event::TransactionRefused { .. } => migration.ended = 0,
            Event::MigrationFinished { report, .. } => {
                migration.over = true;
                self.done += usize::from(report.outcome == Outcome::Success);
            }
            _ => {}
        }
    }
}

impl RunningMigration {
    fn of(step: &Step<'_>, index: usize) -> Self {
        Self {
            index,
            version: step.migration.key.to_string(),
            name: step.migration.name.clone(),
            direction: step.direction.word(),
            statements: step.statements().len(),
            statement: None,
            ended: 0,
            over: false,
        }
    }
}

impl Phase {
    /// A word of a closed set.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Connecting => "connecting",
            Self::Locking { .. } => "locking",
            Self::Planning => "planning",
            Self::Migrating(_) => "migrating",
            Self::Hook(_) => "running_hook",
            Self::Examining { .. } => "checking_health",
            Self::Finished { .. } => "finished",
        }
    }
}

/// The alternate form (`{:#}`) shows the holder of the lock.
impl fmt::Display for RunProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.phase {
            Phase::Starting => f.write_str("starting"),
            Phase::Connecting => f.write_str("connecting"),
            Phase::Locking { holder: None } => f.write_str("acquiring the lock"),
            // The holder has a user and a host, which are details.
            Phase::Locking { holder: Some(holder) } if f.alternate() => write!(f, "waiting: {}", words::holder(holder)),
            Phase::Locking { holder: Some(_) } => f.write_str("waiting: the lock is held"),
            Phase::Planning => f.write_str("planning"),
            Phase::Migrating(migration) => {
                let of = self.of.unwrap_or(migration.index);
                write!(f, "migration {} of {of} ({})", migration.index, migration.version)?;
                if let Some((statement, _)) = migration.statement {
                    write!(f, ", statement {statement} of {}", migration.statements)?;
                }
                self.percent().map_or(Ok(()), |percent| write!(f, ", {percent} %"))
            }
            Phase::Hook(hook) => write!(f, "running the hook {hook}"),
            Phase::Examining { check: None } => f.write_str("checking health"),
            Phase::Examining { check: Some(check) } => write!(f, "checking health: {check}"),
            Phase::Finished { outcome, error: None } => write!(f, "finished: {}", outcome.word()),
            Phase::Finished { outcome, error: Some(error) } => write!(f, "finished: {} ({error})", outcome.word()),
        }
    }
}
