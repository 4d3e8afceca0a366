//! The public entry point: one database, one set of migrations, one set of options.

mod builder;
mod core;
mod run;
mod status;
#[cfg(feature = "observe")]
mod telemetry;

pub use self::builder::Builder;
pub use self::core::Migrator;
pub use self::run::Run;
pub use self::status::{Failed, Progress, State, Status, StatusRow};
