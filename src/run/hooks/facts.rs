//! What a hook is told about its run: variables of a command, settings of a transaction.

use crate::database::Identity;
use crate::error::Error;
use crate::event::{RemoteParent, traceparent};
use crate::plan::{Plan, Step};
use crate::report::Outcome;
use crate::run::Job;
use crate::run::tally::Tally;

/// The longest text: a system refuses to start a command with a very long one.
#[cfg(feature = "commands")]
const LONGEST: usize = 4096;

/// Names in small letters, each with its value, where there is one.
pub(in crate::run) struct Facts(Vec<(&'static str, Option<String>)>);

impl Facts {
    /// In front of the first migration.
    pub(super) fn before(job: &Job<'_>, identity: &Identity, plan: &Plan<'_>, tally: &Tally) -> Self {
        let mut facts = Self::of_run(job, identity);
        facts.add("version_from", Some(tally.from().unwrap_or_default().to_owned()));
        facts.add("version", Some(tally.version_after(&plan.steps).unwrap_or_default()));
        facts.add("pending", Some(plan.steps.len().to_string()));
        facts.add("applied", Some("0".to_owned()));
        facts.add("outcome", None);
        facts.add("error", None);
        facts
    }

    /// At the end of the run, which ends with `error` so far.
    pub(super) fn after(
        job: &Job<'_>,
        identity: &Identity,
        plan: &Plan<'_>,
        tally: &Tally,
        error: Option<&Error>,
    ) -> Self {
        let outcome = error.map_or(Outcome::Success, Error::outcome);
        let done = tally.succeeded();
        let mut facts = Self::of_run(job, identity);
        facts.add("version_from", Some(tally.from().unwrap_or_default().to_owned()));
        facts.add("version", Some(tally.version_after(&[]).unwrap_or_default()));
        facts.add("pending", Some(plan.steps.len().saturating_sub(done).to_string()));
        facts.add("applied", Some(done.to_string()));
        facts.add("outcome", Some(outcome.word().to_owned()));
        facts.add("error", Some(error.map(ToString::to_string).unwrap_or_default()));
        facts
    }

    /// Before or after one migration.
    pub(super) fn of_step(job: &Job<'_>, identity: &Identity, step: &Step<'_>, inside: Option<&RemoteParent>) -> Self {
        let mut facts = Self::of_run(job, identity);
        facts.add("version", Some(step.migration.version.to_string()));
        facts.add("name", Some(step.migration.name.clone()));
        facts.add("direction", Some(step.direction.word().to_owned()));
        facts.add("traceparent", Some(inside.map(traceparent::header).unwrap_or_default()));
        facts
    }

    fn of_run(job: &Job<'_>, identity: &Identity) -> Self {
        let mut facts = Self(Vec::new());
        facts.add("run_id", Some(job.context.run_id.clone()));
        facts.add("command", Some(job.context.command.word().to_owned()));
        facts.add("target", Some(job.context.target.clone().unwrap_or_else(|| identity.database.clone())));
        facts.add("database", Some(identity.database.clone()));
        facts
    }

    fn add(&mut self, name: &'static str, value: Option<String>) {
        self.0.push((name, value));
    }

    /// As variables of a process.
    #[cfg(feature = "commands")]
    pub(super) fn variables(&self) -> impl Iterator<Item = (String, Option<String>)> + '_ {
        self.0.iter().map(|(name, value)| {
            let value = value.as_ref().map(|value| cut(value).replace('\0', ""));
            (format!("MIGRASCOPE_{}", name.to_uppercase()), value)
        })
    }

    /// As a session takes them.
    pub(super) fn known(&self) -> Vec<(&str, Option<&str>)> {
        self.0.iter().map(|(name, value)| (*name, value.as_deref())).collect()
    }

    /// The same names without any value.
    pub(super) fn forgotten(&self) -> Vec<(&str, Option<&str>)> {
        self.0.iter().map(|(name, _)| (*name, None)).collect()
    }
}

#[cfg(feature = "commands")]
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST)]
}
