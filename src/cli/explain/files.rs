//! Migration files that cannot be used: each problem with its place.

use migrascope::layout::{Fault, FileProblem, LayoutError};
use migrascope::script::{BackslashMode, Problem};

use super::diagnosis::{Diagnosis, Excerpt};
use super::refusal::backslash;

pub(super) fn layout(error: &LayoutError) -> Vec<Diagnosis> {
    let whole = || Diagnosis::error(error.to_string());
    match error {
        LayoutError::Files(problems) => problems.iter().map(file).collect(),
        LayoutError::Directory { .. } => {
            vec![whole().help("name the directory with --dir, or create the first migration with migrascope new NAME")]
        }
        LayoutError::Empty { .. } => {
            vec![whole().help(
                "create the first one with migrascope new NAME; file names look like 20260131120000_add_users.sql",
            )]
        }
        _ => vec![whole()],
    }
}

/// The same for files of the user's health checks, which `--checks` names.
pub(crate) fn checks(error: &LayoutError) -> Vec<Diagnosis> {
    let named = |diagnosis: Diagnosis| Diagnosis { message: format!("--checks: {}", diagnosis.message), ..diagnosis };
    match error {
        LayoutError::Files(problems) => problems.iter().map(file).map(named).collect(),
        other => vec![named(Diagnosis::error(other.to_string()))],
    }
}

fn file(problem: &FileProblem) -> Diagnosis {
    let path = problem.path.display().to_string();
    let place = match (problem.place, &problem.text) {
        (Some(place), Some(text)) => match &problem.fault {
            Fault::Script(Problem::Section { marker, .. }) => {
                Excerpt::span(path, text, place.byte..place.byte + marker.len(), "")
            }
            _ => Excerpt::chunk(path, text, place.byte),
        },
        (Some(place), None) => Excerpt::line(path, place.line, place.column, ""),
        (None, _) => Excerpt::file(path),
    };
    let diagnosis = Diagnosis::error(problem.fault.to_string()).at(place);
    match &problem.fault {
        Fault::Duplicate { .. } => diagnosis.help("give one of the two files another version"),
        Fault::NameNotUtf8(_) => diagnosis.help("give the file a name in UTF-8"),
        Fault::NotUtf8 => diagnosis.help("save the file as UTF-8"),
        Fault::LinkOutside(_) => {
            diagnosis.help("put the file itself into the directory, or allow it with --follow-links")
        }
        Fault::UnknownHook { .. } => diagnosis
            .help("hooks/ has before_each.sql and after_each.sql, or before_each.postgres.sql for one database; commands are set by options"),
        Fault::NoFile => diagnosis.help("give the folder another name; one that begins with _ or . is skipped"),
        Fault::NoFolder | Fault::LinkNowhere => diagnosis.help("hooks/ has SQL around each migration: make it a directory, or remove it"),
        Fault::UpSuffix => diagnosis.help("remove .up from the file's name; the down file keeps its .down"),
        Fault::Folder => diagnosis.help("put its SQL into one file with a name such as 20260131120000_add_users.sql"),
        Fault::Script(problem) => script(diagnosis, problem),
        Fault::SubFolder { .. } => diagnosis.help(
            "move its files up into the directory, or the folder out of it; one whose name begins with _ or . is skipped",
        ),
        Fault::NotSql => diagnosis.help("name it .sql, move it out of the directory, or begin its name with a dot"),
        Fault::Code => diagnosis.help("write it as SQL, or move the file out of the directory"),
        Fault::UnknownDatabase { .. } => diagnosis.help("use one of these names, or remove the dot before that word"),
        Fault::SuffixInside { .. } => {
            diagnosis.help("put it last, as in 1_a.postgres.sql or 1_a.down.sql, or remove that dot from the name")
        }
        Fault::WayBack { .. } => diagnosis.help("name a down file .down.sql, or remove that dot from the name"),
        Fault::SameName { .. } => diagnosis.help("remove one of the two files"),
        Fault::DownAlone => diagnosis.help("create the file without .down in its name, or remove this one"),
        _ => diagnosis,
    }
}

fn script(diagnosis: Diagnosis, problem: &Problem) -> Diagnosis {
    const SPLIT: &str = "split the file into NAME.sql and NAME.down.sql, and remove the comments that divide it";
    match problem {
        Problem::Section { tool: Some(tool), .. } => {
            diagnosis.help(format!("{SPLIT}; the layout of {tool} is not supported yet"))
        }
        Problem::Section { tool: None, .. } => diagnosis
            .help(SPLIT)
            .help("or, if it is a plain comment, allow it in the file: -- migrascope: allow=section-marker"),
        Problem::Backslash { mode: mode @ BackslashMode::NonstandardStrings } => diagnosis
            .help("double the quote, or write the string as E'…'")
            .help(format!("or, if every backslash escapes, begin the file with {}", backslash(*mode)[1])),
        Problem::Backslash { mode } => diagnosis
            .help(r"double the backslash, as in 'C:\\'")
            .help(format!("or, if a backslash is a plain character, begin the file with {}", backslash(*mode)[0])),
        Problem::Nul => diagnosis.help("remove it, or save the file as UTF-8 where it is UTF-16; write a NUL value in the database's syntax, such as x'00'"),
        Problem::UnclearStrings => diagnosis.help(
            "write strings with a backslash as E'…', or set it with a plain statement before them: SET standard_conforming_strings = on;",
        ),
        Problem::CopyFromStdin => diagnosis.help(
            "write the rows as INSERT statements (pg_dump --inserts), or read a file of the server: COPY … FROM '/path'",
        ),
        Problem::MetaCommand { command } => diagnosis.help(psql_replacement(command)),
        _ => diagnosis,
    }
}

/// What to use in place of a psql command.
fn psql_replacement(command: &str) -> &'static str {
    match command {
        "\\i" | "\\ir" | "\\include" | "\\include_relative" => {
            "put the included SQL into the file, or into migrations of its own"
        }
        "\\copy" => "write the rows as INSERT statements, or read a file of the server: COPY … FROM '/path'",
        "\\c" | "\\connect" => "name the database with --database-url; a migration stays on one connection",
        "\\set" | "\\gset" | "\\getenv" | "\\prompt" => "write the value itself, or use a DO block with a variable",
        "\\if" | "\\elif" | "\\else" | "\\endif" => "write the condition as a DO block, or as IF EXISTS",
        "\\." => "rows of a COPY do not belong in a migration: write them as INSERT statements (pg_dump --inserts)",
        "\\restrict" | "\\unrestrict" => "remove the line: pg_dump writes it for psql alone",
        _ => "remove the line, or replace it with SQL: it is a command of psql, which the server does not know",
    }
}
