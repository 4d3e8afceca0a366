//! Flyway's directories.

use migrascope::layout::{EmbeddedFiles, HookScripts, Layout, LayoutError, Links, NewMigration, Reader, Ways};
use migrascope::migration::{Dialect, MigrationSet, SplitScript};

use super::directory;

fn flyway() -> &'static Layout {
    Layout::named("flyway").unwrap()
}

fn described(set: &MigrationSet) -> Vec<String> {
    let described = set.iter().map(|one| format!("{} = {:?} in {}", one.key, one.name, one.up.path().display()));
    described.collect()
}

fn problems(error: LayoutError) -> String {
    match error {
        LayoutError::Files(problems) => {
            let lines = problems.iter().map(|one| format!("{}: {one}", one.path.display()));
            lines.collect::<Vec<_>>().join("\n")
        }
        other => other.to_string(),
    }
}

fn read(files: &[(&'static str, &'static str)]) -> Result<Vec<String>, String> {
    let files = EmbeddedFiles::from(files.to_vec());
    let set = Reader::embedded(&files, Dialect::Postgres).layout(flyway()).migrations();
    set.map(|set| described(&set)).map_err(problems)
}

fn hooks(files: &[(&'static str, &'static str)]) -> Result<HookScripts, String> {
    let files = EmbeddedFiles::from(files.to_vec());
    Reader::embedded(&files, Dialect::Postgres).layout(flyway()).hooks().map_err(problems)
}

#[test]
fn versions_come_by_number_and_then_repeatable_migrations_by_name() {
    let set = read(&[
        ("R__views.sql", "SELECT 1"),
        ("V10__ten.sql", "SELECT 1"),
        ("V1__init.sql", "SELECT 1"),
        ("V1_1__a__b.SQL", "SELECT '${schema}'"),
        ("V2.sql", "SELECT 1"),
        ("V20240101120000__stamp.sql", "SELECT 1"),
        ("more/R__a_view.sql", "SELECT 1"),
        ("more/deep/V02.10__Zoë.sql", "SELECT 1"),
        (".hidden/V3__hidden.sql", "SELECT 1"),
    ]);
    assert_eq!(
        set.unwrap(),
        [
            r#"1 = "init" in V1__init.sql"#,
            r#"1.1 = "a  b" in V1_1__a__b.SQL"#,
            r#"2 = "" in V2.sql"#,
            r#"02.10 = "Zoë" in more/deep/V02.10__Zoë.sql"#,
            r#"10 = "ten" in V10__ten.sql"#,
            r#"20240101120000 = "stamp" in V20240101120000__stamp.sql"#,
            r#"a view = "a view" in more/R__a_view.sql"#,
            r#"views = "views" in R__views.sql"#,
        ]
    );
}

#[test]
fn what_flyway_ignores_is_ignored() {
    let set = read(&[
        ("V1__init.sql", "SELECT 1"),
        ("U1__init.sql", "SELECT 1"),
        ("B1__all.sql", "SELECT 1"),
        ("V2__In_java.java", "class"),
        ("V3__InKotlin.kt", "class"),
        ("V9_x.sql", "SELECT 1"),
        ("v8__x.sql", "SELECT 1"),
        ("seed.sql", "SELECT 1"),
        ("R.sql", "SELECT 1"),
        ("afterClean.sql", "SELECT 1"),
        ("beforeUndo__x.sql", "SELECT 1"),
        ("afterMigrateX.sql", "SELECT 1"),
        ("README.md", "text"),
        ("V4__x.sql.bak", "SELECT 1"),
    ]);
    assert_eq!(set.unwrap(), [r#"1 = "init" in V1__init.sql"#]);
}

#[test]
fn a_version_and_a_description_are_used_once() {
    let twice = [
        ("V1__a.sql", "SELECT 1"),
        ("sub/V01.0__b.sql", "SELECT 1"),
        ("R__v_w.sql", "SELECT 1"),
        ("sub/R__v w.sql", "SELECT 1"),
    ];
    assert_eq!(
        read(&twice).unwrap_err(),
        "sub/R__v w.sql: the repeatable migration is already in R__v_w.sql\n\
         sub/V01.0__b.sql: the version is already used by V1__a.sql"
    );
}

#[test]
fn what_cannot_be_run_as_flyway_would_is_named() {
    let faults = [
        ("V-1__a.sql", "SELECT 1"),
        ("V2__a.sql", "SELECT 1"),
        ("V2__a.sql.conf", "executeInTransaction=true\nencoding=latin1"),
        ("afterMigrate__grants.sql", "SELECT 1"),
        ("sub/beforeMigrate.sql", "SELECT 1"),
    ];
    let callback = |event: &str| {
        format!(
            "SQL for the event {event} is not run: run it with --before or --after, or move the file out of the directory"
        )
    };
    let expected = [
        "V-1__a.sql: the version has a sign".to_owned(),
        format!("afterMigrate__grants.sql: {}", callback("afterMigrate")),
        format!("sub/beforeMigrate.sql: {}", callback("beforeMigrate")),
        "V2__a.sql.conf: the setting encoding of a single migration is not supported".to_owned(),
    ];
    assert_eq!(read(&faults).unwrap_err(), expected.join("\n"));
}

#[test]
fn the_settings_of_a_file_say_whether_it_runs_in_a_transaction() {
    let files = EmbeddedFiles::from(vec![
        ("V1__a.sql", "SELECT 1"),
        ("V1__a.sql.conf", "# a comment\n\nexecuteInTransaction = false\n"),
        ("V2__b.sql", "SELECT 1"),
        ("V2__b.sql.conf", "executeInTransaction=true"),
        ("R__c.sql", "SELECT 1"),
        ("R__c.sql.conf", "executeInTransaction=false"),
    ]);
    let set = Reader::embedded(&files, Dialect::Postgres).layout(flyway()).migrations().unwrap();
    let outside: Vec<bool> = set.iter().map(|one| one.up.parsed().unwrap().directives.no_transaction).collect();
    assert_eq!(outside, [true, false, true]);
}

#[test]
fn a_baseline_file_alone_is_not_run() {
    let error = read(&[("B5__all.sql", "SELECT 1")]).unwrap_err();
    assert!(
        error.starts_with("B5__all.sql: a baseline migration, which stands for all versions up to its own"),
        "{error}"
    );
    assert_eq!(read(&[("Backup.sql", "SELECT 1")]).unwrap_err(), "the directory  has no migrations for postgres");
}

#[test]
fn callbacks_around_each_migration_are_hooks() {
    let path = |hook: Option<SplitScript>| hook.map(|script| script.path().display().to_string()).unwrap_or_default();
    let found = hooks(&[
        ("V1__a.sql", "SELECT 1"),
        ("sub/beforeEachMigrate__check.sql", "SELECT 1"),
        ("afterEachMigrate.sql", "SELECT 2"),
    ]);
    let HookScripts { before_each, after_each, .. } = found.unwrap();
    assert_eq!(
        (path(before_each), path(after_each)),
        ("sub/beforeEachMigrate__check.sql".to_owned(), "afterEachMigrate.sql".to_owned())
    );
    let own = hooks(&[("hooks/before_each.sql", "SELECT 1")]).unwrap();
    assert_eq!(path(own.before_each), "hooks/before_each.sql");
}

#[test]
fn a_callback_that_would_not_do_the_same_is_named() {
    for (files, expected) in [
        (
            vec![("hooks/after_each.sql", "SELECT 1"), ("afterEachMigrate.sql", "SELECT 2")],
            "afterEachMigrate.sql: the same hook or check is already in hooks/after_each.sql",
        ),
        (
            vec![("a/beforeEachMigrate.sql", "SELECT 1"), ("b/beforeEachMigrate__x.sql", "SELECT 2")],
            "b/beforeEachMigrate__x.sql: the same hook or check is already in a/beforeEachMigrate.sql",
        ),
        (
            vec![("beforeEachMigrate.sql", "SET ROLE owner")],
            "beforeEachMigrate.sql: the hook changes settings of its session, and here they end with the hook: \
             set them in each migration, or with --connection-init",
        ),
        (
            vec![("beforeEachMigrate.sql", "COMMIT")],
            "beforeEachMigrate.sql: a hook runs in its own transaction: it must not begin or end one, nor have statements \
             that cannot run in one",
        ),
    ] {
        assert_eq!(hooks(&files).map(drop), Err(expected.to_owned()));
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_hidden_folders_are_not() {
    let folder =
        directory(&[("V1__a.sql", b"SELECT 1"), (".git/V2__b.sql", b"SELECT 1"), ("real/V3__c.sql", b"SELECT 1")]);
    let outside = directory(&[("V4__d.sql", b"SELECT 1")]);
    std::os::unix::fs::symlink(outside.path(), folder.path().join("linked")).unwrap();
    let read = |links| Reader::directory(folder.path(), Dialect::Sqlite).links(links).layout(flyway()).migrations();
    let keys = |set: MigrationSet| set.iter().map(|one| one.key.to_string()).collect::<Vec<_>>();
    assert_eq!(keys(read(Links::Anywhere).unwrap()), ["1", "3", "4"]);
}

#[test]
fn a_new_migration_follows_the_versions() {
    for (existing, expected) in [
        ("V1__a.sql", "V2__add_users.sql"),
        ("V009__a.sql", "V010__add_users.sql"),
        ("V1.9__a.sql", "V1.10__add_users.sql"),
        ("V2_0__a.sql", "V2.1__add_users.sql"),
        ("V20240101120000__a.sql", "V20260131120000__add_users.sql"),
        ("R__a.sql", "V20260131120000__add_users.sql"),
    ] {
        let folder = directory(&[(existing, b"SELECT 1")]);
        let new = |ways| NewMigration { name: "Add users", timestamp: "20260131120000", ways };
        let made = flyway().create(folder.path(), &new(Ways::Up)).unwrap();
        assert_eq!(made, [folder.path().join(expected)]);
        let text = std::fs::read_to_string(&made[0]).unwrap();
        assert!(
            !text.contains("revert") && text.lines().all(|line| line.is_empty() || line.starts_with("--")),
            "{text}"
        );
        let error = flyway().create(folder.path(), &new(Ways::UpAndDown)).unwrap_err();
        assert_eq!(error.to_string(), "the layout flyway has no down files");
    }
}
