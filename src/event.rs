//! What happens in a run, told as it happens. Every start has a finish, with elapsed time and result.

pub mod baggage;
mod context;
mod hook;
pub mod traceparent;

use std::time::Duration;

pub use self::context::{Command, Member, Operator, RemoteParent, RunContext, TraceIdentity};
pub use self::hook::Hook;
use crate::database::{DatabaseError, Holder, Identity};
use crate::error::Error;
use crate::journal::Totals;
use crate::plan::{Change, Plan, Schema, Step};
use crate::policy::Decided;
use crate::report::{CheckReport, HealthReport, Report, RetryReason, StepReport};

/// Who knows whether a statement took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Witness {
    /// The database: what the statement makes is there or not.
    Database,
    /// The person who asked for the repair.
    Operator,
}

/// Something that has happened.
///
/// There will be more variants, and more fields of each: patterns end with `..`. The variants are no `#[non_exhaustive]` ones, so that whoever tests
/// an observer can make events.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A run began; nothing was touched yet.
    RunStarted {
        /// Its identity.
        run: &'a RunContext,
        /// What is known of the database before it answers.
        expected: &'a Identity,
    },
    /// It was decided whether an application's start applies migrations.
    PolicyDecided {
        /// What, and why.
        decided: &'a Decided,
    },
    /// A connection is being made.
    ConnectStarted,
    /// It was made or not.
    ConnectFinished {
        /// Who answered, or why nobody did.
        result: Result<&'a Identity, &'a DatabaseError>,
        /// How long it took.
        elapsed: Duration,
    },
    /// The schema is not where it is waited for; told after each look.
    SchemaAwaited {
        /// How it stood when it was last seen; `None` where it was not seen yet.
        schema: Option<&'a Schema>,
        /// Why it could not be seen now.
        error: Option<&'a Error>,
        /// Waited so far.
        waited: Duration,
    },
    /// The lock is being asked for.
    LockStarted {
        /// The table that it guards, quoted.
        ledger: &'a str,
    },
    /// Somebody else has the lock; told at once and about every second.
    LockWaited {
        /// Who, where the server tells.
        holder: Option<&'a Holder>,
        /// Waited so far.
        waited: Duration,
    },
    /// The lock was got or not.
    LockFinished {
        /// Why not.
        error: Option<&'a Error>,
        /// Whether we have it.
        acquired: bool,
        /// How long it took.
        waited: Duration,
        /// How often it was asked for again.
        retries: u32,
    },
    /// History is being read and the plan made.
    PlanStarted,
    /// The plan was made or refused.
    PlanFinished {
        /// What will be done, or why nothing can be.
        result: Result<&'a Plan<'a>, &'a Error>,
        /// How long it took.
        elapsed: Duration,
        /// Facts of the history it was made from.
        schema: &'a Schema,
    },
    /// A hook began: a command, or a file of SQL before or after a migration.
    HookStarted {
        /// Which.
        hook: Hook,
        /// The migration that it is about; of commands `None`.
        step: Option<&'a Step<'a>>,
    },
    /// A hook is still running; told about every second.
    HookRunning {
        /// Which.
        hook: Hook,
        /// The migration that it is about.
        step: Option<&'a Step<'a>>,
        /// So far.
        elapsed: Duration,
    },
    /// A hook ended.
    HookFinished {
        /// Which.
        hook: Hook,
        /// The migration that it is about.
        step: Option<&'a Step<'a>>,
        /// How long it took.
        elapsed: Duration,
        /// Why it did not succeed: [`Error::Hook`].
        error: Option<&'a Error>,
    },
    /// The journal was read: when the run begins to work, now and then, and at its end. Only where the options ask for it.
    JournalRead {
        /// What stands in it, this run included as far as it has come.
        totals: &'a Totals,
    },
    /// A migration began.
    MigrationStarted {
        /// Which.
        step: &'a Step<'a>,
        /// Counted from 1.
        index: usize,
        /// Of how many.
        of: usize,
    },
    /// A statement was sent.
    StatementStarted {
        /// Of which migration.
        step: &'a Step<'a>,
        /// Index into the step's statements, from 0; see [`Step::statements`].
        index: usize,
    },
    /// A statement is still running; told about every second.
    StatementRunning {
        /// Of which migration.
        step: &'a Step<'a>,
        /// Index into the step's statements, from 0.
        index: usize,
        /// So far.
        elapsed: Duration,
    },
    /// A statement ended.
    StatementFinished {
        /// Of which migration.
        step: &'a Step<'a>,
        /// Index into the step's statements, from 0.
        index: usize,
        /// How long it took.
        elapsed: Duration,
        /// Rows affected or returned, or the error.
        result: Result<u64, &'a DatabaseError>,
    },
    /// A statement met an obstacle that passes. It is tried again after a pause, or its whole migration where that is atomic;
    /// nothing of the attempt remains.
    Retrying {
        /// Of which migration.
        step: &'a Step<'a>,
        /// Index into the step's statements, from 0.
        index: usize,
        /// What sort of obstacle.
        reason: RetryReason,
        /// What the database said.
        error: &'a DatabaseError,
        /// The attempt that has ended, counted from 1.
        attempt: u32,
        /// How many there can be.
        of: u32,
        /// How long the run waits before the next one.
        pause: Duration,
        /// Who was in the way, where somebody was seen.
        blocker: Option<&'a Holder>,
    },
    /// A statement waits for a lock that somebody else has; told when that is first seen, and when it becomes somebody else.
    StatementBlocked {
        /// Of which migration.
        step: &'a Step<'a>,
        /// Index into the step's statements, from 0.
        index: usize,
        /// Who has it.
        blocker: &'a Holder,
        /// Since the statement began.
        elapsed: Duration,
    },
    /// A statement was refused because of the transaction around it, which was rolled back: nothing of it remains. It is tried once
    /// more alone; where its migration was atomic, that begins again, statement by statement.
    TransactionRefused {
        /// Of which migration, as it is taken from now on.
        step: &'a Step<'a>,
        /// Index into the step's statements, from 0.
        index: usize,
        /// What the database said.
        error: &'a DatabaseError,
    },
    /// An invalid index that an earlier attempt had left was dropped, before the statement that builds it runs.
    InvalidIndexDropped {
        /// Of which migration.
        step: &'a Step<'a>,
        /// Index into the step's statements, from 0.
        index: usize,
        /// The index, in quotes.
        name: &'a str,
    },
    /// It was not known whether a statement of a half-way migration took effect; now it is.
    DoubtSettled {
        /// Of which migration.
        step: &'a Step<'a>,
        /// Index into the step's statements, from 0.
        index: usize,
        /// Whether it took effect.
        ran: bool,
        /// Who says so.
        witness: Witness,
    },
    /// A migration goes on in a new session, and a statement that is not run was run again for what it sets there.
    SettingRestored {
        /// Of which migration.
        step: &'a Step<'a>,
        /// Index into the step's statements, from 0.
        index: usize,
    },
    /// History was changed as a person has asked for.
    HistoryChanged {
        /// How.
        change: &'a Change,
        /// How many migrations that was about.
        migrations: usize,
    },
    /// The pause is over, and the next attempt begins.
    AttemptStarted {
        /// Of which migration.
        step: &'a Step<'a>,
        /// Counted from 1; the first one is not told.
        attempt: u32,
    },
    /// The ledger row was written (and committed, where the migration is atomic).
    Recorded {
        /// Of which migration.
        step: &'a Step<'a>,
        /// How long it took, the commit included.
        elapsed: Duration,
        /// Why not.
        error: Option<&'a DatabaseError>,
    },
    /// A migration ended.
    MigrationFinished {
        /// Which.
        step: &'a Step<'a>,
        /// How.
        report: &'a StepReport,
    },
    /// The lock was given back.
    LockReleased {
        /// How long we had it.
        held: Duration,
        /// Why the server did not take it; the lock ends with its connection then.
        error: Option<&'a DatabaseError>,
    },
    /// What is wrong with the database before the first migration is being looked at; the health checks compare with it.
    StateStarted,
    /// It was looked at, as far as that was possible.
    StateFinished {
        /// How long it took.
        elapsed: Duration,
    },
    /// The database is being examined.
    HealthStarted,
    /// A check began.
    CheckStarted {
        /// Its name.
        name: &'a str,
    },
    /// A check ended.
    HealthChecked {
        /// How.
        check: &'a CheckReport,
    },
    /// The last check has ended.
    HealthFinished {
        /// All of them.
        report: &'a HealthReport,
    },
    /// The run ended; told on every path.
    RunFinished {
        /// What it did.
        report: &'a Report,
        /// Why it did not succeed.
        error: Option<&'a Error>,
        /// The schema as the run leaves it, where it was seen.
        schema: Option<&'a Schema>,
    },
}

/// A reader of events. It cannot fail and cannot stop a run; it is quick and leaves sending to exporters.
///
/// It is called by the task that runs, between one step and the next: what it waits for, the run and its lock wait for. What
/// takes its time belongs into a channel.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use migrascope::{Event, Migrator, Observer};
///
/// #[derive(Default)]
/// struct Statements(u64);
///
/// impl Observer for Statements {
///     fn observe(&mut self, event: &Event<'_>) {
///         match event {
///             Event::StatementFinished { result: Ok(_), .. } => self.0 += 1,
///             Event::LockWaited { waited, .. } => println!("waiting for the lock, {} s so far", waited.as_secs()),
///             // There will be more events, and more to be known of each of them.
///             _ => {}
///         }
///     }
/// }
///
/// let files = vec![("1_t.sql", "CREATE TABLE t (i INTEGER); INSERT INTO t (i) VALUES (1);")];
/// let migrator = Migrator::builder().url("sqlite::memory:").embedded(files).build()?;
/// let mut statements = Statements::default();
/// migrator.up().observe(&mut statements).await?;
/// assert_eq!(statements.0, 2);
/// # Ok(())
/// # }
/// ```
pub trait Observer: Send {
    /// Takes note of one event.
    fn observe(&mut self, event: &Event<'_>);

    /// The span that happens now, where this observer makes spans: what a process that the run starts becomes a child of.
    fn current_span(&self) -> Option<RemoteParent> {
        None
    }
}

/// Tells several observers, in order.
#[derive(Default)]
pub struct Observers<'o>(Vec<&'o mut dyn Observer>);

impl<'o> Observers<'o> {
    /// Adds one.
    pub fn add(&mut self, observer: &'o mut dyn Observer) {
        self.0.push(observer);
    }
}

impl Observer for Observers<'_> {
    fn observe(&mut self, event: &Event<'_>) {
        for observer in &mut self.0 {
            observer.observe(event);
        }
    }

    fn current_span(&self) -> Option<RemoteParent> {
        self.0.iter().find_map(|observer| observer.current_span())
    }
}
