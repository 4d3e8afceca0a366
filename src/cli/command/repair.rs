//! `repair` and `baseline`: history as a person wants it.

use migrascope::event::Command;
use migrascope::plan::{Change, Target};
use migrascope::run::Repair;

use super::run::{self, Task};
use crate::cli::exit::Exit;
use crate::cli::settings::Settings;

pub(super) fn carry_out(settings: &Settings, command: Command, change: Option<Change>, reason: Option<String>) -> Exit {
    let repair = change.map(|change| Repair { change, reason });
    let task = repair.as_ref().map_or(Task::Plain(command), |repair| Task::Repair(command, repair));
    run::carry_out(settings, task, Target::Latest)
}
