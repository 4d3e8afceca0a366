//! Flyway's directory, history table and lock: what it wrote is understood, and what is written is what it would have written.

use std::path::Path;

use sqlx::{Connection as _, MySqlConnection, PgConnection};

use crate::support::{Backend, TestDatabase, block_on, on, on_each};

const USERS: (&str, &str) = ("V1__create_users.sql", "CREATE TABLE users (id INTEGER);\n");
const POSTS: (&str, &str) = ("V1_1__add_posts.sql", "CREATE TABLE posts (id INTEGER);\r\n");
const INDEX: (&str, &str) = ("V2.0__index__posts.sql", "CREATE INDEX posts_id ON posts (id)");
const ALL: [(&str, &str); 3] = [USERS, POSTS, INDEX];
const VIEW: (&str, &str) = ("R__user_names.sql", "DROP VIEW IF EXISTS v;\nCREATE VIEW v AS SELECT id FROM users;\n");

/// The checksums that Flyway computes for these files.
const SUMS: [i32; 3] = [1_497_391_528, -1_234_923_887, 511_755_453];

/// The table as Flyway 13.12 makes it.
pub(super) fn table_of_flyway(backend: Backend) -> Vec<&'static str> {
    match backend {
        Backend::Postgres => vec![
            r#"CREATE TABLE "flyway_schema_history" ("installed_rank" INT NOT NULL, "version" VARCHAR(50), "description" VARCHAR(200) NOT NULL,
               "type" VARCHAR(20) NOT NULL, "script" VARCHAR(1000) NOT NULL, "checksum" INTEGER, "installed_by" VARCHAR(100) NOT NULL,
               "installed_on" TIMESTAMP NOT NULL DEFAULT now(), "execution_time" INTEGER NOT NULL, "success" BOOLEAN NOT NULL)"#,
            r#"ALTER TABLE "flyway_schema_history" ADD CONSTRAINT "flyway_schema_history_pk" PRIMARY KEY ("installed_rank")"#,
            r#"CREATE INDEX "flyway_schema_history_s_idx" ON "flyway_schema_history" ("success")"#,
        ],
        Backend::Mysql => vec![
            "CREATE TABLE `flyway_schema_history` (`installed_rank` INT NOT NULL, `version` VARCHAR(50), `description` VARCHAR(200) NOT NULL, \
             `type` VARCHAR(20) NOT NULL, `script` VARCHAR(1000) NOT NULL, `checksum` INT, `installed_by` VARCHAR(100) NOT NULL, \
             `installed_on` TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, `execution_time` INT NOT NULL, `success` BOOL NOT NULL, \
             CONSTRAINT `flyway_schema_history_pk` PRIMARY KEY (`installed_rank`))",
            "CREATE INDEX `flyway_schema_history_s_idx` ON `flyway_schema_history` (`success`)",
        ],
        Backend::Sqlite => vec![
            r#"CREATE TABLE "flyway_schema_history" ("installed_rank" INT NOT NULL PRIMARY KEY, "version" VARCHAR(50), "description" VARCHAR(200) NOT NULL,
               "type" VARCHAR(20) NOT NULL, "script" VARCHAR(1000) NOT NULL, "checksum" INT, "installed_by" VARCHAR(100) NOT NULL,
               "installed_on" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f','now')), "execution_time" INT NOT NULL, "success" BOOLEAN NOT NULL)"#,
            r#"CREATE INDEX "flyway_schema_history_s_idx" ON "flyway_schema_history" ("success")"#,
        ],
    }
}

/// Adds a row of Flyway's: its values from the rank on, without user and times.
pub(super) fn row(database: &TestDatabase, row: &str, success: bool) {
    let values = format!("{row}, 'app', 18, {}", if success { "TRUE" } else { "FALSE" });
    database.query(&format!(
        "INSERT INTO flyway_schema_history (installed_rank, version, description, type, script, checksum, installed_by, \
         execution_time, success) VALUES ({values})"
    ));
}

/// The history of a database in which Flyway has applied the three files.
pub(super) fn begun_by_flyway(database: &TestDatabase) {
    table_of_flyway(database.backend).iter().for_each(|sql| drop(database.query(sql)));
    row(database, &format!("1, '1', 'create users', 'SQL', 'V1__create_users.sql', {}", SUMS[0]), true);
    row(database, &format!("2, '1.1', 'add posts', 'SQL', 'V1_1__add_posts.sql', {}", SUMS[1]), true);
    row(database, &format!("3, '2.0', 'index  posts', 'SQL', 'sub/V2.0__index__posts.sql', {}", SUMS[2]), true);
    database.query("CREATE TABLE users (id INTEGER)");
    database.query("CREATE TABLE posts (id INTEGER)");
}

/// Runs the binary on a directory of Flyway; returns its exit code and what it printed.
pub(super) fn ours(database: &TestDatabase, directory: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = database.binary(directory);
    command.args(arguments).env("MIGRASCOPE_LAYOUT", "flyway").env("COLUMNS", "200");
    let output = command.output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(printed).unwrap())
}

#[track_caller]
pub(super) fn succeeds(database: &TestDatabase, directory: &Path, arguments: &[&str]) -> String {
    let (code, printed) = ours(database, directory, arguments);
    assert_eq!(code, 0, "{arguments:?}: {printed}");
    printed
}

#[track_caller]
pub(super) fn refused(database: &TestDatabase, directory: &Path, arguments: &[&str]) -> String {
    let (code, printed) = ours(database, directory, arguments);
    assert_eq!(code, 4, "{arguments:?}: {printed}");
    printed
}

/// Rank, version, description and type of each row, with `!` if it has not succeeded.
pub(super) fn recorded(database: &TestDatabase) -> Vec<String> {
    let sql = "SELECT installed_rank, COALESCE(version, '-'), description, type, CASE WHEN success THEN '' ELSE '!' END \
               FROM flyway_schema_history ORDER BY installed_rank";
    let rows = database.query(sql).into_iter();
    rows.map(|row| row.into_iter().flatten().collect::<Vec<_>>().join(" ").trim_end().to_owned()).collect()
}

#[test]
fn a_history_of_flyway_goes_on() {
    on_each(|database| {
        begun_by_flyway(database);
        let late = ("V10__ten.sql", "CREATE TABLE ten (i INTEGER)");
        let directory = database.migrations(&[USERS, POSTS, INDEX, late, VIEW]);
        let status = succeeds(database, &directory, &["status"]);
        assert!(status.contains("3 migrations applied, 2 pending; schema is at 2.0"), "{status}");
        assert!(status.contains("18 ms"), "{status}");
        succeeds(database, &directory, &["up"]);
        let rows = recorded(database);
        assert_eq!(rows[3..], ["4 10 ten SQL", "5 - user names SQL"]);
        assert!(succeeds(database, &directory, &["up"]).contains("nothing to do"));
    });
}

#[test]
fn a_row_has_what_flyway_writes() {
    on_each(|database| {
        let directory = database.migrations(&ALL[..2]);
        std::fs::create_dir(directory.join("sub")).unwrap();
        std::fs::write(directory.join("sub").join(INDEX.0), INDEX.1).unwrap();
        let before = database.value("SELECT CURRENT_TIMESTAMP");
        succeeds(database, &directory, &["up"]);
        let sql = "SELECT installed_rank, version, description, type, script, checksum, installed_by, execution_time BETWEEN 0 AND 60000, success \
                   FROM flyway_schema_history ORDER BY installed_rank";
        let user = match database.backend {
            Backend::Sqlite => String::new(),
            Backend::Postgres => database.value("SELECT current_user::text"),
            Backend::Mysql => database.value("SELECT SUBSTRING_INDEX(USER(), '@', 1)"),
        };
        let yes = if database.backend == Backend::Postgres { "t" } else { "1" };
        let scripts = [USERS.0, POSTS.0, "sub/V2.0__index__posts.sql"];
        let described = [("1", "create users"), ("1.1", "add posts"), ("2.0", "index  posts")];
        let expected: Vec<Vec<Option<String>>> = (0..3)
            .map(|at| {
                let (rank, sum) = ((at + 1).to_string(), SUMS[at].to_string());
                let row = [&rank, described[at].0, described[at].1, "SQL", scripts[at], &sum, &user, yes, yes];
                row.into_iter().map(|value| Some(value.to_owned())).collect()
            })
            .collect();
        assert_eq!(database.query(sql), expected);
        let since = format!("SELECT count(*) FROM flyway_schema_history WHERE installed_on >= '{}'", &before[..19]);
        assert_eq!(database.value(&since), "3");
    });
}

/// Columns, keys and indexes of the table.
fn catalogue(database: &TestDatabase) -> Vec<Vec<Option<String>>> {
    let queries = match database.backend {
        Backend::Sqlite => vec![
            "SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info('flyway_schema_history')",
            "SELECT l.name, i.name FROM pragma_index_list('flyway_schema_history') l, pragma_index_info(l.name) i ORDER BY 1",
        ],
        Backend::Postgres => vec![
            "SELECT column_name::text, data_type::text, character_maximum_length::text, is_nullable::text, column_default::text \
             FROM information_schema.columns WHERE table_name = 'flyway_schema_history' AND table_schema = current_schema() ORDER BY ordinal_position",
            "SELECT indexdef::text FROM pg_indexes WHERE tablename = 'flyway_schema_history' ORDER BY 1",
            "SELECT conname::text FROM pg_constraint WHERE conrelid = 'flyway_schema_history'::regclass ORDER BY 1",
        ],
        Backend::Mysql => vec![
            "SELECT column_name, column_type, is_nullable, column_default, extra, column_key FROM information_schema.columns \
             WHERE table_name = 'flyway_schema_history' AND table_schema = DATABASE() ORDER BY ordinal_position",
            "SELECT index_name, column_name, non_unique FROM information_schema.statistics \
             WHERE table_name = 'flyway_schema_history' AND table_schema = DATABASE() ORDER BY 1",
        ],
    };
    queries.into_iter().flat_map(|sql| database.query(sql)).collect()
}

#[test]
fn the_table_is_the_one_that_flyway_makes() {
    on_each(|database| {
        table_of_flyway(database.backend).iter().for_each(|sql| drop(database.query(sql)));
        let theirs = catalogue(database);
        assert!(theirs.len() >= 12, "{theirs:?}");
        let other = TestDatabase::fresh(database.backend).unwrap();
        succeeds(&other, &other.migrations(&[USERS]), &["up"]);
        assert_eq!(catalogue(&other), theirs);
    });
}

#[test]
fn line_ends_do_not_matter_and_words_do() {
    on_each(|database| {
        begun_by_flyway(database);
        let text = POSTS.1.replace("\r\n", "");
        succeeds(database, &database.migrations(&[USERS, (POSTS.0, &text), INDEX]), &["verify"]);
        let changed = database.migrations(&[(USERS.0, "CREATE TABLE users (id INTEGER); -- the users"), POSTS, INDEX]);
        let printed = refused(database, &changed, &["up"]);
        assert!(printed.contains("migration 1 (create users) was changed after it was applied"), "{printed}");
        succeeds(database, &changed, &["repair", "--accept-changes", "1", "--reason", "a test"]);
        succeeds(database, &changed, &["verify"]);
        assert_eq!(recorded(database).len(), 3);
    });
}

#[test]
fn files_may_be_missing_where_flyway_lets_them_be() {
    on_each(|database| {
        begun_by_flyway(database);
        let newer = database.migrations(&[USERS, POSTS]);
        let printed = succeeds(database, &newer, &["up"]);
        assert!(printed.contains("migration 2.0 (index  posts) is applied but its file is missing"), "{printed}");
        assert!(refused(database, &newer, &["up", "--strict"]).contains("its file is missing"));
        let older = database.migrations(&[USERS, INDEX]);
        assert!(
            refused(database, &older, &["up"]).contains("migration 1.1 (add posts) is applied but its file is missing")
        );
    });
}

#[test]
fn a_late_version_is_refused_unless_it_is_allowed() {
    on_each(|database| {
        begun_by_flyway(database);
        let directory =
            database.migrations(&[USERS, POSTS, INDEX, ("V1_0_5__late.sql", "CREATE TABLE late (i INTEGER)")]);
        assert!(
            refused(database, &directory, &["up"]).contains("migration 1.0.5 (late) is pending but older than 2.0")
        );
        succeeds(database, &directory, &["up", "--order", "allow"]);
        assert_eq!(recorded(database)[3], "4 1.0.5 late SQL");
    });
}

#[test]
fn a_repeatable_migration_gets_a_row_each_time_it_changes() {
    on_each(|database| {
        succeeds(database, &database.migrations(&[USERS, VIEW]), &["up"]);
        let changed = database.migrations(&[USERS, (VIEW.0, "DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT 1 AS a")]);
        assert!(succeeds(database, &changed, &["status"]).contains("1 pending"));
        succeeds(database, &changed, &["up"]);
        assert_eq!(recorded(database), ["1 1 create users SQL", "2 - user names SQL", "3 - user names SQL"]);
        assert!(succeeds(database, &changed, &["up"]).contains("nothing to do"));
        // The text of the first run is a change again.
        succeeds(database, &database.migrations(&[USERS, VIEW]), &["up"]);
        assert_eq!(recorded(database).len(), 4);
    });
}

#[test]
fn the_lock_of_flyway_is_waited_for() {
    let refused = |database: &TestDatabase| {
        let (code, printed) = ours(database, &database.migrations(&[USERS]), &["up", "--lock-wait", "300ms"]);
        assert_eq!(code, 7, "{printed}");
        printed
    };
    on(Backend::Postgres, |database| {
        block_on(async {
            let mut flyway = PgConnection::connect(&database.url).await.unwrap();
            let holder: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut flyway).await.unwrap();
            let mut transaction = flyway.begin().await.unwrap();
            let lock = "SELECT pg_try_advisory_xact_lock(77433833903597)";
            assert!(sqlx::query_scalar::<_, bool>(lock).fetch_one(&mut *transaction).await.unwrap());
            let printed = refused(database);
            assert!(printed.contains(&format!("note: the lock is held by process {holder},")), "{printed}");
            transaction.rollback().await.unwrap();
        });
        succeeds(database, &database.migrations(&[USERS]), &["up"]);
    });
    on(Backend::Mysql, |database| {
        block_on(async {
            let mut flyway = MySqlConnection::connect(&database.url).await.unwrap();
            let name = database.url.rsplit_once('/').unwrap().1;
            // Java's hash of the quoted name.
            let hash = format!("`{name}`.`flyway_schema_history`")
                .bytes()
                .fold(0_i32, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
            let lock = format!("SELECT GET_LOCK('Flyway-{hash}', 0)");
            assert_eq!(
                sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(lock)).fetch_one(&mut flyway).await.unwrap(),
                1
            );
            let holder: u64 = sqlx::query_scalar("SELECT CONNECTION_ID()").fetch_one(&mut flyway).await.unwrap();
            let printed = refused(database);
            assert!(printed.contains(&holder.to_string()), "{printed}");
        });
        succeeds(database, &database.migrations(&[USERS]), &["up"]);
    });
}
