//! The histograms, filled by events or by what the journal has counted since the last reading.
//!
//! An instrument takes single observations, but the journal has only count and sum of each bucket. So each observation is recorded as the
//! mean of its bucket, which keeps counts and sums exact.

use std::collections::BTreeMap;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter};

use super::instruments::histogram;
use crate::history::Direction;
use crate::journal::{Bucket, Counters, Histograms};
use crate::observe::names::{self, Kind, Metric};
use crate::report::Outcome;

/// A histogram of the journal, with the labels of its series.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct HistogramSeries {
    /// The metric.
    pub metric: Metric,
    /// Its labels.
    pub labels: Vec<KeyValue>,
    /// The observations in each bucket, the last of which has no upper bound.
    pub counts: Vec<u64>,
    /// The sum of all observations.
    pub sum: f64,
}

/// Where the journal's observations are kept.
#[derive(Default)]
pub(super) enum Destination {
    /// In the instruments, one by one.
    #[default]
    Instruments,
    /// As series with their counts.
    Series(Vec<HistogramSeries>),
}

pub(super) struct Distributions {
    run_duration: Histogram<f64>,
    migration_duration: Histogram<f64>,
    lock_wait: Histogram<f64>,
    /// The totals that are recorded already.
    recorded: Counters,
    pub(super) destination: Destination,
}

impl Distributions {
    pub(super) fn new(meter: &Meter) -> Self {
        Self {
            run_duration: histogram(meter, &names::RUN_DURATION),
            migration_duration: histogram(meter, &names::MIGRATION_DURATION),
            lock_wait: histogram(meter, &names::LOCK_WAIT_DURATION),
            recorded: Counters::default(),
            destination: Destination::default(),
        }
    }

    pub(super) fn run(&self, elapsed: Duration, labels: &[KeyValue]) {
        self.run_duration.record(elapsed.as_secs_f64(), labels);
    }

    pub(super) fn migration(&self, elapsed: Duration, labels: &[KeyValue]) {
        self.migration_duration.record(elapsed.as_secs_f64(), labels);
    }

    pub(super) fn lock_wait(&self, waited: Duration, labels: &[KeyValue]) {
        self.lock_wait.record(waited.as_secs_f64(), labels);
    }

    /// Records what `totals` have more than before.
    pub(super) fn follow(&mut self, totals: &Counters, common: &[KeyValue]) {
        let ending = |(direction, outcome): (Direction, Outcome)| {
            let own =
                [KeyValue::new(names::DIRECTION, direction.word()), KeyValue::new(names::OUTCOME, outcome.word())];
            [common, &own].concat()
        };
        let lock = |()| [common, &[KeyValue::new(names::LOCK, names::LOCK_ADVISORY)]].concat();
        if let Destination::Series(series) = &mut self.destination {
            series.clear();
            series.extend(counted(&names::RUN_DURATION, &totals.run_durations, ending));
            series.extend(counted(&names::MIGRATION_DURATION, &totals.migration_durations, ending));
            series.extend(counted(&names::LOCK_WAIT_DURATION, &totals.lock_waits, lock));
            return;
        }
        let durations = names::DURATION_BUCKETS;
        follow(&self.run_duration, &mut self.recorded.run_durations, &totals.run_durations, durations, ending);
        follow(
            &self.migration_duration,
            &mut self.recorded.migration_durations,
            &totals.migration_durations,
            durations,
            ending,
        );
        follow(&self.lock_wait, &mut self.recorded.lock_waits, &totals.lock_waits, names::WAIT_BUCKETS, lock);
    }
}

/// The series of a histogram of the journal.
pub(super) fn counted<K: Clone + Ord>(
    metric: &Metric,
    spreads: &Histograms<K>,
    labels: impl Fn(K) -> Vec<KeyValue>,
) -> Vec<HistogramSeries> {
    let buckets = if let Kind::Histogram(bounds) = metric.kind { bounds.len() + 1 } else { 0 };
    let mut found: BTreeMap<&K, (Vec<u64>, f64)> = BTreeMap::new();
    for ((key, bucket), spread) in spreads {
        let (counts, sum) = found.entry(key).or_insert_with(|| (vec![0; buckets], 0.0));
        counts.get_mut(*bucket).into_iter().for_each(|count| *count += spread.count);
        *sum += spread.sum;
    }
    let series = |(key, (counts, sum)): (&K, (Vec<u64>, f64))| HistogramSeries {
        metric: *metric,
        labels: labels(key.clone()),
        counts,
        sum,
    };
    found.into_iter().map(series).collect()
}

pub(super) fn follow<K: Clone + Ord>(
    histogram: &Histogram<f64>,
    recorded: &mut Histograms<K>,
    now: &Histograms<K>,
    bounds: &[f64],
    labels: impl Fn(K) -> Vec<KeyValue>,
) {
    for ((key, bucket), spread) in increase(recorded, now) {
        let labels = labels(key);
        let value = inside(spread.sum / spread.count as f64, bucket, bounds);
        (0..spread.count).for_each(|_| histogram.record(value, &labels));
    }
    recorded.clone_from(now);
}

/// What `now` has more than `before`.
fn increase<K: Clone + Ord>(before: &Histograms<K>, now: &Histograms<K>) -> Histograms<K> {
    let grown = |(key, spread): (&(K, usize), &Bucket)| {
        let old = before.get(key).copied().unwrap_or_default();
        let count = spread.count.checked_sub(old.count).filter(|count| *count > 0)?;
        Some((key.clone(), Bucket { count, sum: spread.sum - old.sum }))
    };
    now.iter().filter_map(grown).collect()
}

/// The value, moved into its bucket where rounding has put it outside.
fn inside(value: f64, bucket: usize, bounds: &[f64]) -> f64 {
    let lowest = bucket.checked_sub(1).and_then(|below| bounds.get(below)).map_or(0.0, |bound| bound.next_up());
    let highest = bounds.get(bucket).copied().unwrap_or(f64::MAX);
    value.clamp(lowest, highest)
}

#[cfg(test)]
mod tests {
    use super::inside;

    #[test]
    fn a_mean_stays_in_its_bucket() {
        let bounds = [0.1, 0.5];
        assert_eq!(inside(0.05, 0, &bounds), 0.05);
        assert_eq!(inside(0.100_000_000_001, 0, &bounds), 0.1);
        assert!(inside(0.099_999, 1, &bounds) > 0.1);
        assert_eq!(inside(7.0, 2, &bounds), 7.0);
    }
}
