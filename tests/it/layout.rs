//! Directories of files, and the migrations that are read from them.

mod dbmate;
mod described;
mod diesel;
mod flyway;
mod golang_migrate;
mod goose;
mod names;
mod prisma;
mod refinery;

use std::path::Path;

use migrascope::layout::{self, LayoutError, Links, Ways};
use migrascope::migration::{Dialect, SplitScript};
use tempfile::TempDir;

fn directory(files: &[(&str, &[u8])]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

/// Each migration as `version name: up file, down file`, or each problem as `file:line:column message`.
fn told(folder: &Path, dialect: Dialect) -> String {
    let file = |path: &Path| path.strip_prefix(folder).unwrap_or(path).display().to_string();
    match layout::Reader::directory(folder, dialect).split_migrations() {
        Ok(set) => {
            let lines = set.iter().map(|migration| {
                let down =
                    migration.down.as_ref().map(|script| format!(", {}", file(script.path()))).unwrap_or_default();
                format!("{} {}: {}{down}", migration.key, migration.name, file(migration.up.path()))
            });
            lines.collect::<Vec<_>>().join("\n")
        }
        Err(LayoutError::Files(problems)) => {
            let lines = problems.iter().map(|problem| {
                let place = problem.place.map(|place| format!(":{}:{}", place.line, place.column)).unwrap_or_default();
                let text = problem.to_string().replace(&format!("{}/", folder.display()), "");
                format!("{}{place} {text}", file(&problem.path))
            });
            lines.collect::<Vec<_>>().join("\n")
        }
        Err(other) => other.to_string().replace(&folder.display().to_string(), "DIR"),
    }
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: &str) {
    check_bytes(&files.iter().map(|(name, text)| (*name, text.as_bytes())).collect::<Vec<_>>(), expected);
}

#[track_caller]
fn check_bytes(files: &[(&str, &[u8])], expected: &str) {
    let folder = directory(files);
    assert_eq!(told(folder.path(), Dialect::Postgres), expected);
}

#[test]
fn versions_are_sorted_as_numbers_and_names_may_be_anything() {
    check(
        &[("10_b.sql", ""), ("9_a.sql", ""), ("00011_größe & co.sql", ""), ("12_v1.2.sql", "")],
        "9 a: 9_a.sql\n10 b: 10_b.sql\n00011 größe & co: 00011_größe & co.sql\n12 v1.2: 12_v1.2.sql",
    );
}

#[test]
fn the_file_for_this_database_wins_in_both_directions() {
    check(
        &[
            ("1_a.sql", ""),
            ("1_a.postgres.sql", ""),
            ("1_a.mysql.sql", ""),
            ("1_a.down.sql", ""),
            ("1_a.postgres.down.sql", ""),
            ("2_b.postgres.sql", ""),
            ("2_b.down.mysql.sql", ""),
            ("3_c.mysql.sql", ""),
        ],
        "1 a: 1_a.postgres.sql, 1_a.postgres.down.sql\n2 b: 2_b.postgres.sql",
    );
}

#[test]
fn what_is_no_migration_is_passed_over() {
    check(
        &[
            ("1_a.sql", ""),
            ("README.md", "x"),
            (".sqlfluff", "x"),
            (".2_hidden.sql", "x"),
            ("atlas.sum", "x"),
            ("content.go", "x"),
            ("migration_lock.toml", "x"),
            ("checks/1_x.sql", "x"),
        ],
        "1 a: 1_a.sql",
    );
}

#[test]
fn what_could_be_meant_as_a_migration_is_never_left_out_without_a_word() {
    check(
        &[
            ("1_a.sql", ""),
            ("add_users.sql", ""),
            ("2-b.sql", ""),
            ("3_c.go", ""),
            ("20260101000000_d/up.sql", ""),
            ("4_e.down.sql", ""),
        ],
        "20260101000000_d one folder per migration is another tool's layout\n\
         3_c.go a migration in code cannot be run, only SQL\n\
         2-b.sql the file name has no version: it must read like 20260131120000_add_users.sql\n\
         add_users.sql the file name has no version: it must read like 20260131120000_add_users.sql\n\
         4_e.down.sql a down file has no migration with its version",
    );
}

#[test]
fn two_files_with_one_version_are_refused() {
    check(&[("1_a.sql", ""), ("1_b.sql", "")], "1_b.sql the version is already used by 1_a.sql");
    check(&[("007_a.sql", ""), ("7_a.sql", "")], "7_a.sql the version is already used by 007_a.sql");
}

#[test]
fn a_way_forward_named_as_one_beside_its_way_back_is_told_as_another_tools_file() {
    check(&[("1_a.up.sql", ""), ("1_a.down.sql", "")], "1_a.up.sql a migration named .up.sql is another tool's layout");
}

#[test]
fn what_cannot_be_read_or_split_is_placed() {
    check_bytes(
        &[
            ("1_a.sql", b"SELECT 1;\nSELECT '\xff'"),
            ("2_b.sql", b"SELECT 'open\n"),
            ("3_c.sql", b"COPY t FROM stdin;\n"),
        ],
        "1_a.sql:2:9 invalid UTF-8\n\
         2_b.sql:1:8 unterminated quote '\n\
         3_c.sql:1:1 COPY FROM STDIN reads rows from the script, which only psql supports",
    );
}

#[cfg(unix)]
#[test]
fn a_link_may_lead_to_a_file_inside_the_directory_and_nowhere_else() {
    let folder = directory(&[("real/..data/1_a.sql", b"SELECT 1"), ("elsewhere/2_b.sql", b"SELECT 2")]);
    let real = folder.path().join("real");
    std::os::unix::fs::symlink("..data/1_a.sql", real.join("1_a.sql")).unwrap();
    assert_eq!(told(&real, Dialect::Sqlite), "1 a: 1_a.sql");
    std::os::unix::fs::symlink("../elsewhere/2_b.sql", real.join("2_b.sql")).unwrap();
    let elsewhere = folder.path().canonicalize().unwrap().join("elsewhere/2_b.sql");
    let problem = format!("2_b.sql the file is a symbolic link out of the directory, to {}", elsewhere.display());
    assert_eq!(told(&real, Dialect::Sqlite), problem);
    assert_eq!(layout::Reader::directory(&real, Dialect::Sqlite).links(Links::Anywhere).migrations().unwrap().len(), 2);
}

#[test]
fn an_empty_or_missing_directory_is_an_error() {
    check(&[("README.md", "")], "the directory DIR has no migrations for postgres");
    let folder = TempDir::new().unwrap();
    let told = told(&folder.path().join("nowhere"), Dialect::Sqlite);
    assert_eq!(told, "cannot read the directory DIR: No such file or directory (os error 2)");
}

#[test]
fn a_new_migration_continues_what_the_directory_has() {
    let folder = directory(&[("006_a.sql", b"")]);
    let make = |name: &str, ways| {
        let paths = layout::Layout::native()
            .create(folder.path(), &layout::NewMigration { name, timestamp: "20260131120000", ways })
            .unwrap();
        paths.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect::<Vec<_>>()
    };
    assert_eq!(make("Add orders!", Ways::UpAndDown), ["007_add_orders.sql", "007_add_orders.down.sql"]);
    let dated = directory(&[("20250101000000_a.sql", b"")]);
    let paths = layout::Layout::native()
        .create(dated.path(), &layout::NewMigration { name: "b", timestamp: "20260131120000", ways: Ways::Up })
        .unwrap();
    assert!(paths[0].ends_with("20260131120000_b.sql"), "{paths:?}");
    assert!(
        layout::Layout::native()
            .create(dated.path(), &layout::NewMigration { name: "?!", timestamp: "20260131120000", ways: Ways::Up })
            .is_err()
    );
}

/// The two files of hooks by their paths, or each problem as `file message`.
fn hooks_told(folder: &Path, links: Links) -> String {
    let file = |path: &Path| path.strip_prefix(folder).unwrap_or(path).display().to_string();
    match layout::Reader::directory(folder, Dialect::Postgres).links(links).hooks() {
        Ok(found) => {
            let path = |script: Option<SplitScript>| script.map_or("none".into(), |script| file(script.path()));
            format!("{}, {}", path(found.before_each), path(found.after_each))
        }
        Err(LayoutError::Files(problems)) => {
            let lines = problems.iter().map(|problem| format!("{}: {problem}", file(&problem.path)));
            lines.collect::<Vec<_>>().join("\n")
        }
        Err(other) => other.to_string(),
    }
}

#[test]
fn hooks_are_found_beside_the_migrations_and_are_none_of_them() {
    for (files, expected) in [
        (&[("1_a.sql", "")][..], "none, none"),
        (&[("hooks/before_each.sql", "SELECT 1")], "hooks/before_each.sql, none"),
        (&[("hooks/after_each.sql", "-- nothing yet")], "none, none"),
        (
            &[("hooks/after_each.sql", "SELECT 1"), ("hooks/after_each.postgres.sql", "SELECT 2")],
            "none, hooks/after_each.postgres.sql",
        ),
        (&[("hooks/after_each.mysql.sql", "SELECT 1"), ("hooks/notes.md", ""), ("hooks/.x.sql", "")], "none, none"),
        (
            &[("hooks/befor_each.sql", ""), ("hooks/before_each.postgers.sql", ""), ("hooks/seed.sql", "")],
            "hooks/befor_each.sql: no hook has this name; did you mean before_each.sql?\n\
             hooks/before_each.postgers.sql: unknown database postgers: the file would run on every database; \
             did you mean .postgres.sql?\n\
             hooks/seed.sql: no hook has this name",
        ),
    ] {
        let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
        let folder = directory(&files);
        assert_eq!(hooks_told(folder.path(), Links::Inside), expected);
        if files[0].0.starts_with("hooks") {
            assert_eq!(told(folder.path(), Dialect::Postgres), "the directory DIR has no migrations for postgres");
        }
    }
}

#[cfg(unix)]
#[test]
fn hooks_may_not_be_links_out_of_the_directory_unless_that_is_allowed() {
    let elsewhere = directory(&[("before_each.sql", b"SELECT 1")]);
    let (whole, one) = (directory(&[]), directory(&[("hooks/x.md", b"")]));
    std::os::unix::fs::symlink(elsewhere.path(), whole.path().join("hooks")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path().join("before_each.sql"), one.path().join("hooks/before_each.sql"))
        .unwrap();
    for folder in [whole, one] {
        let told = hooks_told(folder.path(), Links::Inside);
        assert!(told.contains("the file is a symbolic link out of the directory"), "{told}");
        assert_eq!(hooks_told(folder.path(), Links::Anywhere), "hooks/before_each.sql, none");
    }
}

#[test]
fn hooks_can_be_built_into_a_program() {
    let files: layout::EmbeddedFiles =
        [("1_a.sql", &b"SELECT 1"[..]), ("hooks/after_each.sql", b"SELECT 2")].into_iter().collect();
    let found = layout::Reader::embedded(&files, Dialect::Postgres).hooks().unwrap();
    assert_eq!(found.after_each.as_ref().map(|script| &**script.text()), Some("SELECT 2"));
    assert_eq!(found.before_each, None);
}
