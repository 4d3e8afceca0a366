//! From an answer of the database to what a check says.

use std::time::Duration;

use crate::database::{DatabaseError, ErrorKind, Judge, Row};
use crate::report::{CheckStatus, Unit};

/// How many of the things found are named.
const NAMED: usize = 3;
/// The longest message, in characters: what an own check returns may be of any length.
const LONGEST: usize = 600;

/// What a check says, but for its name and time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finding {
    pub(super) status: CheckStatus,
    pub(super) value: Option<f64>,
    pub(super) threshold: Option<f64>,
    pub(super) unit: Option<Unit>,
    pub(super) message: String,
}

impl Finding {
    pub(super) fn new(status: CheckStatus, message: impl Into<String>) -> Self {
        Self { status, value: None, threshold: None, unit: None, message: shortened(message.into()) }
    }

    pub(super) fn ok(message: impl Into<String>) -> Self {
        Self::new(CheckStatus::Ok, message)
    }

    pub(super) fn skipped(message: impl Into<String>) -> Self {
        Self::new(CheckStatus::Skipped, message)
    }

    pub(super) fn measured(self, value: f64, threshold: Option<f64>, unit: Unit) -> Self {
        Self { value: Some(value), threshold, unit: Some(unit), ..self }
    }
}

/// What it means that the database refuses an answer; `late` is how a check ends that took too long.
pub(super) fn refused(error: &DatabaseError, late: CheckStatus) -> Finding {
    let said = match &error.code {
        Some(code) => format!("{} ({code})", error.message),
        None => error.message.clone(),
    };
    match error.kind {
        ErrorKind::Permission => Finding::skipped(format!("not permitted: {said}")),
        ErrorKind::Cancelled => Finding::new(late, format!("took too long: {said}")),
        // Somebody else writes: that is no illness.
        ErrorKind::LockTimeout => Finding::new(CheckStatus::Warn, format!("waited for a lock in vain: {said}")),
        _ => Finding::new(CheckStatus::Fail, said),
    }
}

/// What the rows of a probe mean.
pub(super) fn of(judge: Judge, rows: &[Row]) -> Finding {
    match judge {
        Judge::NoRows => no_rows(rows.len(), rows.iter().map(|row| text(row.iter().take(1)))),
        Judge::Share { warn, fail } => share(rows, warn, fail),
        Judge::Lag { name, seconds, none, warn, fail } => lag(rows, (name, seconds), none, warn, fail),
    }
}

/// Every row is a fault.
pub(super) fn no_rows(found: usize, names: impl Iterator<Item = String>) -> Finding {
    let finding = match found {
        0 => Finding::ok("none found"),
        _ => {
            let named: Vec<String> = names.take(NAMED).collect();
            let more = if found > NAMED { format!("; and {} more", found - NAMED) } else { String::new() };
            Finding::new(CheckStatus::Fail, format!("{found} found: {}", shortened(named.join("; "))) + &more)
        }
    };
    finding.measured(found as f64, Some(0.0), Unit::Count)
}

/// The columns of a row in one line.
pub(super) fn text<'r>(columns: impl Iterator<Item = &'r Option<String>>) -> String {
    columns.map(|column| column.as_deref().unwrap_or("NULL")).collect::<Vec<_>>().join(", ")
}

fn share(rows: &[Row], warn: f64, fail: f64) -> Finding {
    let numbers: Vec<f64> = rows.iter().flatten().filter_map(|text| text.as_ref()?.parse().ok()).collect();
    let &[used, available] = numbers.as_slice() else {
        return Finding::skipped("the server does not tell");
    };
    if available <= 0.0 {
        return Finding::skipped("the server has no limit");
    }
    let share = used / available;
    let (status, threshold) = against(share, warn, fail);
    Finding::new(status, format!("{used} of {available} used")).measured(share, Some(threshold), Unit::Ratio)
}

fn lag(rows: &[Row], (name, seconds): (usize, usize), none: &str, warn: Duration, fail: Duration) -> Finding {
    let (warn, fail) = (warn.as_secs_f64(), fail.as_secs_f64());
    let name_of = |row: &Row| row.get(name).cloned().flatten().unwrap_or_else(|| "a replica".to_owned());
    let behind = |row: &Row| row.get(seconds).and_then(|text| text.as_ref()?.parse::<f64>().ok());
    if let Some(stopped) = rows.iter().find(|row| behind(row).is_none()) {
        return Finding::new(CheckStatus::Fail, format!("replication has stopped: {}", name_of(stopped)));
    }
    let furthest = rows.iter().filter_map(|row| Some((behind(row)?, row))).max_by(|(a, _), (b, _)| a.total_cmp(b));
    let Some((lag, row)) = furthest else {
        return Finding::ok(none);
    };
    let (status, threshold) = against(lag, warn, fail);
    let message = format!("{} is {lag:.1} s behind", name_of(row));
    Finding::new(status, message).measured(lag, Some(threshold), Unit::Seconds)
}

/// How a value stands to its two thresholds, and the one that it has passed, or will pass next.
fn against(value: f64, warn: f64, fail: f64) -> (CheckStatus, f64) {
    match value {
        value if value >= fail => (CheckStatus::Fail, fail),
        value if value >= warn => (CheckStatus::Warn, warn),
        _ => (CheckStatus::Ok, warn),
    }
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::{CheckStatus, Judge, of};

    fn row(columns: &[Option<&str>]) -> Vec<Option<String>> {
        columns.iter().map(|column| column.map(str::to_owned)).collect()
    }

    #[test]
    fn a_share_is_judged_by_two_thresholds() {
        let judge = Judge::Share { warn: 0.8, fail: 0.95 };
        let table = [("79", CheckStatus::Ok, 0.8), ("80", CheckStatus::Warn, 0.8), ("95", CheckStatus::Fail, 0.95)];
        for (used, status, threshold) in table {
            let finding = of(judge, &[row(&[Some(used), Some("100")])]);
            assert_eq!((finding.status, finding.threshold), (status, Some(threshold)), "{used}");
        }
        assert_eq!(of(judge, &[row(&[None, Some("100")])]).status, CheckStatus::Skipped);
    }

    #[test]
    fn the_replica_that_is_furthest_behind_counts_and_one_that_has_stopped_fails() {
        let judge = Judge::Lag {
            name: 0,
            seconds: 1,
            none: "no replicas",
            warn: std::time::Duration::from_secs(10),
            fail: std::time::Duration::from_secs(60),
        };
        let near = row(&[Some("near"), Some("0.2")]);
        let far = row(&[Some("far"), Some("61.5")]);
        let stopped = row(&[Some("north"), None]);
        assert_eq!(of(judge, &[]).message, "no replicas");
        assert_eq!(of(judge, std::slice::from_ref(&near)).status, CheckStatus::Ok);
        let finding = of(judge, &[near.clone(), far]);
        assert_eq!((finding.status, finding.message.as_str()), (CheckStatus::Fail, "far is 61.5 s behind"));
        let finding = of(judge, &[near, stopped]);
        assert_eq!((finding.status, finding.message.as_str()), (CheckStatus::Fail, "replication has stopped: north"));
    }

    #[test]
    fn rows_are_named_and_counted() {
        let rows: Vec<_> = ["a", "b", "c", "d", "e"].map(|name| row(&[Some(name)])).to_vec();
        let finding = of(Judge::NoRows, &rows);
        assert_eq!(finding.message, "5 found: a; b; c; and 2 more");
        assert_eq!((finding.value, finding.threshold), (Some(5.0), Some(0.0)));
    }
}
