//! The code of a role that may create objects in a schema of the search path is never run by the runner.

use std::path::Path;

use migrascope::database::{Access, Query};

use crate::support::{Backend, TestDatabase, block_on, eventually, on};

/// Creates in `public` a copy of every function, operator, view and table of `pg_catalog` for plain types. Each copy counts its calls and
/// returns the same result as the original.
const PLANT: &str = r"
CREATE FUNCTION public.spy() RETURNS pg_catalog.bool LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
DO $do$
DECLARE
  plain pg_catalog.oid[] := ARRAY['text', 'varchar', 'bpchar', 'name', 'bool', 'int2', 'int4', 'int8', 'float8', 'numeric', 'oid', 'regclass', 'regtype',
    'timestamp', 'timestamptz', 'interval', 'date', 'inet', 'xid8', 'pg_lsn', 'char', '_text', '_int4', '_name', '_oid']::regtype[]::oid[];
  strings pg_catalog.oid[] := ARRAY['text', 'varchar', 'bpchar', 'name']::regtype[]::oid[];
  o record; a regtype; b regtype; f name; n int := 0;
BEGIN
  FOR o IN SELECT p.*, pg_catalog.oidvectortypes(p.proargtypes) args, pg_catalog.format_type(p.prorettype, NULL) result FROM pg_catalog.pg_proc p
    WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND NOT p.proretset AND p.provariadic = 0 AND p.proargmodes IS NULL
      AND p.proargtypes::oid[] <@ plain AND p.prorettype = ANY (plain || 'void'::regtype::oid)
  LOOP
    EXECUTE format('CREATE OR REPLACE FUNCTION public.%I (%s) RETURNS %s LANGUAGE plpgsql AS %L', o.proname, o.args, o.result,
      CASE WHEN o.result = 'void' THEN format('BEGIN PERFORM pg_catalog.%I(%s); END', o.proname, (SELECT string_agg('$' || i, ', ') FROM generate_series(1, o.pronargs) i))
        ELSE format('BEGIN RETURN pg_catalog.%I(%s); END', o.proname, (SELECT string_agg('$' || i, ', ') FROM generate_series(1, o.pronargs) i)) END);
  END LOOP;
  FOR o IN SELECT * FROM pg_catalog.pg_operator WHERE oprnamespace = 'pg_catalog'::regnamespace AND oprleft = ANY (plain) AND oprright = ANY (plain) AND oprresult = ANY (plain)
  LOOP
    n := n + 1;
    EXECUTE format('CREATE FUNCTION public.twin_%s (%s, %s) RETURNS %s LANGUAGE plpgsql AS %L', n, o.oprleft::regtype, o.oprright::regtype, o.oprresult::regtype,
      format('BEGIN RETURN $1 OPERATOR(pg_catalog.%s) $2; END', o.oprname));
    EXECUTE format('CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = public.twin_%s)', o.oprname, o.oprleft::regtype, o.oprright::regtype, n);
  END LOOP;
  -- More specific than what PostgreSQL has.
  FOREACH a IN ARRAY strings LOOP FOREACH b IN ARRAY strings LOOP FOR o IN SELECT unnest(ARRAY['=', '<>', '<', '>', '<=', '>=', '~~', '||']) AS op LOOP
    n := n + 1;
    BEGIN
      EXECUTE format('CREATE FUNCTION public.twin_%s (%s, %s) RETURNS %s LANGUAGE plpgsql AS %L', n, a, b, CASE WHEN o.op = '||' THEN 'text' ELSE 'bool' END,
        format('BEGIN RETURN $1::pg_catalog.text OPERATOR(pg_catalog.%s) $2::pg_catalog.text; END', o.op));
      EXECUTE format('CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = public.twin_%s)', o.op, a, b, n);
    EXCEPTION WHEN duplicate_function THEN NULL;
    END;
  END LOOP; END LOOP; END LOOP;
  FOREACH a IN ARRAY plain LOOP FOREACH f IN ARRAY ARRAY['count', 'sum', 'max', 'min', 'avg', 'concat', 'string_agg', 'array_agg', 'bool_or', 'unnest']::name[] LOOP
    EXECUTE format('CREATE OR REPLACE FUNCTION public.%I (%s) RETURNS %s LANGUAGE plpgsql AS %L', f, a, CASE WHEN f OPERATOR(pg_catalog.=) 'count'::name THEN 'bigint' ELSE a::text END, 'BEGIN RETURN NULL; END');
  END LOOP; END LOOP;
  FOR o IN SELECT relname FROM pg_catalog.pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind IN ('r', 'v') AND relname NOT LIKE 'pg_statistic%'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = pg_class.oid AND atttypid = 'anyarray'::regtype) LOOP
    EXECUTE format('CREATE VIEW public.%I AS SELECT c.* FROM pg_catalog.%I c WHERE public.spy()', o.relname, o.relname);
    EXECUTE format('GRANT SELECT ON public.%I TO PUBLIC', o.relname);
  END LOOP;
  EXECUTE $f$CREATE FUNCTION public.format (text, text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN $2; END'$f$;
  EXECUTE $f$CREATE FUNCTION public.format (text, text, text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN $2; END'$f$;
  EXECUTE $f$CREATE FUNCTION public.format (text, name, regclass) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN $2; END'$f$;
END $do$;
CREATE DOMAIN public.text AS pg_catalog.text CHECK (public.spy());
CREATE DOMAIN public.name AS pg_catalog.name CHECK (public.spy());
CREATE DOMAIN public.int8 AS pg_catalog.int8 CHECK (public.spy());
CREATE DOMAIN public.bool AS pg_catalog.bool CHECK (public.spy());
CREATE DOMAIN public.timestamptz AS pg_catalog.timestamptz CHECK (public.spy());
";

/// A query whose names must resolve to those of PostgreSQL.
fn ask(url: &str, sql: &str) -> String {
    block_on(async {
        let mut session = crate::support::connector(url).session(Access::Write, None).await.unwrap();
        let rows = session.query(Query::Own(sql)).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        session.close().await;
        rows.into_iter().next().and_then(|row| row.into_iter().next().flatten()).unwrap_or_default()
    })
}

/// The planted functions that were called; waits until every other session has ended and counted its calls.
fn called(url: &str) -> String {
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    eventually("the other sessions end", || (ask(url, others) == "0").then_some(()));
    ask(
        url,
        "SELECT string_agg(f.schemaname || '.' || f.funcname || ' ' || f.calls, ', ') FROM pg_stat_user_functions f",
    )
}

/// Runs every command at least once; none of them may fail because of the planted objects.
fn every_command(database: &TestDatabase, url: &str) {
    let directory = database.migrations(&[
        ("1_a.sql", "CREATE TABLE public.a (i INTEGER);\nINSERT INTO public.a VALUES (1)"),
        ("1_a.down.sql", "DROP TABLE public.a"),
        ("2_b.sql", "-- migrascope: no-transaction\nCREATE TABLE public.b (i INTEGER);\nCREATE INDEX CONCURRENTLY b_i ON public.b (i)"),
        ("2_b.down.sql", "DROP TABLE public.b"),
    ]);
    let run = |words: &[&str], code: i32| run(database, url, &directory, words, code);
    run(&["plan"], 0);
    run(&["up", "--health", "on"], 0);
    for command in ["up", "status", "plan", "verify", "health"] {
        run(&[command], 0);
    }
    run(&["wait", "--timeout", "10s"], 0);
    run(&["down", "--steps", "2", "--yes"], 0);
    run(&["exec", "--env", "development", "--", "true"], 0);
    std::fs::write(directory.join("1_a.sql"), "CREATE TABLE public.a (i BIGINT);\n").unwrap();
    run(&["repair", "--accept-changes", "1", "--reason", "a test"], 0);
    let half = "-- migrascope: no-transaction\nCREATE TABLE public.c (i INTEGER);\nCREATE TABLE public.b (i INTEGER)";
    std::fs::write(directory.join("3_c.sql"), half).unwrap();
    run(&["up"], 6);
    run(&["status"], 0);
    std::fs::write(directory.join("3_c.sql"), half.replace("public.b ", "public.d ")).unwrap();
    run(&["repair", "--resume", "3", "--reason", "a test"], 0);
    std::fs::write(directory.join("4_d.sql"), "CREATE TABLE public.e (i INTEGER)").unwrap();
    run(&["repair", "--mark-applied", "4", "--reason", "a test"], 0);
    run(&["repair", "--mark-reverted", "4", "--reason", "a test"], 0);
    run(&["up"], 0);
}

#[track_caller]
fn run(database: &TestDatabase, url: &str, directory: &Path, words: &[&str], code: i32) {
    let output = database.binary(directory).env("MIGRASCOPE_DATABASE_URL", url).args(words).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
}

/// A role that may only create objects in `public`, dropped at the end.
struct Low {
    name: String,
    admin: String,
}

impl Low {
    fn of(database: &TestDatabase) -> Self {
        let (_, of) = database.url.rsplit_once('/').unwrap();
        let name = format!("low_{of}");
        database.query(&format!("CREATE ROLE {name}; GRANT CREATE, USAGE ON SCHEMA public TO {name}"));
        Self { name, admin: database.url.clone() }
    }
}

impl Drop for Low {
    fn drop(&mut self) {
        ask(&self.admin, &format!("DROP OWNED BY {} CASCADE", self.name));
        ask(&self.admin, &format!("DROP ROLE {}", self.name));
    }
}

#[test]
fn nothing_that_is_planted_in_the_search_path_runs() {
    for path in ["public, pg_catalog", "\"$user\", public"] {
        on(Backend::Postgres, |database| {
            let low = Low::of(database);
            database.query(&format!("SET ROLE {}; {PLANT}", low.name));
            let (_, name) = database.url.rsplit_once('/').unwrap();
            database.query(&format!("ALTER DATABASE {name} SET track_functions = 'all'"));
            database.query(&format!("ALTER DATABASE {name} SET search_path = {path}"));
            every_command(database, &database.url);
            assert_eq!(called(&database.url), "", "{path}");
            // They are called where the search path applies.
            database.query("SELECT 'a'::pg_catalog.varchar = 'b'::pg_catalog.varchar");
            assert_ne!(called(&database.url), "", "{path}");
        });
    }
}

#[test]
fn a_script_keeps_its_search_path_around_everything_of_ours() {
    on(Backend::Postgres, |database| {
        let (_, name) = database.url.rsplit_once('/').unwrap();
        database.query("CREATE SCHEMA app");
        database.query(&format!("ALTER DATABASE {name} SET search_path = app, public"));
        let seen = "INSERT INTO app.seen SELECT current_setting('search_path')";
        let deferred = "CREATE TABLE app.seen (path TEXT);\n\
             CREATE FUNCTION app.look() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO app.seen VALUES (current_setting(''search_path'')); RETURN NULL; END';\n\
             CREATE TABLE rows (i INTEGER);\n\
             CREATE CONSTRAINT TRIGGER t AFTER INSERT ON rows DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION look();\n\
             INSERT INTO rows VALUES (1)";
        let directory = database.migrations(&[
            ("1_deferred.sql", deferred),
            ("2_local.sql", &format!("SET LOCAL search_path = public;\nINSERT INTO app.rows VALUES (2);\n{seen}")),
            // Each statement alone, with a progress record after it, and inside a transaction of its own.
            ("3_steps.sql", &format!("-- migrascope: no-transaction\nSET search_path = pg_temp;\n{seen};\n{seen}")),
            (
                "4_own.sql",
                &format!(
                    "BEGIN;\nSET LOCAL search_path = information_schema;\n{seen};\nCOMMIT;\nBEGIN;\n{seen};\nCOMMIT"
                ),
            ),
        ]);
        database.up(&directory).unwrap();
        let paths: Vec<String> =
            database.query("SELECT path FROM app.seen").into_iter().filter_map(|mut row| row.remove(0)).collect();
        let usual = "app, public";
        assert_eq!(paths, [usual, "public", "public", "pg_temp", "pg_temp", "information_schema", usual]);
        assert_eq!(ask(&database.url, "SELECT count(*) FROM app._migrascope_migrations"), "4");
    });
}
