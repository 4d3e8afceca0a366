//! How every command ends: with an error for people, and with a report for programs.

use crate::cli::exit::Exit;
use crate::cli::explain::Diagnosis;
use crate::cli::json;
use crate::cli::outcome::{CommandError, CommandReport};
use crate::cli::output::{self, Stream};
use crate::cli::presentation::{OutputFormat, Verbosity};
use crate::cli::settings::Settings;

/// Shows why a command stopped, to people and in the report.
pub(super) fn fail(settings: &Settings, command: &str, exit: Exit, error: CommandError) -> Exit {
    output::explain(&error.problems);
    finish(settings, &CommandReport { error: Some(error), ..CommandReport::new(command, exit) });
    exit
}

/// Shows warnings, unless only errors are to be shown, and keeps them for the report.
pub(super) fn warn(settings: &Settings, warnings: &[Diagnosis]) {
    settings.warnings.record(warnings);
    if settings.verbosity != Verbosity::Quiet {
        output::explain(warnings);
    }
}

/// Writes the report, the last line for programs.
pub(super) fn finish(settings: &Settings, report: &CommandReport<'_>) {
    last_line(settings.format, &completed(settings, report));
}

/// The report with the files that the settings come from and with every warning.
pub(super) fn completed<'a>(settings: &'a Settings, report: &CommandReport<'a>) -> CommandReport<'a> {
    let settings_file = settings.file.as_ref().map(|path| path.display().to_string());
    let (from_dotenv, warnings) = (settings.dotenv.used(), settings.warnings.messages());
    CommandReport { settings_file, from_dotenv, warnings, ..report.clone() }
}

/// Writes a report that is complete, where the output is JSON.
pub(super) fn last_line(format: OutputFormat, report: &CommandReport<'_>) {
    if format == OutputFormat::Json {
        stream(report.command).raw().line(json::report(report));
    }
}

/// The stream of a command's output. That of `exec` leaves standard output to the application.
pub(super) fn stream(command: &str) -> Stream {
    if command == "exec" { Stream::Err } else { Stream::Out }
}

/// Whether people read the output, and more than errors.
pub(super) fn shows_text(settings: &Settings) -> bool {
    settings.format == OutputFormat::Text && settings.verbosity != Verbosity::Quiet
}
