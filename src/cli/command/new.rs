//! `new`: the empty files of a migration.

use std::path::PathBuf;
use std::time::SystemTime;

use migrascope::history::Direction;
use migrascope::layout::{NewMigration, Ways};
use serde_json::json;

use super::ready::Stopped;
use super::{fail, finish, tells_people};
use crate::cli::exit::Exit;
use crate::cli::explain;
use crate::cli::json::Report;
use crate::cli::output::Output;
use crate::cli::settings::Settings;

pub(super) fn carry_out(settings: &Settings, name: &str, reversible: bool) -> Exit {
    let ways = if reversible { Ways::UpAndDown } else { Ways::Up };
    let new = NewMigration { name, timestamp: &timestamp(SystemTime::now()), ways };
    match settings.layout.create(&settings.directory, &new) {
        Ok(paths) => show(settings, &paths),
        Err(error) => {
            let Stopped { exit, problem } = Stopped::by(&error.into(), Direction::Up, None);
            fail(settings, "new", exit, problem)
        }
    }
}

fn show(settings: &Settings, paths: &[PathBuf]) -> Exit {
    if tells_people(settings) {
        for path in paths {
            Output::text().line(format_args!("made {}", explain::one_line(&path.display().to_string())));
        }
    }
    finish(settings, &Report { found: Some(json!({ "files": paths })), ..Report::new("new", Exit::Done) });
    Exit::Done
}

/// UTC as `YYYYMMDDhhmmss`.
fn timestamp(now: SystemTime) -> String {
    let text = humantime::format_rfc3339_seconds(now).to_string();
    text.chars().filter(char::is_ascii_digit).collect()
}
