//! The checks after a run, on a connection of their own: not the one that migrated, so that they see what every client sees.

mod before;
mod check_run;
mod context;
mod custom;
mod evaluation;
mod options;
mod perform;
mod prior;
mod record;
mod session;
mod threshold;

pub(crate) use self::before::before_run;
pub(crate) use self::context::CheckContext;
pub use self::options::Health;
pub(crate) use self::perform::{after_run, alone, verdict};
pub(crate) use self::prior::Before;
pub use self::threshold::{Severity, Thresholds};
pub use crate::layout::CustomCheck;
