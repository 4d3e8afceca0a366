//! The counters of all runs so far, read from the journal: the source of metrics that outlive a process.

use super::counted::{self, Group, LOCK, Sum};
use super::executing::Executing;
use super::last_run::{LastRun, Steps, last_run};
use super::running::Running;
use super::unrecorded::UnrecordedEnd;
use super::values::{moment, outcome, status, without_blur};
use super::{CHECK, MIGRATION, RETRY, RUN};
use crate::database::{DatabaseError, Session};
use crate::history::Direction;
use crate::ledger::qualified;
use crate::report::{CheckStatus, HealthReport, Outcome, RetryReason};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, SystemTime};

/// Makes one point in time later than another at the precision of every database.
const JUST_AFTER: Duration = Duration::from_millis(1);

/// Everything that is counted; [`Default`] stands for an empty journal.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counters {
    /// When the first run began.
    pub since: Option<SystemTime>,
    /// Runs that ended, by outcome.
    pub runs: HashMap<Outcome, u64>,
    /// Migrations that were started, by direction and outcome.
    pub migrations: HashMap<(Direction, Outcome), u64>,
    /// How long runs took.
    pub run_durations: Histograms<(Direction, Outcome)>,
    /// How long migrations took.
    pub migration_durations: Histograms<(Direction, Outcome)>,
    /// How long runs waited for the lock.
    pub lock_waits: Histograms<()>,
    /// How often acquiring the lock was retried.
    pub lock_retries: u64,
    /// How often a migration or a statement was retried, by reason.
    pub statement_retries: HashMap<RetryReason, u64>,
    /// How long health checks took, by name.
    pub check_durations: Histograms<String>,
    /// The latest results of the health checks, by name.
    pub checks: BTreeMap<String, CheckStatus>,
    /// When a run last succeeded.
    pub last_success: Option<SystemTime>,
    /// When a run last ended without success. A vanished run counts by its last record, or by the time when a later run detected it.
    pub last_failure: Option<SystemTime>,
    /// The last run that ended.
    pub last_run: Option<LastRun>,
    /// The run that is executing.
    pub running: Option<Running>,
    /// Runs that have vanished and that no later run has marked yet.
    pub lost: BTreeSet<String>,
}

/// Observations by group and by the index of the bucket that they fall into; the last bucket has no upper bound.
///
/// The order is fixed, so that sums of sums are identical each time they are computed: a counter that decreases in its last digit counts as
/// reset.
pub type Histograms<K> = BTreeMap<(K, usize), Bucket>;

/// The observations of one bucket.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bucket {
    /// Their number.
    pub count: u64,
    /// Their sum in seconds.
    pub sum: f64,
}

impl Bucket {
    /// Adds observations to the bucket.
    fn add(&mut self, count: u64, sum: f64) {
        self.count += count;
        self.sum = without_blur(self.sum + sum);
    }
}

impl Counters {
    /// Counts a run whose process is known to be dead. `steps` are the migrations that the run has ended, `alive_at` is the time of its
    /// last record.
    ///
    /// No run has held the lock since, or it would have marked this one. So one that has not taken all its steps is the last run, even if
    /// runs without pending migrations or without the lock have ended meanwhile: for an older release, nothing is pending when a newer one
    /// dies.
    pub(crate) fn lose(&mut self, lost: &Executing, steps: Steps, alive_at: Option<SystemTime>) {
        if lost.is_run {
            let (run_id, trace_id) = (lost.run_id.clone(), lost.trace_id.clone());
            let mut ended = alive_at.unwrap_or(lost.began).max(lost.began);
            if !lost.has_taken(&steps) {
                let other = self.last_run.as_ref().map(|last| last.ended + JUST_AFTER);
                ended = ended.max(other.unwrap_or(ended));
            }
            self.lost.insert(run_id.clone());
            self.add(LastRun::lost(run_id, trace_id, ended, steps));
        } else {
            *self.migrations.entry((lost.direction(), Outcome::Vanished)).or_default() += 1;
            if let Some(last) = self.last_run.as_mut().filter(|last| last.run_id == lost.run_id) {
                last.steps.add(&lost.key.canonical(), Outcome::Vanished, Duration::ZERO);
            }
        }
        self.began(lost.began);
    }

    /// Counts a run whose end is missing in the journal; `steps` are the migrations that the run has ended. If the run failed, it was
    /// executing one more, which the journal could not record either.
    pub(crate) fn ended(&mut self, run: &Executing, end: &UnrecordedEnd, mut steps: Steps) {
        if end.outcome == Outcome::Failure && !steps.outcomes.contains_key(&Outcome::Failure) {
            *steps.outcomes.entry(Outcome::Failure).or_default() += 1;
        }
        let lost = LastRun::lost(run.run_id.clone(), run.trace_id.clone(), end.ended, steps);
        let error = LastRun::why(end.outcome, end.error_kind.clone());
        self.add(LastRun { outcome: end.outcome, error, elapsed: end.elapsed, ..lost });
        self.began(run.began);
    }

    fn add(&mut self, run: LastRun) {
        self.ran(run.outcome, 1, Some(run.ended));
        if self.last_run.as_ref().is_none_or(|last| last.ended < run.ended) {
            self.last_run = Some(run);
        }
    }

    /// Counts runs that ended in this way, the last of them at this moment.
    fn ran(&mut self, outcome: Outcome, count: u64, ended: Option<SystemTime>) {
        *self.runs.entry(outcome).or_default() += count;
        let last = if outcome == Outcome::Success { &mut self.last_success } else { &mut self.last_failure };
        *last = (*last).max(ended);
    }

    /// Sets the run that is executing. If it is the first run of all, counting begins with it.
    pub(crate) fn going_on(&mut self, running: Option<Running>) {
        if let Some(running) = &running {
            self.began(running.began);
        }
        self.running = running;
    }

    fn began(&mut self, moment: SystemTime) {
        self.since = self.since.into_iter().chain([moment]).min();
    }

    fn count(&mut self, group: Group, sum: &Sum) {
        let Group { what, name, way, outcome: word, bucket } = group;
        let spread = Bucket { count: sum.count, sum: without_blur(sum.milliseconds / 1000.0) };
        if let Some(began) = moment(sum.first.clone()).filter(|_| [RUN, MIGRATION].contains(&what.as_str())) {
            self.began(began);
        }
        let series = |word| (Direction::of(way.as_deref().unwrap_or_default()), outcome(word));
        match what.as_str() {
            RUN => {
                let series = series(word);
                self.ran(series.1, sum.count, moment(sum.last.clone()));
                add_to(&mut self.run_durations, series, bucket, &spread);
            }
            MIGRATION => {
                let series = series(word);
                *self.migrations.entry(series).or_default() += sum.count;
                add_to(&mut self.migration_durations, series, bucket, &spread);
            }
            LOCK => {
                self.lock_retries += sum.retries;
                bucket.into_iter().for_each(|bucket| _ = self.lock_waits.insert(((), bucket), spread));
            }
            RETRY => {
                let reason = word.as_deref().and_then(RetryReason::read);
                reason.into_iter().for_each(|reason| _ = self.statement_retries.insert(reason, sum.count));
            }
            CHECK => {
                let name = name.unwrap_or_default();
                bucket.into_iter().for_each(|bucket| _ = self.check_durations.insert((name.clone(), bucket), spread));
            }
            _ => {}
        }
    }
}

/// Adds the observations of a bucket to a series, if there are any.
fn add_to<K: Ord>(histograms: &mut Histograms<K>, series: K, bucket: Option<usize>, spread: &Bucket) {
    if let Some(bucket) = bucket {
        histograms.entry((series, bucket)).or_default().add(spread.count, spread.sum);
    }
}

/// The counters of everything that has ended; `None` without a journal.
pub(crate) async fn read_counters(session: &mut dyn Session, name: &str) -> Result<Option<Counters>, DatabaseError> {
    let table = qualified(session.sql(), name);
    let Some(sums) = counted::everything(session, &table).await? else {
        return Ok(None);
    };
    let mut totals = Counters::default();
    sums.into_iter().for_each(|(group, sum)| totals.count(group, &sum));
    if !totals.check_durations.is_empty() {
        read_checks(session, &table, &mut totals).await?;
    }
    totals.last_run = last_run(session, &table).await?;
    Ok(Some(totals))
}

/// The results of health checks as the journal keeps them: if two checks have the same name, the worse result counts.
pub(crate) fn results(report: &HealthReport) -> BTreeMap<String, CheckStatus> {
    let mut results = BTreeMap::new();
    for check in report.checks.iter().filter(|check| check.status != CheckStatus::Skipped) {
        keep_worse(&mut results, check.name.clone(), check.status);
    }
    results
}

fn keep_worse(results: &mut BTreeMap<String, CheckStatus>, name: String, status: CheckStatus) {
    if results.get(&name) != Some(&CheckStatus::Fail) {
        results.insert(name, status);
    }
}

async fn read_checks(session: &mut dyn Session, table: &str, totals: &mut Counters) -> Result<(), DatabaseError> {
    let last = counted::live(session, table, |_, live| {
        format!(
            "SELECT name, outcome FROM {table} WHERE {live} AND kind = '{CHECK}' AND run_id = (SELECT run_id FROM {table} \
             WHERE {live} AND kind = '{CHECK}' ORDER BY started_at DESC, id DESC LIMIT 1) ORDER BY started_at, id"
        )
    });
    for row in last.await?.unwrap_or_default() {
        let mut columns = row.into_iter();
        let mut next = || columns.next().flatten();
        let (name, status) = (next().unwrap_or_default(), status(next().as_deref()));
        keep_worse(&mut totals.checks, name, status);
    }
    Ok(())
}
