//! `down`: asks for confirmation before it reverts more than one migration.

use std::io::{IsTerminal, stderr, stdin};

use migrascope::history::Direction;
use migrascope::plan::Target;
use migrascope::run::Options;

use super::end::fail;
use super::runtime::block_on;
use super::stopped::Stopped;
use super::task::Task;
use super::{execute, prepare};
use crate::cli::escape::one_line;
use crate::cli::exit::Exit;
use crate::cli::explain::Diagnosis;
use crate::cli::output::complain;
use crate::cli::presentation::OutputFormat;
use crate::cli::settings::Settings;

/// Whether the user confirms that more than one migration is reverted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Confirmation {
    /// With `--yes`.
    Given,
    /// Not yet.
    Needed,
}

pub(super) fn run(settings: &Settings, target: Target, confirmation: Confirmation) -> Exit {
    let confirmed = match confirmation {
        Confirmation::Given => Ok(None),
        Confirmation::Needed => confirm(settings, &target).map(Some),
    };
    match confirmed {
        Ok(at_most_down) => {
            let run = Options { at_most_down, ..settings.run.clone() };
            execute::run(&Settings { run, ..settings.clone() }, Task::Migrate(Direction::Down), target)
        }
        Err(Stopped { exit, error }) => fail(settings, "down", exit, error),
    }
}

/// The number of migrations that may be reverted.
fn confirm(settings: &Settings, target: &Target) -> Result<usize, Stopped> {
    if matches!(target, Target::Latest | Target::Steps(0 | 1)) {
        return Ok(1);
    }
    let migrator = prepare::migrator(settings, target.clone(), prepare::application())?;
    // The run itself reports why a plan cannot be made.
    let Ok((identity, plan)) = block_on(migrator.plan(Direction::Down))? else { return Ok(1) };
    let steps = plan.steps.len();
    if steps <= 1 {
        return Ok(1);
    }
    let names: Vec<String> = plan.steps.iter().map(|step| one_line(&step.migration.to_string())).collect();
    let what = format!("{steps} migrations of the database {}: {}", identity.database, names.join(", "));
    if settings.format == OutputFormat::Text && stdin().is_terminal() && stderr().is_terminal() {
        complain(format_args!("down reverts {what}"));
        complain("continue? [y/N]");
        let mut answer = String::new();
        let read = stdin().read_line(&mut answer);
        if read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
            return Ok(steps);
        }
        return Err(stopped(Diagnosis::error("not confirmed; nothing was changed")));
    }
    let diagnosis = Diagnosis::error(format!("down would revert {what}"));
    Err(stopped(diagnosis.help("confirm with --yes, or preview with --dry-run; nothing was changed")))
}

fn stopped(diagnosis: Diagnosis) -> Stopped {
    Stopped::by_usage("unconfirmed", vec![diagnosis])
}
