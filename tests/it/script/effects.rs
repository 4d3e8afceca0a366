//! Which effects of a statement can be detected after it has run.

use migrascope::migration::Dialect;
use migrascope::script::{Effect, QualifiedName, SchemaObject, effect};

fn name(name: &QualifiedName) -> String {
    name.schema.as_ref().map_or_else(|| name.name.clone(), |schema| format!("{schema}.{}", name.name))
}

fn told(sql: &str, dialect: Dialect) -> String {
    let thing = |thing: SchemaObject| match thing {
        SchemaObject::Relation(relation) => format!("relation {}", name(&relation)),
        SchemaObject::Index { name: index, table } => {
            format!("index {} of {}", name(&index), table.map_or("?".to_owned(), |table| name(&table)))
        }
        SchemaObject::Column { table, name: column } => format!("column {column} of {}", name(&table)),
    };
    match effect(sql, dialect) {
        None => "nothing".to_owned(),
        Some(Effect::Repeatable) => "repeatable".to_owned(),
        Some(Effect::Makes(made)) => format!("makes {}", thing(made)),
        Some(Effect::Drops(dropped)) => format!("drops {}", thing(dropped)),
    }
}

#[track_caller]
fn check(sql: &str, dialect: Dialect, expected: &str) {
    assert_eq!(told(sql, dialect), expected, "{sql}");
}

#[test]
fn what_is_made_is_named_as_the_database_has_it() {
    use Dialect::{Mysql, Postgres, Sqlite};
    check("CREATE TABLE Users (id int)", Postgres, "makes relation users");
    check("create table \"Us\"\"ers\" (id int)", Postgres, "makes relation Us\"ers");
    check("CREATE TABLE Users (id int)", Mysql, "makes relation Users");
    check("CREATE TABLE `shop`.`Us``ers` (id int)", Mysql, "makes relation shop.Us`ers");
    check("CREATE TABLE [Users] (id int)", Sqlite, "makes relation Users");
    check("CREATE UNLOGGED TABLE app.t (i int)", Postgres, "makes relation app.t");
    check("-- a comment\nCREATE MATERIALIZED VIEW v AS SELECT 1", Postgres, "makes relation v");
}

#[test]
fn an_index_lives_in_the_schema_of_its_table() {
    use Dialect::{Mysql, Postgres};
    check("CREATE UNIQUE INDEX CONCURRENTLY i ON ONLY app.t (a)", Postgres, "makes index app.i of app.t");
    check("CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)", Postgres, "makes index i of t");
    check("CREATE INDEX IF NOT EXISTS i ON t (a)", Postgres, "repeatable");
    check("CREATE FULLTEXT INDEX i USING BTREE ON t (a)", Mysql, "makes index i of t");
    check("DROP INDEX CONCURRENTLY app.i", Postgres, "drops index app.i of ?");
    check("DROP INDEX i ON t", Mysql, "drops index i of t");
    check("DROP INDEX a, b", Postgres, "nothing");
    check("DROP TABLE IF EXISTS app.t", Postgres, "drops relation app.t");
    check("DROP TABLE IF EXISTS a, b", Postgres, "nothing");
}

#[test]
fn the_first_action_on_a_table_tells_of_all() {
    use Dialect::{Mysql, Postgres};
    check("ALTER TABLE ONLY app.t ADD COLUMN a int, DROP COLUMN b", Postgres, "makes column a of app.t");
    check("ALTER TABLE t ADD a int", Mysql, "makes column a of t");
    check("ALTER TABLE t DROP COLUMN `a`", Mysql, "drops column a of t");
    check("ALTER TABLE t ADD INDEX i (a)", Mysql, "makes index i of t");
    check("ALTER TABLE t DROP KEY i", Mysql, "drops index i of t");
    for unsure in [
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)",
        "ALTER TABLE t ADD UNIQUE (a)",
        "ALTER TABLE t ADD COLUMN IF NOT EXISTS a int",
        "ALTER TABLE IF EXISTS t ADD COLUMN a int",
        "ALTER TABLE t RENAME TO u",
        "ALTER TABLE t MODIFY a bigint",
    ] {
        check(unsure, Mysql, "nothing");
    }
}

#[test]
fn what_can_be_run_twice_is_run_twice() {
    use Dialect::{Mysql, Postgres};
    for twice in
        ["DROP VIEW IF EXISTS t", "CREATE OR REPLACE VIEW v AS SELECT 1", "VACUUM t", "REINDEX TABLE t", "SET a.b = 1"]
    {
        check(twice, Postgres, "repeatable");
    }
    check("CREATE OR REPLACE DEFINER = a@b SQL SECURITY DEFINER VIEW v AS SELECT 1", Mysql, "repeatable");
    check("CREATE OR REPLACE ALGORITHM = MERGE VIEW v AS SELECT 1", Mysql, "repeatable");
    for once in ["INSERT INTO t VALUES (1)", "RENAME TABLE a TO b", "CREATE TYPE t AS ENUM ('a')", "CALL p()", "", ";"]
    {
        check(once, Mysql, "nothing");
    }
}

#[test]
fn a_statement_with_settings_of_its_own_does_what_stands_behind_them() {
    use Dialect::Mysql;
    check("SET STATEMENT max_statement_time = 1 FOR CREATE TABLE t (i INT)", Mysql, "makes relation t");
    check("set statement a = substring('x' from 1 for 1), b = 2 for drop index i on t", Mysql, "drops index i of t");
    check("SET STATEMENT max_statement_time = 1 FOR OPTIMIZE TABLE t", Mysql, "repeatable");
    check("/*M!100100 SET STATEMENT a = 1 FOR INSERT INTO t VALUES (1) */", Mysql, "nothing");
}

#[test]
fn what_would_take_away_what_others_have_written_since_is_not_run_twice() {
    for once in [
        "TRUNCATE t",
        "CREATE OR REPLACE TABLE t (i INT)",
        "CREATE OR REPLACE SEQUENCE s",
        "CREATE OR REPLACE DATABASE d",
        "CREATE TABLE t AS SELECT 1",
        "CREATE TABLE IF NOT EXISTS t (i INT) SELECT 1",
        "SET STATEMENT max_statement_time = 1 FOR INSERT INTO t VALUES (1)",
    ] {
        check(once, Dialect::Mysql, "nothing");
    }
}
