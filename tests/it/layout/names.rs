//! File names: every entry of a directory is used, is a documented neighbour, or is reported.

use migrascope::layout::{self, EmbeddedFiles, LayoutError, Links};
use migrascope::migration::Dialect;

use super::{check, directory, hooks_told, told};

#[test]
fn the_ending_and_the_suffixes_are_read_in_any_case() {
    check(
        &[("1_a.SQL", ""), ("1_a.Down.Sql", ""), ("2_b.POSTGRES.sql", ""), ("3_c.sql", ""), ("3_c.MySQL.Sql", "")],
        "1 a: 1_a.SQL, 1_a.Down.Sql\n2 b: 2_b.POSTGRES.sql\n3 c: 3_c.sql",
    );
    check(&[("1_a.sql", ""), ("1_a.SQL", "")], "1_a.sql the version is already used by 1_a.SQL");
}

#[test]
fn synonyms_of_a_database_are_that_database_and_others_are_passed_over() {
    let files = [
        ("1_a.sql", ""),
        ("2_b.mariadb.sql", ""),
        ("3_c.postgresql.sql", ""),
        ("4_d.pg.sql", ""),
        ("4_d.pg.down.sql", ""),
        ("5_e.sqlite3.sql", ""),
        ("6_f.oracle.sql", ""),
        ("7_g.sqlserver.sql", ""),
        ("7_g.sql", ""),
    ];
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let folder = directory(&files);
    for (dialect, expected) in [
        (Dialect::Postgres, "1 a: 1_a.sql\n3 c: 3_c.postgresql.sql\n4 d: 4_d.pg.sql, 4_d.pg.down.sql\n7 g: 7_g.sql"),
        (Dialect::Mysql, "1 a: 1_a.sql\n2 b: 2_b.mariadb.sql\n7 g: 7_g.sql"),
        (Dialect::Sqlite, "1 a: 1_a.sql\n5 e: 5_e.sqlite3.sql\n7 g: 7_g.sql"),
    ] {
        assert_eq!(told(folder.path(), dialect), expected);
    }
    check(
        &[("3_c.mysql.sql", ""), ("3_c.mariadb.sql", "")],
        "3_c.mysql.sql the version is already used by 3_c.mariadb.sql",
    );
    check(&[("3_c.oracle.sql", ""), ("3_b.sql", "")], "3_c.oracle.sql the version is already used by 3_b.sql");
    check(&[("3_c.oracle.sql", "")], "the directory DIR has no migrations for postgres");
}

#[test]
fn what_is_nearly_a_suffix_is_named_with_what_is_meant() {
    check(
        &[
            ("1_a.v2.sql", ""),
            ("2_b.postgre.sql", ""),
            ("3_c.mysql.up.sql", ""),
            ("4_d.undo.sql", ""),
            ("5_e.donw.sql", ""),
        ],
        "2_b.postgre.sql unknown database postgre: the file would run on every database; did you mean .postgres.sql?\n\
         3_c.mysql.up.sql .mysql has no effect here: it must be at the end of the name\n\
         4_d.undo.sql .undo.sql is not the suffix of a down migration: the file would be run as an up migration\n\
         5_e.donw.sql .donw.sql is not the suffix of a down migration: the file would be run as an up migration",
    );
}

#[test]
fn neighbours_are_passed_over_and_no_others() {
    check(
        &[
            ("1_a.sql", ""),
            ("LICENSE", ""),
            ("01-overview.md", ""),
            ("2_notes.txt", ""),
            (".gitkeep", ""),
            (".2_b.sql.swp", ""),
            ("..2026_01_05/9_x.sql", ""),
            ("1_a.sql~", ""),
            ("#1_a.sql#", ""),
            ("1_a.sql.bak", ""),
            ("1_a.sql.orig", ""),
            ("embed.go", ""),
            ("dev.sqlite3", ""),
            ("_archive/1_old.sql", ""),
            ("lost+found/1_x.sql", ""),
            ("seeds/users.sql", ""),
            ("docs/1_a.md", ""),
            ("hooks/before_each.sql", ""),
            ("checks/1_x.sql", ""),
        ],
        "1 a: 1_a.sql",
    );
    check(
        &[
            ("1_a.sql", ""),
            ("2_b.sql.disabled", ""),
            ("3_c.sq", ""),
            ("4_d", ""),
            ("5_e.RB", ""),
            ("add_users.psql", ""),
            ("extra.sql.txt", ""),
        ],
        "2_b.sql.disabled the file is named like a script to run but does not end in .sql\n\
         3_c.sq the file is named like a script to run but does not end in .sql\n\
         4_d the file is named like a script to run but does not end in .sql\n\
         5_e.RB a migration in code cannot be run, only SQL\n\
         add_users.psql the file is named like a script to run but does not end in .sql\n\
         extra.sql.txt the file is named like a script to run but does not end in .sql",
    );
}

const IN_FOLDERS: [(&str, &str); 6] = [
    ("1_a.sql", ""),
    ("2026/01/2_b.SQL", ""),
    ("postgres/add_users.sql", ""),
    ("hook/before_each.sql", ""),
    ("20260101_init/migration.sql", ""),
    ("flyway/V1__a.sql", ""),
];
const NAMED_FOLDERS: &str = "2026 the folder contains SQL that would not be run: 2026/01/2_b.SQL\n\
    20260101_init one folder per migration is another tool's layout\n\
    flyway the folder contains SQL that would not be run: flyway/V1__a.sql\n\
    hook the folder contains SQL that would not be run: hook/before_each.sql\n\
    postgres the folder contains SQL that would not be run: postgres/add_users.sql";

#[test]
fn migrations_in_a_folder_below_are_named_with_the_folder() {
    check(&IN_FOLDERS, NAMED_FOLDERS);
}

#[test]
fn embedded_files_are_under_the_same_rules() {
    let files = EmbeddedFiles::from(IN_FOLDERS.to_vec());
    let Err(LayoutError::Files(problems)) = layout::Reader::embedded(&files, Dialect::Postgres).migrations() else {
        panic!()
    };
    let lines: Vec<String> = problems.iter().map(|problem| format!("{} {problem}", problem.path.display())).collect();
    assert_eq!(lines.join("\n"), NAMED_FOLDERS);
    let files = [("1_a.SQL", "SELECT 1"), ("2_b.mariadb.sql", "SELECT 1"), ("hooks/x.md", ""), ("docs/x.sql", "")];
    let set = layout::Reader::embedded(&EmbeddedFiles::from(files.to_vec()), Dialect::Postgres).migrations().unwrap();
    assert_eq!(set.len(), 1);
}

#[test]
fn hooks_and_checks_are_under_the_same_rules() {
    let folder = directory(&[("hooks/before_each.PG.SQL", b"SELECT 1"), ("hooks/after_each.mssql.sql", b"SELECT 1")]);
    assert_eq!(hooks_told(folder.path(), Links::Inside), "hooks/before_each.PG.SQL, none");
    let folder = directory(&[
        ("hooks/before_each.pg.sql", b"SELECT 1"),
        ("hooks/before_each.postgres.sql", b"SELECT 1"),
        ("hooks/after_each.sql.disabled", b""),
        ("hooks/after_each.sql~", b""),
        ("hooks/more/seed.sql", b""),
        ("hooks/01_backup.sh", b""),
    ]);
    assert_eq!(
        hooks_told(folder.path(), Links::Inside).replace(&folder.path().display().to_string(), "DIR"),
        "hooks/after_each.sql.disabled: the file is named like a script to run but does not end in .sql\n\
         hooks/more: the folder contains SQL that would not be run: DIR/hooks/more/seed.sql\n\
         hooks/before_each.postgres.sql: the same hook or check is already in DIR/hooks/before_each.pg.sql"
    );
    let checks = directory(&[
        ("a.SQL", b"SELECT 1"),
        ("b.mariadb.sql", b"SELECT 1"),
        ("c.sql", b"SELECT 1"),
        ("c.postgresql.sql", b"SELECT 2"),
        ("d.v2.sql", b"SELECT 1"),
        ("replica.down.sql", b"SELECT 1"),
        ("README.md", b""),
    ]);
    let found = layout::Reader::directory(checks.path(), Dialect::Postgres).checks().unwrap();
    let names: Vec<_> = found.iter().map(|check| check.name.as_str()).collect();
    assert_eq!(names, ["a", "c", "d.v2", "replica.down"]);
    assert_eq!(&**found[1].script.text(), "SELECT 2");
    let bad = directory(&[("a.postgre.sql", b""), ("b.sql", b""), ("b.SQL", b""), ("sub/c.sql", b"")]);
    let Err(LayoutError::Files(problems)) = layout::Reader::directory(bad.path(), Dialect::Postgres).checks() else {
        panic!()
    };
    assert_eq!(problems.len(), 3, "{problems:?}");
}
