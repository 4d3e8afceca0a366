//! The journal records every run and every attempt at a migration. It is the evidence after a crash, and the source of durable counters.
//!
//! Rows are added, and removed when they have ended and are old; their counts are kept. The row of a non-atomic attempt is updated while
//! the attempt runs. Once it has ended, it does not change, unless the operator settles a half-way migration by setting `half_way` to
//! false. The next run that acquires the lock marks what a dead process has left unfinished as `vanished`.

mod attempt_rows;
mod begun;
mod bounds;
mod counted;
mod counters;
mod executing;
mod failed;
mod fold;
mod form;
mod journal_counters;
mod kind;
mod last_run;
mod left;
mod of_run;
mod reached;
mod record;
mod repair;
mod retries;
mod run_rows;
mod running;
mod table;
#[cfg(test)]
mod tests;
mod unrecorded;
mod values;

pub(crate) use self::attempt_rows::AttemptEnd;
pub(crate) use self::begun::has_begun;
pub use self::bounds::{CHECK_BOUNDS, DURATION_BOUNDS, WAIT_BOUNDS};
pub use self::counters::{Bucket, Counters, Histograms};
pub(crate) use self::counters::{read_counters, results};
pub(crate) use self::executing::{Executing, executing};
pub use self::failed::LastFailure;
pub(crate) use self::failed::{failure, last_failures};
pub(crate) use self::form::PRESENT_FORM;
pub use self::journal_counters::JournalCounters;
use self::kind::{CHECK, EXECUTING, FORM, MIGRATION, REPAIR, RETRY, RUN, TOTAL, word};
pub use self::last_run::{LastRun, Steps};
pub(crate) use self::left::left;
pub(crate) use self::of_run::{last_sign, steps};
pub(crate) use self::retries::Retried;
pub(crate) use self::run_rows::Ending;
pub use self::running::Running;
pub(crate) use self::table::Journal;
pub use self::unrecorded::UnrecordedEnd;
