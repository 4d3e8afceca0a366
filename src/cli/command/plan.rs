//! `plan`, and `--dry-run` of the others: what would be done.

use migrascope::history::Direction;
use migrascope::plan::Target;

use super::ready::{self, Stopped};
use super::{block_on, fail, finish, tells_people};
use crate::cli::exit::Exit;
use crate::cli::json::{self, Report};
use crate::cli::output::{self, Output};
use crate::cli::settings::Settings;
use crate::cli::{explain, screen};

pub(super) fn carry_out(settings: &Settings, direction: Direction, target: Target) -> Exit {
    match show(settings, direction, target) {
        Ok(()) => Exit::Done,
        Err(Stopped { exit, problem }) => fail(settings, "plan", exit, problem),
    }
}

fn show(settings: &Settings, direction: Direction, target: Target) -> Result<(), Stopped> {
    let migrator = ready::migrator(settings, target, ready::reader())?;
    let hooks = ready::hooks(settings, migrator.dialect())?;
    let (identity, plan) = block_on(migrator.plan(direction))?.map_err(|error| Stopped::by(&error, direction, None))?;
    // Nothing is run where nothing is pending.
    let hooks = if plan.steps.is_empty() { Vec::new() } else { hooks.given() };
    if tells_people(settings) {
        screen::plan::show(&mut Output::text(), &identity, &plan, &hooks);
        let notes: Vec<_> = plan.notes.iter().map(explain::note).collect();
        output::explain(&notes);
    }
    finish(
        settings,
        &Report { found: Some(json::whole_plan(&identity, &plan, &hooks)), ..Report::new("plan", Exit::Done) },
    );
    Ok(())
}
