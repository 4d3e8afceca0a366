//! The information about a run that its hooks receive: as environment variables of a command, or as settings of a transaction.

use crate::error::Error;
use crate::event::{RemoteParent, traceparent};
use crate::plan::{Plan, Step};
use crate::report::Outcome;
use crate::run::engine::Engine;

/// The longest value, in bytes: operating systems refuse to start a command with a very long variable.
#[cfg(feature = "commands")]
const LONGEST: usize = 4096;

/// Lower-case names with their values; a variable without a value is unset.
pub(super) struct HookVariables(Vec<(&'static str, Option<String>)>);

impl HookVariables {
    /// The variables before the first migration of a plan.
    pub(super) fn before(engine: &Engine<'_>, plan: &Plan<'_>) -> Self {
        let mut variables = Self::of_run(engine);
        variables.add("version_from", Some(engine.state.from().unwrap_or_default().to_owned()));
        variables.add("version", Some(engine.state.version_after(&plan.steps).unwrap_or_default()));
        variables.add("pending", Some(plan.steps.len().to_string()));
        variables.add("applied", Some("0".to_owned()));
        variables.add("outcome", None);
        variables.add("error", None);
        variables
    }

    /// The variables at the end of the run; `error` is its error so far.
    pub(super) fn after(engine: &Engine<'_>, plan: &Plan<'_>, error: Option<&Error>) -> Self {
        let outcome = error.map_or(Outcome::Success, Error::outcome);
        let done = engine.state.succeeded();
        let mut variables = Self::of_run(engine);
        variables.add("version_from", Some(engine.state.from().unwrap_or_default().to_owned()));
        variables.add("version", Some(engine.state.version_after(&[]).unwrap_or_default()));
        variables.add("pending", Some(plan.steps.len().saturating_sub(done).to_string()));
        variables.add("applied", Some(done.to_string()));
        variables.add("outcome", Some(outcome.word().to_owned()));
        variables.add("error", Some(error.map(ToString::to_string).unwrap_or_default()));
        variables
    }

    /// The variables before or after one migration, in the span `inside`.
    pub(super) fn of_step(engine: &Engine<'_>, step: &Step<'_>, inside: Option<&RemoteParent>) -> Self {
        let mut variables = Self::of_run(engine);
        variables.add("version", Some(step.migration.key.to_string()));
        variables.add("name", Some(step.migration.name.clone()));
        variables.add("direction", Some(step.direction.word().to_owned()));
        variables.add("traceparent", Some(inside.map(traceparent::header).unwrap_or_default()));
        variables
    }

    fn of_run(engine: &Engine<'_>) -> Self {
        let (context, identity) = (engine.job.context, engine.session.server_info());
        let mut variables = Self(Vec::new());
        variables.add("run_id", Some(context.run_id.clone()));
        variables.add("command", Some(engine.job.command().word().to_owned()));
        variables.add("target", Some(context.target(identity).to_owned()));
        variables.add("database", Some(identity.database.clone()));
        variables
    }

    fn add(&mut self, name: &'static str, value: Option<String>) {
        self.0.push((name, value));
    }

    /// As environment variables of a process.
    #[cfg(feature = "commands")]
    pub(super) fn of_process(&self) -> impl Iterator<Item = (String, Option<String>)> + '_ {
        self.0.iter().map(|(name, value)| {
            let value = value.as_ref().map(|value| cut(value).replace('\0', ""));
            (format!("MIGRASCOPE_{}", name.to_uppercase()), value)
        })
    }

    /// As settings of a transaction.
    pub(super) fn set(&self) -> Vec<(&str, Option<&str>)> {
        self.0.iter().map(|(name, value)| (*name, value.as_deref())).collect()
    }

    /// The same settings, unset.
    pub(super) fn unset(&self) -> Vec<(&str, Option<&str>)> {
        self.0.iter().map(|(name, _)| (*name, None)).collect()
    }
}

#[cfg(feature = "commands")]
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST)]
}
