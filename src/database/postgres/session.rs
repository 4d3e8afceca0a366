//! The session that runs migrations.

use std::time::Duration;

use async_trait::async_trait;

use super::authority::Authority;
use super::error::translate;
use super::sharing::{self, Sharing};
use super::text::{byte, literal, quoted, settings, text_literal};
use super::wire::{Answer, Wire};
use super::{existence, health, keeper, schemas, transaction};
use crate::database::row::number;
use crate::database::{
    Abilities, Access, DatabaseError, Done, ErrorKind, Holder, Identity, Limits, Orphans, Probe, Row, Session, Value,
};
use crate::migration::Dialect;
use crate::report::Stage;
use crate::script::{Name, Thing};

/// The server measures the statement in front, because the message carries more than that statement; a transaction that has written
/// something has a number.
const MEASURE: &str = "SELECT (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - pg_catalog.statement_timestamp()) * 1000000)::bigint, \
     pg_catalog.txid_current_if_assigned() IS NOT NULL";

pub(super) struct PostgresSession {
    pub(super) wire: Wire,
    pub(super) identity: Identity,
    /// The schema of our own tables; that of the identity unless a run has brought its own along.
    pub(super) home: Option<String>,
    pub(super) init: Vec<String>,
    pub(super) access: Access,
    /// Statements that wait for the next message: `BEGIN` and its limits.
    ahead: Vec<String>,
    sharing: Sharing,
    /// The limits of transactions, as long as none may be set for the session.
    limits: Limits,
    /// Whether a transaction is open that is ours to end.
    looking: bool,
    /// The key of the work that was claimed.
    claimed: Option<i64>,
    /// Whether limits were set for the session, so that a transaction without limits must undo them.
    limited: bool,
    pub(super) authority: Authority,
    /// The options of the connection.
    pub(super) options: Option<String>,
    /// What any client would get where the driver has set something else; `None` before it was looked up.
    pub(super) clients_own: Option<Vec<(String, String)>>,
}

impl PostgresSession {
    /// Over this connection; nothing is known of the server yet.
    pub(super) fn new(wire: Wire, identity: Identity, init: Vec<String>, access: Access) -> Self {
        Self {
            wire,
            identity,
            home: None,
            init,
            access,
            ahead: Vec::new(),
            sharing: Sharing::Unknown,
            limits: Limits::default(),
            looking: false,
            claimed: None,
            limited: false,
            authority: Authority::default(),
            options: None,
            clients_own: None,
        }
    }

    /// The limits of a transaction for which none are given.
    fn usual_limits(&self) -> Option<Limits> {
        (self.sharing != Sharing::Alone).then_some(self.limits)
    }

    /// Sends what waits, then `sql`, then `behind`; says which part failed.
    async fn message(&mut self, sql: Option<&str>, behind: &[&str]) -> Result<Vec<Answer>, DatabaseError> {
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
            // A statement may end in a line comment: the newline keeps ours out of it.
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
        let mut error = translate(&error, prefix).at(stage);
        // The server counts characters, and what it says of our own records is no place in the file.
        let sql = sql.filter(|_| stage == Stage::Statement).unwrap_or_default();
        error.position = error.position.filter(|_| stage == Stage::Statement).map(|chars| byte(sql, chars));
        Err(error)
    }
}

#[async_trait]
impl Session for PostgresSession {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            dialect: Dialect::Postgres,
            transactional_ddl: true,
            pipelined_commit: true,
            product: "PostgreSQL",
            timestamp: "TIMESTAMP WITH TIME ZONE",
            session_locks: false,
            largest_statement: None,
            backslash_escapes: true,
            partial_index: true,
            foreign_keys: None,
            statement_timeout: true,
            table_suffix: "",
            own_session: self.sharing != Sharing::Pooled,
        }
    }

    fn home(&self) -> Option<&str> {
        self.home.as_deref()
    }

    fn keep_home(&mut self, home: &str) {
        self.home = Some(home.to_owned());
    }

    async fn astray(&mut self, table: &str) -> Result<Vec<String>, DatabaseError> {
        let rows = self.query(&schemas::others_with(table, self.home.as_deref())).await?;
        if rows.is_empty() || schemas::is_chosen(&self.query(schemas::SEARCH_PATH).await?, self.home.as_deref()) {
            return Ok(Vec::new());
        }
        Ok(rows.into_iter().filter_map(|row| row.into_iter().next().flatten()).collect())
    }

    fn quote(&self, identifier: &str) -> String {
        quoted(identifier)
    }

    fn literal(&self, value: &Value) -> String {
        literal(value)
    }

    fn timestamp_text(&self, column: &str) -> String {
        format!("to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
    }

    async fn begin(&mut self, limits: Option<&Limits>) -> Result<(), DatabaseError> {
        self.ahead.push("BEGIN".to_owned());
        let limits = limits.copied().or(self.usual_limits());
        self.ahead.extend(limits.map(|limits| settings("SET LOCAL", &limits, self.limited)).unwrap_or_default());
        Ok(())
    }

    async fn look(&mut self, limits: &Limits) -> Result<(), DatabaseError> {
        let settings = settings("SET LOCAL", limits, self.limited);
        // Behind the first snapshot no SET TRANSACTION READ WRITE is heard any more. Nothing is set for the session: through a
        // pooler it would be somebody else's.
        let begin = "BEGIN READ ONLY".to_owned();
        let message: Vec<String> = [begin].into_iter().chain(settings).chain(["SELECT 1".to_owned()]).collect();
        self.looking = true;
        self.wire.query(&message.join(";")).await.map(drop)
    }

    async fn limit(&mut self, limits: &Limits) -> Result<(), DatabaseError> {
        if self.sharing != Sharing::Alone {
            self.limits = *limits;
            return Ok(());
        }
        let settings = settings("SET", limits, self.limited).join(";");
        self.limited |= !settings.is_empty();
        if !settings.is_empty() {
            self.wire.query(&settings).await?;
        }
        Ok(())
    }

    async fn execute(&mut self, sql: &str) -> Result<Done, DatabaseError> {
        let answers = self.message(Some(sql), &[]).await?;
        Ok(answers.last().map(|answer| Done { rows: rows_of(answer), ..Done::default() }).unwrap_or_default())
    }

    async fn conclude(&mut self, sql: Option<&str>, records: &[String]) -> Result<Done, DatabaseError> {
        let ahead = self.ahead.len();
        let mut behind: Vec<&str> = Vec::with_capacity(records.len() + 2);
        if sql.is_some() {
            behind.push(MEASURE);
        }
        behind.extend(records.iter().map(String::as_str));
        behind.push("COMMIT");
        // The server answers when the whole message is done: a connection that breaks without a word may have committed.
        let answers = self.message(sql, &behind).await.map_err(|error| match (error.kind, &error.code) {
            (ErrorKind::Lost, None) => error.at(Stage::Commit),
            _ => error,
        })?;
        let own = sql.and_then(|_| answers.get(ahead));
        let measure = sql.and_then(|_| answers.get(ahead + 1));
        let wrote = measure.and_then(|answer| answer.rows.first()?.get(1)?.as_deref().map(|word| word == "t"));
        let elapsed = measure.map(|answer| Duration::from_micros(number(&answer.rows)));
        Ok(Done { rows: own.map(rows_of).unwrap_or_default(), elapsed, wrote })
    }

    async fn rollback(&mut self) -> Result<(), DatabaseError> {
        self.looking = false;
        if std::mem::take(&mut self.ahead).is_empty() {
            self.wire.query("ROLLBACK").await?;
        }
        Ok(())
    }

    async fn in_transaction(&mut self) -> Result<bool, DatabaseError> {
        // One that waits for the next message is as good as open.
        if self.ahead.is_empty() { transaction::is_open(&mut self.wire).await } else { Ok(true) }
    }

    async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        let begin = match self.access {
            Access::Read | Access::Watch => vec!["BEGIN READ ONLY".to_owned()],
            // Whose session it is stays unknown on a connection that stands alone.
            Access::Check if !self.looking => {
                [vec!["BEGIN".to_owned()], settings("SET LOCAL", &self.limits, false)].concat()
            }
            Access::Check | Access::Write => return self.wire.query(sql).await,
        };
        self.wire.query_in(&begin, sql).await
    }

    fn regain(&self) -> Vec<String> {
        self.authority.restore()
    }

    fn ourselves(&self) -> Vec<String> {
        self.authority.restore()
    }

    fn facts(&self, facts: &[(&str, Option<&str>)]) -> Option<String> {
        let set = |(name, value): &(&str, Option<&str>)| {
            value.map(|value| format!("set_config('migrascope.{name}', {}, true)", text_literal(value)))
        };
        let set: Vec<String> = facts.iter().filter_map(set).collect();
        (!set.is_empty()).then(|| format!("SELECT {}", set.join(", ")))
    }

    async fn process(&mut self) -> Result<Option<u64>, DatabaseError> {
        self.wire.process().await
    }

    async fn unshared(&mut self) -> Result<(), DatabaseError> {
        self.sharing = Sharing::Alone;
        self.settle().await
    }

    fn pooled(&mut self) -> Result<(), DatabaseError> {
        if !self.init.is_empty() {
            return Err(sharing::no_initialisation());
        }
        self.sharing = Sharing::Pooled;
        self.identity.process = None;
        self.wire.process = None;
        Ok(())
    }

    async fn is_locked_out(&mut self, ledger: &str) -> Result<bool, DatabaseError> {
        keeper::is_locked(&mut self.wire, ledger).await
    }

    async fn claim(&mut self, ledger: &str) -> Result<bool, DatabaseError> {
        if self.sharing == Sharing::Pooled {
            // What a session has would be somebody else's next; a pooler ends the transaction of a client that is gone.
            return Ok(true);
        }
        let key = keeper::claim_key(ledger);
        let ours = keeper::try_lock(&mut self.wire, key).await?;
        self.claimed = ours.then_some(key);
        Ok(ours)
    }

    async fn claimant(&mut self, ledger: &str) -> Result<Option<Holder>, DatabaseError> {
        keeper::holder(&mut self.wire, keeper::claim_key(ledger)).await
    }

    async fn renew(&mut self) -> Result<(), DatabaseError> {
        if self.sharing == Sharing::Pooled {
            return Ok(());
        }
        self.wire.query("DISCARD ALL").await?;
        // That leaves a role of the user's own settings.
        self.wire.query("RESET ROLE").await?;
        self.limited = false;
        if let Some(key) = self.claimed {
            // Discarded with the rest; nobody else takes it without the lock.
            keeper::try_lock(&mut self.wire, key).await?;
        }
        self.settle().await?;
        self.initialise().await
    }

    async fn foreign_tables(&mut self, ours: &[&str]) -> Result<u64, DatabaseError> {
        let ours: Vec<String> = ours.iter().map(|name| text_literal(name)).collect();
        let sql = format!(
            "SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = current_schema() AND tablename NOT IN ({})",
            ours.join(", ")
        );
        let rows = self.wire.query(&sql).await?;
        Ok(number(&rows))
    }

    fn existence(&self, thing: &Thing) -> String {
        existence::existence(thing)
    }

    fn invalid_index(&self, index: &Name) -> Option<String> {
        Some(existence::invalid_index(index))
    }

    fn drop_index(&self, name: &str) -> String {
        format!("DROP INDEX CONCURRENTLY {name}")
    }

    async fn ended(&mut self, process: u64) -> Result<bool, DatabaseError> {
        let sql = format!(
            "SELECT CASE WHEN state LIKE 'idle%' THEN pg_catalog.pg_terminate_backend(pid) END \
             FROM pg_catalog.pg_stat_activity WHERE pid = {process}"
        );
        Ok(self.wire.query(&sql).await?.is_empty())
    }

    fn give_up(&mut self) {
        self.wire.give_up();
    }

    async fn enforce_foreign_keys(&mut self, _on: bool) -> Result<(), DatabaseError> {
        Ok(())
    }

    async fn orphans(&mut self) -> Result<Vec<Orphans>, DatabaseError> {
        Ok(Vec::new())
    }

    fn probes(&self) -> Vec<Probe> {
        health::probes(&self.identity.version)
    }

    async fn close(self: Box<Self>) {
        self.wire.close().await;
    }
}

fn rows_of(answer: &Answer) -> u64 {
    answer.affected.max(answer.returned)
}
