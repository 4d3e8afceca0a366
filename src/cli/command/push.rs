//! `push`: exports the metrics of a database to every sink, without a run.

use std::env;

use migrascope::history::Direction;
use migrascope::plan::Target;

use super::end::{fail, finish, shows_text};
use super::prepare;
use super::runtime::block_on;
use super::stopped::Stopped;
use crate::cli::exit::Exit;
use crate::cli::explain::Diagnosis;
use crate::cli::export::{self, ExportError};
use crate::cli::outcome::{CommandError, CommandReport};
use crate::cli::output::Output;
use crate::cli::settings::Settings;
use crate::cli::words;

pub(super) fn run(settings: &Settings) -> Exit {
    match push(settings) {
        Ok((database, sinks)) => {
            if shows_text(settings) {
                Output::text().line(database);
                Output::text().line(format_args!("metrics are delivered to {}", sinks.join(", ")));
            }
            finish(settings, &CommandReport::new("push", Exit::Done));
            Exit::Done
        }
        Err(Stopped { exit, error }) => fail(settings, "push", exit, error),
    }
}

/// Returns the database and the sinks that have its metrics now.
fn push(settings: &Settings) -> Result<(String, Vec<String>), Stopped> {
    let migrator = prepare::migrator(settings, Target::Latest, prepare::application())?;
    let variables = |name: &str| env::var(name).ok();
    let resend = export::resend(&settings.telemetry, &migrator.expected(), &variables);
    let resend = resend.map_err(|ExportError { problems }| telemetry(Exit::Usage, &problems))?;
    let looked = block_on(migrator.look())?;
    let (status, totals) = looked.map_err(|error| Stopped::by(&error, Direction::Up, None))?;
    let sinks = resend.sinks().to_vec();
    let failures = resend.deliver(settings.target.as_deref(), &status, &totals);
    let database = words::database(&status.identity);
    if failures.is_empty() { Ok((database, sinks)) } else { Err(telemetry(Exit::Unexpected, &failures)) }
}

fn telemetry(exit: Exit, problems: &[String]) -> Stopped {
    Stopped { exit, error: CommandError::of_kind("telemetry", problems.iter().map(Diagnosis::error).collect()) }
}
