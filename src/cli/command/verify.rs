//! `verify`: files against history, for pull requests.

use migrascope::history::Direction;
use migrascope::{Error, Status};

use super::ready::Stopped;
use super::{fail, finish, status, tells_people};
use crate::cli::exit::Exit;
use crate::cli::json::{self, Report};
use crate::cli::output::{self, Output};
use crate::cli::settings::Settings;
use crate::cli::words::{self, counted};
use crate::cli::{explain, screen};

pub(super) fn carry_out(settings: &Settings) -> Exit {
    match status::look(settings).and_then(judge) {
        Ok(status) => agree(settings, &status),
        Err(Stopped { exit, problem }) => fail(settings.format, "verify", exit, problem),
    }
}

fn judge(mut status: Status) -> Result<Status, Stopped> {
    match std::mem::take(&mut status.objections) {
        none if none.is_empty() => Ok(status),
        objections => Err(Stopped::by(&Error::Refused(objections), Direction::Up, None)),
    }
}

fn agree(settings: &Settings, status: &Status) -> Exit {
    if tells_people(settings) {
        let (files, database) = (counted(status.rows.len(), "migration"), words::database(&status.identity));
        Output::text().line(format_args!("{files} checked against {}", explain::one_line(&database)));
        Output::text().line(screen::status::sentence(status));
        let notes: Vec<_> = status.notes.iter().map(explain::note).collect();
        output::explain(&notes);
    }
    finish(settings.format, &Report { found: Some(json::status(status)), ..Report::new("verify", Exit::Done) });
    Exit::Done
}
