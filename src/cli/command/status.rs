//! `status`: the state of every migration.

use migrascope::Status;
use migrascope::history::Direction;
use migrascope::plan::Target;

use super::end::{fail, finish, shows_text};
use super::prepare;
use super::runtime::block_on;
use super::stopped::Stopped;
use crate::cli::exit::Exit;
use crate::cli::explain::{self, Diagnosis};
use crate::cli::json;
use crate::cli::outcome::CommandReport;
use crate::cli::output::{self, Output};
use crate::cli::screen;
use crate::cli::settings::Settings;

/// When the exit code reports pending migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    /// Never.
    Never,
    /// When migrations are pending.
    Pending,
}

pub(super) fn run(settings: &Settings, on: On) -> Exit {
    match read(settings) {
        Ok(status) => show(settings, &status, on),
        Err(Stopped { exit, error }) => fail(settings, "status", exit, error),
    }
}

/// Reads files and history.
///
/// # Errors
/// When either cannot be read.
pub(super) fn read(settings: &Settings) -> Result<Status, Stopped> {
    let migrator = prepare::migrator(settings, Target::Latest, prepare::application())?;
    block_on(migrator.status())?.map_err(|error| Stopped::by(&error, Direction::Up, None))
}

fn show(settings: &Settings, status: &Status, on: On) -> Exit {
    let exit = if on == On::Pending && status.schema.pending > 0 { Exit::Pending } else { Exit::Done };
    if shows_text(settings) {
        screen::status::show(&mut Output::text(), status);
        output::explain(&remarks(status));
    }
    finish(settings, &CommandReport { found: Some(json::status(status)), ..CommandReport::new("status", exit) });
    exit
}

/// The objections of `up` as warnings, and the notes.
fn remarks(status: &Status) -> Vec<Diagnosis> {
    let objections = status.objections.iter().map(|one| explain::warning(explain::objection(one)));
    objections.chain(status.notes.iter().map(explain::note)).collect()
}
