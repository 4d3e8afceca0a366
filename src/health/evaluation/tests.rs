use super::{CheckStatus, Evaluation, Limits, Prior, ReplicaColumns, of};

const SHARES: Limits = Limits { warn: Some(0.8), fail: Some(0.95) };
const SECONDS: Limits = Limits { warn: Some(10.0), fail: Some(60.0) };
const NONE: Limits = Limits { warn: None, fail: Some(1.0) };
const LAG: Evaluation = Evaluation::Lag(ReplicaColumns { name: 0, seconds: 1, none: "no replicas" });

fn row(columns: &[Option<&str>]) -> Vec<Option<String>> {
    columns.iter().map(|column| column.map(str::to_owned)).collect()
}

/// What the same check has found before.
fn known(evaluation: Evaluation, rows: &[Vec<Option<String>>], limits: Limits) -> Prior {
    Prior::Known(of(evaluation, rows, limits, &Prior::NotChecked).faults)
}

#[test]
fn a_share_is_judged_by_two_thresholds() {
    let table = [("79", CheckStatus::Ok, 0.8), ("80", CheckStatus::Warn, 0.8), ("95", CheckStatus::Fail, 0.95)];
    for (used, status, threshold) in table {
        let result = of(Evaluation::Share, &[row(&[Some(used), Some("100")])], SHARES, &Prior::NotChecked);
        assert_eq!((result.status, result.threshold), (status, Some(threshold)), "{used}");
    }
    assert_eq!(
        of(Evaluation::Share, &[row(&[None, Some("100")])], SHARES, &Prior::NotChecked).status,
        CheckStatus::Skipped
    );
}

#[test]
fn a_share_fails_a_run_only_where_it_was_below_before() {
    let of = |used: &str, prior: &Prior| of(Evaluation::Share, &[row(&[Some(used), Some("100")])], SHARES, prior);
    let full = Prior::Known(of("96", &Prior::NotChecked).faults);
    let crowded = Prior::Known(of("85", &Prior::NotChecked).faults);
    assert_eq!(of("97", &full).status, CheckStatus::Warn);
    assert_eq!(of("97", &full).message, "97 of 100 used; it was so before this run");
    assert_eq!(of("97", &crowded).status, CheckStatus::Fail);
}

#[test]
fn the_replica_that_is_furthest_behind_counts_and_one_that_has_stopped_fails() {
    let near = row(&[Some("near"), Some("0.2")]);
    let far = row(&[Some("far"), Some("61.5")]);
    let stopped = row(&[Some("north"), None]);
    let of = |rows: &[Vec<Option<String>>], prior: &Prior| of(LAG, rows, SECONDS, prior);
    assert_eq!(of(&[], &Prior::NotChecked).message, "no replicas");
    assert_eq!(of(std::slice::from_ref(&near), &Prior::NotChecked).status, CheckStatus::Ok);
    let result = of(&[far.clone(), near.clone()], &Prior::NotChecked);
    assert_eq!((result.status, result.message.as_str()), (CheckStatus::Fail, "far is 61.5 s behind"));
    let result = of(&[stopped.clone(), far.clone(), near.clone()], &Prior::NotChecked);
    assert_eq!((result.status, result.message.as_str()), (CheckStatus::Fail, "replication has stopped: north"));

    let before = known(LAG, &[stopped.clone(), near.clone()], SECONDS);
    assert_eq!(of(&[near.clone(), stopped.clone()], &before).status, CheckStatus::Warn);
    let result = of(&[near, stopped, far], &before);
    assert_eq!((result.status, result.message.as_str()), (CheckStatus::Fail, "far is 61.5 s behind"));
}

#[test]
fn rows_are_named_and_counted() {
    let rows: Vec<_> = ["a", "b", "c", "d", "e"].map(|name| row(&[Some(name)])).to_vec();
    let result = of(Evaluation::Faults, &rows, NONE, &Prior::NotChecked);
    assert_eq!(result.message, "5 found: a; b; c; and 2 more");
    assert_eq!((result.value, result.threshold), (Some(5.0), Some(1.0)));
}

#[test]
fn what_was_there_before_is_a_warning_and_what_is_new_is_named() {
    let [a, b] = ["a", "b"].map(|name| row(&[Some(name)]));
    let before = known(Evaluation::Faults, std::slice::from_ref(&a), NONE);
    let of = |rows: &[Vec<Option<String>>], prior: &Prior| of(Evaluation::Faults, rows, NONE, prior);
    let result = of(std::slice::from_ref(&a), &before);
    assert_eq!((result.status, result.value), (CheckStatus::Warn, Some(1.0)));
    assert_eq!(result.message, "1 found: a; it was so before this run");
    let result = of(&[a.clone(), b.clone()], &before);
    assert_eq!(result.status, CheckStatus::Fail);
    assert_eq!(result.message, "2 found, 1 of them since this run began: b");
    assert_eq!(of(&[a.clone(), a], &before).status, CheckStatus::Fail, "a second one that looks the same is new");
    let result = of(&[b], &Prior::Unknown("no connection".to_owned()));
    assert_eq!(result.status, CheckStatus::Fail);
    assert_eq!(result.message, "1 found: b; whether it was so before this run is not known: no connection");
}

#[test]
fn what_was_renamed_is_known_by_its_identity_and_counted_once() {
    let old = row(&[Some("users row 5"), Some("users customers")]);
    let before = known(Evaluation::Faults, std::slice::from_ref(&old), NONE);
    let renumbered = row(&[Some("users row 1"), Some("users customers")]);
    let of = |rows: &[Vec<Option<String>>]| of(Evaluation::Faults, rows, NONE, &before);
    assert_eq!(of(std::slice::from_ref(&renumbered)).status, CheckStatus::Warn);
    assert_eq!(of(&[renumbered, old]).message, "2 found, 1 of them since this run began: users row 1");
}

#[test]
fn a_limit_of_never_is_none() {
    let never = Limits { warn: Some(1.0), fail: None };
    let rows = [row(&[Some("a")])];
    let result = of(Evaluation::Faults, &rows, never, &Prior::NotChecked);
    assert_eq!((result.status, result.threshold), (CheckStatus::Warn, Some(1.0)));
    let result = of(Evaluation::Faults, &rows, Limits { warn: None, fail: None }, &Prior::NotChecked);
    assert_eq!((result.status, result.threshold), (CheckStatus::Ok, None));
}
