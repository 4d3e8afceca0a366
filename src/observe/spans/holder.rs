//! Other sessions in one line, without their SQL.

use crate::database::Holder;

/// The session that blocks a statement, with the start of its transaction.
pub(in crate::observe) fn describe_blocker(blocker: &Holder) -> String {
    let since = blocker.since.as_ref().map(|since| format!(", transaction since {since}")).unwrap_or_default();
    describe(blocker) + &since
}

/// The session that holds the lock.
pub(in crate::observe) fn describe(holder: &Holder) -> String {
    let process = holder.process.map(|process| format!("process {process}"));
    let user = holder.user.as_ref().map(|user| format!("user {user}"));
    let application = holder.application.as_ref().map(|name| format!("application {name}"));
    let client = holder.client.as_ref().map(|client| format!("client {client}"));
    [process, user, application, client].into_iter().flatten().collect::<Vec<_>>().join(", ")
}
