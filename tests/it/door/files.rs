//! What lies in the directory of the migrations, through the binary.

use super::Door;

#[test]
fn nothing_is_passed_over_in_silence_and_nothing_of_another_database_runs() {
    let door = Door::with(&[
        ("1_a.sql", "CREATE TABLE a (id int);"),
        ("2_b.SQL", "CREATE TABLE b (id int);"),
        ("3_c.mariadb.sql", "CREATE TABLE c (i INT) ENGINE=InnoDB;"),
        ("4_d.postgresql.sql", "CREATE TABLE d (i serial);"),
    ]);
    let told = door.run(&["up", "--health", "off"]).good();
    assert!(told.contains("2 b") && !told.contains("3 c") && !told.contains("4 d"), "{told}");
    door.sql("INSERT INTO b VALUES (1)");
    door.write("migrations/2026/5_e.sql", "CREATE TABLE e (id int);");
    door.write("migrations/6_f.postgre.sql", "CREATE TABLE f (id int);");
    let seen = door.run(&["up"]);
    assert_eq!(seen.code, Some(2), "{seen}");
    for said in [
        "error: the folder has SQL that is not read: migrations/2026/5_e.sql\n--> migrations/2026\nhelp: move its files up",
        "did you mean .postgres.sql?\n--> migrations/6_f.postgre.sql\nhelp: name the database so",
    ] {
        assert!(seen.stderr.contains(said), "{seen}");
    }
}
