//! A diagnosis: message, place in a file, notes, help; for the screen and for JSON.

use std::fmt::Write as _;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use anstyle::{AnsiColor, Style};
use migrascope::migration::Place;
use serde::Serialize;

use super::advice::{Advice, Note};
use crate::cli::escape::{one_line, shortened};

/// The style of the word `help`.
const HELP: Style = AnsiColor::BrightCyan.on_default().bold();
/// The bytes of a line that are kept after the start of the marked place.
const LONGEST_SOURCE: usize = 2000;
/// The style of the word `note`.
const NOTE: Style = AnsiColor::BrightGreen.on_default().bold();

/// The severity of a diagnosis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// It stopped the command.
    Error,
    /// It did not stop the command, but needs attention.
    Warning,
    /// Information.
    Note,
}

/// One problem, for people and programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Diagnosis {
    /// Its severity.
    pub(crate) severity: Severity,
    /// A fragment that names what is wrong.
    pub(crate) message: String,
    /// The place in a file.
    #[serde(flatten)]
    pub(crate) excerpt: Option<Excerpt>,
    /// Details.
    pub(crate) notes: Vec<Note>,
    /// What to do next.
    pub(crate) help: Vec<Advice>,
}

impl Diagnosis {
    /// An error with only a message.
    pub(crate) fn error(message: impl Into<String>) -> Self {
        Self::new(Severity::Error, message)
    }

    /// A diagnosis with only a message.
    pub(crate) fn new(severity: Severity, message: impl Into<String>) -> Self {
        let message = shortened(&message.into()).into_owned();
        Self { severity, message, excerpt: None, notes: Vec::new(), help: Vec::new() }
    }

    /// The same with a place.
    pub(crate) fn at(mut self, excerpt: impl Into<Option<Excerpt>>) -> Self {
        self.excerpt = excerpt.into();
        self
    }

    /// The same with another note.
    pub(crate) fn note(mut self, text: impl Into<Note>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// The same with another piece of advice.
    pub(crate) fn help(mut self, text: impl Into<Advice>) -> Self {
        self.help.push(text.into());
        self
    }

    /// More notes.
    pub(crate) fn add_notes<N: Into<Note>>(&mut self, notes: impl IntoIterator<Item = N>) {
        self.notes.extend(notes.into_iter().map(Into::into));
    }

    /// More advice.
    pub(crate) fn add_help<A: Into<Advice>>(&mut self, help: impl IntoIterator<Item = A>) {
        self.help.extend(help.into_iter().map(Into::into));
    }

    /// Renders it as text with colours, which the stream removes where they are not wanted.
    ///
    /// Notes are attached to the excerpt where there is one, and follow the message otherwise.
    pub(crate) fn render(&self) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let title = Group::with_title(level.primary_title(one_line(&self.message)));
        let (inside, below) =
            if self.excerpt.is_some() { (&self.notes[..], &[][..]) } else { (&[][..], &self.notes[..]) };
        let place = self.excerpt.iter().map(Excerpt::element);
        let notes = inside.iter().map(|note| Element::from(Level::NOTE.message(note.lines())));
        let mut text = Renderer::styled().render(&[title.elements(place.chain(notes))]);
        let below = below.iter().map(|note| (NOTE, "note", note.lines()));
        for (style, word, body) in below.chain(self.help.iter().map(|help| (HELP, "help", help.to_string()))) {
            let indented = body.replace('\n', "\n      ");
            let _ = write!(text, "\n{style}{word}{style:#}: {indented}");
        }
        text
    }
}

/// A place in a file, with the text of its line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Excerpt {
    /// The file.
    path: String,
    /// Counted from 1.
    line: Option<u32>,
    /// In characters, counted from 1.
    column: Option<u32>,
    /// The text under the caret.
    label: String,
    /// The text of the line, where it may be shown.
    #[serde(skip)]
    source: Option<String>,
    /// The marked bytes of the line.
    #[serde(skip)]
    marked: Range<usize>,
}

impl Excerpt {
    /// A file as a whole.
    pub(crate) fn file(path: impl Into<String>) -> Self {
        let (path, label) = (one_line(&path.into()), String::new());
        Self { path, line: None, column: None, label, source: None, marked: 0..0 }
    }

    /// A line and column without the text.
    pub(crate) fn line(path: impl Into<String>, line: u32, column: u32, label: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            column: Some(column),
            label: shortened(&label.into()).into_owned(),
            ..Self::file(path)
        }
    }

    /// The word at a byte of a text.
    pub(crate) fn word(path: impl Into<String>, text: &str, byte: usize, label: impl Into<String>) -> Self {
        Self::until(path, text, byte, label, |c| !c.is_alphanumeric() && c != '_')
    }

    /// Everything up to the next white space.
    pub(crate) fn chunk(path: impl Into<String>, text: &str, byte: usize) -> Self {
        Self::until(path, text, byte, "", char::is_whitespace)
    }

    fn until(
        path: impl Into<String>,
        text: &str,
        byte: usize,
        label: impl Into<String>,
        ends: impl Fn(char) -> bool,
    ) -> Self {
        let rest = text.get(byte..).unwrap_or_default();
        let length = rest.find(ends).unwrap_or(rest.len());
        Self::span(path, text, byte..byte + length, label)
    }

    /// A range of bytes of a text, cut off at the end of its line.
    pub(crate) fn span(path: impl Into<String>, text: &str, span: Range<usize>, label: impl Into<String>) -> Self {
        let place = Place::at(text, span.start);
        let start = text[..place.byte].rfind('\n').map_or(0, |newline| newline + 1);
        let line = text[start..].lines().next().unwrap_or_default();
        let from = (place.byte - start).min(line.len());
        // The start of the line is needed to count columns; the renderer cuts lines that are too wide.
        let end = line.floor_char_boundary(from + LONGEST_SOURCE);
        let to = (span.end.saturating_sub(start)).clamp(from, line.len());
        Self {
            source: Some(line[..end].to_owned()),
            marked: from..line.ceil_char_boundary(to).min(end),
            ..Self::line(path, place.line, place.column, label)
        }
    }

    /// The same with only the first bytes of its line, as many as `visible` returns; without the line for `None`. Columns stay correct.
    pub(crate) fn showing(mut self, visible: impl FnOnce(&str) -> Option<usize>) -> Self {
        let Some(line) = self.source.take() else { return self };
        let Some(shown) = visible(&line) else { return self };
        let (start, end) = (self.marked.start, self.marked.end);
        if end > shown {
            let hidden = |byte: usize| line[shown..byte.max(shown)].chars().count();
            let blanks = " ".repeat(hidden(start).saturating_sub(1));
            let text = format!("{}…{blanks}", &line[..shown]);
            // The length of the hidden part is not shown either.
            self.marked = match hidden(start) {
                0 => start.min(shown)..shown + '…'.len_utf8(),
                _ => text.len()..text.len() + 1,
            };
            self.source = Some(text + if hidden(start) > 0 { " " } else { "" });
        } else {
            let more = if shown < line.len() { "…" } else { "" };
            self.source = Some(format!("{}{more}", &line[..shown]));
        }
        self
    }

    fn element(&self) -> Element<'_> {
        let Some(source) = &self.source else {
            return self.origin().into();
        };
        let label = (!self.label.is_empty()).then(|| one_line(&self.label));
        let number = self.line.map_or(1, |line| line as usize);
        let annotation = AnnotationKind::Primary.span(self.marked.clone()).label(label);
        Snippet::source(source).path(&self.path).line_start(number).fold(false).annotation(annotation).into()
    }

    fn origin(&self) -> Origin<'_> {
        let origin = Origin::path(&self.path);
        match (self.line, self.column) {
            (Some(line), Some(column)) => origin.line(line as usize).char_column(column as usize),
            _ => origin,
        }
    }
}
