//! The session that runs migrations.

mod message;

use std::time::Duration;

use async_trait::async_trait;

use super::authority::Authority;
use super::faults::{self, Owner};
use super::pinned::{MEASURE_AND_PIN, PIN, PIN_OWN, UNPIN};
use super::schemas::Reach;
use super::sharing::{self, Sharing};
use super::text::{facts, literal, quoted, settings};
use super::wire::{Answer, Wire};
use super::{existence, health, keeper, schemas, transaction};
use crate::database::row::{first_column, number, table_faults};
use crate::database::{
    Abilities, Access, DatabaseError, Done, ErrorKind, Holder, Identity, Limits, Orphans, Probe, Row, Session, Value,
};
use crate::migration::Dialect;
use crate::plan::TableFault;
use crate::report::Stage;
use crate::script::{Name, Thing};

/// How long a note that can wait waits for a lock.
const SOON: Duration = Duration::from_millis(500);

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
    /// Our tables, in quotes, and what refuses to write them; set when they were looked at in a session that writes.
    guarded: Option<(Vec<String>, Option<String>)>,
    /// Whether a backslash escapes in plain strings.
    pub(super) backslash_escapes: bool,
    /// The same once it is reset.
    pub(super) backslash_escapes_by_default: bool,
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
            guarded: None,
            backslash_escapes: false,
            backslash_escapes_by_default: false,
            options: None,
            clients_own: None,
        }
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
            backslash_escapes: self.backslash_escapes,
            backslash_escapes_by_default: self.backslash_escapes_by_default,
            partial_index: true,
            foreign_keys: None,
            statement_timeout: true,
            table_suffix: "",
            own_session: self.sharing != Sharing::Pooled,
            whole_file_lock: false,
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
        if rows.is_empty() || schemas::is_chosen(&self.query_in_path(schemas::SEARCH_PATH).await?, self.home.as_deref())
        {
            return Ok(Vec::new());
        }
        Ok(first_column(rows))
    }

    async fn faults(&mut self, tables: &[(Option<String>, String)]) -> Result<Vec<TableFault>, DatabaseError> {
        let owner = if self.access.only_reads() { Owner::DoesNot } else { Owner::Matters };
        let suspicious = !self.query_behind(Vec::new(), &faults::at_first_sight(tables, owner)).await?.is_empty();
        let faults = match suspicious {
            true => table_faults(self.query_behind(Vec::new(), &faults::sql(tables, owner)).await?),
            false => Vec::new(),
        };
        let names = || tables.iter().map(faults::in_full).collect();
        self.guarded = (owner == Owner::Matters).then(|| (names(), faults.first().map(faults::refusal)));
        Ok(faults)
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
        self.wire.plain(&message.join(";")).await.map(drop)
    }

    async fn limit(&mut self, limits: &Limits) -> Result<(), DatabaseError> {
        if self.sharing != Sharing::Alone {
            self.limits = *limits;
            return Ok(());
        }
        let settings = settings("SET", limits, self.limited).join(";");
        self.limited |= !settings.is_empty();
        if !settings.is_empty() {
            self.wire.plain(&settings).await?;
        }
        Ok(())
    }

    async fn execute(&mut self, sql: &str) -> Result<Done, DatabaseError> {
        let answers = self.message(Some(sql), &[]).await?;
        Ok(answers.last().map(|answer| Done { rows: rows_of(answer), ..Done::default() }).unwrap_or_default())
    }

    async fn execute_own(&mut self, sql: &str) -> Result<Done, DatabaseError> {
        let guarded = self.guarded(sql);
        let answers = self.message(None, &[PIN, &guarded, UNPIN]).await?;
        Ok(answers
            .iter()
            .nth_back(1)
            .map(|answer| Done { rows: rows_of(answer), ..Done::default() })
            .unwrap_or_default())
    }

    async fn conclude(&mut self, sql: Option<&str>, records: &[String]) -> Result<Done, DatabaseError> {
        let ahead = self.ahead.len();
        let guard = self.guard(&records.join(";"));
        let mut behind: Vec<&str> = Vec::with_capacity(records.len() + 4);
        if sql.is_some() || !records.is_empty() {
            behind.push(if sql.is_some() { MEASURE_AND_PIN } else { PIN });
            // The role that our tables are written with comes first.
            let roles = records.iter().take_while(|record| record.starts_with("SELECT ")).count();
            behind.extend(records.iter().take(roles).map(String::as_str));
            behind.extend(guard.as_deref().filter(|_| roles < records.len()));
            behind.extend(records.iter().skip(roles).map(String::as_str));
            behind.push(UNPIN);
        }
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
            self.wire.plain("ROLLBACK").await?;
        }
        Ok(())
    }

    async fn in_transaction(&mut self) -> Result<bool, DatabaseError> {
        // One that waits for the next message is as good as open.
        if self.ahead.is_empty() { transaction::is_open(&mut self.wire).await } else { Ok(true) }
    }

    async fn note_at_once(&mut self, records: &[String]) -> Result<(), DatabaseError> {
        self.begin(Some(&Limits { lock_timeout: Some(SOON), statement_timeout: None })).await?;
        let written = self.conclude(None, records).await;
        if written.is_err() {
            // Without a connection there is nothing to roll back.
            let _ = self.rollback().await;
        }
        written.map(drop)
    }

    async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        match self.around() {
            Some(begin) => self.wire.query_in(&[begin, vec![PIN_OWN.to_owned()]].concat(), sql).await,
            None => self.wire.query(&self.guarded(sql)).await.map_err(faults::found),
        }
    }

    async fn query_in_path(&mut self, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        match self.around() {
            Some(begin) => self.wire.query_in(&begin, sql).await,
            None => self.wire.in_path(sql).await,
        }
    }

    fn text_type(&self) -> &'static str {
        "pg_catalog.text"
    }

    async fn query_table(&mut self, table: &str, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        // The server refuses then what it would filter. Statements of one message are one transaction: nothing stays set.
        let ahead = [vec!["SET LOCAL row_security = off".to_owned()], faults::reading_guard(table).to_vec()].concat();
        self.query_behind(ahead, sql).await.map_err(faults::found)
    }

    async fn hides_rows(&mut self, schema: Option<&str>, table: &str) -> Result<bool, DatabaseError> {
        Ok(!self.query(&schemas::filtered(schema, table)).await?.is_empty())
    }

    fn grant(&self, rights: &str, schema: Option<&str>, tables: &[String]) -> Option<String> {
        Some(schemas::grant(rights, schema, tables, self.identity.user.as_deref()?))
    }

    fn regain(&self) -> Vec<String> {
        self.authority.restore()
    }

    fn ourselves(&self) -> Vec<String> {
        self.authority.restore()
    }

    fn facts(&self, named: &[(&str, Option<&str>)]) -> Option<String> {
        facts(named)
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
        self.wire.plain("DISCARD ALL").await?;
        // That leaves a role of the user's own settings.
        self.wire.plain("RESET ROLE").await?;
        self.limited = false;
        if let Some(key) = self.claimed {
            // Discarded with the rest; nobody else takes it without the lock.
            keeper::try_lock(&mut self.wire, key).await?;
        }
        self.settle().await?;
        self.initialise().await
    }

    async fn unmanaged_tables(&mut self, ours: &[&str]) -> Result<Vec<String>, DatabaseError> {
        let home = self.home.clone();
        let ledger = ours.first().copied().unwrap_or_default();
        // A database with several histories, and a connection for one schema, say that other schemas are not our business.
        let several = !self.query(&schemas::others_with(ledger, home.as_deref())).await?.is_empty();
        let chosen = several || schemas::is_chosen(&self.query_in_path(schemas::SEARCH_PATH).await?, home.as_deref());
        let reach = if chosen { Reach::Home } else { Reach::Database };
        let rows = self.query(&schemas::unmanaged(ours, home.as_deref(), reach)).await?;
        Ok(first_column(rows))
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
