//! The sums of the journal's rows by group: of rows that are not folded, and of the totals that contain folded ones.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::bounds::{CHECK_BOUNDS, DURATION_BOUNDS, WAIT_BOUNDS};
use super::values::number;
use super::{CHECK, EXECUTING, MIGRATION, REPAIR, RETRY, RUN, TOTAL};
use crate::database::{DatabaseError, ErrorKind, Query, Row, Session, Sql};
use crate::history::Direction;
use crate::ledger::rows_if_table;

/// The word for the group of lock waits, which are columns in the rows of runs.
pub(super) const LOCK: &str = "lock";

/// Rows that are not folded: no total contains them yet. A table of the first form has no such column, and none of its rows are folded.
const LIVE: &str = "folded IS NULL";

/// What the rows of one group have in common.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Group {
    /// The rows' kind, or [`LOCK`].
    pub(super) what: String,
    /// The name of a health check.
    pub(super) name: Option<String>,
    /// `up` or `down`.
    pub(super) way: Option<String>,
    /// The outcome, or the reason for a retry.
    pub(super) outcome: Option<String>,
    /// The index of the bucket of their durations; `None` if they have no duration.
    pub(super) bucket: Option<usize>,
}

/// The sums of the rows of a group.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Sum {
    pub(super) count: u64,
    /// The sum of their durations, in milliseconds.
    pub(super) milliseconds: f64,
    /// How often acquiring the lock was retried.
    pub(super) retries: u64,
    /// When the first one began, in UTC as RFC 3339.
    pub(super) first: Option<String>,
    /// When the last one ended, in UTC as RFC 3339.
    pub(super) last: Option<String>,
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.milliseconds += other.milliseconds;
        self.retries += other.retries;
        self.first = self.first.take().into_iter().chain(other.first).min();
        self.last = self.last.take().max(other.last);
    }
}

/// Runs a query for rows that are not folded; `write` receives the condition that selects them. `None` without a table.
pub(super) async fn live(
    session: &mut dyn Session,
    table: &str,
    write: impl Fn(&dyn Sql, &str) -> String,
) -> Result<Option<Vec<Row>>, DatabaseError> {
    let present = write(session.sql(), LIVE);
    match rows_if_table(session, table, &present).await {
        Err(error) if error.kind == ErrorKind::Invalid => {
            let first_form = write(session.sql(), "1 = 1");
            rows_if_table(session, table, &first_form).await
        }
        found => found,
    }
}

/// The sums of everything that has ended, folded or not; `None` without a journal.
pub(super) async fn everything(
    session: &mut dyn Session,
    table: &str,
) -> Result<Option<BTreeMap<Group, Sum>>, DatabaseError> {
    let rows = live(session, table, |sql, live| {
        format!("{} UNION ALL {}", groups(sql, table, live), totals(sql, table, live))
    });
    Ok(rows.await?.map(add_up))
}

/// The totals so far, plus the rows that match this condition.
pub(super) async fn with(
    session: &mut dyn Session,
    table: &str,
    rows: &str,
) -> Result<BTreeMap<Group, Sum>, DatabaseError> {
    let sql = format!("{} UNION ALL {}", groups(session.sql(), table, rows), totals(session.sql(), table, LIVE));
    session.query(Query::Own(&sql)).await.map(add_up)
}

fn add_up(rows: Vec<Row>) -> BTreeMap<Group, Sum> {
    let mut sums = BTreeMap::<Group, Sum>::new();
    for row in rows {
        let mut columns = row.into_iter();
        let mut next = || columns.next().flatten();
        let group = Group {
            what: next().unwrap_or_default(),
            name: next(),
            way: next(),
            outcome: next(),
            bucket: next().and_then(|text| text.parse().ok()),
        };
        let sum = Sum {
            count: number(next()),
            milliseconds: number(next()),
            retries: number(next()),
            first: next(),
            last: next(),
        };
        sums.entry(group).or_default().add(sum);
    }
    sums
}

/// SQL for groups and their sums, with the columns in the order of [`Group`] and [`Sum`].
fn groups(sql: &dyn Sql, table: &str, rows: &str) -> String {
    let first = sql.timestamp_text("min(started_at)");
    let last = sql.timestamp_text("max(coalesce(finished_at, started_at))");
    let (down, up) = (Direction::Down.word(), Direction::Up.word());
    let ended = format!(
        "SELECT kind, NULL, CASE WHEN direction = '{down}' THEN direction ELSE '{up}' END, outcome, {bucket}, count(*), \
         sum(elapsed_ms), 0, {first}, {last} FROM {table} \
         WHERE {rows} AND kind IN ('{RUN}', '{MIGRATION}') AND outcome <> '{EXECUTING}' GROUP BY 1, 3, 4, 5",
        bucket = bucket("elapsed_ms", DURATION_BOUNDS),
    );
    let waits = format!(
        "SELECT '{LOCK}', NULL, NULL, NULL, {bucket}, count(*), sum(lock_ms), sum(lock_retries), NULL, NULL FROM {table} \
         WHERE {rows} AND kind = '{RUN}' AND lock_ms IS NOT NULL GROUP BY 5",
        bucket = bucket("lock_ms", WAIT_BOUNDS),
    );
    let retries = format!(
        "SELECT kind, NULL, NULL, outcome, NULL, count(*), NULL, 0, NULL, NULL FROM {table} \
         WHERE {rows} AND kind = '{RETRY}' GROUP BY 1, 4"
    );
    let checks = format!(
        "SELECT kind, name, NULL, NULL, {bucket}, count(*), sum(elapsed_ms), 0, NULL, NULL FROM {table} \
         WHERE {rows} AND kind = '{CHECK}' GROUP BY 1, 2, 5",
        bucket = bucket("elapsed_ms", CHECK_BOUNDS),
    );
    let repairs = format!(
        "SELECT kind, NULL, NULL, NULL, NULL, count(*), NULL, 0, NULL, NULL FROM {table} \
         WHERE {rows} AND kind = '{REPAIR}' GROUP BY 1"
    );
    [ended, waits, retries, checks, repairs].join(" UNION ALL ")
}

/// The same for the totals of rows that were folded earlier.
fn totals(sql: &dyn Sql, table: &str, rows: &str) -> String {
    format!(
        "SELECT version, name, nullif(direction, ''), nullif(outcome, ''), CASE WHEN statements_done >= 0 THEN statements_done END, rows_other, \
         elapsed_ms, lock_retries, {first}, {last} FROM {table} WHERE {rows} AND kind = '{TOTAL}'",
        first = sql.timestamp_text("started_at"),
        last = sql.timestamp_text("finished_at"),
    )
}

/// SQL for the index of the bucket that a column of milliseconds falls into; NULL if the column is NULL.
fn bucket(column: &str, bounds: &[f64]) -> String {
    let mut sql = format!("CASE WHEN {column} IS NULL THEN NULL");
    for (index, bound) in bounds.iter().enumerate() {
        let _ = write!(sql, " WHEN {column} <= {} THEN {index}", bound * 1000.0);
    }
    let _ = write!(sql, " ELSE {} END", bounds.len());
    sql
}

#[cfg(test)]
mod tests {
    use super::{DURATION_BOUNDS, bucket};

    #[test]
    fn buckets_are_counted_in_milliseconds() {
        let sql = bucket("ms", &DURATION_BOUNDS[..2]);
        assert_eq!(sql, "CASE WHEN ms IS NULL THEN NULL WHEN ms <= 10 THEN 0 WHEN ms <= 50 THEN 1 ELSE 2 END");
    }
}
