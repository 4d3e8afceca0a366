//! One poll of a database: files, history and journal, read again on a new connection.

use std::time::Duration;

use migrascope::database::ServerInfo;
use migrascope::journal::Counters;
use migrascope::plan::Target;
use migrascope::{Error, Status};

use crate::cli::command::prepare;
use crate::cli::escape::one_line;
use crate::cli::explain::chain;
use crate::cli::settings::Settings;
use crate::cli::words;

/// The limit of a poll: below the 10 s that a connection may take, so that the same limit always comes first.
pub(super) const POLL_TIMEOUT: Duration = Duration::from_secs(9);

/// Why a poll failed.
#[derive(Debug)]
pub(super) struct PollError {
    /// The database's code, or a word of a closed set.
    pub(super) class: String,
    /// One line that names what failed.
    pub(super) message: String,
    /// Whether the database answered.
    pub(super) answer: Answer,
    /// The database as its URL describes it; `None` where the URL cannot be used.
    pub(super) expected: Option<ServerInfo>,
}

/// Whether the database answered a poll that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// It did not.
    No,
    /// It did, with an error.
    Yes,
    /// No connection was tried.
    Unknown,
}

/// Reads status and totals once.
///
/// # Errors
/// When the files or the database cannot be read within [`POLL_TIMEOUT`].
pub(super) async fn poll(settings: &Settings) -> Result<(Status, Counters), PollError> {
    let expected = prepare::expected(settings).ok();
    let failed = |class: &str, message: String, answer| PollError {
        class: class.to_owned(),
        message: one_line(&message),
        answer,
        expected: expected.clone(),
    };
    let migrator = prepare::migrator(settings, Target::Latest, prepare::application())
        .map_err(|stopped| failed(&stopped.error.kind, stopped.error.message, Answer::Unknown))?;
    match tokio::time::timeout(POLL_TIMEOUT, migrator.look()).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => {
            let answer = match &error {
                // A SQLite file that a writer keeps locked for a while is there.
                Error::Connect { source, .. } if source.retry_reason().is_none() => Answer::No,
                _ => Answer::Yes,
            };
            Err(failed(error.kind(), chain(&error), answer))
        }
        Err(_) => Err(failed("timeout", format!("no answer within {}", words::duration(POLL_TIMEOUT)), Answer::No)),
    }
}
