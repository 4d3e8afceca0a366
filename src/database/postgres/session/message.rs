//! Builds the messages of a session: which statements are sent together.

use super::PostgresSession;
use crate::database::postgres::error::translate;
use crate::database::postgres::faults;
use crate::database::postgres::pinned::PIN_OWN;
use crate::database::postgres::text::{byte, settings};
use crate::database::postgres::wire::Answer;
use crate::database::{Access, DatabaseError, Limits, Row, Sharing, silence};
use crate::report::Stage;

/// The runner's own queries must not wait without limit for locks that other sessions hold on its tables.
const OWN_LIMITS: Limits = Limits { lock_timeout: Some(silence::LOCKED), statement_timeout: None };

impl PostgresSession {
    /// The statements that begin the transaction around a query of the runner, if it needs one of its own.
    pub(super) fn around(&self) -> Option<Vec<String>> {
        match self.access {
            Access::Read | Access::Watch => Some(vec!["BEGIN READ ONLY".to_owned()]),
            // For a single connection, it is unknown whether a pooler shares its session.
            Access::Check if !self.reading => {
                Some([vec!["BEGIN".to_owned()], settings("SET LOCAL", &self.limits, false)].concat())
            }
            Access::Check | Access::Write => None,
        }
    }

    /// SQL of the runner, with the guard of its tables inserted between the role that it takes and what it writes.
    pub(super) fn guarded(&self, sql: &str) -> String {
        let roles = format!("{};", self.sql.authority.restore().join(";"));
        let (roles, rest) = sql.strip_prefix(&roles).map_or(("", sql), |rest| (roles.as_str(), rest));
        let writes = ["INSERT ", "UPDATE ", "DELETE "].iter().any(|verb| rest.starts_with(verb));
        match self.guard(rest).filter(|_| writes) {
            Some(guard) => format!("{roles}{};{guard};{rest}", settings("SET LOCAL", &OWN_LIMITS, false).join(";")),
            None => sql.to_owned(),
        }
    }

    /// The guard in front of SQL that writes some of the runner's tables.
    pub(super) fn guard(&self, sql: &str) -> Option<String> {
        let (tables, refusal) = self.guarded.as_ref()?;
        let named: Vec<&str> = tables.iter().map(String::as_str).filter(|table| sql.contains(*table)).collect();
        (!named.is_empty()).then(|| refusal.clone().unwrap_or_else(|| faults::guard(&named)))
    }

    /// Runs a query of the runner after these statements, in one transaction, with a limit on waiting for locks.
    pub(super) async fn query_behind(&mut self, ahead: Vec<String>, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        let limit = settings("SET LOCAL", &OWN_LIMITS, false);
        match self.around() {
            Some(begin) => self.wire.query_in(&[begin, vec![PIN_OWN.to_owned()], limit, ahead].concat(), sql).await,
            None => self.wire.query(&format!("{};{sql}", [limit, ahead].concat().join(";"))).await,
        }
    }

    /// The limits of a transaction without limits of its own.
    pub(super) fn usual_limits(&self) -> Option<Limits> {
        (self.sharing != Some(Sharing::Own)).then_some(self.limits)
    }

    /// Sends pending statements, then `sql`, then `behind`; the error's stage shows which part failed.
    pub(super) async fn message(&mut self, sql: Option<&str>, behind: &[&str]) -> Result<Vec<Answer>, DatabaseError> {
        let ahead = std::mem::take(&mut self.ahead);
        let mut text = String::new();
        for statement in &ahead {
            text.push_str(statement);
            text.push(';');
        }
        let prefix = text.len();
        if let Some(sql) = sql {
            text.push_str(sql);
        }
        for statement in behind {
            // A statement may end in a line comment, which the newline ends.
            text.push_str("\n;");
            text.push_str(statement);
        }
        let (answers, error) = match sql {
            Some(_) => self.wire.send(text, Some(ahead.len())).await,
            None => self.wire.send_own(text).await.map_err(|error| error.at(Stage::Commit))?,
        };
        let Some(error) = error else {
            return Ok(answers);
        };
        let done = answers.len().saturating_sub(ahead.len());
        let stage = match (sql.is_some(), done) {
            (true, 0) => Stage::Statement,
            (own, done) if done + 1 >= behind.len() + usize::from(own) => Stage::Commit,
            _ => Stage::Record,
        };
        let mut error = faults::found(translate(&error, prefix).at(stage));
        // The server counts characters, and a position in the runner's own records is not a position in the file.
        let sql = sql.filter(|_| stage == Stage::Statement).unwrap_or_default();
        error.position = error.position.filter(|_| stage == Stage::Statement).map(|chars| byte(sql, chars));
        Err(error)
    }
}
