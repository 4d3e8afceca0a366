//! The histograms: fed by events, or by what the journal has more than before.
//!
//! An instrument takes single observations. Of those in the journal only their number and sum in each bucket are known, so
//! each is recorded as the mean of its bucket: counts and sums come out exactly.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter};

use super::instruments::histogram;
use crate::history::Direction;
use crate::journal::{Spread, Spreads, Totals};
use crate::observe::names;
use crate::report::Outcome;

pub(super) struct Distributions {
    run_duration: Histogram<f64>,
    migration_duration: Histogram<f64>,
    lock_wait: Histogram<f64>,
    /// What of the journal is recorded.
    told: Totals,
}

impl Distributions {
    pub(super) fn new(meter: &Meter) -> Self {
        Self {
            run_duration: histogram(meter, &names::RUN_DURATION),
            migration_duration: histogram(meter, &names::MIGRATION_DURATION),
            lock_wait: histogram(meter, &names::LOCK_WAIT_DURATION),
            told: Totals::default(),
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

    /// Records what `totals` have more than those told before.
    pub(super) fn follow(&mut self, totals: &Totals, common: &[KeyValue]) {
        let ending = |(direction, outcome): (Direction, Outcome)| {
            let own =
                [KeyValue::new(names::DIRECTION, direction.word()), KeyValue::new(names::OUTCOME, outcome.word())];
            [common, &own].concat()
        };
        let lock = |()| [common, &[KeyValue::new(names::LOCK, names::LOCK_ADVISORY)]].concat();
        let durations = names::DURATION_BUCKETS;
        follow(&self.run_duration, &mut self.told.run_durations, &totals.run_durations, durations, ending);
        follow(
            &self.migration_duration,
            &mut self.told.migration_durations,
            &totals.migration_durations,
            durations,
            ending,
        );
        follow(&self.lock_wait, &mut self.told.lock_waits, &totals.lock_waits, names::WAIT_BUCKETS, lock);
    }
}

pub(super) fn follow<K: Clone + Ord>(
    histogram: &Histogram<f64>,
    told: &mut Spreads<K>,
    now: &Spreads<K>,
    bounds: &[f64],
    labels: impl Fn(K) -> Vec<KeyValue>,
) {
    for ((key, bucket), spread) in more(told, now) {
        let labels = labels(key);
        let value = inside(spread.sum / spread.count as f64, bucket, bounds);
        (0..spread.count).for_each(|_| histogram.record(value, &labels));
    }
    told.clone_from(now);
}

/// What is there now and was not there before.
fn more<K: Clone + Ord>(before: &Spreads<K>, now: &Spreads<K>) -> Spreads<K> {
    let grown = |(key, spread): (&(K, usize), &Spread)| {
        let old = before.get(key).copied().unwrap_or_default();
        let count = spread.count.checked_sub(old.count).filter(|count| *count > 0)?;
        Some((key.clone(), Spread { count, sum: spread.sum - old.sum }))
    };
    now.iter().filter_map(grown).collect()
}

/// The value, moved into its bucket where rounding has put it beside.
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
