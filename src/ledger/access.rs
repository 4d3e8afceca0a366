//! What the server does not let us do with our own tables, and what would let us.

use super::{qualified, schema_and_table};
use crate::database::{DatabaseError, ErrorKind, Session};
use crate::error::Error;
use crate::plan::Objection;

/// What reading the history needs.
pub(crate) const READ: &str = "SELECT";
/// What a run needs where the tables exist.
pub(crate) const WRITE: &str = "SELECT, INSERT, UPDATE, DELETE";

/// The error for a refusal by the server: rows that it would hide are refused by name, and a missing right is named by the SQL that
/// grants it.
pub(crate) async fn denied(
    session: &mut dyn Session,
    tables: [&str; 2],
    (what, rights): (&'static str, &str),
    mut source: DatabaseError,
) -> Error {
    if source.kind == ErrorKind::Permission {
        for table in tables {
            let (schema, name) = schema_and_table(session, table);
            let (schema, name) = (schema.map(str::to_owned), name.to_owned());
            if session.hides_rows(schema.as_deref(), &name).await.unwrap_or(false) {
                let user = session.identity().user.clone().unwrap_or_default();
                return Error::Refused(vec![Objection::RowsHidden { table: qualified(session, table), user }]);
            }
        }
        let names = tables.map(|table| qualified(session, table));
        let schema = schema_and_table(session, tables[0]).0;
        source.hint = source.hint.or_else(|| session.grant(rights, schema, &names));
    }
    Error::Own { what, source: Box::new(source) }
}
