//! Runs the command that the arguments name.

use migrascope::history::Direction;
use migrascope::layout::Ways;
use migrascope::plan::{Change, Target};
use migrascope::run::WaitCondition;

use super::end::{fail, last_line, shows_text, stream, warn};
use super::stopped::Stopped;
use super::task::Task;
use super::{choose, completions, down, exec, execute, new, plan, probe, push, repair, serve, status, verify};
use crate::cli::args::{Command, Reach};
use crate::cli::escape::one_line;
use crate::cli::exit::Exit;
use crate::cli::outcome::{CommandError, CommandReport};
use crate::cli::output;
use crate::cli::settings::{InvalidSettings, Settings};

/// Runs a command to its end; returns what the process exits with.
pub(crate) fn run(command: &Command, settings: &Settings) -> Exit {
    let chosen = match choose::choose(command, settings) {
        Ok(chosen) => chosen,
        Err(Stopped { exit, error }) => return fail(settings, command.word(), exit, error),
    };
    if let Some(note) = chosen.note.as_ref().filter(|_| shows_text(settings)) {
        stream(command.word()).text().line(one_line(note));
    }
    run_with(command, &chosen.settings)
}

fn run_with(command: &Command, settings: &Settings) -> Exit {
    use Direction::{Down, Up};
    if let Some(note) = sources(settings)
        && shows_text(settings)
        && command.needs_database()
    {
        stream(command.word()).text().line(note);
    }
    if command.needs_database() {
        warn(settings, &settings.exposed_files());
    }
    match command {
        Command::Up { reach, dry_run: false } => execute::run(settings, Task::Migrate(Up), target(reach)),
        Command::Down { reach, dry_run: false, yes } => {
            let confirmation = if *yes { down::Confirmation::Given } else { down::Confirmation::Needed };
            down::run(settings, target(reach), confirmation)
        }
        Command::Up { reach, dry_run: true } | Command::Plan { reach } => plan::run(settings, Up, target(reach)),
        Command::Down { reach, dry_run: true, .. } => plan::run(settings, Down, target(reach)),
        Command::Status { check } => {
            status::run(settings, if *check { status::On::Pending } else { status::On::Never })
        }
        Command::Verify => verify::run(settings),
        Command::Repair { what, in_doubt, reason } => {
            repair::run(settings, what.change(*in_doubt), Some(reason.clone()))
        }
        Command::Baseline { up_to, reason } => {
            repair::run(settings, Some(Change::Baseline(up_to.clone().into())), reason.clone())
        }
        Command::Health => execute::run(settings, Task::Health, Target::Latest),
        Command::Push => push::run(settings),
        Command::Serve { interval, targets } => serve::run(settings, *interval, targets.as_deref()),
        Command::Probe { ready } => probe::run(settings, if *ready { probe::Page::Ready } else { probe::Page::Live }),
        Command::Wait { wanted, timeout } => {
            let condition = WaitCondition { version: wanted.clone(), timeout: *timeout };
            execute::run(settings, Task::Wait(&condition), Target::Latest)
        }
        Command::Exec { program } => exec::run(settings, program),
        Command::New { name, reversible } => {
            new::run(settings, name, if *reversible { Ways::UpAndDown } else { Ways::Up })
        }
        Command::Completions { shell } => completions::shell(*shell),
        Command::Man => completions::man(),
    }
}

/// Shows why the settings cannot be used.
pub(crate) fn refuse(command: &Command, invalid: InvalidSettings) -> Exit {
    let error = CommandError::of_kind("settings", invalid.problems);
    output::explain(&error.problems);
    let report = CommandReport { error: Some(error), ..CommandReport::new(command.word(), Exit::Usage) };
    last_line(invalid.format, &report);
    Exit::Usage
}

/// The files that settings come from; `None` where there are none.
fn sources(settings: &Settings) -> Option<String> {
    let file = settings.file.as_ref().map(|path| format!("settings from {}", one_line(&path.display().to_string())));
    let sources: Vec<String> = file.into_iter().chain(settings.dotenv.note()).collect();
    (!sources.is_empty()).then(|| sources.join(", "))
}

fn target(reach: &Reach) -> Target {
    match (&reach.to, reach.steps) {
        (Some(version), _) => Target::Version(version.clone()),
        (None, Some(steps)) => Target::Steps(steps),
        (None, None) => Target::Latest,
    }
}
