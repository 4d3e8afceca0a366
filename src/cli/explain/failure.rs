//! A migration that failed: the place in its file, what remains of it, what to do next.

use std::path::Path;

use migrascope::Error;
use migrascope::file;
use migrascope::history::Direction;
use migrascope::report::{Failure, Loss, PartialEffect, Stage};

use super::advice::Advice;
use super::diagnosis::{Diagnosis, Excerpt};
use super::failure_context::FailureContext;
use super::settlement::settlement;
use crate::cli::words::{self, counted};

pub(super) fn failed(error: &Error, failure: &Failure, context: FailureContext<'_>) -> Diagnosis {
    let mut diagnosis = Diagnosis::error(error.to_string()).at(excerpt(failure));
    diagnosis.add_notes(cause(failure, context));
    diagnosis.add_notes(failure.detail.iter().map(|detail| format!("detail: {detail}")));
    diagnosis.add_notes(failure.hint.iter().map(|hint| format!("hint: {hint}")));
    let blocker = failure.blocker.as_ref().map(words::blocker).filter(|known| !known.is_empty());
    diagnosis.add_notes(blocker.map(|known| format!("blocked by: {known}")));
    diagnosis.add_notes(retries(context));
    diagnosis.add_notes(effects(failure, context));
    diagnosis.add_help(advice(failure));
    diagnosis.add_help(no_transaction_advice(failure));
    diagnosis.add_help(next(failure, context));
    diagnosis
}

pub(super) fn interrupted(failure: Option<&Failure>, context: FailureContext<'_>) -> Diagnosis {
    let Some(failure) = failure else {
        return match context.report {
            Some(report) if report.command == "wait" => Diagnosis::error("interrupted while waiting"),
            Some(report) if report.health.is_some() || report.command == "health" => {
                super::health::interrupted(context)
            }
            _ => Diagnosis::error("interrupted between two migrations").help("run again to continue"),
        };
    };
    let last = context.report.and_then(|report| report.steps.last());
    let name = last.map(|step| format!("migration {} ({})", step.version, step.name));
    let outcome = match failure.remains {
        PartialEffect::Nothing => "was rolled back",
        PartialEffect::HalfWay { .. } => "is left half-way",
        PartialEffect::Unknown => "may have been applied",
    };
    let message = format!("interrupted: {} {outcome}", name.as_deref().unwrap_or("the migration that was running"));
    let mut diagnosis = Diagnosis::error(message).at(excerpt(failure));
    diagnosis.add_notes(effects(failure, context));
    match failure.remains {
        PartialEffect::Nothing => diagnosis.help("run again to continue"),
        _ => {
            diagnosis.add_help(next(failure, context));
            diagnosis
        }
    }
}

/// The place in the file as it is on disk now, without its text when the file has changed since it was read.
pub(super) fn excerpt(failure: &Failure) -> Excerpt {
    let path = failure.path.display().to_string();
    let message = words::coded(&failure.message, failure.code.as_deref());
    let text = text_of(&failure.path);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    if failure.stage == Stage::Statement && text.is_char_boundary(failure.offset) && failure.offset <= text.len() {
        return Excerpt::word(path, text, failure.offset, message);
    }
    Excerpt::line(path, failure.line, failure.column, message)
}

/// The file as it is on disk now; empty where it cannot be read.
fn text_of(path: &Path) -> String {
    file::read(path).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

/// The statement that failed, and the database's message where no line can show it.
fn cause(failure: &Failure, context: FailureContext<'_>) -> Vec<String> {
    let total = total(failure, context);
    let message = || words::coded(&failure.message, failure.code.as_deref());
    match failure.stage {
        Stage::Before => vec![format!("before this statement was sent: {}", message())],
        Stage::Statement => {
            let number = failure.statement.unwrap_or_default();
            vec![format!("statement {number} of {total}: {}", failure.summary)]
        }
        Stage::Record => vec![format!("while recording it: {}", message())],
        Stage::Commit => vec![format!("at the commit, after {}: {}", counted(total as usize, "statement"), message())],
    }
}

/// The number of retries before this failure.
fn retries(context: FailureContext<'_>) -> Option<String> {
    let retries = context.report?.steps.last()?.retries;
    (retries > 0).then(|| format!("retried {} before this", counted(retries as usize, "time")))
}

/// The statements that took effect, that may have, and that did not.
fn effects(failure: &Failure, context: FailureContext<'_>) -> Vec<String> {
    let PartialEffect::HalfWay { done, next_unknown } = failure.remains else {
        return Vec::new();
    };
    let (total, next) = (total(failure, context), done + 1);
    let mut notes = Vec::new();
    if done > 0 {
        notes.push(format!("{} of {total} took effect", range(1, done)));
    }
    if next <= total {
        notes.push(match (&failure.invalid_index, next_unknown) {
            (Some(index), _) => format!(
                "statement {next} left the invalid index {index}, which slows down every write; --resume drops it first"
            ),
            (None, true) => format!("it is not known whether statement {next} took effect"),
            (None, false) => match failure.statement {
                Some(number) if number < next => format!(
                    "statement {next} did not run, because the session setting of statement {number} could not be restored"
                ),
                Some(_) => format!("statement {next} had no effect"),
                None => format!("statement {next} did not run"),
            },
        });
    }
    if next < total {
        notes.push(format!("{} did not run", range(next + 1, total)));
    }
    notes
}

fn range(first: u32, last: u32) -> String {
    if first == last { format!("statement {first}") } else { format!("statements {first} to {last}") }
}

fn total(failure: &Failure, context: FailureContext<'_>) -> u32 {
    let last = context.report.and_then(|report| report.steps.last());
    last.map_or(failure.statement.unwrap_or_default(), |step| step.total)
}

/// Advice for errors whose cause is not in the file.
fn advice(failure: &Failure) -> Option<&'static str> {
    match failure.lost {
        Some(Loss::Connection) => {
            return Some(
                "the connection was lost: check whether the server restarted or closed it, and the network in between",
            );
        }
        Some(Loss::Lock) => {
            return Some(
                "the lock was lost, so another runner may have started: check what ended the lock's session, and whether another run is in progress",
            );
        }
        None => {}
    }
    match failure.code.as_deref()? {
        "55P03" | "1205" | "5" => Some(
            "another session held a lock for too long: end it, wait for a quieter time, or raise --lock-timeout or --retries",
        ),
        "57014" | "3024" | "1969" => Some(
            "the statement timed out or was cancelled: raise --statement-timeout, or set it for this file with a directive",
        ),
        "40P01" | "40001" | "1213" => Some("the cause was a conflict with another session"),
        "53100" | "1021" | "13" => Some("the disk is full: free space on the server"),
        _ => None,
    }
}

/// Advice for a statement that needs `no-transaction` in its file.
fn no_transaction_advice(failure: &Failure) -> Option<&'static str> {
    let text = text_of(&failure.path);
    match failure.code.as_deref()? {
        _ if text.contains("no-transaction") => None,
        "55P04" => Some(
            "put -- migrascope: no-transaction at the top of the file, so that the new value is committed before it is used; or use it in the next migration",
        ),
        "2D000" => Some(
            "put -- migrascope: no-transaction at the top of the file, so that COMMIT and ROLLBACK in a block or a procedure work",
        ),
        _ => None,
    }
}

fn next(failure: &Failure, context: FailureContext<'_>) -> Vec<Advice> {
    let Some(report) = context.report else {
        return Vec::new();
    };
    let version = report.steps.last().map_or("it", |step| step.version.as_str());
    let fix = |file| if advice(failure).is_some() { String::new() } else { format!("fix the {file} and ") };
    match (failure.remains, context.direction) {
        (PartialEffect::Nothing, Direction::Up) => {
            let (applied, fix) = (words::are(report.applied, "migration"), fix("file"));
            vec![format!("{applied} applied and nothing of {version} remains; {fix}run again").into()]
        }
        (PartialEffect::Nothing, Direction::Down) => {
            vec![format!("{version} is applied as before; {}run again", fix("down file")).into()]
        }
        (PartialEffect::HalfWay { .. }, direction) => settlement(direction, version),
        (PartialEffect::Unknown, _) => {
            vec!["run migrascope status: it is applied and recorded, or neither; then run again".into()]
        }
    }
}
