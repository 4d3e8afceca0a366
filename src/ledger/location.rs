//! Whether our tables are where they would be made. A search path that moves, a schema that gets the user's name, a table that is moved
//! would begin a second history beside the first, and apply everything again.

use super::name::{OwnTables, bare_name, schema_and_table};
use crate::database::{DatabaseError, Session, schemas_with};
use crate::plan::Objection;

/// What was found of our tables where they belong.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Found {
    /// Whether the ledger is there.
    pub(crate) ledger: bool,
    /// Whether it has rows.
    pub(crate) applied: bool,
    /// Whether the journal is there.
    pub(crate) journal: bool,
}

/// Why nothing may begin here: a history of this name lies in another schema, and the user has not chosen this one.
///
/// A name with a schema is a choice, and so is a connection whose own settings name the schema: a database may have a history for
/// each of its tenants.
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
    // Migrations that are applied have left their attempts somewhere, and one of these may be half-way.
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
