//! Standard output and standard error: their contents, colours and closed pipes.

use std::fs::File;
use std::process::Stdio;

use super::Door;

#[test]
fn no_colours_where_there_is_no_terminal() {
    let door = Door::shop();
    door.write("migrations/4_bad.sql", "SELEC 1;");
    for words in [&["up"][..], &["status"], &["plan"], &["--help"], &["up", "--nonsense"]] {
        let seen = door.run_with(&[("TERM", "xterm-256color")], words);
        assert!(!seen.to_string().contains('\u{1b}'), "{seen}");
    }
}

#[test]
fn colours_can_be_forced_and_refused() {
    let door = Door::shop();
    assert!(door.run_with(&[("CLICOLOR_FORCE", "1")], &["plan"]).stdout.contains('\u{1b}'));
    let refused = door.run_with(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &["plan", "--format", "json"]);
    assert!(!refused.stdout.contains('\u{1b}'));
}

#[test]
fn a_closed_pipe_changes_neither_the_run_nor_its_code() {
    for format in ["text", "json"] {
        let door = Door::shop();
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = door.command(&["up", "-v", "--format", format]).stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        assert_eq!(door.run(&["status", "--check"]).code, Some(0));
    }
}

#[test]
fn both_pipes_closed_keep_the_code_of_a_failure() {
    let door = Door::with(&[("1_bad.sql", "SELEC 1;")]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = door.command(&["up"]).stdout(writer.try_clone().unwrap()).stderr(writer).status().unwrap();
    assert_eq!(status.code(), Some(5));
}

#[test]
fn a_full_disk_is_said_and_changes_nothing() {
    let Ok(full) = File::options().write(true).open("/dev/full") else {
        return;
    };
    let door = Door::shop();
    let output = door.command(&["up"]).stdout(Stdio::from(full)).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(said.matches("warning: cannot write to standard output").count(), 1, "{said}");
}
