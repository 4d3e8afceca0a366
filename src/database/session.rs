//! One connection that runs migrations.

use async_trait::async_trait;

use super::abilities::Abilities;
use super::failure::DatabaseError;
use super::health::Probe;
use super::identity::Identity;
use super::limits::Limits;
use super::value::{Done, Value};
use crate::plan::TableFault;
use crate::report::Holder;
use crate::script::{Name, Thing};

/// The columns of one row as text; `None` is NULL.
pub type Row = Vec<Option<String>>;

/// Rows of one table that refer to rows of another one which are not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphans {
    /// The table that refers.
    pub table: String,
    /// The table that it refers to.
    pub parent: String,
    /// How many rows.
    pub rows: u64,
    /// What finds one of them, such as `rowid 5`; `None` where its table has no such number.
    pub first: Option<String>,
}

/// One connection that runs migrations.
#[async_trait]
pub trait Session: Send {
    /// Who is at the other end.
    fn identity(&self) -> &Identity;

    /// What it can do.
    fn abilities(&self) -> Abilities;

    /// The schema or the database of our own tables, wherever a script may go; `None` where there is none to create them in.
    fn home(&self) -> Option<&str>;

    /// Keeps our own tables in this schema or database: that of the run's first connection, whatever a migration has set.
    fn keep_home(&mut self, home: &str);

    /// The schemas of this database, other than [`Session::home`], that have a table of this name, whether or not it may be read.
    /// None of them counts where the connection's own settings name the schema to work in.
    async fn astray(&mut self, table: &str) -> Result<Vec<String>, DatabaseError>;

    /// Why these tables, with their schemas, are neither to be read nor written: another role's code would run with our rights, or another role
    /// could write our history. Nothing for a table that does not exist.
    async fn faults(&mut self, tables: &[(Option<String>, String)]) -> Result<Vec<TableFault>, DatabaseError>;

    /// An index and its table, as they stand between `CREATE INDEX` and the columns.
    fn index_on_table(&self, index: &str, schema: Option<&str>, table: &str) -> String {
        match schema {
            Some(schema) => format!("{} ON {}.{}", self.quote(index), self.quote(schema), self.quote(table)),
            None => format!("{} ON {}", self.quote(index), self.quote(table)),
        }
    }

    /// An identifier in quotes.
    fn quote(&self, identifier: &str) -> String;

    /// A value as SQL text.
    fn literal(&self, value: &Value) -> String;

    /// SQL for a timestamp column as RFC 3339 text in UTC.
    fn timestamp_text(&self, column: &str) -> String;

    /// Opens a transaction with these limits, or with those there are; may be sent together with the next statement.
    async fn begin(&mut self, limits: Option<&Limits>) -> Result<(), DatabaseError>;

    /// Opens a transaction that only reads, at once; where the session is switched to reading for that, it stays so.
    async fn look(&mut self, limits: &Limits) -> Result<(), DatabaseError>;

    /// Sets limits for statements outside of a transaction; one that is `None` goes back to the server's setting.
    async fn limit(&mut self, limits: &Limits) -> Result<(), DatabaseError>;

    /// Runs one statement and drains its rows.
    async fn execute(&mut self, sql: &str) -> Result<Done, DatabaseError>;

    /// Runs one statement of ours in the transaction that is open, or with [`Session::begin`].
    async fn execute_own(&mut self, sql: &str) -> Result<Done, DatabaseError> {
        self.execute(sql).await
    }

    /// Runs one statement, then `records`, then commits: in one message where the protocol allows it.
    ///
    /// The error's `stage` says which of them failed.
    async fn conclude(&mut self, sql: Option<&str>, records: &[String]) -> Result<Done, DatabaseError>;

    /// Rolls back whatever is open; no error when nothing is.
    async fn rollback(&mut self) -> Result<(), DatabaseError>;

    /// Whether the rollback just now has left something, because a table that was written knows no transactions.
    async fn left_by_rollback(&mut self) -> Result<bool, DatabaseError> {
        Ok(false)
    }

    /// Whether a transaction is open, as the server says, at the cost of round trips; a failed one and a `SAVEPOINT` of SQLite count.
    async fn in_transaction(&mut self) -> Result<bool, DatabaseError>;

    /// Whether a statement outside of a transaction commits by itself, as [`Session::in_transaction`] has seen it last.
    fn autocommits(&self) -> bool {
        true
    }

    /// Writes a note of ours outside of any transaction; it is committed when this returns.
    async fn note(&mut self, sql: &str) -> Result<(), DatabaseError> {
        self.query(sql).await.map(drop)
    }

    /// Writes notes of ours outside of any transaction where the database takes them without a long wait; they are committed then.
    async fn note_at_once(&mut self, records: &[String]) -> Result<(), DatabaseError> {
        self.note(&records.join(";")).await
    }

    /// Whether a note met this error because of what its session has locked or begun, and can be written when that has ended.
    fn can_wait(&self, _error: &DatabaseError) -> bool {
        false
    }

    /// Runs a query of ours and returns its rows.
    async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DatabaseError>;

    /// The same for a query of the user's, or one of ours about a name in a script: names are looked up as a script's are.
    async fn query_in_path(&mut self, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        self.query(sql).await
    }

    /// The type of a column for text of any length.
    fn text_type(&self) -> &'static str {
        "TEXT"
    }

    /// The same for one table of ours, in quotes: an error where the server would hide rows of it, or where it has become something else.
    async fn query_table(&mut self, _table: &str, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        self.query(sql).await
    }

    /// Whether the server hides rows of this table of ours from us.
    async fn hides_rows(&mut self, _schema: Option<&str>, _table: &str) -> Result<bool, DatabaseError> {
        Ok(false)
    }

    /// SQL by which an owner of these tables, in quotes, gives our user rights to them; `None` where there are no such rights.
    fn grant(&self, rights: &str, schema: Option<&str>, tables: &[String]) -> Option<String>;

    /// SQL that must stand between a script that changed the session and our own records, inside the transaction.
    fn regain(&self) -> Vec<String>;

    /// SQL that keeps statements of ours behind it from a role that a script has taken, up to the end of their transaction.
    fn ourselves(&self) -> Vec<String>;

    /// SQL that lets the statements of the present transaction read these facts, by names of ours; a fact that is `None` cannot be
    /// read any more. `None` where there is no such thing, or where facts end with their transaction and all of them are `None`.
    fn facts(&self, facts: &[(&str, Option<&str>)]) -> Option<String>;

    /// The number of the server's session that answers now; `None` where there is no such thing.
    async fn process(&mut self) -> Result<Option<u64>, DatabaseError>;

    /// From now on one session of the server answers, so that something may be set for it; before, it ended with its transaction.
    async fn unshared(&mut self) -> Result<(), DatabaseError>;

    /// From now on each transaction may have another session of the server: nothing is set for a session any more.
    ///
    /// # Errors
    /// When something was set for the session that cannot be done without.
    fn pooled(&mut self) -> Result<(), DatabaseError>;

    /// Whether the lock of `ledger`, which the lock's connection has, keeps this session out. A server may grant the same lock to everyone.
    async fn is_locked_out(&mut self, ledger: &str) -> Result<bool, DatabaseError>;

    /// Claims the work on `ledger`, without waiting; whether it is ours now, until the session ends.
    ///
    /// It comes first under the lock: a runner's session, and its statement, may outlive the runner and the lock.
    async fn claim(&mut self, ledger: &str) -> Result<bool, DatabaseError>;

    /// Whose session has claimed the work on `ledger`, as far as the server tells.
    async fn claimant(&mut self, ledger: &str) -> Result<Option<Holder>, DatabaseError>;

    /// Makes the session as new: settings, roles and temporary objects of a migration are gone.
    async fn renew(&mut self) -> Result<(), DatabaseError>;

    /// The tables that are there and not called `ours`, the ledger first among them; those of extensions and of the server do not count.
    async fn unmanaged_tables(&mut self, ours: &[&str]) -> Result<Vec<String>, DatabaseError>;

    /// SQL that returns a row where this is there and can be used.
    fn existence(&self, thing: &Thing) -> String;

    /// SQL that returns the quoted name of this index where a concurrent build has left it invalid, and nobody is at work on it;
    /// `None` where there is no such thing.
    fn invalid_index(&self, index: &Name) -> Option<String>;

    /// SQL that drops an index, named in quotes, and keeps nobody from its table meanwhile, where that can be.
    fn drop_index(&self, name: &str) -> String;

    /// Whether the session with this process number, which was ours, has ended; one that waits for its client is ended.
    async fn ended(&mut self, process: u64) -> Result<bool, DatabaseError>;

    /// Gives the connection up: whatever is wanted of it from now on is refused at once with [`ErrorKind::Lost`](super::ErrorKind::Lost).
    fn give_up(&mut self);

    /// Switches whether foreign keys are enforced, outside of a transaction, where [`Abilities::foreign_keys`] says that it can be.
    async fn enforce_foreign_keys(&mut self, on: bool) -> Result<(), DatabaseError>;

    /// The rows that violate a foreign key, counted for each pair of tables; those of a table that cannot be checked are left out.
    async fn orphans(&mut self) -> Result<Vec<Orphans>, DatabaseError>;

    /// What only this database can be asked about its health.
    fn probes(&self) -> Vec<Probe>;

    /// Ends the session in good order.
    async fn close(self: Box<Self>);
}
