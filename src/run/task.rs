//! What a run does.

use std::time::Duration;

use crate::event::Command;
use crate::migration::Version;
use crate::plan::Change;
use crate::policy::Policy;

/// What a run does; its command is derived from it.
#[derive(Debug)]
pub(crate) enum Task {
    /// Applies pending migrations.
    Up,
    /// Reverts applied migrations.
    Down,
    /// Runs the health checks.
    Health,
    /// Changes the history.
    Repair(Repair),
    /// Migrates before an application starts, as its policy decides.
    Exec(Policy),
    /// Waits for another run.
    Wait(WaitCondition),
}

impl Task {
    pub(crate) fn command(&self) -> Command {
        match self {
            Self::Up => Command::Up,
            Self::Down => Command::Down,
            Self::Health => Command::Health,
            Self::Repair(repair) => repair.command(),
            Self::Exec(_) => Command::Exec,
            Self::Wait(_) => Command::Wait,
        }
    }
}

/// A change to the history that the operator requests, and the reason for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// The change.
    pub change: Change,
    /// The reason, recorded in the journal.
    pub reason: Option<String>,
}

impl Repair {
    /// The command of its run: [`Command::Repair`] or [`Command::Baseline`].
    #[must_use]
    pub fn command(&self) -> Command {
        if matches!(self.change, Change::Baseline(_)) { Command::Baseline } else { Command::Repair }
    }
}

/// What [`crate::Migrator::wait`] waits for.
///
/// ```no_run
/// # async fn example(migrator: migrascope::Migrator) -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use migrascope::Error;
/// use migrascope::run::WaitCondition;
///
/// // A Kubernetes Job migrates, and this instance of the application waits for it.
/// let condition = WaitCondition { version: None, timeout: Duration::from_secs(600) };
/// match migrator.wait(condition).await.map_err(|error| error.cause) {
///     Ok(_) => {}
///     Err(Error::Awaited { pending, .. }) => eprintln!("{pending} migrations are still pending"),
///     // Half-way, failed, or refused: waiting longer would not help.
///     Err(other) => return Err(other.into()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitCondition {
    /// Waits until this version is applied; `None` waits until nothing is pending.
    pub version: Option<Version>,
    /// The timeout; `Duration::ZERO` checks once.
    pub timeout: Duration,
}
