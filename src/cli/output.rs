//! The two streams, and the only door to them: no text passes as it is, so that a name in it can neither end a line nor move the cursor. A reader
//! that goes away is no error; colours are taken out where they are not wanted.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

use anstream::AutoStream;

use super::escape;
use super::explain::Diagnosis;

/// Where a command says what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Out,
    /// Standard error: standard output belongs to the program that is started afterwards.
    Err,
}

/// What was asked for, on its way out.
pub(crate) struct Output {
    stream: Box<dyn Write + Send>,
    lines: Lines,
    broken: bool,
}

/// For whom the lines are.
#[derive(Debug, Clone, Copy)]
enum Lines {
    /// For people.
    Text,
    /// For programs: JSON, or what was made of nothing but our own words.
    Raw,
}

impl Stream {
    /// For people: colours on a terminal, unless `NO_COLOR` says otherwise.
    pub(crate) fn text(self) -> Output {
        match self {
            Self::Out => Output::to(anstream::stdout(), Lines::Text),
            Self::Err => Output::to(anstream::stderr(), Lines::Text),
        }
    }

    /// For programs: every byte as it is.
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

    /// Writes a line without colours at once; after a failure nothing more.
    pub(crate) fn line(&mut self, line: impl Display) {
        match self.lines {
            Lines::Text => self.write(&format!("{}\n", escape::plain(&line.to_string()))),
            Lines::Raw => self.write(&format!("{line}\n")),
        }
    }

    /// The same with our colours: what is not ours in it must have passed [`escape::one_line`], or it could have colours too.
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

/// Writes a line without colours to standard error; when even that fails, there is no one left to report it to.
pub(crate) fn complain(line: impl Display) {
    write(&format!("{}\n", escape::plain(&line.to_string())));
}

/// Writes diagnoses to standard error, with a blank line between two of them where one has several lines.
pub(crate) fn explain(diagnoses: &[Diagnosis]) {
    let texts: Vec<String> = diagnoses.iter().map(Diagnosis::render).collect();
    let between = if texts.iter().any(|text| text.contains('\n')) { "\n\n" } else { "\n" };
    if !texts.is_empty() {
        styled(&texts.join(between));
    }
}

/// Writes lines of ours with our colours to standard error; the line ends in the text are our own.
pub(crate) fn styled(text: &str) {
    write(&text.split('\n').map(|line| escape::styled(line.trim_end_matches(' ')) + "\n").collect::<String>());
}

fn write(text: &str) {
    let _ = anstream::stderr().write_all(text.as_bytes());
}
