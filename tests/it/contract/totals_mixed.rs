//! Runs of every command in one journal, and in the metrics of one process.

use std::collections::BTreeMap;

use migrascope::history::Direction;
use migrascope::journal::Counters;
use migrascope::migration::Version;
use migrascope::plan::Change;
use migrascope::policy::{Environment, Policy};
use migrascope::report::Outcome;
use migrascope::run::Repair;
use migrascope::{Options, Status};

use crate::support::{TestDatabase, block_on, on_each};
use crate::tale::metrics_page::MetricsPage;

/// One run each of `baseline`, `up`, `exec`, `repair` and `down`, and one of `up` that fails.
fn runs(database: &TestDatabase, page: &mut MetricsPage) {
    let version = |text: &str| Version::from_digits(text).unwrap();
    let repair = |change: Change| Repair { change, reason: None };
    let all = [
        ("1_a.sql", "CREATE TABLE a (i INTEGER)"),
        ("2_b.sql", "CREATE TABLE b (i INTEGER)"),
        ("3_c.sql", "CREATE TABLE c (i INTEGER)"),
        ("3_c.down.sql", "DROP TABLE c"),
        ("4_d.sql", "CREATE TABEL d (i INTEGER)"),
    ];
    let migrator = |files: &[(&str, &str)]| database.migrator(&database.migrations(files), Options::default());
    let policy = Policy { environment: Environment::Production, named_by: None, auto_migrate: Some(true) };
    let metrics = &mut page.metrics;
    block_on(async {
        migrator(&all[..1]).repair(repair(Change::Baseline(version("1").into()))).observe(&mut *metrics).await.unwrap();
        migrator(&all[..2]).up().observe(&mut *metrics).await.unwrap();
        migrator(&all[..4]).auto(policy).observe(&mut *metrics).await.unwrap();
        migrator(&all[..4]).down().observe(&mut *metrics).await.unwrap();
        migrator(&all[..4])
            .repair(repair(Change::MarkApplied(version("3").into())))
            .observe(&mut *metrics)
            .await
            .unwrap();
        migrator(&all).up().observe(&mut *metrics).await.unwrap_err();
    });
}

fn look(database: &TestDatabase) -> (Status, Counters) {
    let directory = database.migrations(&[("1_a.sql", "CREATE TABLE a (i INTEGER)")]);
    block_on(database.migrator(&directory, Options::default()).look()).unwrap()
}

#[test]
fn commands_of_one_direction_are_summed() {
    on_each(|database| {
        runs(database, &mut MetricsPage::new(Counters::default()));
        let rows = database.value("SELECT count(*) FROM _migrascope_journal WHERE kind = 'run'");
        assert_eq!(rows, "6");
        let looked = look(database).1;
        let mut counts = BTreeMap::new();
        for ((key, _), spread) in &looked.run_durations {
            *counts.entry(*key).or_insert(0) += spread.count;
        }
        let expected = BTreeMap::from([
            ((Direction::Up, Outcome::Success), 4),
            ((Direction::Up, Outcome::Failure), 1),
            ((Direction::Down, Outcome::Success), 1),
        ]);
        assert_eq!(counts, expected);
        let sum: f64 = looked.run_durations.values().map(|spread| spread.sum).sum();
        let journal: f64 =
            database.value("SELECT sum(elapsed_ms) FROM _migrascope_journal WHERE kind = 'run'").parse().unwrap();
        assert!((sum - journal / 1000.0).abs() < 1e-4, "{sum} s against {journal} ms");
        assert_eq!(looked.run_durations, look(database).1.run_durations, "the same sums to the last digit");
    });
}

#[test]
fn the_label_of_a_run_means_the_same_whether_the_journal_counts_or_the_process() {
    on_each(|database| {
        let mut counted = MetricsPage::new(Counters::default());
        runs(database, &mut counted);
        let mut journaled = MetricsPage::journaled();
        let (status, totals) = look(database);
        journaled.metrics.looked(None, &status.identity, &status.schema, &totals);
        for (direction, outcome, count) in [("up", "success", 4.0), ("up", "failure", 1.0), ("down", "success", 1.0)] {
            let labels = format!("migrascope_direction=\"{direction}\",migrascope_outcome=\"{outcome}\"");
            for page in [&counted, &journaled] {
                assert_eq!(
                    page.value("migrascope_run_duration_seconds_count", &labels),
                    Some(count),
                    "{labels}\n{}",
                    page.text()
                );
            }
        }
    });
}
