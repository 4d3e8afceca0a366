//! The catalogue of names, the actual output and the documentation must contain the same names.

use std::collections::{BTreeMap, BTreeSet};

use migrascope::observe::names::{self, Kind, METRICS, Metric};
use migrascope::plan::RefusalReason;

use super::metrics_page::MetricsPage;
use super::story::Course;

/// The properties of a metric in a table: OpenTelemetry name, kind, unit and its own labels.
type Entry = (String, String, String, String);

fn catalogue() -> BTreeMap<String, Entry> {
    let entry = |metric: &Metric| {
        let labels: Vec<String> = metric.labels.iter().map(|label| names::prometheus_label(label)).collect();
        (metric.name.to_owned(), metric.kind.word().to_owned(), metric.unit.to_owned(), labels.join(" "))
    };
    METRICS.iter().map(|metric| (metric.prometheus_name(), entry(metric))).collect()
}

#[test]
fn a_run_exports_the_whole_catalogue_and_nothing_else() {
    // The error of the last run exists only if it did not succeed.
    let page = [Course::Fine, Course::Failing].map(MetricsPage::after);
    let exported: BTreeMap<String, String> = page
        .iter()
        .flat_map(|page| page.registry.gather())
        .map(|family| (family.name().to_owned(), format!("{:?}", family.get_field_type()).to_lowercase()))
        .collect();
    let mut promised: BTreeMap<String, String> =
        catalogue().into_iter().map(|(name, (_, kind, ..))| (name, kind)).collect();
    // Only exporters emit it, not a run.
    promised.remove(&names::EXPORT_FAILURES.prometheus_name());
    // It is visible only from outside.
    promised.remove(&names::RUN_LOCK_HELD.prometheus_name());
    assert_eq!(exported, promised);
}

#[test]
fn every_series_has_the_labels_of_the_catalogue() {
    let catalogue = catalogue();
    let courses = [Course::Fine, Course::Failing, Course::Refused];
    for family in courses.into_iter().flat_map(|course| MetricsPage::after(course).registry.gather()) {
        let (_, _, _, own) = &catalogue[family.name()];
        let known = |label: &str| {
            own.split(' ').any(|own| own == label)
                || names::COMMON_LABELS.iter().any(|common| names::prometheus_label(common) == label)
        };
        for series in family.get_metric() {
            assert!(series.get_label().iter().all(|label| known(label.name())), "{series:?}");
        }
    }
}

#[test]
fn help_is_the_description_of_the_catalogue() {
    for family in MetricsPage::after(Course::Fine).registry.gather() {
        let metric = METRICS.iter().find(|metric| metric.prometheus_name() == family.name()).expect("in the catalogue");
        assert_eq!(family.help(), metric.description);
    }
}

#[test]
fn the_documentation_has_the_catalogue() {
    let documented: BTreeMap<String, Entry> = include_str!("../../../docs/telemetry.md")
        .lines()
        .filter(|line| line.starts_with("| `migrascope_") || line.starts_with("| `db_"))
        .map(|line| {
            let cells: Vec<String> = line.trim_matches('|').split('|').map(|cell| cell.replace('`', "")).collect();
            let cell = |index: usize| cells[index].trim().to_owned();
            (cell(0), (cell(1), cell(2), cell(3), cell(4)))
        })
        .collect();
    assert_eq!(documented, catalogue());
}

#[test]
fn the_documentation_has_the_buckets() {
    let text = include_str!("../../../docs/telemetry.md");
    for metric in METRICS {
        if let Kind::Histogram(bounds) = metric.kind {
            let line = bounds.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
            assert!(text.contains(&format!("`{line}`")), "{}: {line}", metric.name);
        }
    }
}

#[test]
fn the_documentation_has_every_reason_of_a_refusal() {
    let text = include_str!("../../../docs/telemetry.md");
    let section = text.split("\n### Why a run was refused\n").nth(1).expect("a section");
    let section = section.split("\n### ").next().expect("its text");
    let documented: BTreeSet<&str> = section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .flat_map(|line| line.split('|').nth(1).unwrap_or_default().split(','))
        .map(|word| word.trim().trim_matches('`'))
        .collect();
    assert_eq!(documented, RefusalReason::ALL.map(RefusalReason::word).into());
}
