//! Records the result of `health` in the journal, where every reader of the journal sees the newest one.

use std::time::Duration;

use super::context::CheckContext;
use crate::database::{Access, Query, Session};
use crate::event::{Event, Observer};
use crate::journal::{self, Journal, JournalCounters};
use crate::ledger;
use crate::report::HealthReport;

/// How long recording may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Records the result unless the journal has the same one already, so that checks every few seconds do not fill it, and emits the journal's
/// totals where they are wanted. `None` where there is no journal, or none that this user may write.
pub(super) async fn record(
    context: CheckContext<'_>,
    report: &HealthReport,
    observer: &mut dyn Observer,
) -> Option<()> {
    let mut session = context.connector.session(Access::Write, context.home).await.ok()?;
    let recorded = record_on(context, &mut *session, report, observer).await;
    session.close().await;
    recorded
}

async fn record_on(
    CheckContext { tables, journal_counters, run, command, .. }: CheckContext<'_>,
    session: &mut dyn Session,
    report: &HealthReport,
    observer: &mut dyn Observer,
) -> Option<()> {
    if session.server_info().read_only.is_some() {
        return None;
    }
    if ledger::untrusted(session, tables).await.ok()?.is_some() {
        return None;
    }
    let mut totals = journal::read_counters(session, tables.journal).await.ok()??;
    if totals.checks != journal::results(report) {
        let rows = Journal::new(tables.journal, run, command).checks(session.sql(), report)?;
        session.query(Query::Own(&rows)).await.ok()?;
        totals = journal::read_counters(session, tables.journal).await.ok()??;
    }
    if journal_counters == JournalCounters::Read {
        observer.observe(&Event::JournalRead { counters: &totals });
    }
    Some(())
}
