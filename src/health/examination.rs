//! One examination: each check told, timed and kept from hanging.

use std::time::{Duration, Instant};

use super::asked::{self, Asked};
use super::before::Prior;
use super::judgement::Finding;
use super::{OwnCheck, Patient, own};
use crate::database::{DatabaseError, ErrorKind, Probe, Session};
use crate::event::{Event, Observer, RunContext};
use crate::journal::Journal;
use crate::ledger::qualified;
use crate::report::{BuiltIn, CheckReport, CheckStatus, HealthReport};

const CONNECT: &str = BuiltIn::Connect.name();
const PING: &str = BuiltIn::Ping.name();
const READ: &str = BuiltIn::Read.name();
const WRITE: &str = BuiltIn::WriteRollback.name();
const WRITABLE: &str = BuiltIn::Writable.name();
/// Round trips of `ping`.
const PROBES: usize = 5;

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
        let started = self.start(CONNECT);
        match asked::connect(self.patient.connector, self.patient.stop).await {
            Ok(session) => {
                let elapsed = started.elapsed();
                self.end(CONNECT, elapsed, self.in_time(elapsed), "");
                Some(session)
            }
            Err(error) => {
                let finding = match error.kind {
                    ErrorKind::Cancelled => Finding::skipped(error.message),
                    _ => Finding::new(CheckStatus::Fail, said(&error)),
                };
                let help = "see why new connections are refused: the application is refused as well";
                self.end(CONNECT, started.elapsed(), finding, help);
                None
            }
        }
    }

    /// The same check, where the connection was made elsewhere.
    pub(super) fn connected(&mut self, elapsed: Duration) {
        self.start(CONNECT);
        self.end(CONNECT, elapsed, self.in_time(elapsed), "");
    }

    /// Every other check.
    pub(super) async fn examine(&mut self, session: Box<dyn Session>, own: &[OwnCheck]) {
        let mut asked = Asked::new(session, self.patient);
        if let Err(error) = asked.limit().await {
            let started = self.start(PING);
            return self.end(PING, started.elapsed(), Finding::new(CheckStatus::Fail, said(&error)), "");
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
            let prior = self.patient.before.of_own(&check.name);
            let finding = own::examined(&mut asked, check, &prior).await;
            let help = own::help(check, &finding);
            self.end(&check.name, started.elapsed(), finding, &help);
        }
        asked.session.close().await;
    }

    async fn ping(&mut self, asked: &mut Asked<'_>) {
        let started = self.start(PING);
        let mut times = Vec::with_capacity(PROBES);
        let mut finding = None;
        for _ in 0..PROBES {
            let sent = Instant::now();
            match asked.query("SELECT 1").await {
                Ok(_) => times.push(sent.elapsed()),
                Err(error) => finding = Some(asked.refused(&error, CheckStatus::Fail, &Prior::Unasked)),
            }
            if finding.is_some() {
                break;
            }
        }
        times.sort_unstable();
        let middle = times.get(times.len() / 2).copied().unwrap_or_default().as_secs_f64();
        let slowest = times.last().copied().unwrap_or_default().as_secs_f64();
        let limits = self.patient.thresholds().of(BuiltIn::Ping);
        let answered = || {
            let message = format!("round trip p50 {:.1} ms, max {:.1} ms", middle * 1e3, slowest * 1e3);
            Finding::timed(message, middle, limits)
        };
        self.end(PING, started.elapsed(), finding.unwrap_or_else(answered), "");
    }

    async fn read(&mut self, asked: &mut Asked<'_>) {
        let started = self.start(READ);
        let ledger = qualified(&*asked.session, &self.patient.options.ledger_table);
        let counted = match asked.unasked() {
            Some(finding) => return self.end(READ, started.elapsed(), finding, ""),
            None => match asked.untrusted().await {
                Some(finding) => return self.end(READ, started.elapsed(), finding, ""),
                None => asked.query_table(&ledger, &format!("SELECT count(*) FROM {ledger}")).await,
            },
        };
        let finding = match counted {
            Ok(rows) => {
                let count: f64 = rows.first().and_then(|row| row.first()?.as_ref()?.parse().ok()).unwrap_or_default();
                Finding::ok(format!("the ledger has {count} row{}", if count == 1.0 { "" } else { "s" })).counted(count)
            }
            Err(error) if error.kind == ErrorKind::NoTable => asked.no_ledger().await,
            Err(error) => asked.refused(&error, CheckStatus::Fail, &Prior::Unasked),
        };
        self.end(READ, started.elapsed(), finding, "");
    }

    /// A row of the journal, written and rolled back.
    async fn write(&mut self, asked: &mut Asked<'_>) {
        let started = self.start(WRITE);
        let context =
            RunContext { run_id: RunContext::new(self.patient.context.command).run_id, ..self.patient.context.clone() };
        let journal = Journal::new(&self.patient.options.journal_table, &context);
        let sql = journal.run_started(&*asked.session, 0, Duration::ZERO);
        let written = match asked.unasked() {
            Some(finding) => return self.end(WRITE, started.elapsed(), finding, ""),
            None => asked.written_and_rolled_back(&sql).await,
        };
        let finding = match written {
            Ok(()) => Finding::ok("a row was written and rolled back"),
            Err(error) if error.kind == ErrorKind::NoTable => Finding::skipped("there is no journal yet"),
            Err(error) => asked.refused(&error, CheckStatus::Fail, &Prior::Unasked),
        };
        let help = "see that the server takes writes, and that its disk is not full";
        self.end(WRITE, started.elapsed(), finding, help);
    }

    fn writable(&mut self, asked: &Asked<'_>) {
        let started = self.start(WRITABLE);
        let finding = match asked.session.identity().read_only {
            Some(reason) => Finding::new(CheckStatus::Fail, format!("the database is read-only: {reason}")),
            None => Finding::ok("the server takes writes"),
        };
        let help = "point the application at the primary; where this is the primary, see who has set it to read-only";
        self.end(WRITABLE, started.elapsed(), finding, help);
    }

    async fn probe(&mut self, asked: &mut Asked<'_>, probe: &Probe) {
        let name = probe.check.name();
        let started = self.start(name);
        let finding = asked.examined(probe, &self.patient.before.of(probe.check)).await;
        self.end(name, started.elapsed(), finding, probe.help);
    }

    fn in_time(&self, elapsed: Duration) -> Finding {
        let message = format!("connected in {:.1} ms", elapsed.as_secs_f64() * 1e3);
        Finding::timed(message, elapsed.as_secs_f64(), self.patient.thresholds().of(BuiltIn::Connect))
    }

    fn start(&mut self, name: &str) -> Instant {
        self.observer.observe(&Event::CheckStarted { name });
        Instant::now()
    }

    /// Advice is given where there is something to be done.
    fn end(&mut self, name: &str, elapsed: Duration, finding: Finding, help: &str) {
        let Finding { status, value, threshold, unit, message, .. } = finding;
        let wanted = matches!(status, CheckStatus::Fail | CheckStatus::Warn) && !help.is_empty();
        let help = wanted.then(|| help.to_owned());
        let check = CheckReport { name: name.to_owned(), status, value, threshold, unit, message, help, elapsed };
        self.observer.observe(&Event::HealthChecked { check: &check });
        self.checks.push(check);
    }
}

fn said(error: &DatabaseError) -> String {
    match &error.code {
        Some(code) => format!("{} ({code})", error.message),
        None => error.message.clone(),
    }
}
