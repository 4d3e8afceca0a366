//! The problems that make a script impossible to run.

use super::mode::BackslashMode;

/// The longest excerpt that a problem quotes, in characters.
const LONGEST: usize = 200;

/// An excerpt for a problem's message, shortened.
pub(super) fn quoted(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// One reason why a script cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A placeholder without a value.
    #[error("no value is given for the placeholder ${{{name}}}")]
    UnknownPlaceholder {
        /// Its name as written.
        name: String,
    },
    /// A placeholder that runs to the end of the text.
    #[error("the placeholder has no closing brace")]
    UnterminatedPlaceholder,
    /// The file does not exist.
    #[error("the file does not exist")]
    Absent,
    /// The migration is written in a programming language.
    #[error("the migration is written in code, which only its own tool can run: apply it with that tool, then go on")]
    Code,
    /// Text in which another tool would replace variables.
    #[error(
        "{tool} replaces variables here, and migrascope does not: apply this migration with {tool}, or write the values instead"
    )]
    Variables {
        /// The tool.
        tool: &'static str,
    },
    /// Something at which the tool that the layout comes from refuses the file, or does not do what is written.
    #[error("{reason}")]
    Annotation {
        /// What is wrong.
        reason: &'static str,
    },
    /// A migration that creates at once what all those up to its version do, in a database where nothing is applied.
    #[error(
        "a baseline migration, which stands for all versions up to its own, is not run here: apply it once with the tool that it belongs to"
    )]
    Baseline,
    /// A string or a quoted name that runs to the end of the text.
    #[error("unterminated quote {quote}")]
    UnterminatedQuote {
        /// The character that opens it: `'`, `"`, a backtick or `[`.
        quote: char,
    },
    /// A block comment that runs to the end of the text.
    #[error("unterminated block comment")]
    UnterminatedComment,
    /// A dollar quote that runs to the end of the text.
    #[error("unterminated dollar quote {tag}")]
    UnterminatedDollarQuote {
        /// The tag with its dollar signs, such as `$body$`.
        tag: String,
    },
    /// The first string that ends elsewhere in a session with this mode. Reported when the text has no problems in that mode.
    #[error("{}", unread(*.mode))]
    Backslash {
        /// The mode.
        mode: BackslashMode,
    },
    /// A string whose end depends on a mode that an earlier statement sets to a value that cannot be determined.
    #[error(
        "the end of this string depends on standard_conforming_strings, which an earlier statement sets to a value that cannot be determined"
    )]
    UnclearStrings,
    /// A trigger, a routine or a compound statement whose `END` is missing.
    #[error("the body of {what} has no END")]
    UnfinishedBody {
        /// The statement's summary, such as `CREATE TRIGGER audit`.
        what: String,
    },
    /// A psql command, which the server does not understand.
    #[error("{command} is a psql meta-command, not SQL")]
    MetaCommand {
        /// The command with its backslash, such as `\connect`.
        command: String,
    },
    /// A `COPY … FROM STDIN`, whose rows psql reads from the script.
    #[error("COPY FROM STDIN reads rows from the script, which only psql supports")]
    CopyFromStdin,
    /// A comment that starts a section in another tool's file format, such as the down section.
    #[error("{}", section(.marker, .tool.as_deref()))]
    Section {
        /// The comment as written.
        marker: String,
        /// The tool, where the comment says which.
        tool: Option<String>,
    },
    /// A zero byte. The server would stop reading there and ignore the rest.
    #[error("a NUL character, at which a database would stop reading the script")]
    Nul,
    /// A `DELIMITER` line without a delimiter.
    #[error("DELIMITER without a delimiter")]
    MissingDelimiter,
    /// A `DELIMITER` that the `mysql` client would refuse too.
    #[error("delimiter {delimiter:?} has a backslash or more than 15 bytes")]
    BadDelimiter {
        /// The delimiter as written.
        delimiter: String,
    },
    /// A `-- migrascope:` comment with a word that is not a directive.
    #[error("unknown directive {directive:?}{}", question(*.suggestion))]
    UnknownDirective {
        /// The word as written, without its value.
        directive: String,
        /// The directive that was probably meant.
        suggestion: Option<&'static str>,
    },
    /// A directive whose value is missing, invalid or not expected.
    #[error("directive {directive:?} {}: {reason}", with(.value))]
    BadDirectiveValue {
        /// The directive.
        directive: &'static str,
        /// The value as written; empty when there is none.
        value: String,
        /// Why it is not accepted.
        reason: String,
    },
}

impl Problem {
    /// Whether it matters only when the script is to run. What was applied by another tool may be of no use here.
    pub(crate) fn is_of_run(&self) -> bool {
        matches!(self, Self::Absent | Self::Code | Self::Variables { .. })
    }
}

fn unread(mode: BackslashMode) -> String {
    match mode {
        BackslashMode::NoBackslashEscapes => {
            format!("a backslash escapes the quote after it in this string, unless {mode}")
        }
        BackslashMode::NonstandardStrings => {
            format!("a backslash does not escape the quote after it in this string, unless {mode}")
        }
    }
}

fn question(suggestion: Option<&str>) -> String {
    suggestion.map(|name| format!(", did you mean {name:?}?")).unwrap_or_default()
}

fn with(value: &str) -> String {
    if value.is_empty() { "has no value".to_owned() } else { format!("has the value {value:?}") }
}

fn section(marker: &str, tool: Option<&str>) -> String {
    match tool {
        Some(tool) => {
            format!("{marker:?} is a section marker of {tool}: every section of the file would run in one go")
        }
        None => {
            format!("{marker:?} looks like the start of a down section, which would run together with the up section")
        }
    }
}
