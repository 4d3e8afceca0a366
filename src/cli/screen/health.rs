//! Health checks for people: after a run the problems and a summary, alone a table and a summary.

use comfy_table::{Table, presets};
use migrascope::report::{CheckReport, CheckStatus, HealthReport, Unit};

use super::style::{BAD, DIM, ODD};
use crate::cli::escape::one_line;
use crate::cli::words::{self, counted};

/// The line of a check with a warning or a failure; `None` for any other.
pub(super) fn line(check: &CheckReport) -> Option<String> {
    let (sign, style) = match check.status {
        CheckStatus::Fail => ('✗', BAD),
        CheckStatus::Warn => ('!', ODD),
        CheckStatus::Ok | CheckStatus::Skipped => return None,
    };
    let time = words::duration(check.elapsed);
    Some(format!(
        "{style}{sign}{style:#} health: {}: {}  {DIM}{time}{DIM:#}",
        one_line(&check.name),
        one_line(&check.message)
    ))
}

/// The summary in one line.
pub(super) fn sentence(report: &HealthReport) -> String {
    let count = |status| report.with(status).count();
    let made = counted(report.checks.len() - count(CheckStatus::Skipped), "check");
    let parts: Vec<String> =
        [(CheckStatus::Fail, "failed"), (CheckStatus::Warn, "with a warning"), (CheckStatus::Skipped, "skipped")]
            .into_iter()
            .filter(|(status, _)| count(*status) > 0)
            .map(|(status, word)| format!(", {} {word}", count(status)))
            .collect();
    let verdict = if report.is_healthy() { "healthy" } else { "unhealthy" };
    format!("{verdict}: {made} in {}{}", words::duration(report.elapsed), parts.concat())
}

/// Every check, one a line.
pub(super) fn table(report: &HealthReport) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["CHECK", "STATUS", "VALUE", "THRESHOLD", "TIME", "FOUND"]);
    for check in &report.checks {
        let time = words::duration(check.elapsed);
        table.add_row([
            one_line(&check.name),
            check.status.word().to_owned(),
            quantity(check.value, check.unit),
            quantity(check.threshold, check.unit),
            time,
            one_line(&check.message),
        ]);
    }
    table.to_string()
}

/// A number with its unit: `85 %`, `61.5 s`, `0.4 ms`, `3`.
fn quantity(value: Option<f64>, unit: Option<Unit>) -> String {
    value.map(|value| words::quantity(value, unit)).unwrap_or_default()
}
