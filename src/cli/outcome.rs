//! How a command ended: its report and its error, whichever way they are shown.

mod command_error;
mod command_report;

pub(crate) use self::command_error::CommandError;
pub(crate) use self::command_report::CommandReport;
