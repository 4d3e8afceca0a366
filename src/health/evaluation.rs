//! Turns the rows or the error of a check into its result.

use super::prior::{Fault, Prior};
use super::threshold::Limits;
use crate::database::{DatabaseError, ErrorKind, Evaluation, ReplicaColumns, Row};
use crate::report::{CheckStatus, Unit};

/// How many faults a message names.
const NAMED: usize = 3;
/// The longest message, in characters: a custom check may return rows of any length.
const LONGEST: usize = 600;

/// How a check ended, without its name and time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CheckResult {
    pub(super) status: CheckStatus,
    pub(super) value: Option<f64>,
    pub(super) threshold: Option<f64>,
    pub(super) unit: Option<Unit>,
    pub(super) message: String,
    /// Each fault found, also below the threshold.
    pub(super) faults: Vec<Fault>,
}

impl CheckResult {
    pub(super) fn new(status: CheckStatus, message: impl Into<String>) -> Self {
        let message = shortened(message.into());
        Self { status, value: None, threshold: None, unit: None, message, faults: Vec::new() }
    }

    pub(super) fn ok(message: impl Into<String>) -> Self {
        Self::new(CheckStatus::Ok, message)
    }

    pub(super) fn skipped(message: impl Into<String>) -> Self {
        Self::new(CheckStatus::Skipped, message)
    }

    /// With a number that has no threshold.
    pub(super) fn counted(self, value: f64) -> Self {
        Self { value: Some(value), unit: Some(Unit::Count), ..self }
    }

    /// A duration in seconds, compared with the thresholds.
    pub(super) fn timed(message: impl Into<String>, seconds: f64, limits: Limits) -> Self {
        Self::measured(message, seconds, Unit::Seconds, limits)
    }

    fn measured(message: impl Into<String>, value: f64, unit: Unit, limits: Limits) -> Self {
        let (status, threshold) = limits.evaluate(value);
        Self { value: Some(value), threshold, unit: Some(unit), ..Self::new(status, message) }
    }

    /// With its only fault: a number above the threshold, or a refusal.
    fn fault(self, text: impl Into<String>) -> Self {
        Self { faults: vec![Fault { text: text.into(), identity: None }], ..self }
    }

    /// Lowers a failure to a warning if every fault was there before the run: a run fails for what it has made worse.
    fn compared(mut self, prior: &Prior) -> Self {
        match (self.status, prior) {
            (CheckStatus::Fail | CheckStatus::Warn, Prior::Known(before)) => {
                if self.faults.is_empty() || !super::prior::fresh(&self.faults, before).is_empty() {
                    return self;
                }
                self.status = CheckStatus::Warn;
                self.message.push_str("; it was so before this run");
            }
            (CheckStatus::Fail, Prior::Unknown(why)) => {
                self.message.push_str(&format!("; whether it was so before this run is not known: {why}"));
            }
            _ => {}
        }
        self
    }
}

pub(super) fn said(error: &DatabaseError) -> String {
    match &error.code {
        Some(code) => format!("{} ({code})", error.message),
        None => error.message.clone(),
    }
}

/// The result of a check whose query failed; `late` is the status if it took too long.
pub(super) fn refused(error: &DatabaseError, late: CheckStatus, prior: &Prior) -> CheckResult {
    let said = said(error);
    match error.kind {
        ErrorKind::Permission => CheckResult::skipped(format!("not permitted: {said}")),
        ErrorKind::Cancelled => {
            CheckResult::new(late, format!("took too long: {said}")).fault("took too long").compared(prior)
        }
        // Another session is writing, which is not a fault.
        ErrorKind::LockTimeout => CheckResult::new(CheckStatus::Warn, format!("could not get a lock in time: {said}")),
        // A lost connection says nothing about the state of the database.
        ErrorKind::Lost => CheckResult::new(CheckStatus::Fail, said),
        _ => CheckResult::new(CheckStatus::Fail, said.as_str()).fault(said).compared(prior),
    }
}

/// The result of a built-in check from its rows.
pub(super) fn of(evaluation: Evaluation, rows: &[Row], limits: Limits, prior: &Prior) -> CheckResult {
    match evaluation {
        Evaluation::Faults => {
            let fault = |row: &Row| Fault { text: text(row.iter().take(1)), identity: row.get(1).cloned().flatten() };
            faults(rows.iter().map(fault).collect(), limits, prior)
        }
        Evaluation::Share => share(rows, limits, prior),
        Evaluation::Lag(columns) => lag(rows, columns, limits, prior),
    }
}

/// Every row is a fault.
pub(super) fn faults(faults: Vec<Fault>, limits: Limits, prior: &Prior) -> CheckResult {
    let found = faults.len();
    let (status, threshold) = limits.evaluate(found as f64);
    let list = |which: &[&Fault]| {
        let named: Vec<&str> = which.iter().take(NAMED).map(|fault| fault.text.as_str()).collect();
        let more = if which.len() > NAMED { format!("; and {} more", which.len() - NAMED) } else { String::new() };
        shortened(named.join("; ")) + &more
    };
    let all: Vec<&Fault> = faults.iter().collect();
    let fresh = match prior {
        Prior::Known(before) => super::prior::fresh(&faults, before),
        Prior::NotChecked | Prior::Unknown(_) => all.clone(),
    };
    let message = match (found, fresh.len()) {
        (0, _) => "none found".to_owned(),
        (found, new) if new == 0 || new == found => format!("{found} found: {}", list(&all)),
        (found, new) => format!("{found} found, {new} of them since this run began: {}", list(&fresh)),
    };
    let result = CheckResult {
        status,
        value: Some(found as f64),
        threshold,
        unit: Some(Unit::Count),
        message,
        faults: Vec::new(),
    };
    CheckResult { faults, ..result }.compared(prior)
}

/// The columns of a row in one line.
pub(super) fn text<'r>(columns: impl Iterator<Item = &'r Option<String>>) -> String {
    columns.map(|column| column.as_deref().unwrap_or("NULL")).collect::<Vec<_>>().join(", ")
}

fn share(rows: &[Row], limits: Limits, prior: &Prior) -> CheckResult {
    let numbers: Vec<f64> = rows.iter().flatten().filter_map(|text| text.as_ref()?.parse().ok()).collect();
    let &[used, available] = numbers.as_slice() else {
        return CheckResult::skipped("the server does not report it");
    };
    if available <= 0.0 {
        return CheckResult::skipped("the server has no limit");
    }
    let result = CheckResult::measured(format!("{used} of {available} used"), used / available, Unit::Ratio, limits);
    match result.status {
        CheckStatus::Fail => result.fault("too many").compared(prior),
        _ => result,
    }
}

/// The result of the worst replica: one that has stopped, or else the one with the largest lag; new faults come before old ones.
fn lag(rows: &[Row], columns: ReplicaColumns, limits: Limits, prior: &Prior) -> CheckResult {
    let ReplicaColumns { name, seconds, none } = columns;
    let each = rows.iter().map(|row| {
        let name = row.get(name).cloned().flatten().unwrap_or_else(|| "a replica".to_owned());
        match row.get(seconds).and_then(|text| text.as_ref()?.parse::<f64>().ok()) {
            None => CheckResult::new(CheckStatus::Fail, format!("replication has stopped: {name}"))
                .fault(format!("stopped {name}")),
            Some(behind) => {
                let result = CheckResult::timed(format!("{name} is {behind:.1} s behind"), behind, limits);
                if result.status == CheckStatus::Fail { result.fault(format!("behind {name}")) } else { result }
            }
        }
    });
    let mut each: Vec<CheckResult> = each.map(|result| result.compared(prior)).collect();
    let rank = |result: &CheckResult| {
        let severity = u8::from(result.status == CheckStatus::Fail) * 2 + u8::from(!result.faults.is_empty());
        (severity, result.value.unwrap_or(f64::INFINITY))
    };
    let all = each.iter().flat_map(|result| result.faults.clone()).collect();
    each.sort_by(|a, b| rank(a).0.cmp(&rank(b).0).then(rank(a).1.total_cmp(&rank(b).1)));
    match each.pop() {
        None => CheckResult::ok(none),
        Some(worst) => CheckResult { faults: all, ..worst },
    }
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests;
