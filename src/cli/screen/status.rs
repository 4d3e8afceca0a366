//! The status for people: a table and a summary.

use std::time::Duration;

use comfy_table::{Table, presets};
use migrascope::report::Outcome;
use migrascope::{Failed, Progress, State, Status, StatusRow};

use super::style::BOLD;
use crate::cli::escape::one_line;
use crate::cli::output::Output;
use crate::cli::words::{self, counted};

/// Writes the status.
pub(crate) fn show(out: &mut Output, status: &Status) {
    out.styled(format_args!("{BOLD}{}{BOLD:#}", one_line(&words::database(&status.identity))));
    if !status.rows.is_empty() {
        let table = table(status).to_string();
        let details = status.rows.iter().map(details);
        // The first line is the header's.
        for (line, details) in table.lines().zip([Vec::new()].into_iter().chain(details)) {
            out.line(line.trim_end());
            details.iter().for_each(|detail| out.line(format_args!("    {detail}")));
        }
    }
    out.line(sentence(status));
}

/// The summary in one line.
pub(crate) fn sentence(status: &Status) -> String {
    let count = |state: State| status.rows.iter().filter(|row| row.state == state).count();
    let mut parts = vec![format!("{} applied", counted(status.schema.applied, "migration"))];
    parts.push(format!("{} pending", status.schema.pending));
    for state in [State::Running, State::Failed, State::Unfinished, State::Changed, State::Missing, State::OutOfOrder] {
        let number = count(state);
        if number > 0 {
            parts.push(format!("{number} {}", state.words()));
        }
    }
    let schema = status.schema.version.as_ref().map_or("is empty".to_owned(), |version| format!("is at {version}"));
    format!("{}; schema {schema}", parts.join(", "))
}

/// The progress of another run on a migration, and how its last attempt ended.
fn details(row: &StatusRow) -> Vec<String> {
    let running = row.progress.as_ref().map(running);
    // Migrations that left something behind are explained below the table.
    let is_explained = matches!(row.state, State::Failed | State::Unfinished);
    running.into_iter().chain(row.last_failure.as_ref().filter(|_| !is_explained).map(failed)).collect()
}

fn running(progress: &Progress) -> String {
    let Progress { run_id, certain, statement, statements, elapsed_ms, operator, host, pod, .. } = progress;
    let state = if *certain { "running" } else { "may still be running," };
    let place = match (statement, statements) {
        (Some(statement), Some(statements)) => format!("statement {statement} of {statements}"),
        _ => "in one transaction".to_owned(),
    };
    let origin = [("host", host), ("pod", pod), ("user", operator)];
    let origin = origin.into_iter().filter_map(|(what, value)| Some(format!(", {what} {}", value.as_ref()?)));
    let elapsed = words::so_far(Duration::from_millis(*elapsed_ms));
    one_line(&format!("{state} for {elapsed}, {place}, run {run_id}{}", origin.collect::<String>()))
}

fn failed(failed: &Failed) -> String {
    let Failed { outcome, run_id, ago_ms, error_code, error_text, file_changed, .. } = failed;
    let verb = if *outcome == Outcome::Cancellation { "interrupted" } else { "failed" };
    let error: Vec<&str> = error_code.iter().chain(error_text).map(String::as_str).collect();
    let changed = if *file_changed { "; the file was changed since" } else { "" };
    let ago = words::ago(Duration::from_millis(*ago_ms));
    let error = shortened(&one_line(&error.join(" ")));
    format!("{verb} {ago}: {error}, run {}{changed}", one_line(run_id))
}

/// The message of an error in one line of a table.
fn shortened(text: &str) -> String {
    const MOST: usize = 160;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn table(status: &Status) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["VERSION", "NAME", "STATE", "APPLIED AT", "TIME"]);
    for row in &status.rows {
        let time = row.elapsed_ms.map(|ms| match ms {
            0 => "0 ms".to_owned(),
            ms => words::duration(Duration::from_millis(ms)),
        });
        table.add_row([
            one_line(&row.version),
            one_line(&row.name),
            row.state.words().to_owned(),
            row.applied_at.clone().unwrap_or_default(),
            time.unwrap_or_default(),
        ]);
    }
    table
}
