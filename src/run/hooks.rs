//! What somebody else has written and wants to have run around the migrations: commands around the run, SQL around each of them.

#[cfg(feature = "commands")]
mod command;
#[cfg(not(feature = "commands"))]
#[path = "hooks/no_command.rs"]
mod command;
mod each;
mod facts;
mod vigil;

use std::time::{Duration, Instant};

pub(super) use self::facts::Facts;
use self::vigil::Vigil;
use super::Job;
use super::monitor::Monitor;
use super::tally::Tally;
use crate::database::Session;
use crate::error::{Error, HookFault};
use crate::event::{Event, Hook, Observer, traceparent};
use crate::layout::HookScripts;
use crate::migration::SplitScript;
use crate::plan::Plan;

/// What the last command may take when the run was asked to stop: whoever asked will not wait for long.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// What is run around the migrations, and for how long it may run. Nothing is run where nothing is pending.
///
/// Commands are those of a shell, and need the cargo feature `commands`: without it each of them fails when its turn comes, with [`Error::Hook`].
///
/// ```
/// use std::time::Duration;
///
/// use migrascope::Options;
/// use migrascope::run::Hooks;
///
/// let hooks = Hooks {
///     backup: Some("pg_dump --format=custom --file=before.dump app".to_owned()),
///     timeout: Duration::from_secs(1800),
///     ..Hooks::default()
/// };
/// let options = Options { hooks, ..Options::default() };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hooks {
    /// A command that makes a backup: the first thing that is run, before anything changes.
    pub backup: Option<String>,
    /// A command before the first migration.
    pub before: Option<String>,
    /// A command at the end of a run that has come to its migrations, however it ends.
    pub after: Option<String>,
    /// SQL around each migration.
    pub each: HookScripts,
    /// How long each of them may take.
    pub timeout: Duration,
}

impl Default for Hooks {
    fn default() -> Self {
        let each = HookScripts::default();
        Self { backup: None, before: None, after: None, each, timeout: Duration::from_secs(600) }
    }
}

impl Hooks {
    /// Those that there are, in the order in which they run.
    #[must_use]
    pub fn given(&self) -> Vec<Hook> {
        let given = |hook: &Hook| self.command(*hook).is_some() || self.script(*hook).is_some();
        Hook::ALL.into_iter().filter(given).collect()
    }

    /// The command of a hook; `None` where there is none, or where it is SQL.
    #[must_use]
    pub fn command(&self, hook: Hook) -> Option<&str> {
        match hook {
            Hook::Backup => self.backup.as_deref(),
            Hook::Before => self.before.as_deref(),
            Hook::After => self.after.as_deref(),
            Hook::BeforeEach | Hook::AfterEach => None,
        }
    }

    /// The SQL of a hook; `None` where there is none, or where it is a command.
    #[must_use]
    pub fn script(&self, hook: Hook) -> Option<&SplitScript> {
        match hook {
            Hook::BeforeEach => self.each.before_each.as_ref(),
            Hook::AfterEach => self.each.after_each.as_ref(),
            Hook::Backup | Hook::Before | Hook::After => None,
        }
    }

    /// A hook that sets something for its session.
    pub(super) fn changing_session(&self) -> Option<Hook> {
        Hook::ALL.into_iter().find(|hook| self.script(*hook).is_some_and(changes_session))
    }
}

fn changes_session(script: &SplitScript) -> bool {
    script.statements().iter().any(|statement| statement.changes_session)
}

/// Whoever sets something for a session that is lent for one transaction; a fragment.
pub(super) fn sets_for_session(job: &Job<'_>, plan: &Plan<'_>) -> Option<String> {
    let step = plan.steps.iter().find(|step| step.changes_session());
    let hook =
        job.options.hooks.changing_session().filter(|_| !plan.steps.is_empty()).map(|hook| format!("the hook {hook}"));
    let who = step.map(|step| format!("migration {}", step.migration)).or(hook)?;
    Some(format!("{who} sets something for its session"))
}

/// The two connections of a run while a command runs, and who is told.
pub(super) struct Bystanders<'b> {
    pub(super) session: &'b mut dyn Session,
    pub(super) monitor: &'b mut Monitor,
    pub(super) observer: &'b mut dyn Observer,
}

/// Runs a command before the first migration; nothing where there is none.
pub(super) async fn before(
    hook: Hook,
    job: &Job<'_>,
    plan: &Plan<'_>,
    tally: &Tally,
    with: Bystanders<'_>,
) -> Result<(), Error> {
    let Some(text) = job.options.hooks.command(hook).filter(|_| !plan.steps.is_empty()) else { return Ok(()) };
    let facts = Facts::before(job, with.session.identity(), plan, tally);
    run(hook, text, job, facts, with).await
}

/// Runs the command at the end; `error` is how the run ends so far. It is run also when the run was asked to stop, for a moment.
pub(super) async fn after(
    job: &Job<'_>,
    plan: &Plan<'_>,
    tally: &Tally,
    error: Option<&Error>,
    with: Bystanders<'_>,
) -> Result<(), Error> {
    let Some(text) = job.options.hooks.command(Hook::After).filter(|_| !plan.steps.is_empty()) else { return Ok(()) };
    let facts = Facts::after(job, with.session.identity(), plan, tally, error);
    run(Hook::After, text, job, facts, with).await
}

async fn run(hook: Hook, text: &str, job: &Job<'_>, facts: Facts, with: Bystanders<'_>) -> Result<(), Error> {
    let started = Instant::now();
    with.observer.observe(&Event::HookStarted { hook, step: None });
    let inside = with.observer.current_span();
    let trace = inside.map(|span| traceparent::environment(&span, &job.context.baggage)).unwrap_or_default();
    let (limit, stop) = match hook == Hook::After && job.stop.is_requested() {
        true => (job.options.hooks.timeout.min(LAST_WORDS), None),
        false => (job.options.hooks.timeout, Some(job.stop)),
    };
    let vigil = Vigil {
        hook,
        step: None,
        stop,
        started,
        limit,
        monitor: with.monitor,
        process: None,
        observer: &mut *with.observer,
    };
    let result = match job.stop.is_requested() && stop.is_some() {
        true => Err(HookFault::Interrupted),
        false => command::run(text, &facts, &trace, vigil, (with.session, job.stop)).await,
    };
    let result = result.map_err(|fault| Error::Hook { hook, migration: None, fault });
    let (elapsed, error) = (started.elapsed(), result.as_ref().err());
    with.observer.observe(&Event::HookFinished { hook, step: None, elapsed, error });
    result
}
