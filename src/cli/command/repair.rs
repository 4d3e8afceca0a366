//! `repair` and `baseline`: changes of the history.

use migrascope::plan::{Change, Target};
use migrascope::run::Repair;

use super::end::fail;
use super::execute;
use super::task::Task;
use crate::cli::exit::Exit;
use crate::cli::explain::Diagnosis;
use crate::cli::outcome::CommandError;
use crate::cli::settings::Settings;

pub(super) fn run(settings: &Settings, change: Option<Change>, reason: Option<String>) -> Exit {
    let Some(change) = change else {
        let problem = CommandError::of_kind("settings", vec![Diagnosis::error("no repair is named")]);
        return fail(settings, "repair", Exit::Usage, problem);
    };
    execute::run(settings, Task::Repair(&Repair { change, reason }), Target::Latest)
}
