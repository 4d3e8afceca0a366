//! Statements that fail in a transaction on PostgreSQL, and the help that solves it.

use super::Door;
use crate::support::{Backend, on};

const DIRECTIVE: &str = "-- migrascope: no-transaction";

#[test]
fn the_help_for_what_a_transaction_refuses_names_the_directive_that_works() {
    let scripts = [
        "CREATE TYPE mood AS ENUM ('sad');\nCREATE TABLE t (m mood);\n",
        "ALTER TYPE mood ADD VALUE 'happy';\nINSERT INTO t VALUES ('happy');\n",
        "DO $$ BEGIN INSERT INTO t VALUES ('sad'); COMMIT; INSERT INTO t VALUES ('sad'); END $$;\n",
        "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM t; COMMIT; END $$;\nCALL p();\n",
    ];
    on(Backend::Postgres, |database| {
        let door = Door::with(&[("1_a.sql", scripts[0])]);
        let up = || door.run(&["up", "--health", "off", "--database-url", &database.url]);
        assert_eq!(up().code, Some(0));
        for (index, code) in [(1, "55P04"), (2, "2D000"), (3, "2D000")] {
            let name = format!("migrations/{}_b.sql", index + 1);
            door.write(&name, scripts[index]);
            let seen = up();
            assert_eq!(seen.code, Some(5), "{seen}");
            assert!(seen.stderr.contains(code), "{seen}");
            assert!(seen.stderr.contains(&format!("help: put {DIRECTIVE} at the top of the file")), "{seen}");
            door.write(&name, format!("{DIRECTIVE}\n{}", scripts[index]));
            let seen = up();
            assert_eq!(seen.code, Some(0), "{seen}");
        }
    });
}
