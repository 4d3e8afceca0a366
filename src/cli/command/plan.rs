//! `plan`, and `--dry-run` of `up` and `down`.

use migrascope::history::Direction;
use migrascope::plan::Target;

use super::end::{fail, finish, shows_text};
use super::prepare;
use super::runtime::block_on;
use super::stopped::Stopped;
use crate::cli::exit::Exit;
use crate::cli::json;
use crate::cli::outcome::CommandReport;
use crate::cli::output::{self, Output};
use crate::cli::settings::Settings;
use crate::cli::{explain, screen};

pub(super) fn run(settings: &Settings, direction: Direction, target: Target) -> Exit {
    match show(settings, direction, target) {
        Ok(()) => Exit::Done,
        Err(Stopped { exit, error }) => fail(settings, "plan", exit, error),
    }
}

fn show(settings: &Settings, direction: Direction, target: Target) -> Result<(), Stopped> {
    let migrator = prepare::migrator(settings, target, prepare::application())?;
    let hooks = prepare::hooks(settings, migrator.dialect())?;
    let (identity, plan) = block_on(migrator.plan(direction))?.map_err(|error| Stopped::by(&error, direction, None))?;
    // Without pending migrations no hook runs.
    let hooks = if plan.steps.is_empty() { Vec::new() } else { hooks.given() };
    if shows_text(settings) {
        screen::plan::show(&mut Output::text(), &identity, &plan, &hooks);
        let notes: Vec<_> = plan.notes.iter().map(explain::note).collect();
        output::explain(&notes);
    }
    finish(
        settings,
        &CommandReport {
            found: Some(json::whole_plan(&identity, &plan, &hooks)),
            ..CommandReport::new("plan", Exit::Done)
        },
    );
    Ok(())
}
