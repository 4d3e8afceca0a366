//! Access errors on the runner's own tables, and the privileges that would be required.

use super::name::{OwnTables, qualified, schema_and_table};
use crate::database::{DatabaseError, ErrorKind, Session, hides_rows};
use crate::error::Error;
use crate::plan::Objection;

/// The privileges for reading the history.
pub(crate) const READ: &str = "SELECT";
/// The privileges of a run, if the tables exist.
pub(crate) const WRITE: &str = "SELECT, INSERT, UPDATE, DELETE";

/// An error that the server returned for one of the runner's own tables.
pub(crate) struct Denied {
    /// What failed; a fragment.
    pub(crate) what: &'static str,
    /// The required privileges.
    pub(crate) rights: &'static str,
    pub(crate) source: DatabaseError,
}

impl Denied {
    /// The error to report. Rows that the server would hide are an objection; a missing privilege is reported with the SQL that grants it.
    pub(crate) async fn explained(self, session: &mut dyn Session, tables: OwnTables<'_>) -> Error {
        let Self { what, rights, mut source } = self;
        let tables = [tables.ledger, tables.journal];
        if source.kind == ErrorKind::Permission {
            for table in tables {
                let (schema, name) = schema_and_table(session.sql(), table);
                let (schema, name) = (schema.map(str::to_owned), name.to_owned());
                if hides_rows(session, schema.as_deref(), &name).await.unwrap_or(false) {
                    let user = session.server_info().user.clone().unwrap_or_default();
                    return Error::Refused(vec![Objection::RowsHidden {
                        table: qualified(session.sql(), table),
                        user,
                    }]);
                }
            }
            let names = tables.map(|table| qualified(session.sql(), table));
            let schema = schema_and_table(session.sql(), tables[0]).0;
            source.hint = source.hint.or_else(|| session.sql().grant(rights, schema, &names));
        }
        Error::Own { what, source: Box::new(source) }
    }
}
