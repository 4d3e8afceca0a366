//! Checks the structure of the code: the length of files, the order of floors, and which files may use what.

mod circles;
mod functions;

use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below a directory, with its text.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
                files.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!files.is_empty());
    files.sort();
    files
}

/// The lines that are code, numbered from 1; comments and docs are left out.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[track_caller]
fn nothing_wrong(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn no_file_is_over_400_lines() {
    let files = sources("src").into_iter().chain(sources("tests"));
    let long: Vec<String> = files
        .filter(|(_, text)| text.lines().count() > 400)
        .map(|(name, text)| format!("{name}: {} lines", text.lines().count()))
        .collect();
    nothing_wrong(&long);
}

#[test]
fn main_is_short() {
    let text = std::fs::read_to_string(root().join("src/main.rs")).unwrap();
    assert!(text.lines().count() < 80, "{} lines", text.lines().count());
}

/// The floor of a room; rooms may name their own floor and lower ones.
fn floor(room: &str) -> Option<u8> {
    Some(match room {
        "version" | "key" | "sql" | "report" | "policy" | "file" | "stop" => 0,
        "script" | "migration" | "history" | "layout" | "plan" => 1,
        "database" | "ledger" | "journal" | "error" | "event" => 2,
        "run" | "health" | "observe" => 3,
        "migrator" | "lib" => 4,
        _ => return None,
    })
}

fn room(file: &str) -> &str {
    let inside = file.strip_prefix("src/").unwrap_or(file);
    inside.split(['/', '.']).next().unwrap_or(inside)
}

#[test]
fn stairs_only_go_down() {
    let mut problems = Vec::new();
    for (file, text) in sources("src").iter().filter(|(file, _)| !file.starts_with("src/cli") && file != "src/main.rs")
    {
        let here = room(file);
        let Some(height) = floor(here) else {
            problems.push(format!("{file}: a room without a floor; give it one in this test and in ARCHITECTURE.md"));
            continue;
        };
        for (number, line) in code(text) {
            for named in line.match_indices("crate::").map(|(at, _)| &line[at + "crate::".len()..]) {
                let target: String = named.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let target = if floor(&target).is_some() { target.as_str() } else { continue };
                let meets = (here == "run" && target == "observe") || (here == "observe" && target == "run");
                let climbs = floor(target).is_some_and(|there| there > height);
                if climbs || meets {
                    problems.push(format!("{file}:{number}: {here} names {target}"));
                }
            }
        }
    }
    nothing_wrong(&problems);
}

/// The floor of a room inside `src/cli/`; the same rule holds for them.
fn cli_floor(room: &str) -> Option<u8> {
    Some(match room {
        "context" | "escape" | "exit" | "help" | "option" | "presentation" | "response" | "telemetry" | "words" => 0,
        "explain" | "outcome" | "output" | "warnings" => 1,
        "args" | "json" | "screen" | "signal" | "termination" | "unrecorded" => 2,
        "export" | "settings" => 3,
        "listen" => 4,
        "command" => 5,
        _ => return None,
    })
}

/// Rooms of `src/cli/` that share a floor and must not name each other: two consumers of the same events, and telemetry settings and their
/// use.
const CLI_APART: [[&str; 2]; 2] = [["json", "screen"], ["export", "settings"]];

/// The names after a path such as `crate::cli::` in a line: one, or those in braces.
fn named_behind<'l>(line: &'l str, path: &str) -> Vec<&'l str> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let ends = line.match_indices(path).map(|(at, _)| &line[at + path.len()..]);
    let lists = ends.map(|rest| match rest.strip_prefix('{') {
        Some(inside) => inside.split('}').next().unwrap_or(inside),
        None => rest.split(|c| !is_name(c)).next().unwrap_or(rest),
    });
    lists.flat_map(|list| list.split(|c| !is_name(c))).filter(|name| !name.is_empty()).collect()
}

#[test]
fn stairs_inside_the_command_line_only_go_down() {
    let mut problems = Vec::new();
    for (file, text) in sources("src/cli") {
        let here = room(file.strip_prefix("src/cli/").unwrap());
        let Some(height) = cli_floor(here) else {
            problems.push(format!("{file}: a room without a floor; give it one in this test and in ARCHITECTURE.md"));
            continue;
        };
        // In the files at the top level, `super` is the command line as well.
        let is_top = file.matches('/').count() == 2;
        for (number, line) in code(&text) {
            let above = if is_top { named_behind(line, "super::") } else { Vec::new() };
            for target in named_behind(line, "crate::cli::").into_iter().chain(above) {
                let meets =
                    CLI_APART.iter().any(|apart| here != target && apart.contains(&here) && apart.contains(&target));
                if meets || cli_floor(target).is_some_and(|there| there > height) {
                    problems.push(format!("{file}:{number}: {here} names {target}"));
                }
            }
        }
    }
    nothing_wrong(&problems);
}

#[track_caller]
fn only_in(word: &str, allowed: &[&str]) {
    let problems: Vec<String> = sources("src")
        .iter()
        .filter(|(file, _)| !allowed.iter().any(|place| file.starts_with(place)))
        .flat_map(|(file, text)| {
            code(text)
                .filter(|(_, line)| line.contains(word))
                .map(|(number, line)| format!("{file}:{number}: {}", line.trim()))
                .collect::<Vec<_>>()
        })
        .collect();
    nothing_wrong(&problems);
}

#[test]
fn only_the_database_names_sqlx() {
    // A layout and a history format are named after the tool.
    let registries = ["src/layout/registry.rs", "src/ledger/registry.rs"];
    let named = ["src/layout.rs", "src/ledger.rs", "src/layout/sqlx.rs", "src/ledger/sqlx.rs", "src/ledger/tests.rs"];
    only_in("sqlx", &[&["src/database"][..], &registries, &named].concat());
    only_in("sqlx::", &[&["src/database"][..], &registries].concat());
    only_in("use sqlx", &["src/database"]);
    for registry in registries {
        let text = std::fs::read_to_string(root().join(registry)).unwrap().replace("super::sqlx::", "");
        assert!(!text.contains("sqlx::"), "{registry} names the driver");
    }
}

#[test]
fn dynamic_sql_passes_one_function_a_backend() {
    const WIRES: [&str; 3] =
        ["src/database/postgres/wire.rs", "src/database/mysql/wire.rs", "src/database/sqlite/wire.rs"];
    for file in WIRES {
        let text = std::fs::read_to_string(root().join(file)).unwrap();
        assert_eq!(code(&text).filter(|(_, line)| line.contains("AssertSqlSafe(")).count(), 1, "{file}");
    }
    only_in("AssertSqlSafe(", &WIRES);
}

#[test]
fn only_observers_and_exporters_name_opentelemetry() {
    only_in("opentelemetry", &["src/observe", "src/cli/export"]);
    only_in("prometheus::", &["src/cli/export"]);
}

#[test]
fn only_the_command_line_reads_files_of_migrations_through_the_layout() {
    for call in ["file::read", "fs::read"] {
        only_in(call, &["src/layout", "src/database/postgres/service.rs", "src/cli", "src/file.rs"]);
    }
}

#[test]
fn whatever_is_read_is_a_regular_file() {
    // No other user can create the operating system's own pages.
    let system = "src/cli/export/resource/container.rs";
    for call in ["fs::read(", "use std::fs::read", "read_to_string(", " File::open", "(File::open", "::File::open"] {
        only_in(call, &["src/file.rs", system, "src/database/sqlite/lock.rs"]);
    }
    // Existing files are written through the same function; new ones are created with `create_new`, which follows no link.
    only_in(").open(", &["src/file.rs", "src/cli/unrecorded.rs"]);
    only_in("File::create(", &[]);
    let tests = ["src/cli/settings/tests.rs", "src/cli/termination.rs", "src/database/postgres/options/tests.rs"];
    for call in ["fs::write(", "use std::fs::write"] {
        only_in(call, &tests);
    }
}

#[test]
fn every_text_for_a_terminal_passes_one_door() {
    const DOORS: [&str; 1] = ["src/cli/output.rs"];
    for stream in ["stdout()", "println!", "print!(", "anstream"] {
        only_in(stream, &DOORS);
    }
    // Log lines are escaped where they are formatted. Others only check whether a stream is a terminal, and pass it to hooks.
    only_in(
        "stderr",
        &[
            "src/cli/output.rs",
            "src/cli/export/log_lines.rs",
            "src/cli/screen/live.rs",
            "src/cli/command/down.rs",
            "src/cli/args/parse.rs",
            "src/run/hooks/command.rs",
        ],
    );
    only_in("set_message(", &["src/cli/screen/live.rs"]);
    // Coloured lines are created where all their other parts are escaped first.
    only_in(".styled(", &["src/cli/screen", "src/cli/output.rs"]);
}

#[test]
fn nothing_prints_below_the_command_line() {
    for word in ["println!", "eprintln!", "print!(", "stdout()"] {
        only_in(word, &["src/cli", "src/main.rs"]);
    }
    // The command of a hook inherits the stream; its output is not the program's own.
    only_in("stderr()", &["src/cli", "src/main.rs", "src/run/hooks/command.rs"]);
}

#[test]
fn no_kind_of_database_is_matched_above_its_room() {
    for word in ["Dialect::Postgres", "Dialect::Mysql", "Dialect::Sqlite"] {
        only_in(word, &["src/database", "src/script", "src/sql", "src/ledger/tests.rs", "src/plan/change/tests.rs"]);
    }
}

#[test]
fn the_pure_rooms_have_no_clock() {
    for file in sources("src") {
        if ["plan", "layout", "script", "sql", "version", "migration", "history", "report", "policy"]
            .contains(&room(&file.0))
        {
            let clocks = code(&file.1).filter(|(_, line)| line.contains("SystemTime") || line.contains("Instant"));
            nothing_wrong(&clocks.map(|(number, line)| format!("{}:{number}: {line}", file.0)).collect::<Vec<_>>());
        }
    }
}

#[test]
fn nothing_is_waved_through() {
    for word in [".unwrap()", "todo!(", "unimplemented!(", "dbg!(", "#[allow(", "unsafe "] {
        only_in(word, &["src/cli/settings/tests.rs"]);
    }
}

#[test]
fn the_architecture_names_every_room() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let missing: Vec<String> = sources("src")
        .iter()
        .map(|(file, _)| room(file).to_owned())
        .filter(|room| !["main", "lib"].contains(&room.as_str()) && !text.contains(&format!("`{room}")))
        .collect();
    nothing_wrong(&missing);
}

#[test]
fn every_dependency_is_justified() {
    let manifest: toml::Table = std::fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let text = std::fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    let unix = &manifest["target"]["cfg(unix)"];
    for section in [&manifest["dependencies"], &manifest["dev-dependencies"], &unix["dependencies"]] {
        for name in section.as_table().unwrap().keys() {
            assert!(text.contains(&format!("`{name}`")), "docs/dependencies.md has no line for {name}");
        }
    }
}
