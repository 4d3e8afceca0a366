//! Help, completions, and the page that describes the command line.

use std::collections::BTreeSet;

use super::Door;

const COMMANDS: [&str; 15] = [
    "up",
    "down",
    "status",
    "plan",
    "repair",
    "baseline",
    "verify",
    "health",
    "serve",
    "push",
    "probe",
    "wait",
    "exec",
    "new",
    "completions",
];

#[test]
fn every_command_has_help_with_examples() {
    let door = Door::empty();
    for command in COMMANDS {
        let help = door.run(&[command, "--help"]).good();
        assert!(help.contains("Examples:\n  migrascope "), "{help}");
    }
    let help = door.run(&["--help"]).good();
    for part in ["Examples:", "Exit codes:", "MIGRASCOPE_LOCK_WAIT]", "143  ended by SIGTERM"] {
        assert!(help.contains(part), "{part}: {help}");
    }
}

#[test]
fn completions_know_the_commands() {
    let door = Door::empty();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = door.run(&["completions", shell]).good();
        assert!(COMMANDS.iter().all(|command| script.contains(command)), "{script}");
    }
    assert!(door.run(&["man"]).good().contains(".TH migrascope 1"));
}

#[test]
fn the_version_is_the_package_s() {
    assert_eq!(Door::empty().run(&["--version"]).good(), concat!("migrascope ", env!("CARGO_PKG_VERSION"), "\n"));
}

/// The long options in a text.
fn options(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_lowercase() && c != '-');
    words
        .filter_map(|word| word.strip_prefix("--"))
        .filter(|name| !name.is_empty() && !name.starts_with('-'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_page_has_every_option_and_command_and_no_other() {
    let page = include_str!("../../../docs/cli.md");
    let rows: String = page.lines().filter(|line| line.starts_with("| `")).collect::<Vec<_>>().join("\n");
    let door = Door::empty();
    let help = COMMANDS.iter().map(|command| door.run(&[command, "--help"]).good()).collect::<String>();
    let listed: String = help.lines().filter(|line| line.trim_start().starts_with('-')).collect::<Vec<_>>().join("\n");
    assert_eq!(options(&rows), options(&listed));
    for command in COMMANDS {
        assert!(rows.contains(&format!("| `{command}")), "{command}");
    }
}

#[test]
fn the_page_has_every_exit_code() {
    let page = include_str!("../../../docs/cli.md");
    let help = Door::empty().run(&["--help"]).good();
    let (_, codes) = help.split_once("Exit codes:\n").unwrap();
    let told: Vec<&str> = codes.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let described: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(' ').next())
        .filter(|word| word.parse::<u8>().is_ok())
        .collect();
    assert_eq!(described, told);
}
