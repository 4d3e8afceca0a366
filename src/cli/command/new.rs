//! `new`: creates the empty files of a migration.

use std::path::PathBuf;
use std::time::SystemTime;

use migrascope::history::Direction;
use migrascope::layout::{NewMigration, Ways};
use serde_json::json;

use super::end::{fail, finish, shows_text};
use super::stopped::Stopped;
use crate::cli::escape::one_line;
use crate::cli::exit::Exit;
use crate::cli::outcome::CommandReport;
use crate::cli::output::Output;
use crate::cli::settings::Settings;

pub(super) fn run(settings: &Settings, name: &str, ways: Ways) -> Exit {
    let new = NewMigration { name, timestamp: &timestamp(SystemTime::now()), ways };
    match settings.layout.create(&settings.directory, &new) {
        Ok(paths) => show(settings, &paths),
        Err(error) => {
            let Stopped { exit, error } = Stopped::by(&error.into(), Direction::Up, None);
            fail(settings, "new", exit, error)
        }
    }
}

fn show(settings: &Settings, paths: &[PathBuf]) -> Exit {
    if shows_text(settings) {
        for path in paths {
            Output::text().line(format_args!("created {}", one_line(&path.display().to_string())));
        }
    }
    finish(
        settings,
        &CommandReport { found: Some(json!({ "files": paths })), ..CommandReport::new("new", Exit::Done) },
    );
    Exit::Done
}

/// UTC as `YYYYMMDDhhmmss`.
fn timestamp(now: SystemTime) -> String {
    let text = humantime::format_rfc3339_seconds(now).to_string();
    text.chars().filter(char::is_ascii_digit).collect()
}
