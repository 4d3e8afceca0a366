//! Foreign keys that are not enforced during a transaction are checked before its commit.

use crate::database::{DatabaseError, ErrorKind, Orphans, Query, orphans};
use crate::plan::Step;
use crate::report::Stage;
use crate::run::engine::Engine;
use crate::run::watch::{News, Watch};

/// The error code of SQLite for a violated foreign key: `SQLITE_CONSTRAINT_FOREIGNKEY`.
const VIOLATED: &str = "787";

impl Engine<'_> {
    pub(super) async fn enforce_foreign_keys(&mut self, on: bool) -> Result<(), DatabaseError> {
        match self.session.sql().enforce_foreign_keys(on) {
            Some(sql) => self.session.query(Query::Own(sql)).await.map(drop),
            None => Ok(()),
        }
    }

    /// The rows that violate foreign keys before the step's first statement; empty if foreign keys are enforced during the step.
    pub(super) async fn orphans_before(&mut self, step: &Step<'_>) -> Result<Vec<Orphans>, DatabaseError> {
        if step.foreign_keys == Some(false) { self.orphans().await } else { Ok(Vec::new()) }
    }

    /// Checks foreign keys that were not enforced during the step.
    ///
    /// # Errors
    /// If more rows violate them than in `before`.
    pub(super) async fn check_foreign_keys(
        &mut self,
        step: &Step<'_>,
        before: &[Orphans],
    ) -> Result<(), DatabaseError> {
        if step.foreign_keys != Some(false) {
            return Ok(());
        }
        let after = self.orphans().await?;
        let rows = |orphans: &[Orphans]| orphans.iter().map(|orphans| orphans.rows).sum::<u64>();
        if rows(&after) <= rows(before) {
            return Ok(());
        }
        let more: Vec<String> =
            after.iter().filter(|orphans| orphans.rows > rows_of(before, orphans)).map(describe).collect();
        let message = format!("FOREIGN KEY constraint failed: {}", more.join("; "));
        let code = Some(VIOLATED.to_owned());
        Err(DatabaseError { code, ..DatabaseError::new(ErrorKind::Other, message) }.at(Stage::Commit))
    }

    /// Searches for rows that violate foreign keys. A request to stop cancels the search.
    async fn orphans(&mut self) -> Result<Vec<Orphans>, DatabaseError> {
        let process = self.session.server_info().process;
        let stop = self.job.stop;
        let mut watch = Watch::over(self.monitor, process);
        let search = orphans(&mut **self.session);
        tokio::pin!(search);
        tokio::select! {
            biased;
            found = &mut search => return found,
            () = stop.requested() => watch.cancel(),
        }
        loop {
            tokio::select! {
                biased;
                found = &mut search => return found,
                news = watch.next() => if let News::Lost(error) = news { return Err(error) },
            }
        }
    }
}

fn rows_of(known: &[Orphans], same: &Orphans) -> u64 {
    let found = known.iter().find(|orphans| orphans.table == same.table && orphans.parent == same.parent);
    found.map_or(0, |orphans| orphans.rows)
}

fn describe(orphans: &Orphans) -> String {
    let Orphans { table, parent, rows, first } = orphans;
    let (rows, refer) = if *rows == 1 { ("1 row".to_owned(), "refers") } else { (format!("{rows} rows"), "refer") };
    let first = first.as_ref().map(|first| format!(", the first with {first}")).unwrap_or_default();
    format!("{rows} of {table} {refer} to rows of {parent} that do not exist{first}")
}
