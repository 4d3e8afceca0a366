//! The report that every command ends with.

use migrascope::Report;
use serde::Serialize;
use serde_json::Value;

use super::command_error::CommandError;
use crate::cli::exit::Exit;

/// What a command did, for the last line of JSON; empty parts are left out.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct CommandReport<'a> {
    /// The command's name.
    pub(crate) command: &'a str,
    /// The process's exit code.
    pub(crate) exit_code: u8,
    /// What a run did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) run: Option<&'a Report>,
    /// What `plan`, `status`, `verify`, `health` and `new` found or made.
    #[serde(flatten)]
    pub(crate) found: Option<Value>,
    /// Why the command did not succeed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<CommandError>,
    /// The settings file that was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) settings_file: Option<String>,
    /// The variables that were read from a `.env` file.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(crate) from_dotenv: &'a [String],
    /// Every warning of the process, such as telemetry that could not be sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) warnings: Vec<String>,
}

impl<'a> CommandReport<'a> {
    /// A report with nothing in it yet.
    pub(crate) fn new(command: &'a str, exit: Exit) -> Self {
        Self { command, exit_code: exit.code(), ..Self::default() }
    }
}
