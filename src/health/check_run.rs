//! Runs the checks one by one: each is timed, limited and reported.

use std::time::{Duration, Instant};

use super::context::CheckContext;
use super::custom;
use super::evaluation::{self, CheckResult};
use super::prior::Prior;
use super::session::{self, CheckSession};
use crate::database::{ErrorKind, Probe, Query, Session};
use crate::event::{Event, Observer, RunContext};
use crate::journal::Journal;
use crate::layout::CustomCheck;
use crate::ledger::qualified;
use crate::report::{BuiltIn, CheckReport, CheckStatus, HealthReport};

const CONNECT: &str = BuiltIn::Connect.name();
const PING: &str = BuiltIn::Ping.name();
const READ: &str = BuiltIn::Read.name();
const WRITE: &str = BuiltIn::WriteRollback.name();
const WRITABLE: &str = BuiltIn::Writable.name();
/// Round trips of `ping`.
const PROBES: usize = 5;

pub(super) struct CheckRun<'a, 'o> {
    context: CheckContext<'a>,
    observer: &'o mut dyn Observer,
    started: Instant,
    checks: Vec<CheckReport>,
}

impl<'a, 'o> CheckRun<'a, 'o> {
    pub(super) fn begin(context: CheckContext<'a>, observer: &'o mut dyn Observer) -> Self {
        observer.observe(&Event::HealthStarted);
        Self { context, observer, started: Instant::now(), checks: Vec::new() }
    }

    pub(super) fn finish(self) -> HealthReport {
        let report = HealthReport { checks: self.checks, elapsed: self.started.elapsed() };
        self.observer.observe(&Event::HealthFinished { report: &report });
        report
    }

    /// The check that connects.
    pub(super) async fn connect(&mut self) -> Option<Box<dyn Session>> {
        let started = self.start(CONNECT);
        match session::connect(self.context).await {
            Ok(session) => {
                let elapsed = started.elapsed();
                self.end(CONNECT, elapsed, self.in_time(elapsed), "");
                Some(session)
            }
            Err(error) => {
                let result = match error.kind {
                    ErrorKind::Cancelled => CheckResult::skipped(error.message),
                    _ => CheckResult::new(CheckStatus::Fail, evaluation::said(&error)),
                };
                let help = "see why new connections are refused: the application is refused as well";
                self.end(CONNECT, started.elapsed(), result, help);
                None
            }
        }
    }

    /// The same check, for a connection that was made elsewhere.
    pub(super) fn connected(&mut self, elapsed: Duration) {
        self.start(CONNECT);
        self.end(CONNECT, elapsed, self.in_time(elapsed), "");
    }

    /// Every other check.
    pub(super) async fn run(&mut self, session: Box<dyn Session>, own: &[CustomCheck]) {
        let mut session = CheckSession::new(session, self.context);
        if let Err(error) = session.limit().await {
            let started = self.start(PING);
            return self.end(
                PING,
                started.elapsed(),
                CheckResult::new(CheckStatus::Fail, evaluation::said(&error)),
                "",
            );
        }
        self.ping(&mut session).await;
        self.read(&mut session).await;
        self.write(&mut session).await;
        self.writable(&session);
        for probe in session.session.sql().probes() {
            self.probe(&mut session, &probe).await;
        }
        for check in own {
            let started = self.start(&check.name);
            let prior = self.context.before.of_own(&check.name);
            let result = custom::run(&mut session, check, &prior).await;
            let help = custom::help(check, &result);
            self.end(&check.name, started.elapsed(), result, &help);
        }
        session.session.close().await;
    }

    async fn ping(&mut self, session: &mut CheckSession<'_>) {
        let started = self.start(PING);
        let mut times = Vec::with_capacity(PROBES);
        let mut result = None;
        for _ in 0..PROBES {
            let sent = Instant::now();
            match session.query(Query::Own("SELECT 1")).await {
                Ok(_) => times.push(sent.elapsed()),
                Err(error) => result = Some(session.refused(&error, CheckStatus::Fail, &Prior::NotChecked)),
            }
            if result.is_some() {
                break;
            }
        }
        times.sort_unstable();
        let middle = times.get(times.len() / 2).copied().unwrap_or_default().as_secs_f64();
        let slowest = times.last().copied().unwrap_or_default().as_secs_f64();
        let limits = self.context.health.thresholds().of(BuiltIn::Ping);
        let answered = || {
            let message = format!("round trip p50 {:.1} ms, max {:.1} ms", middle * 1e3, slowest * 1e3);
            CheckResult::timed(message, middle, limits)
        };
        self.end(PING, started.elapsed(), result.unwrap_or_else(answered), "");
    }

    async fn read(&mut self, session: &mut CheckSession<'_>) {
        let started = self.start(READ);
        let ledger = qualified(session.session.sql(), self.context.tables.ledger);
        let counted = match session.skipped() {
            Some(result) => return self.end(READ, started.elapsed(), result, ""),
            None => match session.untrusted().await {
                Some(result) => return self.end(READ, started.elapsed(), result, ""),
                None => session.query(Query::OfTable(&ledger, &format!("SELECT count(*) FROM {ledger}"))).await,
            },
        };
        let result = match counted {
            Ok(rows) => {
                let count: f64 = rows.first().and_then(|row| row.first()?.as_ref()?.parse().ok()).unwrap_or_default();
                CheckResult::ok(format!("the ledger has {count} row{}", if count == 1.0 { "" } else { "s" }))
                    .counted(count)
            }
            Err(error) if error.kind == ErrorKind::NoTable => session.no_ledger().await,
            Err(error) => session.refused(&error, CheckStatus::Fail, &Prior::NotChecked),
        };
        self.end(READ, started.elapsed(), result, "");
    }

    /// A row of the journal, written and rolled back.
    async fn write(&mut self, session: &mut CheckSession<'_>) {
        let started = self.start(WRITE);
        let context = RunContext { run_id: RunContext::new().run_id, ..self.context.run.clone() };
        let journal = Journal::new(self.context.tables.journal, &context, self.context.command);
        let sql = journal.run_started(session.session.sql(), 0, Duration::ZERO);
        let written = match session.skipped() {
            Some(result) => return self.end(WRITE, started.elapsed(), result, ""),
            None => session.written_and_rolled_back(&sql).await,
        };
        let result = match written {
            Ok(()) => CheckResult::ok("a row was written and rolled back"),
            Err(error) if error.kind == ErrorKind::NoTable => CheckResult::skipped("there is no journal yet"),
            Err(error) => session.refused(&error, CheckStatus::Fail, &Prior::NotChecked),
        };
        let help = "see that the server takes writes, and that its disk is not full";
        self.end(WRITE, started.elapsed(), result, help);
    }

    fn writable(&mut self, session: &CheckSession<'_>) {
        let started = self.start(WRITABLE);
        let result = match session.session.server_info().read_only {
            Some(reason) => CheckResult::new(CheckStatus::Fail, format!("the database is read-only: {reason}")),
            None => CheckResult::ok("the server takes writes"),
        };
        let help = "point the application at the primary; where this is the primary, see who has set it to read-only";
        self.end(WRITABLE, started.elapsed(), result, help);
    }

    async fn probe(&mut self, session: &mut CheckSession<'_>, probe: &Probe) {
        let name = probe.check.name();
        let started = self.start(name);
        let result = session.run(probe, &self.context.before.of(probe.check)).await;
        self.end(name, started.elapsed(), result, probe.help);
    }

    fn in_time(&self, elapsed: Duration) -> CheckResult {
        let message = format!("connected in {:.1} ms", elapsed.as_secs_f64() * 1e3);
        CheckResult::timed(message, elapsed.as_secs_f64(), self.context.health.thresholds().of(BuiltIn::Connect))
    }

    fn start(&mut self, name: &str) -> Instant {
        self.observer.observe(&Event::CheckStarted { name });
        Instant::now()
    }

    /// Reports a result, with its help line unless the check passed.
    fn end(&mut self, name: &str, elapsed: Duration, result: CheckResult, help: &str) {
        let CheckResult { status, value, threshold, unit, message, .. } = result;
        let wanted = matches!(status, CheckStatus::Fail | CheckStatus::Warn) && !help.is_empty();
        let help = wanted.then(|| help.to_owned());
        let check = CheckReport { name: name.to_owned(), status, value, threshold, unit, message, help, elapsed };
        self.observer.observe(&Event::CheckFinished { check: &check });
        self.checks.push(check);
    }
}
