//! `down`: what would revert more than one migration is confirmed first.

use std::io::{IsTerminal, stderr, stdin};

use migrascope::history::Direction;
use migrascope::plan::Target;
use migrascope::run::Options;

use super::ready::{self, Stopped};
use super::run::{self, Task};
use super::{block_on, fail};
use crate::cli::escape::one_line;
use crate::cli::exit::Exit;
use crate::cli::explain::Diagnosis;
use crate::cli::json::Problem;
use crate::cli::output::complain;
use crate::cli::settings::{Format, Settings};

pub(super) fn carry_out(settings: &Settings, target: Target, yes: bool) -> Exit {
    let confirmed = if yes { Ok(None) } else { confirm(settings, &target).map(Some) };
    match confirmed {
        Ok(at_most_down) => {
            let policy = Options { at_most_down, ..settings.policy.clone() };
            run::carry_out(&Settings { policy, ..settings.clone() }, Task::Go(Direction::Down), target)
        }
        Err(Stopped { exit, problem }) => fail(settings, "down", exit, problem),
    }
}

/// How many migrations may be reverted.
fn confirm(settings: &Settings, target: &Target) -> Result<usize, Stopped> {
    if matches!(target, Target::Latest | Target::Steps(0 | 1)) {
        return Ok(1);
    }
    let migrator = ready::migrator(settings, target.clone(), ready::reader())?;
    // What keeps a plan from being made is reported by the run itself.
    let Ok((identity, plan)) = block_on(migrator.plan(Direction::Down))? else { return Ok(1) };
    let steps = plan.steps.len();
    if steps <= 1 {
        return Ok(1);
    }
    let names: Vec<String> = plan.steps.iter().map(|step| one_line(&step.migration.to_string())).collect();
    let what = format!("{steps} migrations of the database {}: {}", identity.database, names.join(", "));
    if settings.format == Format::Text && stdin().is_terminal() && stderr().is_terminal() {
        complain(format_args!("down reverts {what}"));
        complain("go on? [y/N]");
        let mut answer = String::new();
        let read = stdin().read_line(&mut answer);
        if read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
            return Ok(steps);
        }
        return Err(stopped(Diagnosis::error("not confirmed; nothing was touched")));
    }
    let diagnosis = Diagnosis::error(format!("down would revert {what}"));
    Err(stopped(diagnosis.help("confirm it with --yes, or see it with --dry-run; nothing was touched")))
}

fn stopped(diagnosis: Diagnosis) -> Stopped {
    Stopped { exit: Exit::Usage, problem: Problem::of_kind("unconfirmed", vec![diagnosis]) }
}
