//! Checks that the runner's tables are in the schema where they would be created. If the search path changes, a schema with the user's name
//! is created, or a table is moved, the runner would otherwise start a second history and apply everything again.

use super::name::{OwnTables, bare_name, schema_and_table};
use crate::database::{DatabaseError, Session, schemas_with};
use crate::plan::Objection;

/// Which of the runner's tables were found in the expected schema.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Found {
    /// Whether the ledger exists.
    pub(crate) ledger: bool,
    /// Whether the ledger has rows.
    pub(crate) applied: bool,
    /// Whether the journal exists.
    pub(crate) journal: bool,
}

/// Why no run may start here: another schema has a history with this name, and the user has not chosen this schema explicitly.
///
/// A name with a schema is an explicit choice, and so is a connection whose own settings name the schema: a database may have one history
/// for each tenant.
pub(crate) async fn astray(
    session: &mut dyn Session,
    OwnTables { ledger, journal }: OwnTables<'_>,
    found: Found,
) -> Result<Option<Objection>, DatabaseError> {
    if !found.ledger && !has_schema(ledger) {
        let schemas = schemas_with(session, ledger).await?;
        let (home, journal) = (session.sql().home().map(str::to_owned), bare_name(journal).to_owned());
        return Ok((!schemas.is_empty()).then(|| Objection::LedgerElsewhere {
            ledger: ledger.to_owned(),
            journal,
            home,
            schemas,
        }));
    }
    let beside_its_ledger = has_schema(ledger) && schema_and_table(session.sql(), ledger).0 == session.sql().home();
    // Applied migrations must have left attempts in some journal, and one of these may be half-way.
    if found.applied && !found.journal && !has_schema(journal) && !beside_its_ledger {
        let schemas = schemas_with(session, journal).await?;
        let home = session.sql().home().map(str::to_owned);
        return Ok((!schemas.is_empty()).then(|| Objection::JournalElsewhere {
            journal: journal.to_owned(),
            home,
            schemas,
        }));
    }
    Ok(None)
}

fn has_schema(name: &str) -> bool {
    name.contains('.')
}
