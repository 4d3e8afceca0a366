//! The status for people: a table and a sentence.

use std::time::Duration;

use comfy_table::{Table, presets};
use migrascope::{State, Status};

use super::style::BOLD;
use crate::cli::explain::one_line;
use crate::cli::output::Output;
use crate::cli::words::{self, counted};

/// Writes the status.
pub(crate) fn show(out: &mut Output, status: &Status) {
    out.line(format_args!("{BOLD}{}{BOLD:#}", one_line(&words::database(&status.identity))));
    if !status.rows.is_empty() {
        for line in table(status).lines() {
            out.line(line.trim_end());
        }
    }
    out.line(sentence(status));
}

/// How the schema stands, in one line.
pub(crate) fn sentence(status: &Status) -> String {
    let count = |state: State| status.rows.iter().filter(|row| row.state == state).count();
    let mut parts = vec![format!("{} applied", counted(status.schema.applied, "migration"))];
    parts.push(format!("{} pending", status.schema.pending));
    for state in [State::Failed, State::Unfinished, State::Changed, State::Missing, State::OutOfOrder] {
        let number = count(state);
        if number > 0 {
            parts.push(format!("{number} {}", state.words()));
        }
    }
    let schema = status.schema.version.as_ref().map_or("is empty".to_owned(), |version| format!("is at {version}"));
    format!("{}; schema {schema}", parts.join(", "))
}

fn table(status: &Status) -> String {
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
    table.to_string()
}
