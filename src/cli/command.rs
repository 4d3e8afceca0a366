//! The commands.

mod completions;
mod down;
mod exec;
mod new;
mod plan;
mod probe;
mod push;
mod ready;
mod repair;
mod run;
mod serve;
mod status;
mod verify;

use migrascope::history::Direction;
use migrascope::plan::{Change, Target};
use migrascope::run::Goal;

use self::run::Task;
use super::args::{Command, Reach};
use super::exit::Exit;
use super::explain::{Diagnosis, one_line};
use super::json::{self, Problem, Report};
use super::output::{self, Stream};
use super::settings::{Format, Settings, Unusable, Verbosity};

/// Does what was asked for and says how it ended.
pub(crate) fn carry_out(command: &Command, settings: &Settings) -> Exit {
    use Direction::{Down, Up};
    if let Some(note) = sources(settings)
        && tells_people(settings)
        && command.needs_database()
    {
        stream(command.word()).text().line(note);
    }
    if command.needs_database() {
        warn(settings, &settings.exposed_files());
    }
    match command {
        Command::Up { reach, dry_run: false } => run::carry_out(settings, Task::Go(Up), target(reach)),
        Command::Down { reach, dry_run: false, yes } => down::carry_out(settings, target(reach), *yes),
        Command::Up { reach, dry_run: true } | Command::Plan { reach } => plan::carry_out(settings, Up, target(reach)),
        Command::Down { reach, dry_run: true, .. } => plan::carry_out(settings, Down, target(reach)),
        Command::Status { check } => {
            status::carry_out(settings, if *check { status::On::Pending } else { status::On::Never })
        }
        Command::Verify => verify::carry_out(settings),
        Command::Repair { what, in_doubt, reason } => {
            repair::carry_out(settings, what.change(*in_doubt), Some(reason.clone()))
        }
        Command::Baseline { up_to, reason } => {
            repair::carry_out(settings, Some(Change::Baseline(up_to.clone())), reason.clone())
        }
        Command::Health => run::carry_out(settings, Task::Health, Target::Latest),
        Command::Push => push::carry_out(settings),
        Command::Serve { interval, targets } => serve::carry_out(settings, *interval, targets.as_deref()),
        Command::Probe { ready } => {
            probe::carry_out(settings, if *ready { probe::Page::Ready } else { probe::Page::Live })
        }
        Command::Wait { wanted, timeout } => {
            let goal = Goal { version: wanted.clone(), patience: *timeout };
            run::carry_out(settings, Task::Wait(&goal), Target::Latest)
        }
        Command::Exec { program } => exec::carry_out(settings, program),
        Command::New { name, reversible } => new::carry_out(settings, name, *reversible),
        Command::Completions { shell } => completions::shell(*shell),
        Command::Man => completions::man(),
    }
}

/// Says why the settings cannot be used.
pub(crate) fn refuse(command: &Command, unusable: Unusable) -> Exit {
    let problem = Problem::of_kind("settings", unusable.problems);
    output::explain(&problem.problems);
    last_line(unusable.format, &Report { error: Some(problem), ..Report::new(command.word(), Exit::Usage) });
    Exit::Usage
}

impl Command {
    /// Whether it goes to a database.
    fn needs_database(&self) -> bool {
        !matches!(self, Self::Probe { .. } | Self::New { .. } | Self::Completions { .. } | Self::Man)
    }

    /// Its name.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Up { .. } => "up",
            Self::Down { .. } => "down",
            Self::Status { .. } => "status",
            Self::Plan { .. } => "plan",
            Self::Verify => "verify",
            Self::Repair { .. } => "repair",
            Self::Baseline { .. } => "baseline",
            Self::Health => "health",
            Self::Push => "push",
            Self::Serve { .. } => "serve",
            Self::Probe { .. } => "probe",
            Self::Wait { .. } => "wait",
            Self::Exec { .. } => "exec",
            Self::New { .. } => "new",
            Self::Completions { .. } => "completions",
            Self::Man => "man",
        }
    }
}

/// Tells people, and programs where the output is for them, why a command stopped.
fn fail(settings: &Settings, command: &str, exit: Exit, problem: Problem) -> Exit {
    output::explain(&problem.problems);
    finish(settings, &Report { error: Some(problem), ..Report::new(command, exit) });
    exit
}

/// Which files the settings come from, where there are any.
fn sources(settings: &Settings) -> Option<String> {
    let file = settings.file.as_ref().map(|path| format!("settings from {}", one_line(&path.display().to_string())));
    let sources: Vec<String> = file.into_iter().chain(settings.dotenv.note()).collect();
    (!sources.is_empty()).then(|| sources.join(", "))
}

/// Warns people, unless they want to read errors alone, and programs in the report.
fn warn(settings: &Settings, warnings: &[Diagnosis]) {
    settings.warnings.record(warnings);
    if settings.verbosity != Verbosity::Quiet {
        output::explain(warnings);
    }
}

/// The last line for programs.
fn finish(settings: &Settings, report: &Report<'_>) {
    last_line(settings.format, &completed(settings, report));
}

/// The report with the files that the settings come from and with every warning.
fn completed<'a>(settings: &'a Settings, report: &Report<'a>) -> Report<'a> {
    let settings_file = settings.file.as_ref().map(|path| path.display().to_string());
    let (from_dotenv, warnings) = (settings.dotenv.used(), settings.warnings.messages());
    Report { settings_file, from_dotenv, warnings, ..report.clone() }
}

fn last_line(format: Format, report: &Report<'_>) {
    if format == Format::Json {
        stream(report.command).raw().line(json::report(report));
    }
}

/// Where a command says what it has to say.
fn stream(command: &str) -> Stream {
    if command == "exec" { Stream::Err } else { Stream::Out }
}

/// Runs a future to its end on this thread.
fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Problem> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| {
        let message = "the system refuses what asynchronous input and output need";
        Problem::of_kind("runtime", vec![Diagnosis::error(message).note(error.to_string())])
    })?;
    Ok(runtime.block_on(future))
}

/// Whether people want to read more than errors.
fn tells_people(settings: &Settings) -> bool {
    settings.format == Format::Text && settings.verbosity != Verbosity::Quiet
}

fn target(reach: &Reach) -> Target {
    match (&reach.to, reach.steps) {
        (Some(version), _) => Target::Version(version.clone()),
        (None, Some(steps)) => Target::Steps(steps),
        (None, None) => Target::Latest,
    }
}
