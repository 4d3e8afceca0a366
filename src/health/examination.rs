//! One examination: each check told, timed and kept from hanging.

use std::time::{Duration, Instant};

use super::judgement::{self, Finding};
use super::{OwnCheck, Patient, own};
use crate::database::{Access, Connector, DatabaseError, ErrorKind, Limits, Probe, Row, Session};
use crate::event::{Event, Observer, RunContext};
use crate::journal::Journal;
use crate::ledger::{self, Found, qualified};
use crate::report::{CheckReport, CheckStatus, HealthReport, Unit};
use crate::run::{Options, Stop};

/// How long one check may take on the server, and may wait for a lock there.
pub(super) const LIMIT: Duration = Duration::from_secs(5);
/// How much longer we wait for a server that does not stop by itself, and then for one that was told to.
const GRACE: Duration = Duration::from_secs(1);
/// How long a connection is tried: the server ends those of the run a moment after we do, and may have no room until then.
const CONNECTING: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(50);
/// Round trips of `ping`.
const PROBES: usize = 5;

pub(super) const LIMITS: Limits = Limits { lock_timeout: Some(LIMIT), statement_timeout: Some(LIMIT) };

pub(super) struct Examination<'a, 'o> {
    patient: Patient<'a>,
    observer: &'o mut dyn Observer,
    started: Instant,
    checks: Vec<CheckReport>,
}

impl<'a, 'o> Examination<'a, 'o> {
    pub(super) fn begin(patient: Patient<'a>, observer: &'o mut dyn Observer) -> Self {
        observer.observe(&Event::HealthStarted);
        Self { patient, observer, started: Instant::now(), checks: Vec::new() }
    }

    pub(super) fn finish(self) -> HealthReport {
        let report = HealthReport { checks: self.checks, elapsed: self.started.elapsed() };
        self.observer.observe(&Event::HealthFinished { report: &report });
        report
    }

    /// The check whether there is a connection to be had.
    pub(super) async fn connect(&mut self) -> Option<Box<dyn Session>> {
        let started = self.start("connect");
        match connect(self.patient.connector, self.patient.stop, started).await {
            Ok(mut session) => {
                self.patient.home.into_iter().for_each(|home| session.keep_home(home));
                self.end("connect", started.elapsed(), connected(started.elapsed()), "");
                Some(session)
            }
            Err(error) => {
                let finding = match error.kind {
                    ErrorKind::Cancelled => Finding::skipped(error.message),
                    _ => Finding::new(CheckStatus::Fail, said(&error)),
                };
                let help = "see why new connections are refused: the application is refused as well";
                self.end("connect", started.elapsed(), finding, help);
                None
            }
        }
    }

    /// The same check, where the connection was made by somebody else.
    pub(super) fn connected(&mut self, elapsed: Duration) {
        self.start("connect");
        self.end("connect", elapsed, connected(elapsed), "");
    }

    /// Every other check.
    pub(super) async fn examine(&mut self, session: Box<dyn Session>, own: &[OwnCheck]) {
        let mut asked = Asked { session, patient: self.patient, silent: None };
        if let Err(error) = asked.session.limit(&LIMITS).await {
            let started = self.start("ping");
            return self.end("ping", started.elapsed(), Finding::new(CheckStatus::Fail, said(&error)), "");
        }
        self.ping(&mut asked).await;
        self.read(&mut asked).await;
        self.write(&mut asked).await;
        self.writable(&asked);
        for probe in asked.session.probes() {
            self.probe(&mut asked, &probe).await;
        }
        for check in own {
            let started = self.start(&check.name);
            let finding = match asked.unasked() {
                Some(finding) => finding,
                None => own::ask(&mut asked, check).await,
            };
            let help = own::help(check, &finding);
            self.end(&check.name, started.elapsed(), finding, &help);
        }
        asked.session.close().await;
    }

    async fn ping(&mut self, asked: &mut Asked<'_>) {
        let started = self.start("ping");
        let mut times = Vec::with_capacity(PROBES);
        let mut finding = None;
        for _ in 0..PROBES {
            let sent = Instant::now();
            match asked.query("SELECT 1").await {
                Ok(_) => times.push(sent.elapsed()),
                Err(error) => finding = Some(asked.refused(&error, CheckStatus::Fail)),
            }
            if finding.is_some() {
                break;
            }
        }
        times.sort_unstable();
        let middle = times.get(times.len() / 2).copied().unwrap_or_default().as_secs_f64();
        let slowest = times.last().copied().unwrap_or_default().as_secs_f64();
        let answered = || {
            let message = format!("round trip p50 {:.1} ms, max {:.1} ms", middle * 1e3, slowest * 1e3);
            Finding::ok(message).measured(middle, None, Unit::Seconds)
        };
        self.end("ping", started.elapsed(), finding.unwrap_or_else(answered), "");
    }

    async fn read(&mut self, asked: &mut Asked<'_>) {
        let started = self.start("read");
        let ledger = qualified(&*asked.session, &self.patient.options.ledger_table);
        let counted = match asked.unasked() {
            Some(finding) => return self.end("read", started.elapsed(), finding, ""),
            None => asked.ask(&format!("SELECT count(*) FROM {ledger}"), LIMIT, Rows::All).await,
        };
        let finding = match counted {
            Ok(rows) => {
                let count: f64 = rows.first().and_then(|row| row.first()?.as_ref()?.parse().ok()).unwrap_or_default();
                Finding::ok(format!("the ledger has {count} row{}", if count == 1.0 { "" } else { "s" })).measured(
                    count,
                    None,
                    Unit::Count,
                )
            }
            Err(error) if error.kind == ErrorKind::NoTable => asked.no_ledger().await,
            Err(error) => asked.refused(&error, CheckStatus::Fail),
        };
        self.end("read", started.elapsed(), finding, "");
    }

    /// A row of the journal, written and rolled back.
    async fn write(&mut self, asked: &mut Asked<'_>) {
        let started = self.start("write_rollback");
        let context =
            RunContext { run_id: RunContext::new(self.patient.context.command).run_id, ..self.patient.context.clone() };
        let journal = Journal::new(&self.patient.options.journal_table, &context);
        let sql = journal.run_started(&*asked.session, 0, Duration::ZERO);
        let written = match asked.unasked() {
            Some(finding) => return self.end("write_rollback", started.elapsed(), finding, ""),
            None => asked.written_and_rolled_back(&sql).await,
        };
        let finding = match written {
            Ok(()) => Finding::ok("a row was written and rolled back"),
            Err(error) if error.kind == ErrorKind::NoTable => Finding::skipped("there is no journal yet"),
            Err(error) => asked.refused(&error, CheckStatus::Fail),
        };
        self.end(
            "write_rollback",
            started.elapsed(),
            finding,
            "see that the server takes writes, and that its disk is not full",
        );
    }

    fn writable(&mut self, asked: &Asked<'_>) {
        let started = self.start("writable");
        let finding = match asked.session.identity().read_only {
            Some(reason) => Finding::new(CheckStatus::Fail, format!("the server is read-only: {reason}")),
            None => Finding::ok("the server takes writes"),
        };
        self.end(
            "writable",
            started.elapsed(),
            finding,
            "point the application at the primary; where this is the primary, see who has set it to read-only",
        );
    }

    async fn probe(&mut self, asked: &mut Asked<'_>, probe: &Probe) {
        let started = self.start(probe.name);
        let finding = match asked.unasked() {
            Some(finding) => finding,
            None => match asked.probed(probe).await {
                Ok(finding) => finding,
                Err(error) => asked.refused(&error, CheckStatus::Warn),
            },
        };
        self.end(probe.name, started.elapsed(), finding, probe.help);
    }

    fn start(&mut self, name: &str) -> Instant {
        self.observer.observe(&Event::CheckStarted { name });
        Instant::now()
    }

    /// Advice is given where there is something to be done.
    fn end(&mut self, name: &str, elapsed: Duration, finding: Finding, help: &str) {
        let Finding { status, value, threshold, unit, message } = finding;
        let wanted = matches!(status, CheckStatus::Fail | CheckStatus::Warn) && !help.is_empty();
        let help = wanted.then(|| help.to_owned());
        let check = CheckReport { name: name.to_owned(), status, value, threshold, unit, message, help, elapsed };
        self.observer.observe(&Event::HealthChecked { check: &check });
        self.checks.push(check);
    }
}

/// The session that is asked, with a limit to each question.
pub(super) struct Asked<'a> {
    pub(super) session: Box<dyn Session>,
    patient: Patient<'a>,
    /// Why no further question is asked: one that was not answered at all is enough.
    silent: Option<String>,
}

impl Asked<'_> {
    /// What a check says that is not made any more.
    pub(super) fn unasked(&self) -> Option<Finding> {
        if self.patient.stop.is_requested() {
            return Some(interrupted());
        }
        self.silent.as_ref().map(|why| Finding::skipped(format!("not asked, because of the check before: {why}")))
    }

    /// A ledger that is not where it belongs may be elsewhere.
    async fn no_ledger(&mut self) -> Finding {
        let Options { ledger_table, journal_table, .. } = self.patient.options;
        match ledger::astray(&mut *self.session, (ledger_table, journal_table), Found::default()).await {
            Ok(None) => Finding::skipped("there is no ledger yet"),
            Ok(Some(objection)) => Finding::new(CheckStatus::Fail, objection.to_string()),
            Err(error) => self.refused(&error, CheckStatus::Fail),
        }
    }

    pub(super) async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        self.query_within(sql, LIMIT).await
    }

    pub(super) async fn query_within(&mut self, sql: &str, limit: Duration) -> Result<Vec<Row>, DatabaseError> {
        self.ask(sql, limit, Rows::Visible).await
    }

    /// Runs a query and cancels it on the server when that does not end it in time, or when we are asked to stop.
    async fn ask(&mut self, sql: &str, limit: Duration, rows: Rows) -> Result<Vec<Row>, DatabaseError> {
        let process = self.session.identity().process;
        let query = match rows {
            Rows::Visible => self.session.query(sql),
            Rows::All => self.session.query_whole(sql),
        };
        tokio::pin!(query);
        tokio::select! {
            result = &mut query => return result,
            () = tokio::time::sleep(limit + GRACE) => {}
            () = self.patient.stop.requested() => {}
        }
        cancel(self.patient.connector, process).await;
        tokio::time::timeout(GRACE, query).await.unwrap_or_else(|_| Err(no_answer()))
    }

    /// What a refusal means for this check, and for those behind it where the connection is gone.
    pub(super) fn refused(&mut self, error: &DatabaseError, late: CheckStatus) -> Finding {
        if error.kind == ErrorKind::Lost {
            self.silent = Some(error.message.clone());
        }
        if self.patient.stop.is_requested() { interrupted() } else { judgement::refused(error, late) }
    }

    async fn probed(&mut self, probe: &Probe) -> Result<Finding, DatabaseError> {
        if let Some(unless) = &probe.unless
            && let Some(row) = self.query(unless).await?.first()
        {
            return Ok(Finding::skipped(judgement::text(row.iter().take(1))));
        }
        let rows = self.query(&probe.sql).await?;
        Ok(judgement::of(probe.judge, &rows))
    }

    async fn written_and_rolled_back(&mut self, sql: &str) -> Result<(), DatabaseError> {
        let writing = async {
            let written = match self.session.begin(Some(&LIMITS)).await {
                Ok(()) => self.session.execute(sql).await.map(drop),
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
enum Rows {
    /// Those that the user may see.
    Visible,
    /// All: an error where the server hides some.
    All,
}

fn no_answer() -> DatabaseError {
    DatabaseError::new(ErrorKind::Lost, "no answer within the time for a check")
}

/// What a server makes of it is not known: a check that was cut off is told either way.
async fn cancel(connector: &dyn Connector, process: Option<u64>) {
    let cancelling = async {
        let mut keeper = connector.keeper("").await?;
        keeper.cancel(process).await
    };
    let _ = tokio::time::timeout(GRACE, cancelling).await;
}

/// Tries for a short while; what the last try said when none of them succeeds.
async fn connect(connector: &dyn Connector, stop: &Stop, started: Instant) -> Result<Box<dyn Session>, DatabaseError> {
    loop {
        let late = || DatabaseError::new(ErrorKind::Connect, "no connection within the time for a check");
        let tried = tokio::select! {
            tried = tokio::time::timeout(LIMIT, connector.session(Access::Check)) => tried.unwrap_or_else(|_| Err(late())),
            () = stop.requested() => return Err(DatabaseError::new(ErrorKind::Cancelled, "interrupted")),
        };
        if tried.is_ok() || started.elapsed() >= CONNECTING {
            return tried;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn connected(elapsed: Duration) -> Finding {
    Finding::ok(format!("connected in {:.1} ms", elapsed.as_secs_f64() * 1e3)).measured(
        elapsed.as_secs_f64(),
        None,
        Unit::Seconds,
    )
}

fn interrupted() -> Finding {
    Finding::skipped("interrupted")
}

fn said(error: &DatabaseError) -> String {
    match &error.code {
        Some(code) => format!("{} ({code})", error.message),
        None => error.message.clone(),
    }
}
