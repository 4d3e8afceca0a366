//! `verify`: compares files with the history, for pull requests.

use migrascope::history::Direction;
use migrascope::{Error, Options, Status};

use super::end::{fail, finish, shows_text};
use super::prepare;
use super::status;
use super::stopped::Stopped;
use crate::cli::escape::one_line;
use crate::cli::exit::Exit;
use crate::cli::json;
use crate::cli::outcome::CommandReport;
use crate::cli::output::{self, Output};
use crate::cli::settings::Settings;
use crate::cli::words::{self, counted};
use crate::cli::{explain, screen};

/// Where a setting does not say otherwise, whatever contradicts the history is a difference, also if the tool of the history table would accept it.
pub(super) fn run(settings: &Settings) -> Exit {
    let settings = &Settings { run: Options { strict: true, ..settings.run.clone() }, ..settings.clone() };
    match status::read(settings).and_then(evaluate).and_then(|status| files(settings, status)) {
        Ok(status) => agree(settings, &status),
        Err(Stopped { exit, error }) => fail(settings, "verify", exit, error),
    }
}

fn evaluate(mut status: Status) -> Result<Status, Stopped> {
    match std::mem::take(&mut status.objections) {
        none if none.is_empty() => Ok(status),
        objections => Err(Stopped::by(&Error::refused(objections), Direction::Up, None)),
    }
}

/// Parses what the plan does not need: SQL hooks, and scripts that are applied.
fn files(settings: &Settings, status: Status) -> Result<Status, Stopped> {
    let dialect = status.identity.dialect();
    prepare::readable(settings, dialect)?;
    prepare::hooks(settings, dialect).map(|_| status)
}

fn agree(settings: &Settings, status: &Status) -> Exit {
    if shows_text(settings) {
        let (files, database) = (counted(status.rows.len(), "migration"), words::database(&status.identity));
        Output::text().line(format_args!("{files} checked against {}", one_line(&database)));
        Output::text().line(screen::status::sentence(status));
        let notes: Vec<_> = status.notes.iter().map(explain::note).collect();
        output::explain(&notes);
    }
    finish(settings, &CommandReport { found: Some(json::status(status)), ..CommandReport::new("verify", Exit::Done) });
    Exit::Done
}
