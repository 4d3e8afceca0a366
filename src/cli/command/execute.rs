//! The commands that make a run: `up`, `down`, `health`, `repair`, `baseline`, `wait` and the part of `exec` before the application.

use std::env;

use migrascope::event::{Command, Member, Observers, RemoteParent, RunContext};
use migrascope::history::Direction;
use migrascope::plan::Target;
use migrascope::{Migrator, Observer, Report, RunError};

use super::end::{self, completed, fail, last_line};
use super::runtime::block_on;
use super::stopped::Stopped;
use super::task::Task;
use super::{exec_error, prepare};
use crate::cli::exit::Exit;
use crate::cli::explain::{Diagnosis, Severity};
use crate::cli::export::{self, Exporters};
use crate::cli::json::{self, JsonObserver};
use crate::cli::listen::{self, Listening};
use crate::cli::outcome::CommandReport;
use crate::cli::output;
use crate::cli::presentation::OutputFormat;
use crate::cli::screen::ScreenObserver;
use crate::cli::settings::Settings;
use crate::cli::signal::Signals;
use crate::cli::telemetry::TelemetrySettings;
use crate::cli::{context, termination, unrecorded};

/// A run that has ended, its telemetry included.
pub(super) struct Ended {
    /// What the process exits with.
    pub(super) exit: Exit,
    /// The run's root span, for a process that is started afterwards.
    pub(super) span: Option<RemoteParent>,
    /// The caller's baggage, for the same.
    pub(super) baggage: Vec<Member>,
    /// Still watching; `None` where the run did not begin.
    pub(super) signals: Option<Signals>,
}

/// A run with its observers, ready to begin.
struct Prepared {
    migrator: Migrator,
    context: RunContext,
    exporters: Exporters,
    listening: Option<Listening>,
}

/// Makes a run; returns what the process exits with.
pub(super) fn run(settings: &Settings, task: Task<'_>, target: Target) -> Exit {
    end(settings, task, target).exit
}

/// Makes a run; returns how it ended.
pub(super) fn end(settings: &Settings, task: Task<'_>, target: Target) -> Ended {
    let command = task.command();
    match prepare(settings, task, target) {
        Ok(prepared) => run_prepared(settings, task, prepared),
        Err(Stopped { exit, error }) => {
            let report = CommandReport { error: Some(error.clone()), ..CommandReport::new(command.word(), exit) };
            termination::write(&completed(settings, &report));
            let exit = fail(settings, command.word(), exit, error);
            Ended { exit, span: None, baggage: Vec::new(), signals: None }
        }
    }
}

fn prepare(settings: &Settings, task: Task<'_>, target: Target) -> Result<Prepared, Stopped> {
    let command = task.command();
    let mut context = context::of(settings.target.clone());
    let migrator = prepare::runner(settings, command, target, format!("migrascope/{}", context.run_id))?;
    let variables = |name: &str| env::var(name).ok();
    let telemetry = TelemetrySettings { counted: task.is_counted(), ..settings.telemetry.clone() };
    let mut exporters = export::start(&telemetry, command, &mut context, &migrator.expected(), &variables)
        .map_err(|error| Stopped::by_usage("telemetry", error.problems.iter().map(Diagnosis::error).collect()))?;
    warn(settings, &exporters.take_warnings());
    let listening = listen(settings, command, &exporters)?;
    Ok(Prepared {
        migrator: migrator.with_journal_counters(exporters.journal_counters()),
        context,
        exporters,
        listening,
    })
}

/// `health` serves no pages: it ends before a client could read one.
fn listen(settings: &Settings, command: Command, exporters: &Exporters) -> Result<Option<Listening>, Stopped> {
    let Some(metrics) = exporters.metrics().filter(|_| command != Command::Health) else { return Ok(None) };
    let listening = listen::during(settings, metrics).map_err(Stopped::by_address)?;
    if let Some(listening) = &listening {
        listen::announce(settings, listening.address());
    }
    Ok(listening)
}

fn run_prepared(settings: &Settings, task: Task<'_>, prepared: Prepared) -> Ended {
    let Prepared { migrator, context, mut exporters, mut listening } = prepared;
    let remarks = exporters.remarks();
    let signals = Signals::watch(move |signal| remarks.signal_received(signal));
    let command = task.command();
    let mut reader = reader(settings, command);
    let mut observers = Observers::default();
    observers.add(&mut *reader);
    observers.add(&mut exporters);
    if let Some(listening) = &mut listening {
        observers.add(listening);
    }
    let result = block_on(async {
        let run = match task {
            Task::Migrate(Direction::Up) => migrator.up(),
            Task::Migrate(Direction::Down) => migrator.down(),
            Task::Health => migrator.health(),
            Task::Repair(repair) => migrator.repair(repair.clone()),
            Task::Wait(condition) => migrator.wait(condition.clone()),
            Task::Exec(policy) => migrator.auto(policy.clone()),
        };
        run.context(context.clone()).observe(&mut observers).stop(&signals.stop).await
    });
    signals.run_is_over();
    // The process ends soon, and the system frees thousands of scripts faster than we do.
    std::mem::forget(migrator);
    let (done, stopped) = match result {
        Ok(Ok(report)) => (Some(report), None),
        Ok(Err(RunError { report, cause })) => {
            let report = *report;
            let mut stopped = Stopped::by(&cause, direction(command), Some(&report));
            stopped.exit = Exit::of(&cause, signals.caught());
            (Some(report), Some(stopped))
        }
        Err(error) => (None, Some(error.into())),
    };
    let span = exporters.current_span();
    let stopped = match task {
        Task::Exec(policy) => stopped.map(|stopped| exec_error::add_consequence(stopped, policy)),
        _ => stopped,
    };
    if stopped.as_ref().is_some_and(|stopped| stopped.error.kind == "abandoned") {
        exporters.shorten_flush();
    }
    let exit = conclude(settings, command, done.as_ref(), stopped, exporters);
    Ended { exit, span, baggage: context.baggage, signals: Some(signals) }
}

/// Shows errors first, then flushes exporters and notifications, which may take time, then writes the report.
fn conclude(
    settings: &Settings,
    command: Command,
    done: Option<&Report>,
    stopped: Option<Stopped>,
    exporters: Exporters,
) -> Exit {
    let exit = stopped.as_ref().map_or(Exit::Done, |stopped| stopped.exit);
    let error = stopped.map(|stopped| stopped.error);
    if let Some(error) = &error {
        output::explain(&error.problems);
    }
    let run = done.filter(|_| command != Command::Health);
    let found = done.filter(|_| command == Command::Health).map(json::health);
    let report = CommandReport { run, found, error, ..CommandReport::new(command.word(), exit) };
    let kept = done.filter(|done| done.end_not_recorded).map(|done| unrecorded::keep(done, report.error.as_ref()));
    let mut warnings = exporters.finish(&report);
    warnings.extend(kept);
    warn(settings, &warnings);
    let report = completed(settings, &report);
    last_line(settings.format, &report);
    // An application that starts now writes a termination message of its own.
    if command != Command::Exec || exit != Exit::Done {
        termination::write(&report);
    }
    exit
}

fn warn(settings: &Settings, warnings: &[String]) {
    let diagnoses: Vec<_> = warnings.iter().map(|warning| Diagnosis::new(Severity::Warning, warning)).collect();
    end::warn(settings, &diagnoses);
}

/// The observer that writes the output.
fn reader(settings: &Settings, command: Command) -> Box<dyn Observer> {
    let stream = end::stream(command.word());
    match settings.format {
        OutputFormat::Text => Box::new(ScreenObserver::new(stream, settings.verbosity)),
        OutputFormat::Json => Box::new(JsonObserver::new(stream, settings.verbosity)),
    }
}

fn direction(command: Command) -> Direction {
    match command {
        Command::Down => Direction::Down,
        _ => Direction::Up,
    }
}
