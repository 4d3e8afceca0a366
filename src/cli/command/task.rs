//! What a run is for.

use migrascope::event::Command;
use migrascope::history::Direction;
use migrascope::policy::{Decision, Policy};
use migrascope::run::{Repair, WaitCondition};

/// The task of a run.
#[derive(Clone, Copy)]
pub(super) enum Task<'t> {
    /// Migrations in one direction.
    Migrate(Direction),
    /// The health checks alone.
    Health,
    /// A change of history, or the resumption of a half-way migration.
    Repair(&'t Repair),
    /// Waiting for the run of another process.
    Wait(&'t WaitCondition),
    /// The migrations before an application's start.
    Exec(&'t Policy),
}

impl Task<'_> {
    /// Whether metrics count it as a run.
    pub(super) fn is_counted(&self) -> bool {
        match self {
            Self::Migrate(_) | Self::Health | Self::Repair(_) => true,
            Self::Exec(policy) => policy.decision() == Decision::Migrate,
            Self::Wait(_) => false,
        }
    }

    /// The command that the library records.
    pub(super) fn command(&self) -> Command {
        match self {
            Self::Migrate(Direction::Up) => Command::Up,
            Self::Migrate(Direction::Down) => Command::Down,
            Self::Health => Command::Health,
            Self::Repair(repair) => repair.command(),
            Self::Wait(_) => Command::Wait,
            Self::Exec(_) => Command::Exec,
        }
    }
}
