//! Everyday commands: up, down, status, plan, verify, new.

use insta::assert_snapshot;

use super::{Door, redacted};

#[test]
fn up_tells_each_migration_and_then_has_nothing_to_do() {
    let _redacted = redacted();
    let door = Door::shop();
    assert_snapshot!(door.run(&["up"]), @r"
    migrascope [version] up  sqlite [version], database migrascope.db  run [id]
    ✓ 1 users [t]  2 statements, 2 rows
    ✓ 2 orders [t]  1 statement
    ✓ 3 tidy [t]  1 statement  not atomic: line 1: VACUUM has no effect or is refused in a transaction
    healthy: 7 checks in [t]
    3 migrations applied in [t]; schema is at 3
    --- exit 0
    ");
    assert_snapshot!(door.run(&["deploy"]), @r"
    migrascope [version] up  sqlite [version], database migrascope.db  run [id]
    nothing to do: 3 migrations applied, schema is at 3
    --- exit 0
    ");
}

#[test]
fn up_goes_as_far_as_it_is_told() {
    let _redacted = redacted();
    let door = Door::shop();
    assert_snapshot!(door.run(&["up", "--steps", "1"]), @r"
    migrascope [version] up  sqlite [version], database migrascope.db  run [id]
    ✓ 1 users [t]  2 statements, 2 rows
    healthy: 7 checks in [t]
    1 migration applied in [t]; schema is at 1
    --- exit 0
    ");
    assert_snapshot!(door.run(&["up", "--to", "2"]), @r"
    migrascope [version] up  sqlite [version], database migrascope.db  run [id]
    ✓ 2 orders [t]  1 statement
    healthy: 7 checks in [t]
    1 migration applied in [t]; schema is at 2
    --- exit 0
    ");
    assert_snapshot!(door.run(&["up", "--to", "2"]), @r"
    migrascope [version] up  sqlite [version], database migrascope.db  run [id]
    nothing to do: 2 migrations applied, 1 left pending, schema is at 2
    --- exit 0
    ");
}

#[test]
fn verbose_tells_each_statement_and_quiet_nothing() {
    let _redacted = redacted();
    let door = Door::shop();
    assert_snapshot!(door.run(&["-v", "up", "--steps", "1"]), @r"
    migrascope [version] up  sqlite [version], database migrascope.db  run [id]
            1:1  CREATE TABLE users [t]  0 rows
            2:1  INSERT INTO users [t]  2 rows
    ✓ 1 users [t]  2 statements, 2 rows
    healthy: 7 checks in [t]
    1 migration applied in [t]; schema is at 1
    --- exit 0
    ");
    assert_eq!(door.run(&["up", "-q"]).good(), "");
    assert_eq!(door.run(&["status", "-q"]).good(), "");
}

#[test]
fn down_reverts_one_step_or_more() {
    let _redacted = redacted();
    let door = Door::shop();
    door.run(&["up", "--to", "2"]).good();
    assert_snapshot!(door.run(&["down"]), @r"
    migrascope [version] down  sqlite [version], database migrascope.db  run [id]
    ✓ 2 orders [t]  1 statement, reverted
    healthy: 7 checks in [t]
    1 migration reverted in [t]; schema is at 1
    --- exit 0
    ");
    assert_snapshot!(door.run(&["down", "--to", "0"]), @r"
    migrascope [version] down  sqlite [version], database migrascope.db  run [id]
    ✓ 1 users [t]  1 statement, reverted
    healthy: 7 checks in [t]
    1 migration reverted in [t]; schema is empty
    --- exit 0
    ");
    assert_snapshot!(door.run(&["down"]), @r"
    migrascope [version] down  sqlite [version], database migrascope.db  run [id]
    nothing to do: 0 migrations applied, schema is empty
    --- exit 0
    ");
}

#[test]
fn down_is_refused_before_anything_is_touched() {
    let _redacted = redacted();
    let door = Door::shop();
    door.run(&["up"]).good();
    assert_snapshot!(door.run(&["down", "--to", "1"]), @r"
    migrascope [version] down  sqlite [version], database migrascope.db  run [id]
    --- stderr
    error: migration 3 (tidy) has no down script
    help: write its .down.sql file, or stop above it with --to or --steps; nothing was changed
    --- exit 4
    ");
    assert_eq!(door.run(&["status", "--check"]).code, Some(0));
}

#[test]
fn status_is_a_table_and_can_be_asked_by_a_script() {
    let _redacted = redacted();
    let door = Door::shop();
    door.run(&["up", "--steps", "1"]).good();
    assert_snapshot!(door.run(&["status"]), @r"
    sqlite [version], database migrascope.db
     VERSION  NAME    STATE    APPLIED AT                TIME
     1        users   applied  [time] [t]
     2        orders  pending
     3        tidy    pending
    1 migration applied, 2 pending; schema is at 1
    --- exit 0
    ");
    assert_eq!(door.run(&["status", "--check"]).code, Some(3));
    door.run(&["up"]).good();
    assert_eq!(door.run(&["status", "--check"]).code, Some(0));
}

#[test]
fn plan_shows_statements_and_what_will_not_be_atomic() {
    let _redacted = redacted();
    let door = Door::shop();
    let plan = door.run(&["plan"]);
    assert_snapshot!(plan, @r"
    plan for sqlite [version], database migrascope.db: 3 migrations, 4 statements

    up 1 users  in one transaction
      migrations/1_users.sql
          1:1  CREATE TABLE users
          2:1  INSERT INTO users

    up 2 orders  in one transaction
      migrations/2_orders.sql
          1:1  CREATE TABLE orders

    up 3 tidy  not atomic: line 1: VACUUM has no effect or is refused in a transaction
      migrations/3_tidy.sql
          1:1  VACUUM  alone
    --- exit 0
    ");
    assert_eq!(door.run(&["up", "--dry-run"]).good(), plan.stdout);
    assert_snapshot!(door.run(&["status"]), @r"
    sqlite [version], database migrascope.db
     VERSION  NAME    STATE    APPLIED AT  TIME
     1        users   pending
     2        orders  pending
     3        tidy    pending
    0 migrations applied, 3 pending; schema is empty
    --- exit 0
    ");
}

#[test]
fn plan_shows_the_way_down() {
    let _redacted = redacted();
    let door = Door::shop();
    door.run(&["up", "--to", "2"]).good();
    assert_snapshot!(door.run(&["down", "--dry-run", "--steps", "2"]), @r"
    plan for sqlite [version], database migrascope.db: 2 migrations, 2 statements

    down 2 orders  in one transaction
      migrations/2_orders.down.sql
          1:1  DROP TABLE orders

    down 1 users  in one transaction
      migrations/1_users.down.sql
          1:1  DROP TABLE users
    --- exit 0
    ");
}

#[test]
fn verify_finds_every_misfit() {
    let _redacted = redacted();
    let door = Door::shop();
    door.run(&["up", "--to", "2"]).good();
    assert_snapshot!(door.run(&["verify"]), @r"
    3 migrations checked against sqlite [version], database migrascope.db
    2 migrations applied, 1 pending; schema is at 2
    --- exit 0
    ");
    door.write("migrations/1_users.sql", "CREATE TABLE people (id INTEGER PRIMARY KEY);\n");
    door.remove("migrations/2_orders.sql");
    door.remove("migrations/2_orders.down.sql");
    door.write("migrations/0_early.sql", "SELECT 1;\n");
    assert_snapshot!(door.run(&["verify"]), @r"
    --- stderr
    error: migration 1 (users) was changed after it was applied
    note: applied with checksum bf3543ecb2a0, now b5fb11c9ecda
    help: restore the applied version of the file, and put the change into a new migration
    help: or, if the schema matches the file as it is now: migrascope repair --accept-changes 1 --reason '…'

    error: migration 2 (orders) is applied but its file is missing
    help: restore the file, or accept that it is missing with --allow-missing (not for down)

    error: migration 0 (early) is pending but older than 2, which is applied
    help: rename the file to a version above the newest applied one, or set --order: allow applies it, skip skips it
    --- exit 4
    ");
    assert_snapshot!(door.run(&["status"]), @r"
    sqlite [version], database migrascope.db
     VERSION  NAME    STATE         APPLIED AT                TIME
     0        early   out of order
     1        users   changed       [time] [t]
     2        orders  missing       [time] [t]
     3        tidy    pending
    2 migrations applied, 2 pending, 1 changed, 1 missing, 1 out of order; schema is at 2
    --- stderr
    warning: migration 1 (users) was changed after it was applied
    note: applied with checksum bf3543ecb2a0, now b5fb11c9ecda
    help: restore the applied version of the file, and put the change into a new migration
    help: or, if the schema matches the file as it is now: migrascope repair --accept-changes 1 --reason '…'

    warning: migration 2 (orders) is applied but its file is missing
    help: restore the file, or accept that it is missing with --allow-missing (not for down)

    warning: migration 0 (early) is pending but older than 2, which is applied
    help: rename the file to a version above the newest applied one, or set --order: allow applies it, skip skips it
    --- exit 0
    ");
}

#[test]
fn a_cosmetic_edit_is_a_warning() {
    let _redacted = redacted();
    let door = Door::with(&[("1_users.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY);\n")]);
    door.run(&["up"]).good();
    door.write("migrations/1_users.sql", "-- Who uses it.\r\nCREATE TABLE users (id INTEGER PRIMARY KEY);\r\n");
    assert_snapshot!(door.run(&["up"]), @r"
    migrascope [version] up  sqlite [version], database migrascope.db  run [id]
    nothing to do: 1 migration applied, schema is at 1
    --- stderr
    warning: migration 1 (users) was edited after it was applied, in comments and whitespace only
    --- exit 0
    ");
}

#[test]
fn new_continues_the_numbers_of_the_directory() {
    let door = Door::with(&[("0007_users.sql", "SELECT 1;\n")]);
    assert_eq!(
        door.run(&["new", "Add e-mail", "--reversible"]).good(),
        "created migrations/0008_add_e_mail.sql\ncreated migrations/0008_add_e_mail.down.sql\n"
    );
    assert_eq!(door.run(&["new", "next"]).good(), "created migrations/0009_next.sql\n");
}

#[test]
fn new_takes_the_time_where_there_are_no_numbers() {
    let door = Door::empty();
    let made = door.run(&["new", "first"]).good();
    let version = made.strip_prefix("created migrations/").unwrap().strip_suffix("_first.sql\n").unwrap();
    assert!(version.len() == 14 && version.starts_with("20"), "{version}");
    assert_eq!(door.run(&["up"]).code, Some(0));
}

#[test]
fn long_and_wide_names_break_nothing() {
    let _redacted = redacted();
    let long = format!("2_{}.sql", "x".repeat(200));
    let door = Door::with(&[("1_größe_漢字.sql", "SELECT 1;"), (&long, "SELECT 1;"), ("3_a.sql", "SELECT 1;")]);
    assert_snapshot!(door.run(&["up"]), @r"
    migrascope [version] up  sqlite [version], database migrascope.db  run [id]
    ✓ 1 größe_漢字 [t]  1 statement, 1 row
    ✓ 2 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx [t]  1 statement, 1 row
    ✓ 3 a [t]  1 statement, 1 row
    healthy: 7 checks in [t]
    3 migrations applied in [t]; schema is at 3
    --- exit 0
    ");
    door.run(&["status"]).good();
}
