//! Folds rows that have ended: adds them up in rows of the kind `total`, marks them, and removes those that are older than the retention.
//!
//! Counters are computed from the totals and the rows that are not folded. So they never decrease, and their queries stay fast however many
//! rows there are.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::counted::{self, Group, Sum};
use super::record::Entry;
use super::values::{new_id, text};
use super::{CHECK, EXECUTING, Journal, MIGRATION, REPAIR, RETRY, RUN, TOTAL, last_run, word};
use crate::database::{DatabaseError, ErrorKind, Execute, Limits, Query, Row, Session, Sql, Transaction, Value};
use crate::report::Outcome;

/// Below this number of unfolded rows, adding them up takes no noticeable time.
const WORTHWHILE: u64 = 1000;

/// The maximum number of rows that one transaction folds, so that it stays short.
const BATCH: u64 = 100_000;

/// Rows that have just ended are not folded yet: another process may have read that this run is the last one.
const SETTLED_AFTER: Duration = Duration::from_secs(60);

/// The limits of these statements. Folding is optional: a later run can do it as well.
const LIMITS: Limits =
    Limits { lock_timeout: Some(Duration::from_secs(2)), statement_timeout: Some(Duration::from_secs(20)) };

impl Journal<'_> {
    /// Whether there are enough unfolded rows to be worth folding.
    pub(crate) async fn is_worth_folding(&self, session: &mut dyn Session) -> Result<bool, DatabaseError> {
        let sql = format!("SELECT count(*) FROM {} WHERE folded IS NULL", self.table(session.sql()));
        let rows = session.query(Query::Own(&sql)).await?;
        let count = rows.into_iter().next().and_then(|row| row.into_iter().next().flatten());
        Ok(count.and_then(|count| count.parse::<u64>().ok()).is_some_and(|count| count > WORTHWHILE))
    }

    /// Folds a batch of rows that have ended, and removes folded rows that are older than `retention`. Returns the number of rows that were
    /// folded. It needs no lock: if two processes do it at the same time, one gives up.
    ///
    /// # Errors
    /// When the database refuses; nothing has changed then.
    pub(crate) async fn fold(
        &self,
        session: &mut dyn Session,
        retention: Option<Duration>,
    ) -> Result<u64, DatabaseError> {
        let kept = self.kept(session).await?;
        session.begin(Transaction::Write(Some(&LIMITS))).await?;
        let folded = self.fold_in_transaction(session, &kept, retention).await;
        if folded.is_err() {
            let _ = session.rollback().await;
        }
        folded
    }

    /// Updates the planner's statistics of the journal, which otherwise assume that no row is folded. Only the table's owner may do this;
    /// without that privilege, the server does it later by itself.
    pub(crate) async fn analyze(&self, session: &mut dyn Session) {
        if let Some(sql) = session.sql().analyze(&self.table(session.sql())) {
            let _ = session.query(Query::Own(&sql)).await;
        }
    }

    async fn fold_in_transaction(
        &self,
        session: &mut dyn Session,
        kept: &[String],
        retention: Option<Duration>,
    ) -> Result<u64, DatabaseError> {
        let table = self.table(session.sql());
        let fold = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let these = format!("folded = {fold}");
        let over = self.over(session.sql(), kept);
        let bound = format!("SELECT id FROM {table} WHERE {over} ORDER BY coalesce(id, '') LIMIT 1 OFFSET {BATCH}");
        let bound = session
            .query(Query::Own(&bound))
            .await?
            .into_iter()
            .next()
            .and_then(|row| row.into_iter().next().flatten());
        let bound = bound.map(|id| format!(" AND id < {}", session.sql().literal(&text(&id)))).unwrap_or_default();
        let marked =
            session.execute(Execute::Own(&format!("UPDATE {table} SET {these} WHERE {over}{bound}"))).await?.rows;
        let mut records = Vec::new();
        if marked > 0 {
            // Read before the sums, so that totals which another process replaces meanwhile are detected.
            let before = session
                .query(Query::Own(&format!("SELECT id FROM {table} WHERE folded IS NULL AND kind = '{TOTAL}'")))
                .await?;
            let sums = counted::with(session, &table, &these).await?;
            self.remove_totals(session, &table, before).await?;
            let rows: Vec<_> = sums.iter().map(|(group, sum)| self.total(session.sql(), group, sum)).collect();
            records.push(self.insertion(session.sql(), &rows));
            // The row of a run that had nothing to do has no information beyond its count.
            let success = word(Outcome::Success);
            records.push(format!(
                "DELETE FROM {table} WHERE {these} AND kind = '{RUN}' AND outcome = '{success}' AND statements_total = 0"
            ));
        }
        if let Some(retention) = retention {
            let ago = u128::from(u64::try_from(retention.as_millis()).unwrap_or(u64::MAX));
            let long_ago = session.sql().literal(&Value::Ago(retention));
            records.push(format!("DELETE FROM {table} WHERE folded < {}", fold.saturating_sub(ago)));
            records.push(format!("DELETE FROM {table} WHERE {these} AND started_at < {long_ago}"));
        }
        session.conclude(None, &records).await?;
        Ok(marked)
    }

    /// Removes the totals that new ones replace.
    ///
    /// # Errors
    /// If it fails, or if another process has replaced them since they were read: its sums would be lost.
    async fn remove_totals(
        &self,
        session: &mut dyn Session,
        table: &str,
        before: Vec<Row>,
    ) -> Result<(), DatabaseError> {
        let ids: Vec<_> = before.into_iter().flatten().flatten().map(|id| session.sql().literal(&text(&id))).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let removed =
            session.execute(Execute::Own(&format!("DELETE FROM {table} WHERE id IN ({})", ids.join(", ")))).await?;
        match removed.rows == ids.len() as u64 {
            true => Ok(()),
            false => Err(DatabaseError::new(ErrorKind::Serialization, "another process is folding the journal")),
        }
    }

    /// The condition for rows that have ended and are no longer read individually.
    fn over(&self, sql: &dyn Sql, kept: &[String]) -> String {
        let kept: Vec<_> = kept.iter().map(|id| sql.literal(&text(id))).collect();
        let kept = match kept.is_empty() {
            true => String::new(),
            false => format!(" AND run_id NOT IN ({0}) AND id NOT IN ({0})", kept.join(", ")),
        };
        format!(
            "folded IS NULL AND kind IN ('{RUN}', '{MIGRATION}', '{RETRY}', '{CHECK}', '{REPAIR}') AND outcome <> '{EXECUTING}' \
             AND NOT half_way AND coalesce(finished_at, started_at) < {settled}{kept}",
            settled = sql.literal(&Value::Ago(SETTLED_AFTER)),
        )
    }

    /// The ids of runs and rows that are still read individually: those that are executing, the last run, the last health checks, and the
    /// last attempt at each migration if it failed.
    async fn kept(&self, session: &mut dyn Session) -> Result<Vec<String>, DatabaseError> {
        let table = self.table(session.sql());
        let mut kept = vec![self.context.run_id.clone()];
        kept.extend(super::executing(session, self.name).await?.into_iter().map(|one| one.run_id));
        kept.extend(last_run::last_run(session, &table).await?.map(|last| last.run_id));
        let checks = format!(
            "SELECT run_id FROM {table} WHERE folded IS NULL AND kind = '{CHECK}' ORDER BY started_at DESC, id DESC LIMIT 1"
        );
        for row in session.query(Query::Own(&checks)).await? {
            kept.extend(row.into_iter().flatten());
        }
        kept.extend(super::last_failures(session, self.name).await?.into_iter().map(|failure| failure.id));
        Ok(kept)
    }

    /// The row with the totals of a group.
    fn total(&self, sql: &dyn Sql, group: &Group, sum: &Sum) -> Vec<(&'static str, Value)> {
        let moment = |at: &Option<String>| at.clone().map_or(Value::Now, Value::Moment);
        let whole = |number: u64| Value::Int(number.try_into().unwrap_or(i64::MAX));
        let bucket = group.bucket.and_then(|bucket| i64::try_from(bucket).ok()).unwrap_or(-1);
        let mut columns = self.columns(sql, &Entry::of(TOTAL, &new_id()));
        for (name, value) in &mut columns {
            *value = match *name {
                "version" => text(&group.what),
                "name" => Value::text_or_null(group.name.clone()),
                "direction" => text(group.way.as_deref().unwrap_or_default()),
                "outcome" => text(group.outcome.as_deref().unwrap_or_default()),
                "statements_done" => Value::Int(bucket),
                "elapsed_ms" => Value::Milliseconds(Duration::from_secs_f64((sum.milliseconds / 1000.0).max(0.0))),
                "started_at" => moment(&sum.first),
                "finished_at" => moment(&sum.last),
                _ => continue,
            };
        }
        columns.push(("lock_retries", whole(sum.retries)));
        columns.push(("rows_other", whole(sum.count)));
        columns
    }
}
