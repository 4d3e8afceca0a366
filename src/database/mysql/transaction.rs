//! Whether a transaction is open, as the server says.

use super::wire::Wire;
use crate::database::DatabaseError;

/// A name that no script has for a savepoint of its own: a second one of the same name would replace the first.
const SAVEPOINT: &str = "migrascope_is_a_transaction_open";

/// `SAVEPOINT … does not exist`.
const NO_SAVEPOINT: &str = "1305";

/// The XA transaction of the session is in a state that refuses the command.
const XA_STATE: &str = "1399";

/// What the server says of the session's transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    /// Whether one is open.
    pub(super) open: bool,
    /// Whether a statement outside of a transaction commits by itself.
    pub(super) autocommit: bool,
}

/// Asks MariaDB, which has a variable for it. The question touches no table, so it neither begins nor ends anything, and a
/// `SET TRANSACTION` still waits for the next transaction.
pub(super) async fn ask_mariadb(wire: &mut Wire) -> Result<Standing, DatabaseError> {
    let rows = wire.query("SELECT CAST(@@in_transaction AS CHAR), CAST(@@autocommit AS CHAR)").await?;
    let mut row = rows.into_iter().next().unwrap_or_default().into_iter();
    let mut is_one = || row.next().flatten().as_deref() == Some("1");
    Ok(Standing { open: is_one(), autocommit: is_one() })
}

/// Asks MySQL, which has no such variable: outside of a transaction it forgets a savepoint at once. Without `autocommit` it
/// keeps one before the first statement, too, so that a transaction counts as open then.
pub(super) async fn ask_mysql(wire: &mut Wire) -> Result<Standing, DatabaseError> {
    let rows = wire.query("SELECT CAST(@@autocommit AS CHAR)").await?;
    let value = rows.into_iter().next().and_then(|row| row.into_iter().next().flatten());
    let autocommit = value.as_deref() == Some("1");
    let open = !autocommit || keeps_savepoint(wire).await?;
    Ok(Standing { open, autocommit })
}

async fn keeps_savepoint(wire: &mut Wire) -> Result<bool, DatabaseError> {
    let has_code = |error: &DatabaseError, code| error.code.as_deref() == Some(code);
    match wire.query(&format!("SAVEPOINT {SAVEPOINT}")).await {
        Err(error) if has_code(&error, XA_STATE) => return Ok(true),
        result => result?,
    };
    match wire.query(&format!("RELEASE SAVEPOINT {SAVEPOINT}")).await {
        Ok(_) => Ok(true),
        Err(error) if has_code(&error, NO_SAVEPOINT) => Ok(false),
        Err(error) => Err(error),
    }
}
