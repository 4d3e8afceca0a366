//! Detects the comments with which other tools divide one file into an up section and a down section.
//!
//! A file runs as a whole here, so such a file would be applied and reverted in one go.

use crate::sql::Statement;

use super::Problem;
use super::token::Spot;

/// The word in `-- migrascope: allow=…` that turns this check off.
pub(crate) const ALLOWED: &str = "section-marker";

/// How an annotation of goose begins.
const GOOSE: &str = "+goose";

/// What Drizzle writes between two statements, on a line of its own or after a semicolon.
pub(crate) const BREAKPOINT: &str = "--> statement-breakpoint";

/// What may follow a tool's name after a plus sign: `-- +goose Up`.
const AFTER_PLUS: [&str; 8] =
    ["up", "down", "statementbegin", "statementend", "no", "notransaction", "envsub", "include"];
/// Tools that write only their name and the direction: `-- rambler up`.
const NAME_AND_WAY: [&str; 3] = ["rambler", "nomad", "shmig"];

/// Words that mark a down section.
const BACK: [&str; 7] = ["down", "downs", "undo", "rollback", "revert", "downgrade", "back"];
/// Words that mark an up section.
const FORWARD: [&str; 5] = ["up", "ups", "forward", "upgrade", "upward"];
/// Words that may accompany them in a marker. A comment with any other word is prose.
const BESIDE: [&str; 24] = [
    "begin",
    "below",
    "block",
    "changes",
    "code",
    "commands",
    "direction",
    "end",
    "here",
    "migrate",
    "migration",
    "migrations",
    "of",
    "part",
    "roll",
    "schema",
    "script",
    "section",
    "sql",
    "start",
    "statements",
    "the",
    "this",
    "way",
];

/// The section that a comment starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Section {
    /// A section that this tool recognises.
    Of(String),
    /// A down section, in plain words.
    Back,
    /// An up section, in plain words.
    Forward,
}

/// A comment that starts a section.
#[derive(Debug)]
pub(super) struct Marker<'a> {
    /// Its first byte in the script.
    pub(super) start: usize,
    /// As written.
    pub(super) text: &'a str,
    /// Whether it is between statements or inside one.
    pub(super) spot: Spot,
    pub(super) section: Section,
}

/// The section that a comment, given with its opening, starts; `None` for any other comment.
pub(super) fn read(comment: &str) -> Option<Section> {
    let block = comment.strip_prefix("/*").map(|rest| rest.strip_suffix("*/").unwrap_or(rest));
    let line = || comment.strip_prefix("--").or_else(|| comment.strip_prefix('#'));
    let text = block.or_else(line)?.trim();
    if text.len() > 120 || text.contains('\n') {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let text = lower.trim_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '=' | '#' | '*'));
    tool(text).map(Section::Of).or_else(|| way(text))
}

/// Whether a line comment that begins at `start` is goose's end of a block, or Drizzle's breakpoint: what is before it is one statement,
/// whatever it contains.
pub(super) fn ends_statement(text: &str, start: usize, comment: &str) -> bool {
    if is_breakpoint(comment) {
        return true;
    }
    let annotation = goose_annotation(comment).filter(|_| before_in_line(text, start).is_empty());
    annotation.is_some_and(|annotation| annotation.eq_ignore_ascii_case("StatementEnd"))
}

/// Whether a comment is Drizzle's breakpoint, after which only another comment may follow in the line.
fn is_breakpoint(comment: &str) -> bool {
    let rest = comment.strip_prefix(BREAKPOINT).map(str::trim_start);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("--"))
}

/// The annotation of goose in a line that begins with `--`; `None` if it mentions none. goose removes every `--` and the first `+goose`.
pub(crate) fn goose_annotation(line: &str) -> Option<String> {
    let mentions = line.starts_with("--") && line.contains(GOOSE);
    mentions.then(|| line.replace("--", "").replacen(GOOSE, "", 1).trim().to_owned())
}

/// Whether a line that starts with `#`, which is not a comment in this dialect, is a section marker of another tool.
pub(super) fn is_foreign_line(text: &str, start: usize, line: &str) -> bool {
    before_in_line(text, start).is_empty() && matches!(read(line), Some(Section::Of(_)))
}

/// The first section marker because of which the script must not run as a whole.
pub(super) fn problem(text: &str, markers: &[Marker<'_>], statements: &[Statement]) -> Option<(usize, Problem)> {
    let alone: Vec<&Marker<'_>> = markers.iter().filter(|marker| is_alone(text, marker)).collect();
    let of_tool = alone.iter().find_map(|marker| match &marker.section {
        Section::Of(tool) => Some((marker, Some(tool.clone()))),
        Section::Back | Section::Forward => None,
    });
    let forward = alone.iter().any(|marker| marker.section == Section::Forward);
    let back = || {
        let divides = |marker: &&&Marker<'_>| {
            let before = forward || statements.iter().any(|statement| statement.end <= marker.start);
            let after = statements.iter().find(|statement| statement.start > marker.start);
            let reverts = after.is_some_and(|next| !starts_with_rollback(next.text(text)));
            marker.section == Section::Back && marker.spot == Spot::Gap && before && reverts
        };
        alone.iter().find(divides).map(|marker| (marker, None))
    };
    let (marker, tool) = of_tool.or_else(back)?;
    Some((marker.start, Problem::Section { marker: marker.text.to_owned(), tool }))
}

/// Whether the marker is alone on its line, except for a `#` before it: Play writes `# --- !Ups` in SQL of any dialect.
fn is_alone(text: &str, marker: &Marker<'_>) -> bool {
    let after = text[marker.start + marker.text.len()..].split(['\n', '\r']).next().unwrap_or_default();
    matches!(before_in_line(text, marker.start), "" | "#") && after.trim().is_empty()
}

fn before_in_line(text: &str, at: usize) -> &str {
    let before = text[..at].rsplit(['\n', '\r']).next().unwrap_or_default();
    before.trim_start_matches('\u{feff}').trim()
}

fn starts_with_rollback(statement: &str) -> bool {
    statement.get(.."rollback".len()).is_some_and(|word| word.eq_ignore_ascii_case("rollback"))
}

/// The tool that reads a comment with this text as a marker.
fn tool(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let named = |name: &str| Some(name.to_owned());
    if let Some(rest) = text.strip_prefix('+') {
        return plus(rest);
    }
    if is_dbmate(text) {
        return named("dbmate");
    }
    if let [name, way] = words[..]
        && NAME_AND_WAY.contains(&name)
        && matches!(way, "up" | "down")
    {
        return named(name);
    }
    if words.concat().contains("createabove/dropbelow") {
        return named("tern");
    }
    if let Some(rest) = text.strip_prefix("//")
        && is_word(rest.trim_start_matches(['/', ' ', '\t']), "@undo")
    {
        return named("MyBatis Migrations");
    }
    if is_word(text, "!ups") || is_word(text, "!downs") {
        return named("Play evolutions");
    }
    if text.starts_with("atlas:txtar") {
        return named("Atlas");
    }
    match words[..] {
        ["liquibase", "formatted", "sql", ..] => named("Liquibase"),
        ["changeset", id, ..] if id.contains(':') => named("Liquibase"),
        ["liquibase", "formatted_sql", ..] => named("Liquibase"),
        _ => None,
    }
}

/// `+goose Up`, `+migrate Down notransaction`, `+micrate StatementBegin`: any tool with this syntax.
fn plus(rest: &str) -> Option<String> {
    let mut words = rest.split_whitespace();
    let name = words.next()?;
    let known = words.next().is_some_and(|word| AFTER_PLUS.contains(&word));
    let plain = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    (known && plain).then(|| if name == "migrate" { "sql-migrate".to_owned() } else { name.to_owned() })
}

/// `migrate:up`. With whitespace inside it, only options may follow: `migrate: up the ladder` is prose.
fn is_dbmate(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("migrate") else { return false };
    let Some(way) = rest.trim_start().strip_prefix(':') else { return false };
    let Some(after) = ["up", "down"].into_iter().find_map(|word| way.trim_start().strip_prefix(word)) else {
        return false;
    };
    let exact = rest.starts_with(':') && !way.starts_with(char::is_whitespace);
    let ends = after.is_empty() || after.starts_with(char::is_whitespace);
    ends && (exact || after.split_whitespace().all(|option| option.contains(':')))
}

fn is_word(text: &str, word: &str) -> bool {
    text.strip_prefix(word).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
}

/// The section that a comment starts if it consists of the known words only.
fn way(text: &str) -> Option<Section> {
    let text = text.strip_suffix(".sql").unwrap_or(text);
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let of = |list: &[&str]| words.iter().any(|word| list.contains(word));
    let all = [&BACK[..], &FORWARD, &BESIDE];
    let known = words.len() <= 4 && words.iter().all(|word| all.iter().any(|list| list.contains(word)));
    match (known, of(&BACK), of(&FORWARD)) {
        (true, true, false) => Some(Section::Back),
        (true, false, true) => Some(Section::Forward),
        _ => None,
    }
}
