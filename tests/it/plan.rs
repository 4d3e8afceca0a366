//! Planning: a table of histories and directories, and the resulting plans.

mod foreign_keys;

use migrascope::history::{Attempt, AttemptState, Direction, Entry, History, RecordedChecksum};
use migrascope::migration::{Dialect, Key, Migration, MigrationSet, Script, Version};
use migrascope::plan::{self, Missing, Order, Plan, Rules, Target};

fn version(text: &str) -> Version {
    Version::from_history(text)
}

fn script(name: &str, text: &str) -> Script {
    Script::new(name, text, Dialect::Postgres)
}

/// A version, or the name of a repeatable migration after a `~`.
fn key(text: &str) -> Key {
    match text.strip_prefix('~') {
        Some(name) => Key::Repeatable(name.to_owned()),
        None => version(text).into(),
    }
}

/// Migrations with these keys; one with a `-` behind has no down script, one with `*` was changed since.
fn set(versions: &str) -> MigrationSet {
    let migrations = versions.split_whitespace().map(|word| {
        let digits = word.trim_end_matches(['-', '*']);
        let text = if word.contains('*') { "SELECT 'changed'" } else { "SELECT 1" };
        Migration {
            key: key(digits),
            name: format!("m{digits}"),
            up: script("up.sql", text),
            down: (!word.contains('-')).then(|| script("down.sql", "SELECT -1")),
        }
    });
    MigrationSet::new(migrations.collect()).unwrap()
}

fn history(versions: &str) -> History {
    let original = script("up.sql", "SELECT 1");
    let entry = |digits: &str| Entry::of(key(digits), format!("m{digits}"), &original);
    History::of(versions.split_whitespace().map(entry))
}

fn rules() -> Rules {
    Rules {
        target: Target::Latest,
        order: Order::Strict,
        missing: Missing::Refuse,
        changed: plan::Changed::Refuse,
        unmanaged: plan::Unmanaged::Refuse,
        transactional_ddl: true,
        foreign_keys: None,
        product: "PostgreSQL",
    }
}

fn told(result: Result<Plan<'_>, Vec<plan::Objection>>) -> String {
    match result {
        Ok(plan) => {
            let steps = plan.steps.iter().map(|step| format!("{} {}", step.direction.word(), step.migration.key));
            steps.chain(plan.notes.iter().map(|note| format!("note: {note}"))).collect::<Vec<_>>().join(" | ")
        }
        Err(objections) => {
            objections.iter().map(|objection| format!("no: {objection}")).collect::<Vec<_>>().join(" | ")
        }
    }
}

#[track_caller]
fn check_up(files: &str, applied: &str, rules: &Rules, expected: &str) {
    assert_eq!(told(plan::up(&set(files), &history(applied), rules)), expected);
}

#[track_caller]
fn check_down(files: &str, applied: &str, target: Target, expected: &str) {
    assert_eq!(told(plan::down(&set(files), &history(applied), &Rules { target, ..rules() })), expected);
}

#[test]
fn pending_versions_are_planned_as_numbers() {
    check_up("1 2 10", "", &rules(), "up 1 | up 2 | up 10");
    check_up("007 8", "7", &rules(), "up 8");
    check_up(
        "99999999999999999999 100000000000000000000",
        "",
        &rules(),
        "up 99999999999999999999 | up 100000000000000000000",
    );
    check_up("1 2", "1 2", &rules(), "");
}

#[test]
fn a_target_cuts_the_plan() {
    let to = |target| Rules { target, ..rules() };
    check_up("1 2 3", "1", &to(Target::Version(version("2"))), "up 2");
    check_up("1 2 3", "", &to(Target::Steps(2)), "up 1 | up 2");
    check_up("1 2 3", "", &to(Target::Steps(0)), "");
    check_up("1 2 3", "", &to(Target::Version(version("9"))), "no: there is no migration 9");
}

#[test]
fn late_versions_follow_the_order() {
    let by = |order| Rules { order, ..rules() };
    check_up("1 2 3", "1 3", &rules(), "no: migration 2 (m2) is pending but older than 3, which is applied");
    check_up(
        "1 2 3 4",
        "1 3",
        &by(Order::Allow),
        "up 2 | up 4 | note: migration 2 (m2) is older than 3, which is applied, and is applied all the same",
    );
    check_up(
        "1 2 3 4",
        "1 3",
        &by(Order::Skip),
        "up 4 | note: migration 2 (m2) is older than the newest applied one and is skipped",
    );
}

#[test]
fn changed_and_missing_files_are_refused_together() {
    check_up(
        "1* 3",
        "1 2",
        &rules(),
        "no: migration 1 (m1) was changed after it was applied | no: migration 2 (m2) is applied but its file is missing",
    );
    let allowed = Rules { missing: Missing::Allow, ..rules() };
    check_up("1 3", "1 2", &allowed, "up 3 | note: migration 2 (m2) is applied but its file is missing");
}

#[test]
fn a_repeatable_migration_is_applied_after_all_versions_and_again_when_its_file_has_changed() {
    check_up("~views 1 ~rights 2", "", &rules(), "up 1 | up 2 | up rights | up views");
    check_up("1 2 ~rights* ~views", "1 2 ~rights ~views", &rules(), "up rights");
    check_up("1 2 ~views", "1 ~views", &rules(), "up 2");
    check_up("1 ~views*", "1 ~views", &Rules { target: Target::Version(version("1")), ..rules() }, "");
    check_up("1", "1 ~views", &rules(), "no: migration views (m~views) is applied but its file is missing");
    check_down("1 2 ~views", "1 2 ~views", Target::Latest, "down 2");
    let schema = plan::survey(&set("1 2 ~rights* ~views"), &history("1 ~rights ~views"));
    assert_eq!((schema.version, schema.pending, schema.changed), (Some(version("1")), 2, 0));
}

#[test]
fn a_key_is_the_same_key_when_it_is_read_from_a_table() {
    for text in ["7", "1.2", "20260101_add users", "~views"] {
        let key = key(text);
        assert_eq!(Key::from_history(&key.canonical()), key, "{text}");
    }
    let names = ["9", "10.1", "0_z", "B", "a"].map(version);
    let mut sorted = names.clone();
    sorted.reverse();
    sorted.sort();
    assert_eq!(sorted, names, "numbers before names, and these by bytes");
}

#[test]
fn what_a_newer_release_has_applied_can_be_let_pass() {
    let newer = Rules { missing: Missing::AllowNewer, ..rules() };
    check_up("1 2", "1 2 3", &newer, "note: migration 3 (m3) is applied but its file is missing");
    check_up("1 3", "1 2 3", &newer, "no: migration 2 (m2) is applied but its file is missing");
    check_up("1 2", "1 3", &newer, "no: migration 2 (m2) is pending but older than 3, which is applied");
    check_up("1 2 ~r", "1 2 3 ~r", &newer, "note: migration 3 (m3) is applied but its file is missing");
}

#[test]
fn down_goes_from_the_highest_version() {
    check_down("1 2 3", "1 2 3", Target::Latest, "down 3");
    check_down("1 2 3", "1 3 2", Target::Steps(2), "down 3 | down 2");
    check_down("1 2 3", "1 2 3", Target::Version(version("1")), "down 3 | down 2");
    check_down("1 2 3", "1 2 3", Target::Version(version("0")), "down 3 | down 2 | down 1");
    check_down("1 2", "", Target::Latest, "");
    check_down("1 2-", "1 2", Target::Steps(2), "no: migration 2 (m2) has no down script");
    check_down("1", "1 2", Target::Latest, "no: migration 2 (m2) is applied but its file is missing");
    check_down("1 2", "1 2", Target::Version(version("7")), "no: there is no migration 7");
}

#[test]
fn an_attempt_that_nobody_settled_is_refused_both_ways() {
    let attempt = |state| Attempt {
        id: "id".into(),
        run_id: "run".into(),
        key: version("2").into(),
        name: "m2".into(),
        direction: Direction::Up,
        state,
        done: 1,
        last: 2,
        reached: migrascope::history::Reached::Unrecorded,
        total: 3,
        error_code: None,
        error_text: None,
        started_at: String::new(),
        done_checksum: None,
    };
    for (state, expected) in [
        (
            AttemptState::Failed { statement: 2 },
            "no: migration 2 (m2) failed half-way up at statement 2 of 3: the first has taken effect",
        ),
        (
            AttemptState::Unfinished,
            "no: migration 2 (m2) was interrupted half-way up: 1 of 3 statements are known to have taken effect",
        ),
    ] {
        let mut history = history("1");
        history.unsettled = vec![attempt(state)];
        assert_eq!(told(plan::up(&set("1 2"), &history, &rules())), expected);
        assert_eq!(told(plan::down(&set("1 2"), &history, &rules())), expected);
    }
}

#[test]
fn an_attempt_says_which_statement_it_has_sent_alone() {
    let text = "statement 2 was refused in a transaction, and went out alone";
    let attempt = |done| Attempt { done, error_text: Some(text.to_owned()), ..unfinished() };
    assert_eq!([0, 1, 2].map(|done| attempt(done).alone()), [None, Some(1), None]);
    assert_eq!(unfinished().alone(), None);
}

fn unfinished() -> Attempt {
    Attempt {
        id: "id".into(),
        run_id: "run".into(),
        key: version("2").into(),
        name: "m2".into(),
        direction: Direction::Up,
        state: AttemptState::Unfinished,
        done: 1,
        last: 2,
        reached: migrascope::history::Reached::Unrecorded,
        total: 3,
        error_code: None,
        error_text: None,
        started_at: String::new(),
        done_checksum: None,
    }
}

#[test]
fn one_survey_counts_for_everybody() {
    let schema = plan::survey(&set("1* 2 3 4"), &history("1 2"));
    assert_eq!((schema.applied, schema.pending, schema.changed, schema.dirty), (2, 2, 1, false));
    assert_eq!(schema.version, Some(version("2")));
    assert_eq!(schema.missing, 0);
    assert_eq!(plan::survey(&set("2 4"), &history("1 2 3")).missing, 2, "whether or not the rules allow it");
}

#[track_caller]
fn check_atomic(text: &str, expected: &str) {
    let migration = Migration { key: version("1").into(), name: "m".into(), up: script("up.sql", text), down: None };
    let set = MigrationSet::new(vec![migration]).unwrap();
    let plan = plan::up(&set, &History::default(), &rules()).unwrap();
    let step = &plan.steps[0];
    let sent: Vec<&str> = (0..step.statements().len()).map(|index| step.text(index)).collect();
    let told = match &step.atomic {
        plan::Atomic::Yes => format!("atomic: {}", sent.join(" | ")),
        plan::Atomic::No { why } => format!("{why}: {}", sent.join(" | ")),
    };
    assert_eq!(told, expected);
}

#[test]
fn what_runs_in_one_transaction_is_seen_in_the_script() {
    check_atomic("SELECT 1; SELECT 2", "atomic: SELECT 1 | SELECT 2");
    check_atomic("", "atomic: ");
    check_atomic("BEGIN; SELECT 1; COMMIT;", "atomic: SELECT 1");
    check_atomic("BEGIN; SAVEPOINT a; ROLLBACK TO a; END", "atomic: SAVEPOINT a | ROLLBACK TO a");
    check_atomic(
        "BEGIN; SELECT 1; COMMIT; SELECT 2",
        "line 1: its own transaction (BEGIN) does not enclose the whole script: BEGIN | SELECT 1 | COMMIT | SELECT 2",
    );
    check_atomic(
        "BEGIN ISOLATION LEVEL SERIALIZABLE; COMMIT",
        "line 1: its own transaction (BEGIN) does not enclose the whole script: BEGIN ISOLATION LEVEL SERIALIZABLE | COMMIT",
    );
    check_atomic(
        "SELECT 1;\nCREATE INDEX CONCURRENTLY i ON t (a)",
        "line 2: a concurrent index command cannot run in a transaction: SELECT 1 | CREATE INDEX CONCURRENTLY i ON t (a)",
    );
    check_atomic("VACUUM t", "line 1: VACUUM has no effect or is refused in a transaction: VACUUM t");
    check_atomic("-- migrascope: no-transaction\nSELECT 1", "its file has the directive no-transaction: SELECT 1");
}

#[test]
fn tables_without_a_history_are_refused_where_something_is_pending() {
    let tables: Vec<String> = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
    let mut history = History::default();
    history.unmanaged_tables = tables;
    let allowed = Rules { unmanaged: plan::Unmanaged::Allow, ..rules() };
    let sentence = "the database has 4 tables (a, b, c and 1 more) but no history of migrations";
    let refused = plan::up(&set("1"), &history, &rules()).unwrap_err();
    assert_eq!(refused.iter().map(ToString::to_string).collect::<Vec<_>>(), [sentence]);
    for (files, rules) in [("1", allowed), ("", rules())] {
        let set = set(files);
        let plan = plan::up(&set, &history, &rules).unwrap();
        assert_eq!(plan.notes.iter().map(ToString::to_string).collect::<Vec<_>>(), [sentence]);
    }
}

#[test]
fn the_history_of_another_tool_is_known_by_its_name() {
    let table = [("flyway_schema_history", Some("Flyway")), ("app._sqlx_migrations", Some("sqlx")), ("users", None)];
    for (name, tool) in table {
        assert_eq!(migrascope::database::other_history(&[name.to_owned()]).map(|(_, tool)| tool), tool, "{name}");
    }
}

/// A migration whose text cannot be split.
fn open_quote(digits: &str) -> Migration {
    Migration {
        key: version(digits).into(),
        name: format!("m{digits}"),
        up: script("up.sql", "SELECT 'open"),
        down: None,
    }
}

#[test]
fn what_is_applied_with_the_same_checksum_is_not_split_and_what_is_pending_is() {
    let set = MigrationSet::new(vec![open_quote("1")]).unwrap();
    let applied = RecordedChecksum::of_text(set.iter().next().unwrap().up.checksum().as_str());
    let mut entry = Entry::new(version("1"), "m1");
    entry.checksum = Some(applied);
    let history = History::of([entry]);
    assert_eq!(plan::up(&set, &history, &rules()).unwrap().steps, []);

    let set = MigrationSet::new(vec![open_quote("1"), open_quote("2"), open_quote("3")]).unwrap();
    let rules = Rules { target: Target::Version(version("2")), ..rules() };
    let objections = plan::up(&set, &history, &rules).unwrap_err();
    let told: Vec<_> = objections.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["up.sql: unterminated quote '"; 2], "also of one that this run would not come to");
}
