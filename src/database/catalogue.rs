//! Queries of the catalog that work on any server.

use super::failure::DatabaseError;
use super::query::Query;
use super::row::first_column;
use super::session::Session;
use super::sql::Reach;

/// The process number of the server session that answers; `None` if there can be no pooler that would use another one.
pub(crate) async fn process(session: &mut dyn Session) -> Result<Option<u64>, DatabaseError> {
    let Some(sql) = session.sql().process() else { return Ok(None) };
    let rows = session.query(Query::Own(sql)).await?;
    Ok(rows.first().and_then(|row| row.first()?.as_deref()?.parse().ok()))
}

/// Whether the lock of a ledger, which the lock's connection holds, excludes this session. A broken server could grant it to every session.
pub(crate) async fn is_locked_out(session: &mut dyn Session, ledger: &str) -> Result<bool, DatabaseError> {
    let Some(sql) = session.sql().lock_probe(ledger) else { return Ok(true) };
    let rows = session.query(Query::Own(&sql)).await?;
    Ok(rows.first().and_then(|row| row.first()?.as_deref()) != Some("granted"))
}

/// Whether the session with this process number, which the runner has lost, has ended; an idle one is terminated.
pub(crate) async fn has_ended(session: &mut dyn Session, process: u64) -> Result<bool, DatabaseError> {
    let Some(idle) = session.sql().idle_session(process) else { return Ok(true) };
    let Some(state) = session.query(Query::Own(&idle.state)).await?.pop() else { return Ok(true) };
    if state.first().is_some_and(|state| state.as_deref() == Some("idle")) {
        // It may have ended by itself meanwhile.
        let _ = session.query(Query::Own(&idle.end)).await;
    }
    Ok(false)
}

/// The schemas, other than that of the runner's own tables, that have a table with this name. Empty if the connection's own settings choose
/// the schema.
pub(crate) async fn schemas_with(session: &mut dyn Session, table: &str) -> Result<Vec<String>, DatabaseError> {
    let schemas = other_schemas_with(session, table).await?;
    Ok(if schemas.is_empty() || chose_home(session).await? { Vec::new() } else { schemas })
}

/// The tables that are not named `ours`; the first of `ours` is the ledger.
pub(crate) async fn unmanaged_tables(session: &mut dyn Session, ours: &[&str]) -> Result<Vec<String>, DatabaseError> {
    let ledger = ours.first().copied().unwrap_or_default();
    // The database has several histories, or the connection is for one schema: then other schemas do not count.
    let several = !other_schemas_with(session, ledger).await?.is_empty();
    let reach = if several || chose_home(session).await? { Reach::Home } else { Reach::Database };
    let sql = session.sql().unmanaged_tables(ours, reach);
    Ok(first_column(session.query(Query::Own(&sql)).await?))
}

/// Whether the server hides rows of this table from the current user.
pub(crate) async fn hides_rows(
    session: &mut dyn Session,
    schema: Option<&str>,
    table: &str,
) -> Result<bool, DatabaseError> {
    match session.sql().row_security(schema, table) {
        Some(sql) => Ok(!session.query(Query::Own(&sql)).await?.is_empty()),
        None => Ok(false),
    }
}

async fn other_schemas_with(session: &mut dyn Session, table: &str) -> Result<Vec<String>, DatabaseError> {
    match session.sql().other_schemas_with(table) {
        Some(sql) => Ok(first_column(session.query(Query::Own(&sql)).await?)),
        None => Ok(Vec::new()),
    }
}

async fn chose_home(session: &mut dyn Session) -> Result<bool, DatabaseError> {
    let Some(sql) = session.sql().search_path() else { return Ok(false) };
    let answer = session.query(Query::InPath(sql)).await?;
    Ok(session.sql().chose_home(&answer))
}
