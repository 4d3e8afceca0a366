//! The report of a run: plain data that can be printed, serialised and compared.

mod check;
mod health;
mod holder;
mod retry;
mod rows;
mod run;
mod seconds;
mod step;

pub use self::check::BuiltIn;
pub use self::health::{CheckReport, CheckStatus, HealthReport, Unit};
pub use self::holder::Holder;
pub use self::retry::RetryReason;
pub use self::rows::RowsAffected;
pub use self::run::{Report, Stages};
use self::seconds::seconds;
pub use self::step::{Failure, Loss, Outcome, PartialEffect, Stage, StatementReport, StepReport};
