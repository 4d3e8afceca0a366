//! Asks the server whether a transaction is open.

use super::wire::Wire;
use crate::database::DatabaseError;

/// `no_active_sql_transaction`.
const NO_TRANSACTION: &str = "25P01";

/// `in_failed_sql_transaction`.
const FAILED_TRANSACTION: &str = "25P02";

/// Whether a transaction is open: sets a savepoint, which fails outside of a transaction block. It takes no snapshot, so that
/// `SET TRANSACTION ISOLATION LEVEL` may still follow.
pub(super) async fn is_open(wire: &mut Wire) -> Result<bool, DatabaseError> {
    match wire.plain("SAVEPOINT migrascope_is_a_transaction_open").await {
        Ok(_) => wire.plain("RELEASE SAVEPOINT migrascope_is_a_transaction_open").await.map(|_| true),
        Err(error) => match error.code.as_deref() {
            Some(NO_TRANSACTION) => Ok(false),
            Some(FAILED_TRANSACTION) => Ok(true),
            _ => Err(error),
        },
    }
}
