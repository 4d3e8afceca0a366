//! Finds the history tables that a database has.

use super::connect::cannot_connect;
use crate::database::{Access, Connector, Query};
use crate::error::Error;
use crate::ledger::{HistoryFormat, schema_and_table};
use crate::script::{QualifiedName, SchemaObject};

/// Those of these formats whose table, by its default name, exists where this connection would create it. None if the database does not exist yet.
///
/// # Errors
/// If the connection fails or a query is refused.
pub async fn present_histories(
    connector: &dyn Connector,
    formats: &[&'static HistoryFormat],
) -> Result<Vec<&'static HistoryFormat>, Error> {
    if connector.is_absent() {
        return Ok(Vec::new());
    }
    let mut session =
        connector.session(Access::Read, None).await.map_err(|source| cannot_connect(connector, source))?;
    let mut present = Vec::new();
    for format in formats {
        let (schema, name) = schema_and_table(session.sql(), format.table());
        let (schema, name) = (schema.map(str::to_owned), name.to_owned());
        let query = session.sql().existence(&SchemaObject::Relation(QualifiedName { schema, name }));
        let found = session.query(Query::InPath(&query)).await;
        let found = found.map_err(|source| Error::Own {
            what: "cannot look for the history tables of other tools",
            source: Box::new(source),
        });
        if !found?.is_empty() {
            present.push(*format);
        }
    }
    session.close().await;
    Ok(present)
}
