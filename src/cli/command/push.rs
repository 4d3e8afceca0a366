//! `push`: the journal's state to every place where metrics go, without any run.

use std::env;

use migrascope::history::Direction;
use migrascope::plan::Target;

use super::ready::{self, Stopped};
use super::{block_on, fail, finish, tells_people};
use crate::cli::exit::Exit;
use crate::cli::explain::Diagnosis;
use crate::cli::export::{self, ExportError};
use crate::cli::json::{Problem, Report};
use crate::cli::output::Output;
use crate::cli::settings::Settings;
use crate::cli::words;

pub(super) fn carry_out(settings: &Settings) -> Exit {
    match push(settings) {
        Ok((database, places)) => {
            if tells_people(settings) {
                Output::text().line(database);
                Output::text().line(format_args!("metrics are delivered to {}", places.join(", ")));
            }
            finish(settings, &Report::new("push", Exit::Done));
            Exit::Done
        }
        Err(Stopped { exit, problem }) => fail(settings, "push", exit, problem),
    }
}

/// The database in words, and the places that have its metrics now.
fn push(settings: &Settings) -> Result<(String, Vec<String>), Stopped> {
    let migrator = ready::migrator(settings, Target::Latest, ready::reader())?;
    let variables = |name: &str| env::var(name).ok();
    let resend = export::resend(&settings.export, &migrator.expected(), &variables);
    let resend = resend.map_err(|ExportError { problems }| telemetry(Exit::Usage, &problems))?;
    let looked = block_on(migrator.look())?;
    let (status, totals) = looked.map_err(|error| Stopped::by(&error, Direction::Up, None))?;
    let places = resend.places().to_vec();
    let failures = resend.deliver(settings.target.as_deref(), &status, &totals);
    let database = words::database(&status.identity);
    if failures.is_empty() { Ok((database, places)) } else { Err(telemetry(Exit::Unexpected, &failures)) }
}

fn telemetry(exit: Exit, problems: &[String]) -> Stopped {
    Stopped { exit, problem: Problem::of_kind("telemetry", problems.iter().map(Diagnosis::error).collect()) }
}
