//! Commands before and after the migrations of a run.

use std::time::{Duration, Instant};

use super::command::{self, Environment};
use super::supervisor::Supervisor;
use super::variables::HookVariables;
use crate::error::{Error, HookFault};
use crate::event::{Event, Hook, traceparent};
use crate::plan::Plan;
use crate::run::engine::Engine;
use crate::run::job::Job;

/// How long `after` may take in a run that was asked to stop.
const AFTER_STOP: Duration = Duration::from_secs(3);

/// The migration or hook that changes session state, which is lost behind a pooler in transaction mode; a fragment.
pub(in crate::run) fn sets_for_session(job: &Job<'_>, plan: &Plan<'_>) -> Option<String> {
    let step = plan.steps.iter().find(|step| step.changes_session());
    let hook =
        job.options.hooks.changing_session().filter(|_| !plan.steps.is_empty()).map(|hook| format!("the hook {hook}"));
    let who = step.map(|step| format!("migration {}", step.migration)).or(hook)?;
    Some(format!("{who} changes session state"))
}

/// Runs a command before the first migration, if there is one.
///
/// # Errors
/// [`Error::Hook`] if it fails, times out or is interrupted.
pub(in crate::run) async fn before(engine: &mut Engine<'_>, hook: Hook, plan: &Plan<'_>) -> Result<(), Error> {
    let Some(text) = engine.job.options.hooks.command(hook).filter(|_| !plan.steps.is_empty()) else { return Ok(()) };
    let variables = HookVariables::before(engine, plan);
    run(engine, hook, text, &variables).await
}

/// Runs the command at the end of the run, if there is one, even if the run was asked to stop; `error` is the error of the run so far.
///
/// # Errors
/// [`Error::Hook`] if it fails or times out.
pub(in crate::run) async fn after(
    engine: &mut Engine<'_>,
    plan: &Plan<'_>,
    error: Option<&Error>,
) -> Result<(), Error> {
    let command = engine.job.options.hooks.command(Hook::After);
    let Some(text) = command.filter(|_| !plan.steps.is_empty()) else { return Ok(()) };
    let variables = HookVariables::after(engine, plan, error);
    run(engine, Hook::After, text, &variables).await
}

async fn run(engine: &mut Engine<'_>, hook: Hook, text: &str, variables: &HookVariables) -> Result<(), Error> {
    let started = Instant::now();
    engine.observer.observe(&Event::HookStarted { hook, step: None });
    let inside = engine.observer.current_span();
    let trace = inside.map(|span| traceparent::environment(&span, &engine.job.context.baggage)).unwrap_or_default();
    let stop_requested = engine.job.stop.is_requested();
    let timeout = engine.job.options.hooks.timeout;
    let (limit, stop) = match hook == Hook::After && stop_requested {
        true => (timeout.min(AFTER_STOP), None),
        false => (timeout, Some(engine.job.stop)),
    };
    let supervisor = Supervisor {
        hook,
        step: None,
        stop,
        started,
        limit,
        monitor: &mut *engine.monitor,
        process: None,
        observer: &mut *engine.observer,
    };
    let environment = Environment { variables, trace: &trace, stop: engine.job.stop };
    let result = match stop_requested && stop.is_some() {
        true => Err(HookFault::Interrupted),
        false => command::run(text, &environment, supervisor, &mut **engine.session).await,
    };
    let result = result.map_err(|fault| Error::Hook { hook, migration: None, fault });
    let (elapsed, error) = (started.elapsed(), result.as_ref().err());
    engine.observer.observe(&Event::HookFinished { hook, step: None, elapsed, error });
    result
}
