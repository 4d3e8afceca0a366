//! What a run is doing, kept for whoever asks while it does it. Nothing of the SQL, and no password, is in it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use migrascope::database::{Holder, Identity};
use migrascope::event::{Hook, RunContext};
use migrascope::plan::Step;
use migrascope::report::{Outcome, Report};
use migrascope::{Error, Event, Observer};

use crate::cli::words;

/// The state of one run: an observer that writes it, and what is read from it. A clone is the same one.
#[derive(Clone, Default)]
pub(super) struct SharedProgress(Arc<Mutex<RunProgress>>);

impl SharedProgress {
    /// How it stands.
    pub(super) fn lock(&self) -> MutexGuard<'_, RunProgress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a run stands.
#[derive(Default)]
pub(super) struct RunProgress {
    /// Who it is, once it has begun.
    pub(super) run: Option<(RunContext, SystemTime)>,
    /// The database, as far as it is known.
    pub(super) database: Option<Identity>,
    /// What it is doing.
    pub(super) phase: Phase,
    /// Since when.
    pub(super) since: Option<SystemTime>,
    /// The migrations that have succeeded.
    pub(super) done: usize,
    /// The migrations of its plan, once there is one.
    pub(super) of: Option<usize>,
}

/// What a run is doing.
#[derive(Debug, Default)]
pub(super) enum Phase {
    /// Nothing yet.
    #[default]
    Starting,
    /// It makes its connection.
    Connecting,
    /// It asks for the lock; somebody else may have it.
    Locking { holder: Option<Holder> },
    /// It reads the history.
    Planning,
    /// It is at a migration.
    Migrating(RunningMigration),
    /// This hook is running.
    Hook(Hook),
    /// It examines the database; this check is being made.
    Examining { check: Option<String> },
    /// It is over.
    Finished { outcome: Outcome, error: Option<String> },
}

/// Where in its plan a run is.
#[derive(Debug)]
pub(super) struct RunningMigration {
    /// The migration, counted from 1.
    pub(super) index: usize,
    /// Its version.
    pub(super) version: String,
    /// Its name.
    pub(super) name: String,
    /// `up` or `down`.
    pub(super) direction: &'static str,
    /// How many statements it has.
    pub(super) statements: usize,
    /// The statement that was sent last, counted from 1, and when.
    pub(super) statement: Option<(usize, SystemTime)>,
    /// How many have ended.
    ended: usize,
    /// Whether the migration as a whole has ended.
    over: bool,
}

impl Observer for SharedProgress {
    fn observe(&mut self, event: &Event<'_>) {
        let now = SystemTime::now();
        let mut progress = self.lock();
        match event {
            Event::RunStarted { run, expected } => {
                *progress = RunProgress { run: Some(((*run).clone(), now)), ..RunProgress::default() };
                progress.database = Some((*expected).clone());
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
        let named = self.run.as_ref().and_then(|(run, _)| run.target.as_deref());
        named.or_else(|| self.database.as_ref().map(|database| database.database.as_str()))
    }

    /// How much of the plan is done: migrations, the progress one by its statements.
    pub(super) fn percent(&self) -> Option<usize> {
        let of = self.of.filter(|of| *of > 0)?;
        let inside = match &self.phase {
            Phase::Migrating(migration) if !migration.over => {
                migration.ended as f64 / migration.statements.max(1) as f64
            }
            _ => 0.0,
        };
        // Rounded down: a hundred is said of a plan that is done, and of no other.
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

    /// What the holder of the lock is doing is SQL, and none of it is shown.
    fn wait_for(&mut self, holder: Option<&Holder>) {
        if let Phase::Locking { holder: known } = &mut self.phase {
            *known = holder.map(|holder| Holder { doing: None, ..holder.clone() });
        }
    }

    fn finish(&mut self, report: &Report, error: Option<&Error>, now: SystemTime) {
        let error = error.map(|error| error.kind().to_owned());
        self.enter(Phase::Finished { outcome: report.outcome, error }, now);
    }

    /// Follows what happens to the migrations.
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
            version: step.migration.version.to_string(),
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

/// The alternate form (`{:#}`) says who holds the lock.
impl fmt::Display for RunProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.phase {
            Phase::Starting => f.write_str("starting"),
            Phase::Connecting => f.write_str("connecting"),
            Phase::Locking { holder: None } => f.write_str("asking for the lock"),
            // Who that is names a user and a host.
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
