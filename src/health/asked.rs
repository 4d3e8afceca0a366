//! The session that is asked about the database's health, with a limit to each question.

use std::time::{Duration, Instant};

use super::before::Prior;
use super::judgement::{self, Finding};
use super::{Patient, Thresholds};
use crate::database::{Access, Connector, DatabaseError, ErrorKind, Limits, Probe, Row, Session};
use crate::ledger::{self, Found};
use crate::report::CheckStatus;
use crate::run::{Options, Stop};

/// How long one check may take on the server, and may wait for a lock there.
pub(super) const LIMIT: Duration = Duration::from_secs(5);
/// How much longer we wait for a server that does not stop by itself, and then for one that was asked to.
const GRACE: Duration = Duration::from_secs(1);
/// How long a connection is tried: the server ends those of the run a moment after we do, and may have no room until then.
const CONNECTING: Duration = Duration::from_secs(1);
/// How long one attempt may take, which is a number of round trips: a slow network is no fault of the database.
const CONNECTION: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(50);

pub(super) const LIMITS: Limits = Limits { lock_timeout: Some(LIMIT), statement_timeout: Some(LIMIT) };

/// A session, and the checks' patience with it.
pub(super) struct Asked<'a> {
    pub(super) session: Box<dyn Session>,
    patient: Patient<'a>,
    /// Why no further question is asked: one that was not answered at all is enough.
    silent: Option<String>,
}

impl<'a> Asked<'a> {
    /// A session that has just been made.
    pub(super) fn new(mut session: Box<dyn Session>, patient: Patient<'a>) -> Self {
        patient.home.into_iter().for_each(|home| session.keep_home(home));
        Self { session, patient, silent: None }
    }

    /// Gives every question its limits on the server.
    pub(super) async fn limit(&mut self) -> Result<(), DatabaseError> {
        self.session.limit(&LIMITS).await
    }

    pub(super) fn thresholds(&self) -> &'a Thresholds {
        self.patient.thresholds()
    }

    /// What a check says that is not made any more.
    pub(super) fn unasked(&self) -> Option<Finding> {
        if self.patient.stop.is_requested() {
            return Some(interrupted());
        }
        self.silent.as_ref().map(|why| Finding::skipped(format!("not asked, because of the check before: {why}")))
    }

    /// What another role has made of our tables is neither read nor written; no further question is asked.
    pub(super) async fn untrusted(&mut self) -> Option<Finding> {
        let Options { ledger_table, journal_table, .. } = self.patient.options;
        match ledger::untrusted(&mut *self.session, (ledger_table, journal_table)).await {
            Ok(objection) => {
                let message = objection?.to_string();
                self.silent = Some(message.clone());
                Some(Finding::new(CheckStatus::Fail, message))
            }
            Err(error) => Some(self.refused(&error, CheckStatus::Fail, &Prior::Unasked)),
        }
    }

    /// A ledger that is not where it belongs may be elsewhere.
    pub(super) async fn no_ledger(&mut self) -> Finding {
        let Options { ledger_table, journal_table, .. } = self.patient.options;
        match ledger::astray(&mut *self.session, (ledger_table, journal_table), Found::default()).await {
            Ok(None) => Finding::skipped("there is no ledger yet"),
            Ok(Some(objection)) => Finding::new(CheckStatus::Fail, objection.to_string()),
            Err(error) => self.refused(&error, CheckStatus::Fail, &Prior::Unasked),
        }
    }

    pub(super) async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        self.ask(sql, LIMIT, Rows::Visible).await
    }

    /// Runs a query of the user's.
    pub(super) async fn query_within(&mut self, sql: &str, limit: Duration) -> Result<Vec<Row>, DatabaseError> {
        self.ask(sql, limit, Rows::OfUser).await
    }

    /// Runs a query of a table of ours, in quotes.
    pub(super) async fn query_table(&mut self, table: &str, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        self.ask(sql, LIMIT, Rows::OfTable(table)).await
    }

    /// Runs a query and cancels it on the server when that does not end it in time, or when we are asked to stop.
    pub(super) async fn ask(&mut self, sql: &str, limit: Duration, rows: Rows<'_>) -> Result<Vec<Row>, DatabaseError> {
        if self.patient.stop.is_requested() {
            return Err(DatabaseError::new(ErrorKind::Cancelled, "interrupted"));
        }
        let process = self.session.identity().process;
        let query = match rows {
            Rows::Visible => self.session.query(sql),
            Rows::OfUser => self.session.query_in_path(sql),
            Rows::OfTable(table) => self.session.query_table(table, sql),
        };
        tokio::pin!(query);
        tokio::select! {
            // It is sent before anything else is looked at: what is not at work cannot be cancelled.
            biased;
            result = &mut query => return result,
            () = tokio::time::sleep(limit + GRACE) => {}
            () = self.patient.stop.requested() => {}
        }
        cancel(self.patient.connector, process).await;
        tokio::time::timeout(GRACE, query).await.unwrap_or_else(|_| Err(no_answer()))
    }

    /// What a refusal means for this check, and for those behind it where the connection is gone.
    pub(super) fn refused(&mut self, error: &DatabaseError, late: CheckStatus, prior: &Prior) -> Finding {
        if error.kind == ErrorKind::Lost {
            self.silent = Some(error.message.clone());
        }
        if self.patient.stop.is_requested() { interrupted() } else { judgement::refused(error, late, prior) }
    }

    /// One of our questions about the state of the database.
    pub(super) async fn examined(&mut self, probe: &Probe, prior: &Prior) -> Finding {
        if let Some(finding) = self.unasked() {
            return finding;
        }
        match self.probed(probe, prior).await {
            Ok(finding) => finding,
            Err(error) => self.refused(&error, CheckStatus::Warn, prior),
        }
    }

    async fn probed(&mut self, probe: &Probe, prior: &Prior) -> Result<Finding, DatabaseError> {
        if let Some(unless) = &probe.unless
            && let Some(row) = self.query(unless).await?.first()
        {
            return Ok(Finding::skipped(judgement::text(row.iter().take(1))));
        }
        let rows = self.query(&probe.sql).await?;
        let limits = self.thresholds().of(probe.check);
        Ok(judgement::of(probe.judge, &rows, limits, prior))
    }

    pub(super) async fn written_and_rolled_back(&mut self, sql: &str) -> Result<(), DatabaseError> {
        let writing = async {
            let written = match self.session.begin(Some(&LIMITS)).await {
                Ok(()) => self.session.execute_own(sql).await.map(drop),
                Err(error) => Err(error),
            };
            let rolled_back = self.session.rollback().await;
            written.and(rolled_back)
        };
        tokio::time::timeout(2 * LIMIT + GRACE, writing).await.unwrap_or_else(|_| Err(no_answer()))
    }
}

/// Which rows a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows<'t> {
    /// Those that the user may see.
    Visible,
    /// Those that a query of the user's asks for.
    OfUser,
    /// All of a table of ours: an error where the server hides some.
    OfTable(&'t str),
}

fn no_answer() -> DatabaseError {
    DatabaseError::new(ErrorKind::Lost, "no answer within the time for a check")
}

/// What a server makes of it is not known: a check that was cut off is reported either way.
async fn cancel(connector: &dyn Connector, process: Option<u64>) {
    let cancelling = async {
        let mut keeper = connector.keeper("").await?;
        keeper.cancel(process).await
    };
    let _ = tokio::time::timeout(GRACE, cancelling).await;
}

/// Tries for a short while; what the last try said when none of them succeeds.
pub(super) async fn connect(connector: &dyn Connector, stop: &Stop) -> Result<Box<dyn Session>, DatabaseError> {
    let started = Instant::now();
    loop {
        let tried = connection(connector, stop).await;
        let last = tried.as_ref().err().is_none_or(|error| error.kind == ErrorKind::Cancelled);
        if last || started.elapsed() >= CONNECTING {
            return tried;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Tries once.
pub(super) async fn connection(connector: &dyn Connector, stop: &Stop) -> Result<Box<dyn Session>, DatabaseError> {
    let late = || DatabaseError::new(ErrorKind::Connect, "no connection within the time for a check");
    tokio::select! {
        tried = tokio::time::timeout(CONNECTION, connector.session(Access::Check)) => tried.unwrap_or_else(|_| Err(late())),
        () = stop.requested() => Err(DatabaseError::new(ErrorKind::Cancelled, "interrupted")),
    }
}

fn interrupted() -> Finding {
    Finding::skipped("interrupted")
}
