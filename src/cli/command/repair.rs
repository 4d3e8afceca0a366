//! `repair` and `baseline`: history as a person wants it.

use migrascope::plan::{Change, Target};
use migrascope::run::Repair;

use super::fail;
use super::run::{self, Task};
use crate::cli::exit::Exit;
use crate::cli::explain::Diagnosis;
use crate::cli::json::Problem;
use crate::cli::settings::Settings;

pub(super) fn carry_out(settings: &Settings, change: Option<Change>, reason: Option<String>) -> Exit {
    let Some(change) = change else {
        let problem = Problem::of_kind("settings", vec![Diagnosis::error("no repair is named")]);
        return fail(settings, "repair", Exit::Usage, problem);
    };
    run::carry_out(settings, Task::Repair(&Repair { change, reason }), Target::Latest)
}
