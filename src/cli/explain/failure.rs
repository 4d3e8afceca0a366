//! A migration that failed: the place, what remains of it, what to do next.

use std::path::Path;

use migrascope::Error;
use migrascope::file;
use migrascope::history::Direction;
use migrascope::report::{Failure, Loss, Remains, Stage};

use super::advice::Advice;
use super::diagnosis::{Diagnosis, Excerpt};
use super::failure_context::FailureContext;
use super::settlement::settlement;
use crate::cli::words::{self, counted};

pub(super) fn failed(error: &Error, failure: &Failure, context: FailureContext<'_>) -> Diagnosis {
    let mut diagnosis = Diagnosis::error(error.to_string()).at(excerpt(failure));
    diagnosis.add_notes(story(failure, context));
    diagnosis.add_notes(failure.detail.iter().map(|detail| format!("detail: {detail}")));
    diagnosis.add_notes(failure.hint.iter().map(|hint| format!("hint: {hint}")));
    let blocker = failure.blocker.as_ref().map(words::blocker).filter(|known| !known.is_empty());
    diagnosis.add_notes(blocker.map(|known| format!("in its way: {known}")));
    diagnosis.add_notes(tried_again(context));
    diagnosis.add_notes(halves(failure, context));
    diagnosis.add_help(advice(failure));
    diagnosis.add_help(alone(failure));
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
            _ => Diagnosis::error("interrupted between two migrations").help("run again to go on"),
        };
    };
    let begun = context.report.and_then(|report| report.steps.last());
    let name = begun.map(|step| format!("migration {} ({})", step.version, step.name));
    let fate = match failure.remains {
        Remains::Nothing => "was rolled back",
        Remains::HalfWay { .. } => "is left half-way",
        Remains::Unknown => "may have been applied",
    };
    let message = format!("interrupted: {} {fate}", name.as_deref().unwrap_or("the migration that was running"));
    let mut diagnosis = Diagnosis::error(message).at(excerpt(failure));
    diagnosis.add_notes(halves(failure, context));
    match failure.remains {
        Remains::Nothing => diagnosis.help("run again to go on"),
        _ => {
            diagnosis.add_help(next(failure, context));
            diagnosis
        }
    }
}

/// The place in the file as it is on disk now; without its text when the file has changed under us.
pub(super) fn excerpt(failure: &Failure) -> Excerpt {
    let path = failure.path.display().to_string();
    let said = words::coded(&failure.message, failure.code.as_deref());
    let text = text_of(&failure.path);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    if failure.stage == Stage::Statement && text.is_char_boundary(failure.offset) && failure.offset <= text.len() {
        return Excerpt::word(path, text, failure.offset, said);
    }
    Excerpt::line(path, failure.line, failure.column, said)
}

/// The file as it is on disk now; empty where it cannot be read any more.
fn text_of(path: &Path) -> String {
    file::read(path).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

/// Which statement, and what was said where there is no line to say it under.
fn story(failure: &Failure, context: FailureContext<'_>) -> Vec<String> {
    let total = total(failure, context);
    let said = || words::coded(&failure.message, failure.code.as_deref());
    match failure.stage {
        Stage::Before => vec![format!("before the statement at this place was sent: {}", said())],
        Stage::Statement => {
            let number = failure.statement.unwrap_or_default();
            vec![format!("statement {number} of {total}: {}", failure.summary)]
        }
        Stage::Record => vec![format!("while recording it: {}", said())],
        Stage::Commit => vec![format!("at the commit, after {}: {}", counted(total as usize, "statement"), said())],
    }
}

/// How often a passing obstacle was met before.
fn tried_again(context: FailureContext<'_>) -> Option<String> {
    let retries = context.report?.steps.last()?.retries;
    (retries > 0).then(|| format!("tried again {} before this", counted(retries as usize, "time")))
}

/// Which statements took effect, which may have, which did not.
fn halves(failure: &Failure, context: FailureContext<'_>) -> Vec<String> {
    let Remains::HalfWay { done, next_unknown } = failure.remains else {
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
                "statement {next} has left the invalid index {index}, which every write pays for; --resume drops it first"
            ),
            (None, true) => format!("nobody can say whether statement {next} took effect"),
            (None, false) => match failure.statement {
                Some(number) if number < next => format!(
                    "statement {next} did not run, because what statement {number} sets for the session could not be set again"
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
    let begun = context.report.and_then(|report| report.steps.last());
    begun.map_or(failure.statement.unwrap_or_default(), |step| step.total)
}

/// Advice for errors whose cause is not in the file.
fn advice(failure: &Failure) -> Option<&'static str> {
    match failure.lost {
        Some(Loss::Connection) => {
            return Some(
                "the connection has ended: see whether the server was restarted or ended it, and what is between here and there",
            );
        }
        Some(Loss::Lock) => {
            return Some(
                "without the lock another runner may be at work: see who has ended its session, and whether another run is going on",
            );
        }
        None => {}
    }
    match failure.code.as_deref()? {
        "55P03" | "1205" | "5" => Some(
            "another session held a lock too long: end it, wait for a quieter time, or give --lock-timeout or --retries more",
        ),
        "57014" | "3024" | "1969" => Some(
            "the statement ran too long or was cancelled: --statement-timeout or a directive in the file gives it more time",
        ),
        "40P01" | "40001" | "1213" => Some("the cause was another session at work"),
        "53100" | "1021" | "13" => Some("the disk is full: make room on the server"),
        _ => None,
    }
}

/// Advice where a statement wants to go out alone and its file does not say so.
fn alone(failure: &Failure) -> Option<&'static str> {
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
        (Remains::Nothing, Direction::Up) => {
            let (applied, fix) = (words::are(report.applied, "migration"), fix("file"));
            vec![format!("{applied} applied and nothing of {version} remains; {fix}run again").into()]
        }
        (Remains::Nothing, Direction::Down) => {
            vec![format!("{version} is applied as before; {}run again", fix("down file")).into()]
        }
        (Remains::HalfWay { .. }, direction) => settlement(direction, version),
        (Remains::Unknown, _) => {
            vec!["run migrascope status: it is applied and recorded, or neither; then run again".into()]
        }
    }
}
