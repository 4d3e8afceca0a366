//! Standard output and standard error. All text is escaped here, so that a name in it can neither end a line nor move the cursor. A closed
//! pipe is not an error; colours are removed where they are not wanted.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

use anstream::AutoStream;

use super::escape;
use super::explain::Diagnosis;

/// The stream of a command's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Out,
    /// Standard error: standard output belongs to the program that is started afterwards.
    Err,
}

/// A writer of lines.
pub(crate) struct Output {
    stream: Box<dyn Write + Send>,
    lines: Lines,
    broken: bool,
}

/// The kind of lines.
#[derive(Debug, Clone, Copy)]
enum Lines {
    /// Text for people.
    Text,
    /// JSON, or text that contains only our own words.
    Raw,
}

impl Stream {
    /// A writer of text: colours on a terminal, unless `NO_COLOR` is set.
    pub(crate) fn text(self) -> Output {
        match self {
            Self::Out => Output::to(anstream::stdout(), Lines::Text),
            Self::Err => Output::to(anstream::stderr(), Lines::Text),
        }
    }

    /// A writer of bytes as they are, for programs.
    pub(crate) fn raw(self) -> Output {
        match self {
            Self::Out => Output::to(AutoStream::always_ansi(io::stdout()), Lines::Raw),
            Self::Err => Output::to(AutoStream::always_ansi(io::stderr()), Lines::Raw),
        }
    }
}

impl Output {
    /// Standard output for people.
    pub(crate) fn text() -> Self {
        Stream::Out.text()
    }

    /// Standard output for programs.
    pub(crate) fn raw() -> Self {
        Stream::Out.raw()
    }

    fn to(stream: impl Write + Send + 'static, lines: Lines) -> Self {
        Self { stream: Box::new(stream), lines, broken: false }
    }

    /// Writes a line without colours and flushes it; does nothing after a failure.
    pub(crate) fn line(&mut self, line: impl Display) {
        match self.lines {
            Lines::Text => self.write(&format!("{}\n", escape::plain(&line.to_string()))),
            Lines::Raw => self.write(&format!("{line}\n")),
        }
    }

    /// The same with our colours. Foreign text in it must have passed [`escape::one_line`], or it could have colours too.
    pub(crate) fn styled(&mut self, line: impl Display) {
        self.write(&format!("{}\n", escape::styled(&line.to_string())));
    }

    fn write(&mut self, text: &str) {
        if self.broken {
            return;
        }
        let written = self.stream.write_all(text.as_bytes()).and_then(|()| self.stream.flush());
        if let Err(error) = written {
            self.broken = true;
            if error.kind() != ErrorKind::BrokenPipe {
                complain(format_args!("warning: cannot write to standard output: {error}"));
            }
        }
    }
}

/// Writes a line without colours to standard error; a failure is ignored.
pub(crate) fn complain(line: impl Display) {
    write(&format!("{}\n", escape::plain(&line.to_string())));
}

/// Writes diagnoses to standard error, separated by blank lines where one of them has several lines.
pub(crate) fn explain(diagnoses: &[Diagnosis]) {
    let texts: Vec<String> = diagnoses.iter().map(Diagnosis::render).collect();
    let between = if texts.iter().any(|text| text.contains('\n')) { "\n\n" } else { "\n" };
    if !texts.is_empty() {
        styled(&texts.join(between));
    }
}

/// Writes lines with our colours to standard error; foreign text in them must be escaped.
pub(crate) fn styled(text: &str) {
    write(&text.split('\n').map(|line| escape::styled(line.trim_end_matches(' ')) + "\n").collect::<String>());
}

fn write(text: &str) {
    let _ = anstream::stderr().write_all(text.as_bytes());
}
