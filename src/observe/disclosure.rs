//! What may be exported of an error: no SQL and no values.
//!
//! Messages are not filtered, because their content is unknown: SQL can raise any message with any code, and servers quote values in many
//! ways. Only text that contains neither is exported: the class of a code in our own words, names that have a field of their own, and our
//! own messages.

use std::borrow::Cow;

use crate::database::{DatabaseError, ErrorKind};
use crate::error::{Error, HookFault};

/// What may be exported of a database's error besides its code; `None` where nothing may.
pub(super) fn disclose(error: &DatabaseError) -> Option<&str> {
    error.disclosable.as_deref().or(kind_description(error.kind))
}

/// A run's error without text of the database, files and settings.
pub(super) fn disclose_run(error: &Error) -> Cow<'static, str> {
    match error {
        Error::Url(_) => "the database URL cannot be used".into(),
        Error::Layout(_) => "the migration files cannot be used".into(),
        Error::Pooled { .. } => "the pooler is in transaction mode".into(),
        Error::Hook { hook, fault: HookFault::LockLost(_), .. } => {
            format!("the hook {hook} was ended: the lock is lost").into()
        }
        Error::Hook { hook, fault: HookFault::NotStarted(_), .. } => {
            format!("the hook {hook} could not be started").into()
        }
        Error::Incomplete { .. }
        | Error::Connect { .. }
        | Error::ReadOnly { .. }
        | Error::Lock { .. }
        | Error::Awaited { .. }
        | Error::Refused(_)
        | Error::Migration { .. }
        | Error::Own { .. }
        | Error::Hook { .. }
        | Error::Unhealthy { .. }
        | Error::Abandoned { .. }
        | Error::Interrupted { .. } => error.to_string().into(),
    }
}

/// A description of the error's kind.
fn kind_description(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::Connect => "no connection",
        ErrorKind::Authentication => "authentication failure",
        ErrorKind::NoDatabase => "the database does not exist",
        ErrorKind::NoSchema => "the schema does not exist",
        ErrorKind::Unsupported => "the server is not supported",
        ErrorKind::Lost => "the connection was lost",
        ErrorKind::LockLost => "the lock was lost",
        ErrorKind::Syntax => "syntax error",
        ErrorKind::NoTable => "the table does not exist",
        ErrorKind::Invalid => "a name that does not exist, or exists already",
        ErrorKind::Permission => "insufficient privilege",
        ErrorKind::LockTimeout => "a lock was not available in time",
        ErrorKind::Cancelled => "cancelled, or ran too long",
        ErrorKind::Deadlock => "deadlock",
        ErrorKind::Serialization => "serialization failure",
        ErrorKind::ReadOnly => "the server or the transaction is read-only",
        ErrorKind::Pooled => "the pooler is in transaction mode",
        ErrorKind::InTransaction => "refused inside a transaction",
        ErrorKind::Other => return None,
    })
}
