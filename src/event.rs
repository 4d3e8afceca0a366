//! What happens in a run, told as it happens. Every start has a finish, with elapsed time and result.

use std::time::Duration;

use crate::database::{DatabaseError, Holder, Identity};
use crate::error::Error;
use crate::journal::Totals;
use crate::plan::{Change, Plan, Schema, Step};
use crate::policy::Decided;
use crate::report::{CheckReport, HealthReport, Report, RetryReason, StepReport};

/// What the run was asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    /// Apply what is pending.
    Up,
    /// Revert.
    Down,
    /// Make the health checks and nothing else.
    Health,
    /// Change history as a person asks for, or go on with what was left half-way.
    Repair,
    /// Record migrations as applied in a database that has no history yet.
    Baseline,
    /// Wait until somebody else has applied what is pending.
    Wait,
    /// At the start of an application: apply what is pending, or not, as a policy says.
    Exec,
}

impl Command {
    /// `up`, `down`, `health`, `repair`, `baseline`, `wait` or `exec`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Health => "health",
            Self::Repair => "repair",
            Self::Baseline => "baseline",
            Self::Wait => "wait",
            Self::Exec => "exec",
        }
    }
}

/// Who started the run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Operator {
    /// The system's user.
    pub user: Option<String>,
    /// The machine's name.
    pub host: Option<String>,
    /// The Kubernetes pod, from `POD_NAME` or the host name inside a cluster.
    pub pod: Option<String>,
}

/// The trace that a run belongs to; W3C Trace Context level 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceIdentity {
    /// 16 bytes, not all zero.
    pub trace_id: [u8; 16],
    /// The span that started us.
    pub parent: Option<RemoteParent>,
}

impl TraceIdentity {
    /// The trace id as 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id_hex(&self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.trace_id))
    }
}

/// A span in another process: the caller's, from `TRACEPARENT` and `TRACESTATE`, or ours, as a process that we start sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteParent {
    /// The trace it belongs to. The caller's is ours too, unless it was not sampled; then we link to it.
    pub trace_id: [u8; 16],
    /// 8 bytes, not all zero.
    pub span_id: [u8; 8],
    /// Whether its trace is recorded.
    pub sampled: bool,
    /// `TRACESTATE`, empty when there was none.
    pub state: String,
}

/// One member of the caller's `BAGGAGE`; untrusted, so it is handed on and used for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its key.
    pub key: String,
    /// Its value, decoded.
    pub value: String,
    /// What stands behind the value's semicolon, as it came.
    pub properties: String,
}

/// A run's identity: data, never ambient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunContext {
    /// A UUID version 7, so that runs sort by time.
    pub run_id: String,
    /// What was asked for.
    pub command: Command,
    /// The logical name of the database in metrics; its own name when `None`.
    pub target: Option<String>,
    /// The trace, where there is one.
    pub trace: Option<TraceIdentity>,
    /// The caller's `BAGGAGE`, for processes that we start ourselves.
    pub baggage: Vec<Member>,
    /// Who started it.
    pub operator: Operator,
    /// Our own version.
    pub tool_version: &'static str,
}

impl RunContext {
    /// A new identity without target, trace and operator.
    #[must_use]
    pub fn new(command: Command) -> Self {
        Self {
            run_id: uuid::Uuid::now_v7().to_string(),
            command,
            target: None,
            trace: None,
            baggage: Vec::new(),
            operator: Operator::default(),
            tool_version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// Who knows whether a statement took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Witness {
    /// The database: what the statement makes is there or not.
    Database,
    /// The person who asked for the repair.
    Operator,
}

/// Something that has happened.
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
