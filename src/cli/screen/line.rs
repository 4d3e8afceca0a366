//! The lines of a run.

use std::time::Duration;

use migrascope::database::Holder;
use migrascope::event::Witness;
use migrascope::history::Direction;
use migrascope::plan::{Atomic, Change, Step};
use migrascope::policy::Decision;
use migrascope::report::{Outcome, PartialEffect, Report, RetryReason, StepReport};

use super::style::{BAD, BOLD, DIM, GOOD, ODD};
use super::width::{pad, width};
use crate::cli::escape::one_line;
use crate::cli::words::{self, counted};

/// The widest name that columns are aligned with.
const WIDEST: usize = 40;

/// The widths of a run's columns.
#[derive(Debug, Default)]
pub(super) struct Columns {
    version: usize,
    name: usize,
    /// The reason why no step is atomic, where all of several steps share it.
    shared: Option<String>,
}

impl Columns {
    /// Fits the widths to the steps.
    pub(super) fn fit(&mut self, steps: &[Step<'_>]) {
        let widest = |text: fn(&Step<'_>) -> usize| steps.iter().map(text).filter(|width| *width <= WIDEST).max();
        self.version = widest(|step| width(step.migration.key.as_str())).unwrap_or_default();
        self.name = widest(|step| width(&step.migration.name)).unwrap_or_default();
        self.shared = shared_reason(steps);
    }

    /// The line before steps that share a reason for not being atomic.
    pub(super) fn shared(&self) -> Option<String> {
        let why = self.shared.as_ref()?;
        Some(format!("{ODD}not atomic{ODD:#}{DIM}, all of them: {}{DIM:#}", one_line(why)))
    }

    /// The line of a migration that has ended.
    pub(super) fn migration(&self, step: &Step<'_>, report: &StepReport) -> String {
        let (sign, style) = match report.outcome {
            Outcome::Success => ('✓', GOOD),
            _ => ('✗', BAD),
        };
        let version = pad(&report.version, self.version);
        let name = pad(&one_line(&report.name), self.name);
        let time = words::duration(report.elapsed);
        format!("{style}{sign}{style:#} {version} {name}  {time:>9}  {}{}", result(report), self.reason(&step.atomic))
    }

    /// Why a migration is not atomic, at the end of its line.
    fn reason(&self, atomic: &Atomic) -> String {
        match atomic {
            Atomic::No { why } if self.shared.is_none() => {
                format!("  {ODD}not atomic{ODD:#}{DIM}: {}{DIM:#}", one_line(why))
            }
            Atomic::No { .. } | Atomic::Yes => String::new(),
        }
    }
}

/// The first line.
pub(super) fn header(title: &str, database: &str, run_id: &str) -> String {
    format!("{BOLD}{title}{BOLD:#}  {}  {DIM}run {run_id}{DIM:#}", one_line(database))
}

/// The first line where no database is connected.
pub(super) fn title(title: &str, run_id: &str) -> String {
    format!("{BOLD}{title}{BOLD:#}  {DIM}run {run_id}{DIM:#}")
}

/// The number of pending migrations that are named.
const NAMED: usize = 10;

/// The pending migrations, where nothing is applied.
pub(super) fn pending(steps: &[Step<'_>]) -> Vec<String> {
    let named = steps.iter().take(NAMED).map(|step| format!("  pending  {}", one_line(&step.migration.to_string())));
    let more = steps.len().saturating_sub(NAMED);
    named.chain((more > 0).then(|| format!("  and {more} more"))).collect()
}

/// One statement.
pub(super) fn statement(step: &Step<'_>, index: usize, elapsed: Duration, rows: u64) -> String {
    let Some(statement) = step.statements().get(index) else {
        return String::new();
    };
    let place = format!("{}:{}", statement.line, statement.column);
    let (summary, time) = (one_line(&statement.summary), words::duration(elapsed));
    format!("    {DIM}{place:>7}{DIM:#}  {summary}  {DIM}{time}  {}{DIM:#}", words::rows(rows))
}

/// A statement that is still running.
pub(super) fn running(step: &Step<'_>, index: usize, elapsed: Duration) -> String {
    let statements = step.statements();
    let summary = statements.get(index).map_or("", |statement| statement.summary.as_str());
    let migration = one_line(&step.migration.to_string());
    let (number, of, time) = (index + 1, statements.len(), words::so_far(elapsed));
    format!("{migration} still running: statement {number} of {of}, {}, {time}", one_line(summary))
}

/// A statement that waits for a lock of the database.
pub(super) fn blocked(step: &Step<'_>, index: usize, blocker: &Holder) -> String {
    let summary = step.statements().get(index).map_or("", |statement| statement.summary.as_str());
    let migration = one_line(&step.migration.to_string());
    format!("{migration}: {} waits for {}", one_line(summary), one_line(&words::blocker(blocker)))
}

/// A statement that the server refused inside a transaction.
pub(super) fn runs_alone(step: &Step<'_>, index: usize) -> String {
    let summary = step.statements().get(index).map_or("", |statement| statement.summary.as_str());
    format!(
        "{}: statement {} cannot run inside a transaction, and is retried on its own: {}",
        one_line(&step.migration.to_string()),
        index + 1,
        one_line(summary)
    )
}

/// A session setting of a statement that is not run again.
pub(super) fn restored(step: &Step<'_>, index: usize) -> String {
    let summary = step.statements().get(index).map_or("", |statement| statement.summary.as_str());
    format!(
        "{}: restored the session setting of statement {}: {}",
        one_line(&step.migration.to_string()),
        index + 1,
        one_line(summary)
    )
}

/// A statement in doubt, once it is known whether it took effect.
pub(super) fn settled(step: &Step<'_>, index: usize, ran: bool, witness: Witness) -> String {
    let summary = step.statements().get(index).map_or("", |statement| statement.summary.as_str());
    let (effect, number) = (if ran { "took effect" } else { "did not take effect" }, index + 1);
    let by = match witness {
        Witness::Database => "as the database shows",
        Witness::Operator => "as you stated",
    };
    format!("statement {number} ({}) {effect}, {by}", one_line(summary))
}

/// A change of history; `None` for a migration that is resumed, which has lines of its own.
pub(super) fn changed(change: &Change, migrations: usize) -> Option<String> {
    let version = change.key();
    Some(match change {
        Change::MarkApplied(_) => format!("{version} is now recorded as applied"),
        Change::MarkReverted(_) => format!("{version} is now recorded as not applied"),
        Change::AcceptChanges(_) => format!("the file of {version} is now accepted as applied"),
        Change::Baseline(_) => {
            format!("{} up to {version} recorded as applied, and not run", counted(migrations, "migration"))
        }
        _ => return None,
    })
}

/// A retry of a statement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Retry {
    /// The statement's index, from 0.
    pub(super) index: usize,
    pub(super) reason: RetryReason,
    /// The attempt that has failed, from 1.
    pub(super) attempt: u32,
    /// The maximum number of attempts.
    pub(super) of: u32,
    /// The time until the next attempt.
    pub(super) pause: Duration,
}

/// A statement that is retried.
pub(super) fn retrying(step: &Step<'_>, retry: Retry) -> String {
    let Retry { index, reason, attempt, of, pause } = retry;
    let summary = step.statements().get(index).map_or("", |statement| statement.summary.as_str());
    let problem = match reason {
        RetryReason::LockTimeout => "timed out waiting for a lock of another session",
        RetryReason::Deadlock => "deadlocked with another session",
        RetryReason::Serialization => "conflicted with another session",
        _ => "failed temporarily",
    };
    let migration = one_line(&step.migration.to_string());
    let next = attempt + 1;
    format!("{migration}: {} {problem}; attempt {next} of {of} in {}", one_line(summary), words::duration(pause))
}

/// The last line; `None` where nothing was started and an error follows.
pub(super) fn summary(report: &Report) -> Option<String> {
    let done = report.steps.iter().filter(|step| step.outcome == Outcome::Success).count();
    let time = words::duration(report.elapsed);
    let schema = report.to.as_ref().map_or("schema is empty".to_owned(), |version| format!("schema is at {version}"));
    let reverts = report.steps.first().map_or(report.command == "down", |step| step.direction == Direction::Down);
    let verb = if reverts { "reverted" } else { "applied" };
    // The health checks follow a run whose migrations have succeeded.
    let outcome = if report.health.is_some() { Outcome::Success } else { report.outcome };
    let decision = report.policy.as_ref().map_or(Decision::Migrate, |policy| policy.decision);
    let text = match (outcome, report.steps.len()) {
        _ if report.command == "health" => return None,
        (Outcome::Success, 0) if decision == Decision::Leave => return None,
        (Outcome::Success, 0) if decision == Decision::Look => match report.pending {
            0 => format!("nothing is pending; {schema}"),
            pending => format!("{} pending; {schema}; apply with migrascope up", words::are(pending, "migration")),
        },
        (Outcome::Success, 0) if matches!(report.command, "repair" | "baseline") => {
            format!("{}, {schema}", applied(report))
        }
        (Outcome::Success, 0) if report.command == "wait" => {
            let pending = match report.pending {
                0 => "nothing is pending".to_owned(),
                pending => format!("{} pending", words::are(pending, "migration")),
            };
            format!("{schema}, {pending}; waited {time}")
        }
        (Outcome::Success, 0) => format!("nothing to do: {}, {schema}", applied(report)),
        (Outcome::Success, _) => format!("{} {verb} in {time}; {schema}", counted(done, "migration")),
        (_, 0) => return None,
        (_, _) => format!("stopped after {time} with {} {verb}; {schema}", counted(done, "migration")),
    };
    let trace = report.trace_id.as_ref().map(|trace| format!("; trace {trace}")).unwrap_or_default();
    Some(text + &trace)
}

fn applied(report: &Report) -> String {
    let applied = format!("{} applied", counted(report.applied, "migration"));
    match (report.command, report.pending) {
        ("up" | "exec", pending @ 1..) => format!("{applied}, {pending} left pending"),
        _ => applied,
    }
}

fn result(report: &StepReport) -> String {
    if let Some(failure) = &report.failure {
        let outcome = match failure.remains {
            PartialEffect::Nothing => "rolled back",
            PartialEffect::HalfWay { .. } => "half-way",
            PartialEffect::Unknown => "in doubt",
        };
        let place = match failure.statement {
            Some(number) => format!("statement {number} of {}", report.total),
            None if report.statements.is_empty() => "before a statement was sent".to_owned(),
            None => "between two statements".to_owned(),
        };
        return format!("{BAD}{outcome}{BAD:#}: {place}");
    }
    let rows = report.statements.iter().map(|statement| statement.rows).sum();
    let statements = counted(report.statements.len(), "statement");
    let reverted = if report.direction == Direction::Down { ", reverted" } else { "" };
    match rows {
        0 => format!("{statements}{reverted}"),
        rows => format!("{statements}, {}{reverted}", words::rows(rows)),
    }
}

fn shared_reason(steps: &[Step<'_>]) -> Option<String> {
    let [Step { atomic: Atomic::No { why }, .. }, others @ ..] = steps else {
        return None;
    };
    let all = others.iter().all(|step| matches!(&step.atomic, Atomic::No { why: other } if other == why));
    (all && !others.is_empty()).then(|| why.clone())
}
