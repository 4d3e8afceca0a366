//! `status`: how every migration stands.

use migrascope::Status;
use migrascope::history::Direction;
use migrascope::plan::Target;

use super::ready::{self, Stopped};
use super::{block_on, fail, finish, tells_people};
use crate::cli::exit::Exit;
use crate::cli::explain::{self, Diagnosis};
use crate::cli::json::{self, Report};
use crate::cli::output::{self, Output};
use crate::cli::screen;
use crate::cli::settings::Settings;

/// When the exit code says more than that it worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    /// Never.
    Never,
    /// When something is pending.
    Pending,
}

pub(super) fn carry_out(settings: &Settings, on: On) -> Exit {
    match look(settings) {
        Ok(status) => show(settings, &status, on),
        Err(Stopped { exit, problem }) => fail(settings, "status", exit, problem),
    }
}

/// Files and history, without changing anything.
pub(super) fn look(settings: &Settings) -> Result<Status, Stopped> {
    let migrator = ready::migrator(settings, Target::Latest, ready::reader())?;
    block_on(migrator.status())?.map_err(|error| Stopped::by(&error, Direction::Up, None))
}

fn show(settings: &Settings, status: &Status, on: On) -> Exit {
    let exit = if on == On::Pending && status.schema.pending > 0 { Exit::Pending } else { Exit::Done };
    if tells_people(settings) {
        screen::status::show(&mut Output::text(), status);
        output::explain(&remarks(status));
    }
    finish(settings, &Report { found: Some(json::status(status)), ..Report::new("status", exit) });
    exit
}

/// What `up` would refuse, as warnings, and the notes.
fn remarks(status: &Status) -> Vec<Diagnosis> {
    let objections = status.objections.iter().map(|one| explain::warning(explain::objection(one)));
    objections.chain(status.notes.iter().map(explain::note)).collect()
}
