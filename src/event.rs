//! The events of a run, emitted as they happen. Every start has a finish, with elapsed time and result.

pub mod baggage;
mod context;
mod hook;
pub mod traceparent;

use std::time::Duration;

pub use self::context::{Command, Member, Operator, RemoteParent, RunContext, TraceIdentity};
pub use self::hook::Hook;
use crate::database::{DatabaseError, Holder, ServerInfo};
use crate::error::Error;
use crate::journal::Counters;
use crate::plan::{Change, Plan, Schema, Step};
use crate::policy::Decided;
use crate::report::{CheckReport, HealthReport, Report, RetryReason, StepReport};

/// The source of the information whether a statement took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Witness {
    /// The database: a catalog query shows whether the object exists.
    Database,
    /// The user who requested the repair.
    Operator,
}

/// An event of a run.
///
/// More variants and fields will be added, so patterns should end with `..`. The variants are not `#[non_exhaustive]`, so that tests of an
/// observer can construct events.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A run has started; nothing has been changed yet.
    RunStarted {
        /// Its command.
        command: Command,
        /// Its identity.
        run: &'a RunContext,
        /// What is known about the database before it answers.
        expected: &'a ServerInfo,
        /// The target's name in metrics: that of the context, or else the database's.
        target: &'a str,
    },
    /// The policy has decided whether starting the application applies migrations.
    PolicyDecided {
        /// The decision and its reason.
        decided: &'a Decided,
    },
    /// The runner starts to connect.
    ConnectStarted,
    /// The connection succeeded or failed.
    ConnectFinished {
        /// The server, or the error.
        result: Result<&'a ServerInfo, &'a DatabaseError>,
        /// How long it took.
        elapsed: Duration,
    },
    /// The schema has not reached the awaited version; emitted after each check.
    SchemaAwaited {
        /// The state when it was last read; `None` where it has not been read yet.
        schema: Option<&'a Schema>,
        /// Why it could not be read this time.
        error: Option<&'a Error>,
        /// The waiting time so far.
        waited: Duration,
    },
    /// The runner starts to acquire the lock.
    LockStarted {
        /// The quoted name of the table that it guards.
        ledger: &'a str,
    },
    /// Another session holds the lock; emitted at once and about every second.
    LockWaited {
        /// The session, where the server reports it.
        holder: Option<&'a Holder>,
        /// The waiting time so far.
        waited: Duration,
    },
    /// The lock was acquired or not.
    LockFinished {
        /// Why it was not acquired.
        error: Option<&'a Error>,
        /// Whether it was acquired.
        acquired: bool,
        /// How long it took.
        waited: Duration,
        /// How often acquiring it was retried.
        retries: u32,
    },
    /// The runner starts to read the history and make the plan.
    PlanStarted,
    /// The plan was made or refused.
    PlanFinished {
        /// The plan, or why it was refused.
        result: Result<&'a Plan<'a>, &'a Error>,
        /// How long it took.
        elapsed: Duration,
        /// The state of the schema that it was made from.
        schema: &'a Schema,
    },
    /// A hook has started: a command, or an SQL file before or after a migration.
    HookStarted {
        /// The hook.
        hook: Hook,
        /// The migration that it runs for; `None` for commands.
        step: Option<&'a Step<'a>>,
    },
    /// A hook is still running; emitted about every second.
    HookRunning {
        /// The hook.
        hook: Hook,
        /// The migration that it runs for; `None` for commands.
        step: Option<&'a Step<'a>>,
        /// The elapsed time so far.
        elapsed: Duration,
    },
    /// A hook has finished.
    HookFinished {
        /// The hook.
        hook: Hook,
        /// The migration that it runs for; `None` for commands.
        step: Option<&'a Step<'a>>,
        /// How long it took.
        elapsed: Duration,
        /// Why it failed: [`Error::Hook`].
        error: Option<&'a Error>,
    },
    /// The journal was read: when the run begins to work, from time to time, and at its end. Emitted only where the options request it.
    JournalRead {
        /// The totals in it, including this run so far.
        counters: &'a Counters,
    },
    /// A migration has started.
    MigrationStarted {
        /// The migration.
        step: &'a Step<'a>,
        /// Its position in the plan, counted from 1.
        index: usize,
        /// The number of migrations in the plan.
        of: usize,
    },
    /// A statement was sent.
    StatementStarted {
        /// The migration.
        step: &'a Step<'a>,
        /// Index into the step's statements, from 0; see [`Step::statements`].
        index: usize,
    },
    /// A statement is still running; emitted about every second.
    StatementRunning {
        /// The migration.
        step: &'a Step<'a>,
        /// Index into the step's statements, from 0.
        index: usize,
        /// The elapsed time so far.
        elapsed: Duration,
    },
    /// A statement has finished.
    StatementFinished {
        /// The migration.
        step: &'a Step<'a>,
        /// Index into the step's statements, from 0.
        index: usize,
        /// How long it took.
        elapsed: Duration,
        /// The number of rows affected or returned, or the error.
        result: Result<u64, &'a DatabaseError>,
    },
    /// A statement failed with a transient error. The statement, or the whole migration where it is atomic, will be retried after a pause;
    /// nothing of the failed attempt remains.
    Retrying {
        /// The migration.
        step: &'a Step<'a>,
        /// Index into the step's statements, from 0.
        index: usize,
        /// The kind of error.
        reason: RetryReason,
        /// The database's error.
        error: &'a DatabaseError,
        /// The attempt that has failed, counted from 1.
        attempt: u32,
        /// The maximum number of attempts.
        of: u32,
        /// The pause before the next attempt.
        pause: Duration,
        /// The blocking session, where one was found.
        blocker: Option<&'a Holder>,
    },
    /// A statement waits for a lock that another session holds; emitted when that is first detected, and when the holder changes.
    StatementBlocked {
        /// The migration.
        step: &'a Step<'a>,
        /// Index into the step's statements, from 0.
        index: usize,
        /// The session that holds it.
        blocker: &'a Holder,
        /// The time since the statement started.
        elapsed: Duration,
    },
    /// The server refused a statement inside a transaction, which was rolled back completely. The statement is retried once outside of a
    /// transaction; an atomic migration starts again, statement by statement.
    TransactionRefused {
        /// The migration, as it runs from now on.
        step: &'a Step<'a>,
        /// Index into the step's statements, from 0.
        index: usize,
        /// The database's error.
        error: &'a DatabaseError,
    },
    /// An invalid index that an earlier attempt left was dropped, before the statement that builds it runs.
    InvalidIndexDropped {
        /// The migration.
        step: &'a Step<'a>,
        /// Index into the step's statements, from 0.
        index: usize,
        /// The quoted name of the index.
        name: &'a str,
    },
    /// It was unknown whether a statement of a half-way migration took effect; now it is known.
    DoubtSettled {
        /// The migration.
        step: &'a Step<'a>,
        /// Index into the step's statements, from 0.
        index: usize,
        /// Whether it took effect.
        ran: bool,
        /// The source of this information.
        witness: Witness,
    },
    /// A migration resumes in a new session, and a completed statement was run again to restore its session setting.
    SettingRestored {
        /// The migration.
        step: &'a Step<'a>,
        /// Index into the step's statements, from 0.
        index: usize,
    },
    /// The history was changed at a user's request.
    HistoryChanged {
        /// The change.
        change: &'a Change,
        /// The number of affected migrations.
        migrations: usize,
    },
    /// The pause is over, and the next attempt starts.
    AttemptStarted {
        /// The migration.
        step: &'a Step<'a>,
        /// The attempt, counted from 1; not emitted for the first one.
        attempt: u32,
    },
    /// The records of a migration are about to be written.
    RecordStarted {
        /// Of which migration.
        step: &'a Step<'a>,
    },
    /// The ledger row was written (and committed, where the migration is atomic).
    RecordFinished {
        /// The migration.
        step: &'a Step<'a>,
        /// How long it took, including the commit.
        elapsed: Duration,
        /// Why it failed.
        error: Option<&'a DatabaseError>,
    },
    /// A migration has finished.
    MigrationFinished {
        /// The migration.
        step: &'a Step<'a>,
        /// Its report.
        report: &'a StepReport,
        /// The schema after it; `None` in an observer's tests.
        schema: Option<&'a Schema>,
    },
    /// The lock was released.
    LockReleased {
        /// How long it was held.
        held: Duration,
        /// Why releasing it failed; the lock then ends with its connection.
        error: Option<&'a DatabaseError>,
    },
    /// The runner starts to read the database's state before the first migration; the health checks compare with it.
    StateStarted,
    /// The state was read, as far as that was possible.
    StateFinished {
        /// How long it took.
        elapsed: Duration,
    },
    /// The health checks start.
    HealthStarted,
    /// A check has started.
    CheckStarted {
        /// Its name.
        name: &'a str,
    },
    /// A check has finished.
    CheckFinished {
        /// Its report.
        check: &'a CheckReport,
    },
    /// The last check has finished.
    HealthFinished {
        /// The reports of all checks.
        report: &'a HealthReport,
    },
    /// The run has finished; always emitted.
    RunFinished {
        /// Its report.
        report: &'a Report,
        /// Why it failed.
        error: Option<&'a Error>,
        /// The schema at the end of the run, where it was read.
        schema: Option<&'a Schema>,
    },
}

/// An observer of events. It cannot fail and cannot stop a run. It must be fast and leave network I/O to exporters.
///
/// The task of the run calls it between one step and the next, so that the run, and its lock, wait for it. Send events to a channel for
/// anything slow.
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
///             // More events, and more fields of each, will be added.
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
    /// Handles one event.
    fn observe(&mut self, event: &Event<'_>);

    /// The current span, where this observer creates spans. It becomes the parent span of a process that the run starts.
    fn current_span(&self) -> Option<RemoteParent> {
        None
    }
}

/// Forwards events to several observers, in order.
#[derive(Default)]
pub struct Observers<'o>(Vec<&'o mut dyn Observer>);

impl<'o> Observers<'o> {
    /// Adds an observer.
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
