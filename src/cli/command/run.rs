//! `up` and `down`: one run in two directions; and `health`, `repair`, `baseline` and what precedes `exec`, told in the same way.

use std::env;

use migrascope::event::{Command, Member, Observers, RemoteParent, RunContext};
use migrascope::history::Direction;
use migrascope::plan::Target;
use migrascope::policy::{Decision, Policy};
use migrascope::run::{Goal, Repair};
use migrascope::{Migrator, Observer, Report as Done, RunError};

use super::ready::{self, Stopped};
use super::{block_on, completed, fail, last_line};
use crate::cli::exit::Exit;
use crate::cli::explain::{Diagnosis, Severity};
use crate::cli::export::{self, Export, ExportSettings};
use crate::cli::json::{self, Json, Problem, Report};
use crate::cli::listen::{self, Listening};
use crate::cli::output;
use crate::cli::screen::Screen;
use crate::cli::settings::{Format, Settings};
use crate::cli::signal::Signals;
use crate::cli::{context, termination, unrecorded};

/// What a run is for.
#[derive(Clone, Copy)]
pub(super) enum Task<'t> {
    /// Migrations in one direction.
    Go(Direction),
    /// The health checks alone.
    Health,
    /// A change of history, or a half-way migration that goes on.
    Repair(&'t Repair),
    /// Waiting for somebody else's run.
    Wait(&'t Goal),
    /// What precedes an application's start.
    Exec(&'t Policy),
}

impl Task<'_> {
    /// Whether it is a run for those who count runs.
    fn is_counted(&self) -> bool {
        match self {
            Self::Go(_) | Self::Health | Self::Repair(_) => true,
            Self::Exec(policy) => policy.decision() == Decision::Migrate,
            Self::Wait(_) => false,
        }
    }

    fn command(&self) -> Command {
        match self {
            Self::Go(Direction::Up) => Command::Up,
            Self::Go(Direction::Down) => Command::Down,
            Self::Health => Command::Health,
            Self::Repair(repair) => repair.command(),
            Self::Wait(_) => Command::Wait,
            Self::Exec(_) => Command::Exec,
        }
    }
}

/// A run that is over, telemetry included.
pub(super) struct Ended {
    /// What the process exits with.
    pub(super) exit: Exit,
    /// The run's root span, for what is started afterwards.
    pub(super) span: Option<RemoteParent>,
    /// What the caller has said of itself, for the same.
    pub(super) baggage: Vec<Member>,
    /// Watching on.
    pub(super) signals: Option<Signals>,
}

pub(super) fn carry_out(settings: &Settings, task: Task<'_>, target: Target) -> Exit {
    end(settings, task, target).exit
}

/// The same, with what is needed to go on.
pub(super) fn end(settings: &Settings, task: Task<'_>, target: Target) -> Ended {
    let command = task.command();
    match start(settings, task, target) {
        Ok((migrator, context, export, listening)) => {
            let ended = go(settings, (&migrator, task), &context, export, listening);
            // The process ends now, and the system frees thousands of scripts faster than we do.
            std::mem::forget(migrator);
            ended
        }
        Err(Stopped { exit, problem }) => {
            let report = Report { error: Some(problem.clone()), ..Report::new(command.word(), exit) };
            termination::write(&completed(settings, &report));
            let exit = fail(settings, command.word(), exit, problem);
            Ended { exit, span: None, baggage: Vec::new(), signals: None }
        }
    }
}

type Started = (Migrator, RunContext, Export, Option<Listening>);

fn start(settings: &Settings, task: Task<'_>, target: Target) -> Result<Started, Stopped> {
    let command = task.command();
    let mut context = context::of(command, settings.target.clone());
    let migrator = ready::runner(settings, command, target, format!("migrascope/{}", context.run_id))?;
    let variables = |name: &str| env::var(name).ok();
    let exports = ExportSettings { counted: task.is_counted(), ..settings.export.clone() };
    let mut export =
        export::start(&exports, &mut context, &migrator.expected(), &variables).map_err(|error| Stopped {
            exit: Exit::Usage,
            problem: Problem::of_kind("telemetry", error.problems.iter().map(Diagnosis::error).collect()),
        })?;
    warn(settings, &export.take_warnings());
    let listening = listen(settings, command, &export)?;
    Ok((migrator.with_figures(export.wanted()), context, export, listening))
}

/// The health checks alone are over before anybody asks.
fn listen(settings: &Settings, command: Command, export: &Export) -> Result<Option<Listening>, Stopped> {
    let Some(figures) = export.figures().filter(|_| command != Command::Health) else { return Ok(None) };
    let listening = listen::during(settings, figures).map_err(Stopped::for_want_of_address)?;
    if let Some(listening) = &listening {
        listen::announce(settings, listening.address());
    }
    Ok(listening)
}

fn go(
    settings: &Settings,
    (migrator, task): (&Migrator, Task<'_>),
    context: &RunContext,
    mut export: Export,
    mut listening: Option<Listening>,
) -> Ended {
    let remarks = export.remarks();
    let signals = Signals::watch(move |signal| remarks.signal_received(signal));
    let mut reader = reader(settings, context.command);
    let mut observers = Observers::default();
    observers.add(&mut *reader);
    observers.add(&mut export);
    if let Some(listening) = &mut listening {
        observers.add(listening);
    }
    let result = block_on(async {
        let run = match task {
            Task::Go(Direction::Up) => migrator.up(),
            Task::Go(Direction::Down) => migrator.down(),
            Task::Health => migrator.health(),
            Task::Repair(repair) => migrator.repair(repair.clone()),
            Task::Wait(goal) => migrator.wait(goal.clone()),
            Task::Exec(policy) => migrator.auto(policy.clone()),
        };
        run.context(context.clone()).observe(&mut observers).stop(&signals.stop).await
    });
    signals.run_is_over();
    let (done, stopped) = match result {
        Ok(Ok(report)) => (Some(report), None),
        Ok(Err(RunError { report, cause })) => {
            let report = *report;
            let mut stopped = Stopped::by(&cause, direction(context), Some(&report));
            stopped.exit = Exit::of(&cause, signals.caught());
            (Some(report), Some(stopped))
        }
        Err(problem) => (None, Some(problem.into())),
    };
    let span = export.current_span();
    let stopped = match task {
        Task::Exec(policy) => stopped.map(|stopped| super::exec::not_started(stopped, policy)),
        _ => stopped,
    };
    if stopped.as_ref().is_some_and(|stopped| stopped.problem.kind == "abandoned") {
        export.hurry();
    }
    let exit = conclude(settings, context.command, done.as_ref(), stopped, export);
    Ended { exit, span, baggage: context.baggage.clone(), signals: Some(signals) }
}

/// Errors first, then what collectors and whoever is told of the run take their time for, then the last line.
fn conclude(
    settings: &Settings,
    command: Command,
    done: Option<&Done>,
    stopped: Option<Stopped>,
    export: Export,
) -> Exit {
    let exit = stopped.as_ref().map_or(Exit::Done, |stopped| stopped.exit);
    let error = stopped.map(|stopped| stopped.problem);
    if let Some(problem) = &error {
        output::explain(&problem.problems);
    }
    let run = done.filter(|_| command != Command::Health);
    let found = done.filter(|_| command == Command::Health).map(json::health);
    let report = Report { run, found, error, ..Report::new(command.word(), exit) };
    let kept = done.filter(|done| done.end_not_recorded).map(|done| unrecorded::keep(done, report.error.as_ref()));
    let mut warnings = export.finish(&report);
    warnings.extend(kept);
    warn(settings, &warnings);
    let report = completed(settings, &report);
    last_line(settings.format, &report);
    // An application that starts now has a last word of its own.
    if command != Command::Exec || exit != Exit::Done {
        termination::write(&report);
    }
    exit
}

/// A warning of telemetry names its part already.
fn warn(settings: &Settings, warnings: &[String]) {
    let diagnoses: Vec<_> = warnings.iter().map(|warning| Diagnosis::new(Severity::Warning, warning)).collect();
    super::warn(settings, &diagnoses);
}

fn reader(settings: &Settings, command: Command) -> Box<dyn Observer> {
    let stream = super::stream(command.word());
    match settings.format {
        Format::Text => Box::new(Screen::new(stream, settings.verbosity)),
        Format::Json => Box::new(Json::new(stream, settings.verbosity)),
    }
}

fn direction(context: &RunContext) -> Direction {
    match context.command {
        Command::Down => Direction::Down,
        _ => Direction::Up,
    }
}
