//! Asks the server whether a transaction is open.

use sqlx::Connection;

use super::error::translate;
use super::wire::Wire;
use crate::database::shelter::shelter;
use crate::database::{DatabaseError, TransactionState};

/// The session's XA transaction is in a state that does not allow the command.
const XA_STATE: &str = "1399";

/// Asks MariaDB, which has a variable for it. The query reads no table, so it neither begins nor ends a transaction, and a previous
/// `SET TRANSACTION` still applies to the next transaction.
pub(super) async fn ask_mariadb(wire: &mut Wire) -> Result<TransactionState, DatabaseError> {
    let rows = wire.query("SELECT CAST(@@in_transaction AS CHAR), CAST(@@autocommit AS CHAR)").await?;
    let mut row = rows.into_iter().next().unwrap_or_default().into_iter();
    let mut is_one = || row.next().flatten().as_deref() == Some("1");
    Ok(TransactionState { open: is_one(), autocommit: is_one() })
}

/// Asks MySQL, which has no such variable but a status flag in each response.
pub(super) async fn ask_mysql(wire: &mut Wire) -> Result<TransactionState, DatabaseError> {
    let rows = wire.query("SELECT CAST(@@autocommit AS CHAR)").await?;
    let value = rows.into_iter().next().and_then(|row| row.into_iter().next().flatten());
    Ok(TransactionState { open: answers_in_transaction(wire).await?, autocommit: value.as_deref() == Some("1") })
}

/// The driver does not expose the flag, except when it begins a transaction: it runs a statement, and returns an error if the flag is not set
/// afterwards. The statement here has no effect, or is a savepoint, where the driver counts a transaction as open already.
async fn answers_in_transaction(wire: &mut Wire) -> Result<bool, DatabaseError> {
    let connection = &mut wire.connection;
    let counted = connection.is_in_transaction();
    let begun = if counted { shelter(connection.begin()).await } else { shelter(connection.begin_with("DO 0")).await };
    match begun {
        Ok(transaction) if counted => {
            // Releases the savepoint.
            shelter(transaction.commit()).await.map(|()| true).map_err(|error| translate(&error, ""))
        }
        Ok(transaction) => {
            // The transaction belongs to the script. Dropping it here would make the driver roll it back.
            std::mem::forget(transaction);
            Ok(true)
        }
        Err(sqlx::Error::BeginFailed) => Ok(false),
        Err(error) => {
            let error = translate(&error, "");
            if error.code.as_deref() == Some(XA_STATE) { Ok(true) } else { Err(error) }
        }
    }
}
