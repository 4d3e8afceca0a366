//! The session that health checks run on, with a time limit for each query.

use std::time::{Duration, Instant};

use super::context::CheckContext;
use super::evaluation::{self, CheckResult};
use super::prior::Prior;
use super::threshold::Thresholds;
use crate::database::{
    Access, Connector, DatabaseError, ErrorKind, Execute, Limits, Probe, Query, Row, Session, Transaction,
};
use crate::ledger::{self, Found};
use crate::report::CheckStatus;

/// How long one check may take on the server, and may wait for a lock there.
pub(super) const LIMIT: Duration = Duration::from_secs(5);
/// How much longer the client waits when the server does not enforce that limit, and again after it was asked to cancel.
const GRACE: Duration = Duration::from_secs(1);
/// How long connecting is retried: the server releases the run's connections a moment after they are closed, and may refuse new ones until then.
const CONNECTING: Duration = Duration::from_secs(1);
/// How long one attempt to connect may take. It needs several round trips, and a slow network is not the database's fault.
const CONNECTION: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(50);

pub(super) const LIMITS: Limits = Limits { lock_timeout: Some(LIMIT), statement_timeout: Some(LIMIT) };

/// A session that stops running checks once it is lost.
pub(super) struct CheckSession<'a> {
    pub(super) session: Box<dyn Session>,
    context: CheckContext<'a>,
    /// Why the remaining checks are skipped, once a query got no answer.
    silent: Option<String>,
}

impl<'a> CheckSession<'a> {
    /// Takes over a connection that has just been made.
    pub(super) fn new(session: Box<dyn Session>, context: CheckContext<'a>) -> Self {
        Self { session, context, silent: None }
    }

    /// Sets the time limits of checks on the server.
    pub(super) async fn limit(&mut self) -> Result<(), DatabaseError> {
        self.session.limit(&LIMITS).await
    }

    pub(super) fn thresholds(&self) -> &'a Thresholds {
        self.context.health.thresholds()
    }

    /// The result of a check that is skipped because the run was asked to stop or the session is lost.
    pub(super) fn skipped(&self) -> Option<CheckResult> {
        if self.context.stop.is_requested() {
            return Some(interrupted());
        }
        self.silent.as_ref().map(|why| CheckResult::skipped(format!("not asked, because of the check before: {why}")))
    }

    /// The failure where another role controls our tables, which are neither read nor written then; the remaining checks are skipped.
    pub(super) async fn untrusted(&mut self) -> Option<CheckResult> {
        match ledger::untrusted(&mut *self.session, self.context.tables).await {
            Ok(objection) => {
                let message = objection?.to_string();
                self.silent = Some(message.clone());
                Some(CheckResult::new(CheckStatus::Fail, message))
            }
            Err(error) => Some(self.refused(&error, CheckStatus::Fail, &Prior::NotChecked)),
        }
    }

    /// A ledger that is not where it belongs may be elsewhere.
    pub(super) async fn no_ledger(&mut self) -> CheckResult {
        match ledger::astray(&mut *self.session, self.context.tables, Found::default()).await {
            Ok(None) => CheckResult::skipped("there is no ledger yet"),
            Ok(Some(objection)) => CheckResult::new(CheckStatus::Fail, objection.to_string()),
            Err(error) => self.refused(&error, CheckStatus::Fail, &Prior::NotChecked),
        }
    }

    /// Runs a query within the limit of a check.
    pub(super) async fn query(&mut self, query: Query<'_>) -> Result<Vec<Row>, DatabaseError> {
        self.query_within(query, LIMIT).await
    }

    /// Runs a query, and cancels it on the server when it exceeds this limit or the run is asked to stop.
    pub(super) async fn query_within(&mut self, query: Query<'_>, limit: Duration) -> Result<Vec<Row>, DatabaseError> {
        if self.context.stop.is_requested() {
            return Err(DatabaseError::new(ErrorKind::Cancelled, "interrupted"));
        }
        let process = self.session.server_info().process;
        let answer = self.session.query(query);
        tokio::pin!(answer);
        tokio::select! {
            // The query is polled first so that it is sent: only a running query can be cancelled.
            biased;
            result = &mut answer => return result,
            () = tokio::time::sleep(limit + GRACE) => {}
            () = self.context.stop.requested() => {}
        }
        cancel(self.context.connector, process).await;
        tokio::time::timeout(GRACE, answer).await.unwrap_or_else(|_| Err(no_answer()))
    }

    /// The result of a check whose query failed; the remaining checks are skipped if the connection is lost.
    pub(super) fn refused(&mut self, error: &DatabaseError, late: CheckStatus, prior: &Prior) -> CheckResult {
        if error.kind == ErrorKind::Lost {
            self.silent = Some(error.message.clone());
        }
        if self.context.stop.is_requested() { interrupted() } else { evaluation::refused(error, late, prior) }
    }

    /// Runs a built-in check.
    pub(super) async fn run(&mut self, probe: &Probe, prior: &Prior) -> CheckResult {
        if let Some(result) = self.skipped() {
            return result;
        }
        match self.probed(probe, prior).await {
            Ok(result) => result,
            Err(error) => self.refused(&error, CheckStatus::Warn, prior),
        }
    }

    async fn probed(&mut self, probe: &Probe, prior: &Prior) -> Result<CheckResult, DatabaseError> {
        if let Some(unless) = &probe.unless
            && let Some(row) = self.query(Query::Own(unless)).await?.first()
        {
            return Ok(CheckResult::skipped(evaluation::text(row.iter().take(1))));
        }
        let rows = self.query(Query::Own(&probe.sql)).await?;
        let limits = self.thresholds().of(probe.check);
        Ok(evaluation::of(probe.evaluation, &rows, limits, prior))
    }

    pub(super) async fn written_and_rolled_back(&mut self, sql: &str) -> Result<(), DatabaseError> {
        let writing = async {
            let written = match self.session.begin(Transaction::Write(Some(&LIMITS))).await {
                Ok(()) => self.session.execute(Execute::Own(sql)).await.map(drop),
                Err(error) => Err(error),
            };
            let rolled_back = self.session.rollback().await;
            written.and(rolled_back.map(drop))
        };
        tokio::time::timeout(2 * LIMIT + GRACE, writing).await.unwrap_or_else(|_| Err(no_answer()))
    }
}

fn no_answer() -> DatabaseError {
    DatabaseError::new(ErrorKind::Lost, "no answer within the time for a check")
}

/// Asks the server to cancel; the check is reported as timed out whether or not the server does.
async fn cancel(connector: &dyn Connector, process: Option<u64>) {
    let cancelling = async {
        let mut monitor = connector.monitors()().await?;
        monitor.cancel(process).await
    };
    let _ = tokio::time::timeout(GRACE, cancelling).await;
}

/// Connects, with retries for [`CONNECTING`].
///
/// # Errors
/// That of the last attempt.
pub(super) async fn connect(context: CheckContext<'_>) -> Result<Box<dyn Session>, DatabaseError> {
    let started = Instant::now();
    loop {
        let tried = connection(context).await;
        let last = tried.as_ref().err().is_none_or(|error| error.kind == ErrorKind::Cancelled);
        if last || started.elapsed() >= CONNECTING {
            return tried;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Connects once.
pub(super) async fn connection(context: CheckContext<'_>) -> Result<Box<dyn Session>, DatabaseError> {
    let late = || DatabaseError::new(ErrorKind::Connect, "no connection within the time for a check");
    tokio::select! {
        tried = tokio::time::timeout(CONNECTION, context.connector.session(Access::Check, context.home)) => tried.unwrap_or_else(|_| Err(late())),
        () = context.stop.requested() => Err(DatabaseError::new(ErrorKind::Cancelled, "interrupted")),
    }
}

fn interrupted() -> CheckResult {
    CheckResult::skipped("interrupted")
}
