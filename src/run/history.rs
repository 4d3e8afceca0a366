//! Ledger and journal, read as one history.

use super::Options;
use crate::database::Session;
use crate::error::Error;
use crate::history::History;
use crate::journal;
use crate::ledger::{self, Depth, Found, Ledger, bare_name};

/// Reads what the plan is made from.
///
/// # Errors
/// [`Error::Refused`] where another schema has a history of this name, and this one has none.
pub(super) async fn read_history(
    session: &mut dyn Session,
    ledger: &dyn Ledger,
    options: &Options,
    depth: Depth,
) -> Result<History, Error> {
    let own = |source| Error::Own { what: "cannot read the history of migrations", source: Box::new(source) };
    let applied = ledger.read(session, depth).await.map_err(own)?;
    let unsettled = journal::unsettled(session, &options.journal_table).await.map_err(own)?;
    let found = Found {
        ledger: applied.is_some(),
        applied: applied.as_ref().is_some_and(|applied| !applied.is_empty()),
        journal: unsettled.is_some(),
    };
    let names = (options.ledger_table.as_str(), options.journal_table.as_str());
    if let Some(objection) = ledger::astray(session, names, found).await.map_err(own)? {
        return Err(Error::Refused(vec![objection]));
    }
    let recorded = applied.is_some();
    let applied = applied.unwrap_or_default();
    let foreign_tables = if applied.is_empty() {
        let ours = [bare_name(&options.ledger_table), bare_name(&options.journal_table)];
        session.foreign_tables(&ours).await.map_err(own)?
    } else {
        0
    };
    Ok(History { applied, unsettled: unsettled.unwrap_or_default(), running: None, recorded, foreign_tables })
}
