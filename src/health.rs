//! The checks after a run, on a connection of their own: not the one that migrated, so that they see what everybody sees.

mod asked;
mod before;
mod examination;
mod examine;
mod judgement;
mod own;
mod patient;
mod recorded;
mod threshold;

pub(crate) use self::before::{Before, before_run};
pub(crate) use self::examine::{after_run, alone, verdict};
pub use self::patient::Health;
pub(crate) use self::patient::Patient;
pub use self::threshold::{Severity, Thresholds};
pub use crate::layout::OwnCheck;
