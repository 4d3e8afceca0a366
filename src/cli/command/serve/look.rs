//! One look at one database: files, history and journal, read anew and on a new connection.

use std::time::Duration;

use migrascope::database::Identity;
use migrascope::journal::Totals;
use migrascope::plan::Target as Reach;
use migrascope::{Error, Status};

use crate::cli::command::ready;
use crate::cli::explain::{chain, one_line};
use crate::cli::settings::Settings;
use crate::cli::words;

/// How long a look may take: less than the 10 s that a connection may take, so that one of the two limits always comes first.
pub(super) const PATIENCE: Duration = Duration::from_secs(9);

/// Why a look came to nothing.
#[derive(Debug)]
pub(super) struct Failure {
    /// The database's code, or a word of a closed set.
    pub(super) class: String,
    /// A line that names the thing.
    pub(super) message: String,
    /// What that says of the database.
    pub(super) answer: Answer,
    /// The database that was meant, as far as it is known.
    pub(super) expected: Option<Identity>,
}

/// What a failed look says of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// It does not answer.
    No,
    /// It answers, but not what we ask.
    Yes,
    /// It was not asked.
    Unknown,
}

/// Looks once.
///
/// # Errors
/// With the class and the words, when the files or the database cannot be read in time.
pub(super) async fn look(settings: &Settings) -> Result<(Status, Totals), Failure> {
    let expected = ready::expected(settings).ok();
    let failed = |class: &str, message: String, answer| Failure {
        class: class.to_owned(),
        message: one_line(&message),
        answer,
        expected: expected.clone(),
    };
    let migrator = ready::migrator(settings, Reach::Latest, ready::reader())
        .map_err(|stopped| failed(&stopped.problem.kind, stopped.problem.message, Answer::Unknown))?;
    match tokio::time::timeout(PATIENCE, migrator.look()).await {
        Ok(Ok(seen)) => Ok(seen),
        Ok(Err(error)) => {
            let answer = match &error {
                // A file that a writer keeps locked for a while is there.
                Error::Connect { source, .. } if source.retry_reason().is_none() => Answer::No,
                _ => Answer::Yes,
            };
            Err(failed(error.kind(), chain(&error), answer))
        }
        Err(_) => Err(failed("timeout", format!("no answer within {}", words::duration(PATIENCE)), Answer::No)),
    }
}
