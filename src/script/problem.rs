//! What can be wrong with a script's text.

use super::mode::BackslashMode;

/// The longest part of a text that a problem repeats, in characters.
const LONGEST: usize = 200;

/// What a problem repeats of a text, shortened.
pub(super) fn quoted(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// One thing that keeps a script from being run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
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
    /// The first string that ends elsewhere where the session has this mode, in a text that has no other problems then.
    #[error("{}", unread(*.mode))]
    Backslash {
        /// The mode.
        mode: BackslashMode,
    },
    /// Strings that can be read in two ways, and a statement before them sets which one holds in a way that cannot be followed.
    #[error(
        "where this string ends depends on standard_conforming_strings, which is set further up in a way that cannot be followed"
    )]
    UnclearStrings,
    /// A trigger, a routine or a compound statement whose `END` is missing.
    #[error("the body of {what} has no END")]
    UnfinishedBody {
        /// The statement's summary, such as `CREATE TRIGGER audit`.
        what: String,
    },
    /// A command of psql, which the server does not know.
    #[error("{command} is a psql meta-command, not SQL")]
    MetaCommand {
        /// The command with its backslash, such as `\connect`.
        command: String,
    },
    /// A `COPY … FROM STDIN`, whose rows psql reads out of the script.
    #[error("COPY FROM STDIN reads rows from the script, which only psql does")]
    CopyFromStdin,
    /// A comment with which another tool begins a section of its file, such as the way back.
    #[error("{}", section(.marker, .tool.as_deref()))]
    Section {
        /// The comment as written.
        marker: String,
        /// The tool, where the comment says which.
        tool: Option<String>,
    },
    /// A byte of zero, where the server's reader would end and the rest would not be seen.
    #[error("a NUL character, which ends the text for a database")]
    Nul,
    /// A `DELIMITER` line without a delimiter.
    #[error("DELIMITER without a delimiter")]
    MissingDelimiter,
    /// A `DELIMITER` that the `mysql` program would not take either.
    #[error("delimiter {delimiter:?} has a backslash or more than 15 bytes")]
    BadDelimiter {
        /// The delimiter as written.
        delimiter: String,
    },
    /// A `-- migrascope:` comment with a word that is no directive.
    #[error("unknown directive {directive:?}{}", question(*.suggestion))]
    UnknownDirective {
        /// The word as written, without its value.
        directive: String,
        /// The directive that was probably meant.
        suggestion: Option<&'static str>,
    },
    /// A directive whose value is missing, unreadable or not expected.
    #[error("directive {directive:?} {}: {reason}", with(.value))]
    BadDirectiveValue {
        /// The directive.
        directive: &'static str,
        /// The value as written; empty when there is none.
        value: String,
        /// Why it cannot be taken.
        reason: String,
    },
}

fn unread(mode: BackslashMode) -> String {
    match mode {
        BackslashMode::NoBackslashEscapes => {
            format!("a backslash escapes the quote behind it in this string, unless {mode}")
        }
        BackslashMode::NonstandardStrings => {
            format!("a backslash does not escape the quote behind it in this string, unless {mode}")
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
            format!("{marker:?} is a section marker of {tool}: as one file, every section would run in one go")
        }
        None => format!("{marker:?} looks like the beginning of a way back, which would run with the way forward"),
    }
}
