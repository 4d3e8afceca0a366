//! The text of a notification: one paragraph for people, in the formats of Grafana and Slack.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use migrascope::history::Direction;
use migrascope::report::{Outcome, StepReport};
use serde_json::{Value, json};

use super::run_summary::RunSummary;
use crate::cli::escape;
use crate::cli::json;
use crate::cli::outcome::CommandReport;
use crate::cli::words::{self, counted};

/// The number of migrations that are named; more are counted.
const NAMED: usize = 10;

/// The longest name of a migration, in characters.
const LONGEST_NAME: usize = 60;

/// The longest message of a failure, in characters.
const LONGEST_MESSAGE: usize = 600;

/// Grafana's limit of a tag, in characters.
const LONGEST_TAG: usize = 100;

/// The body of `POST /api/annotations`: a time range with tags and a text.
pub(super) fn annotation(run: &RunSummary, report: &CommandReport<'_>) -> String {
    let outcome = run.done.as_ref().map_or(Outcome::Error, |done| done.outcome);
    let environment = run.environment.as_deref().unwrap_or_default();
    let tags = ["migrascope", &run.target, report.command, outcome.word(), environment];
    let tags = tags.into_iter().filter(|tag| !tag.is_empty()).map(|tag| cut(tag, LONGEST_TAG));
    json!({
        "time": milliseconds(run.began),
        "timeEnd": milliseconds(run.ended),
        "tags": tags.collect::<Vec<_>>(),
        "text": paragraph(run, report),
    })
    .to_string()
}

/// The body for a webhook: a text in Slack's format, and the report of `--format json`.
pub(super) fn webhook(run: &RunSummary, report: &CommandReport<'_>) -> String {
    let text = Value::String(paragraph(run, report));
    format!("{{\"text\":{text},\"report\":{}}}", json::report(report))
}

/// One line of plain text. Grafana renders HTML and Slack its own markup; both decode entities.
fn paragraph(run: &RunSummary, report: &CommandReport<'_>) -> String {
    let sentences = [Some(headline(run, report)), steps(run), history(run), failure(run, report), ids(run)];
    let text = escape::plain(&sentences.into_iter().flatten().collect::<Vec<_>>().join(" "));
    without_markup(&text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Replaces characters that chats read as markup, links or mentions by similar ones, since chats have no common way to escape them.
fn without_markup(text: &str) -> String {
    let inside_word = |at: usize| {
        let (before, after) = (text[..at].chars().next_back(), text[at + 1..].chars().next());
        before.is_some_and(char::is_alphanumeric) && after.is_some_and(char::is_alphanumeric)
    };
    let mut plain = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        match character {
            '*' => plain.push('∗'),
            '~' => plain.push('∼'),
            '`' => plain.push('‘'),
            '[' => plain.push('［'),
            ']' => plain.push('］'),
            '_' if !inside_word(at) => plain.push('＿'),
            '@' => plain.push_str("@\u{2060}"),
            ':' if text[at..].starts_with("://") => plain.push_str(":\u{2060}"),
            other => plain.push(other),
        }
    }
    plain
}

fn headline(run: &RunSummary, report: &CommandReport<'_>) -> String {
    let outcome = run.done.as_ref().map_or(Outcome::Error, |done| done.outcome);
    let ended = match outcome {
        Outcome::Success => "succeeded",
        Outcome::Timeout => "gave up waiting",
        Outcome::Cancellation => "was interrupted",
        _ => "failed",
    };
    let place = run.environment.as_ref().map(|environment| format!(" in {environment}")).unwrap_or_default();
    let code = Some(report.exit_code).filter(|code| *code != 0).map(|code| format!(" with exit code {code}"));
    let code = code.unwrap_or_default();
    let elapsed = words::duration(run.done.as_ref().map_or(Duration::ZERO, |done| done.elapsed));
    format!("migrascope {} of {}{place} {ended}{code} after {elapsed}{}.", report.command, run.target, versions(run))
}

fn versions(run: &RunSummary) -> String {
    let Some(done) = &run.done else { return String::new() };
    match (done.from.as_deref(), done.to.as_deref()) {
        (None, None) => String::new(),
        (from, Some(to)) if from == Some(to) => format!(", version {to}"),
        (from, to) => format!(", version {} → {}", from.unwrap_or("none"), to.unwrap_or("none")),
    }
}

/// The migrations that were applied and reverted.
fn steps(run: &RunSummary) -> Option<String> {
    let done = run.done.as_ref()?;
    let sentences = [(Direction::Up, "Applied"), (Direction::Down, "Reverted")].map(|(direction, verb)| {
        let steps = done.steps.iter().filter(|step| step.direction == direction && step.outcome == Outcome::Success);
        let steps: Vec<&StepReport> = steps.collect();
        (!steps.is_empty()).then(|| format!("{verb} {}.", list(&steps)))
    });
    Some(sentences.into_iter().flatten().collect::<Vec<_>>().join(" ")).filter(|text| !text.is_empty())
}

fn list(steps: &[&StepReport]) -> String {
    let named = steps.iter().take(NAMED).map(|step| cut(&format!("{} {}", step.version, step.name), LONGEST_NAME));
    let named = named.collect::<Vec<_>>().join(", ");
    match steps.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{} (the first: {named})", counted(NAMED + more, "migration")),
    }
}

fn history(run: &RunSummary) -> Option<String> {
    run.change.as_ref().map(|change| format!("History was changed: {change}."))
}

/// The error, and the database's message where there is one.
fn failure(run: &RunSummary, report: &CommandReport<'_>) -> Option<String> {
    let message = &report.error.as_ref()?.message;
    let failed = run.done.as_ref().and_then(|done| done.steps.last()).and_then(|step| step.failure.as_ref());
    let cause = failed.map(|failure| words::coded(&failure.message, failure.code.as_deref()));
    let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
    Some(format!("Error: {}.", cut(&format!("{message}{cause}"), LONGEST_MESSAGE)))
}

fn ids(run: &RunSummary) -> Option<String> {
    let done = run.done.as_ref()?;
    let trace = done.trace_id.as_ref().map(|trace| format!(", trace {trace}")).unwrap_or_default();
    Some(format!("Run {}{trace}.", done.run_id))
}

/// One line of at most `longest` characters.
fn cut(text: &str, longest: usize) -> String {
    let line = escape::one_line(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    match line.char_indices().nth(longest) {
        Some(_) => line.chars().take(longest - 1).chain(['…']).collect(),
        None => line,
    }
}

fn milliseconds(moment: Option<SystemTime>) -> u64 {
    let since = moment.and_then(|moment| moment.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
