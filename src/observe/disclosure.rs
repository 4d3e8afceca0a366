//! What of an error may leave the process: never a piece of SQL, never a value.
//!
//! Nothing is looked for in a message, because its content is not known: SQL words messages of its own, with every code, and
//! servers quote what they complain about in ways of their own. What leaves is only what is known to hold neither: the class of a code
//! in our words, names from fields of their own, and what we have worded ourselves.

use std::borrow::Cow;

use crate::database::{DatabaseError, ErrorKind};
use crate::error::{Error, HookFault};

/// What may be said of a database's error beside its code; `None` where nothing is known of it.
pub(super) fn disclose(error: &DatabaseError) -> Option<&str> {
    error.disclosable.as_deref().or(word(error.kind))
}

/// A run's error without words of the database, of files and of settings.
pub(super) fn disclose_run(error: &Error) -> Cow<'static, str> {
    match error {
        Error::Url(_) => "the database URL cannot be used".into(),
        Error::Layout(_) => "the migration files cannot be used".into(),
        Error::Pooled { .. } => "a pooler lends a session for one transaction at a time".into(),
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

/// What errors of this kind have in common, also where no code says so.
fn word(kind: ErrorKind) -> Option<&'static str> {
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
        ErrorKind::Pooled => "a pooler is in the way",
        ErrorKind::InTransaction => "refused inside a transaction",
        ErrorKind::Other => return None,
    })
}
