//! Runs hooks: commands around the run, SQL around each migration.

mod around;
#[cfg(feature = "commands")]
mod command;
#[cfg(not(feature = "commands"))]
#[path = "hooks/no_command.rs"]
mod command;
mod each;
mod supervisor;
mod variables;

pub(super) use self::around::{after, before, sets_for_session};
