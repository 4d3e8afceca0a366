//! From an answer of the database to what a check says.

use super::before::{Fault, Prior};
use super::threshold::Limits;
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
    /// Each thing that is wrong, also where it is not enough to fail.
    pub(super) faults: Vec<Fault>,
}

impl Finding {
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

    /// A number that has no part in how the check ends.
    pub(super) fn counted(self, value: f64) -> Self {
        Self { value: Some(value), unit: Some(Unit::Count), ..self }
    }

    /// Seconds, and whether they are too many.
    pub(super) fn timed(message: impl Into<String>, seconds: f64, limits: Limits) -> Self {
        Self::measured(message, seconds, Unit::Seconds, limits)
    }

    fn measured(message: impl Into<String>, value: f64, unit: Unit, limits: Limits) -> Self {
        let (status, threshold) = limits.judge(value);
        Self { value: Some(value), threshold, unit: Some(unit), ..Self::new(status, message) }
    }

    /// The one thing that is wrong with a check whose number or refusal is it.
    fn fault(self, text: impl Into<String>) -> Self {
        Self { faults: vec![Fault { text: text.into(), identity: None }], ..self }
    }

    /// A run fails for what it has made worse: what was wrong before it began is a warning.
    fn compared(mut self, prior: &Prior) -> Self {
        match (self.status, prior) {
            (CheckStatus::Fail | CheckStatus::Warn, Prior::Known(before)) => {
                if self.faults.is_empty() || !super::before::fresh(&self.faults, before).is_empty() {
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

/// What it means that the database refuses an answer; `late` is how a check ends that took too long.
pub(super) fn refused(error: &DatabaseError, late: CheckStatus, prior: &Prior) -> Finding {
    let said = match &error.code {
        Some(code) => format!("{} ({code})", error.message),
        None => error.message.clone(),
    };
    match error.kind {
        ErrorKind::Permission => Finding::skipped(format!("not permitted: {said}")),
        ErrorKind::Cancelled => {
            Finding::new(late, format!("took too long: {said}")).fault("took too long").compared(prior)
        }
        // Somebody else writes: that is no illness.
        ErrorKind::LockTimeout => Finding::new(CheckStatus::Warn, format!("could not get a lock in time: {said}")),
        // What is wrong with a connection is not the state of the database.
        ErrorKind::Lost => Finding::new(CheckStatus::Fail, said),
        _ => Finding::new(CheckStatus::Fail, said.as_str()).fault(said).compared(prior),
    }
}

/// What the rows of a probe mean.
pub(super) fn of(judge: Judge, rows: &[Row], limits: Limits, prior: &Prior) -> Finding {
    match judge {
        Judge::Faults => {
            let fault = |row: &Row| Fault { text: text(row.iter().take(1)), identity: row.get(1).cloned().flatten() };
            faults(rows.iter().map(fault).collect(), limits, prior)
        }
        Judge::Share => share(rows, limits, prior),
        Judge::Lag { name, seconds, none } => lag(rows, (name, seconds), none, limits, prior),
    }
}

/// Every row is a fault.
pub(super) fn faults(faults: Vec<Fault>, limits: Limits, prior: &Prior) -> Finding {
    let found = faults.len();
    let (status, threshold) = limits.judge(found as f64);
    let list = |which: &[&Fault]| {
        let named: Vec<&str> = which.iter().take(NAMED).map(|fault| fault.text.as_str()).collect();
        let more = if which.len() > NAMED { format!("; and {} more", which.len() - NAMED) } else { String::new() };
        shortened(named.join("; ")) + &more
    };
    let all: Vec<&Fault> = faults.iter().collect();
    let fresh = match prior {
        Prior::Known(before) => super::before::fresh(&faults, before),
        Prior::Unasked | Prior::Unknown(_) => all.clone(),
    };
    let message = match (found, fresh.len()) {
        (0, _) => "none found".to_owned(),
        (found, new) if new == 0 || new == found => format!("{found} found: {}", list(&all)),
        (found, new) => format!("{found} found, {new} of them since this run began: {}", list(&fresh)),
    };
    let finding =
        Finding { status, value: Some(found as f64), threshold, unit: Some(Unit::Count), message, faults: Vec::new() };
    Finding { faults, ..finding }.compared(prior)
}

/// The columns of a row in one line.
pub(super) fn text<'r>(columns: impl Iterator<Item = &'r Option<String>>) -> String {
    columns.map(|column| column.as_deref().unwrap_or("NULL")).collect::<Vec<_>>().join(", ")
}

fn share(rows: &[Row], limits: Limits, prior: &Prior) -> Finding {
    let numbers: Vec<f64> = rows.iter().flatten().filter_map(|text| text.as_ref()?.parse().ok()).collect();
    let &[used, available] = numbers.as_slice() else {
        return Finding::skipped("the server does not tell");
    };
    if available <= 0.0 {
        return Finding::skipped("the server has no limit");
    }
    let finding = Finding::measured(format!("{used} of {available} used"), used / available, Unit::Ratio, limits);
    match finding.status {
        CheckStatus::Fail => finding.fault("too many").compared(prior),
        _ => finding,
    }
}

/// The replica that has stopped, otherwise the one that is furthest behind; first of all one of which that was not so before.
fn lag(rows: &[Row], (name, seconds): (usize, usize), none: &str, limits: Limits, prior: &Prior) -> Finding {
    let each = rows.iter().map(|row| {
        let name = row.get(name).cloned().flatten().unwrap_or_else(|| "a replica".to_owned());
        match row.get(seconds).and_then(|text| text.as_ref()?.parse::<f64>().ok()) {
            None => Finding::new(CheckStatus::Fail, format!("replication has stopped: {name}"))
                .fault(format!("stopped {name}")),
            Some(behind) => {
                let finding = Finding::timed(format!("{name} is {behind:.1} s behind"), behind, limits);
                if finding.status == CheckStatus::Fail { finding.fault(format!("behind {name}")) } else { finding }
            }
        }
    });
    let mut each: Vec<Finding> = each.map(|finding| finding.compared(prior)).collect();
    let rank = |finding: &Finding| {
        let severity = u8::from(finding.status == CheckStatus::Fail) * 2 + u8::from(!finding.faults.is_empty());
        (severity, finding.value.unwrap_or(f64::INFINITY))
    };
    let all = each.iter().flat_map(|finding| finding.faults.clone()).collect();
    each.sort_by(|a, b| rank(a).0.cmp(&rank(b).0).then(rank(a).1.total_cmp(&rank(b).1)));
    match each.pop() {
        None => Finding::ok(none),
        Some(worst) => Finding { faults: all, ..worst },
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
