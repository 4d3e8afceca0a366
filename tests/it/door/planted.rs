//! Files that the program writes to: planted links, pipes and files are not followed, truncated or waited for.

use std::fs::{self, File};
use std::process::{Command, Stdio};

use super::{Door, Seen};
use crate::support::eventually;

const LOCK: &str = "migrascope.db-migrascope.lock";

fn read(door: &Door, name: &str) -> String {
    fs::read_to_string(door.path().join(name)).unwrap()
}

/// All entries of the directory by name.
fn names(door: &Door) -> Vec<String> {
    let entries = fs::read_dir(door.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.collect();
    names.sort();
    names
}

/// Runs `before` in a shell that is then replaced by the binary, so that its process is known as `$$`; terminated if it does not end.
fn up_after(door: &Door, before: &str, words: &str) -> Seen {
    let script = format!("{before}\nexec {} up {words}", env!("CARGO_BIN_EXE_migrascope"));
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", "30", "sh", "-c", &script]);
    command.env("DATABASE_URL", "sqlite://migrascope.db").current_dir(door.path()).stdin(Stdio::null());
    Seen::of(command.output().unwrap())
}

#[test]
fn metrics_go_to_a_file_of_their_own() {
    for plant in ["ln -s victim", "ln victim", "mkfifo"] {
        let door = Door::shop();
        door.write("victim", "precious");
        let seen = up_after(&door, &format!("{plant} .m.prom.$$.tmp"), "--metrics-file m.prom");
        assert_eq!((seen.code, seen.stderr.as_str()), (Some(0), ""), "{plant}: {seen}");
        assert_eq!(read(&door, "victim"), "precious", "{plant}");
        assert!(read(&door, "m.prom").contains("migrascope_runs_total{"), "{plant}");
        let hidden = names(&door).into_iter().filter(|name| name.starts_with(".m.prom")).count();
        assert_eq!(hidden, 1, "{plant}: only what was planted is left: {:?}", names(&door));
    }
}

#[test]
fn metrics_replace_nothing_but_a_file() {
    let required = "--telemetry required";
    for (plant, kind) in [
        ("ln -s victim m.prom", "a symbolic link"),
        ("ln -s /dev/stdout m.prom", "a symbolic link"),
        ("ln -s nowhere m.prom", "a symbolic link"),
        ("mkfifo m.prom", "a named pipe"),
        ("mkdir m.prom", "a directory"),
    ] {
        let door = Door::shop();
        door.write("victim", "precious");
        let before = up_after(&door, plant, &format!("--metrics-file m.prom {required}"));
        assert_eq!(before.code, Some(2), "{plant}: {before}");
        let said = format!("--metrics-file: m.prom cannot be written: it is {kind}, not a file");
        assert!(before.stderr.contains(&said), "{plant}: {before}");
        assert!(!names(&door).contains(&"migrascope.db".to_owned()), "{plant}: the database was touched");
        let seen = up_after(&door, "", "--metrics-file m.prom");
        assert_eq!(seen.code, Some(0), "{plant}: {seen}");
        assert!(seen.stderr.contains(&said), "{plant}: {seen}");
        let there = fs::symlink_metadata(door.path().join("m.prom")).unwrap();
        assert!(!there.is_file(), "{plant}: it is still there");
        assert_eq!(read(&door, "victim"), "precious", "{plant}");
    }
}

#[test]
fn the_lock_file_of_sqlite_is_a_file_of_ours() {
    for (plant, said) in [
        (format!("ln -s victim {LOCK}"), "it is a symbolic link, not a file"),
        (format!("ln -s nowhere {LOCK}"), "it is a symbolic link, not a file"),
        (format!("ln victim {LOCK}"), "the file has 2 hard links instead of one"),
        (format!("mkfifo {LOCK}"), "it is a named pipe, not a file"),
    ] {
        let door = Door::shop();
        door.write("victim", "precious");
        let seen = up_after(&door, &plant, "");
        assert_eq!(seen.code, Some(1), "{plant}: {seen}");
        assert!(seen.stderr.contains(&format!("{LOCK}: {said}")), "{plant}: {seen}");
        assert_eq!(read(&door, "victim"), "precious", "{plant}");
        assert!(!names(&door).contains(&"nowhere".to_owned()), "{plant}");
        assert!(fs::symlink_metadata(door.path().join(LOCK)).is_ok(), "{plant}: it is still there");
    }
}

#[test]
fn who_has_the_lock_is_read_up_to_a_limit() {
    const LONG: u64 = 256 << 20;
    let door = Door::shop();
    let lock = File::create(door.path().join(LOCK)).unwrap();
    lock.set_len(LONG).unwrap();
    lock.lock().unwrap();
    let mut child =
        door.command(&["up", "--lock-wait", "1s"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let code = eventually("an end", || {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        peak = peak.max(line.map_or(0, |kilobytes| kilobytes.parse::<u64>().unwrap()));
        child.try_wait().unwrap()
    });
    assert_eq!(code.code(), Some(7));
    assert!(peak > 0 && peak < (LONG >> 10) / 2, "{peak} kB");
}
