//! The result of the checks alone, in the journal: the newest result is what every reader of the journal sees.

use std::time::Duration;

use super::Patient;
use crate::database::{Access, Session};
use crate::event::{Event, Observer};
use crate::journal::{self, Journal};
use crate::ledger;
use crate::report::HealthReport;
use crate::run::Figures;

/// How long recording may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Records what is not known already, so that checks that are made every few seconds do not fill the journal, and emits the journal's totals
/// where they are wanted. `None` where there is no journal of ours, or none that this user may write.
pub(super) async fn record(patient: Patient<'_>, report: &HealthReport, observer: &mut dyn Observer) -> Option<()> {
    let mut session = patient.connector.session(Access::Write).await.ok()?;
    let recorded = record_on(patient, &mut *session, report, observer).await;
    session.close().await;
    recorded
}

async fn record_on(
    Patient { options, context, .. }: Patient<'_>,
    session: &mut dyn Session,
    report: &HealthReport,
    observer: &mut dyn Observer,
) -> Option<()> {
    let names = (options.ledger_table.as_str(), options.journal_table.as_str());
    if session.identity().read_only.is_some() {
        return None;
    }
    if ledger::untrusted(session, names).await.ok()?.is_some() {
        return None;
    }
    let mut totals = journal::read_totals(session, &options.journal_table).await.ok()??;
    if totals.checks != journal::results(report) {
        let rows = Journal::new(&options.journal_table, context).checks(session, report)?;
        session.query(&rows).await.ok()?;
        totals = journal::read_totals(session, &options.journal_table).await.ok()??;
    }
    if options.figures == Figures::Read {
        observer.observe(&Event::JournalRead { totals: &totals });
    }
    Some(())
}
