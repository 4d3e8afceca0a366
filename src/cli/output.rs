//! The two streams. A reader that goes away is no error; colours are taken out where they are not wanted.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

use anstream::AutoStream;

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
    broken: bool,
}

impl Stream {
    /// For people: colours on a terminal, unless `NO_COLOR` says otherwise.
    pub(crate) fn text(self) -> Output {
        match self {
            Self::Out => Output::to(anstream::stdout()),
            Self::Err => Output::to(anstream::stderr()),
        }
    }

    /// For programs: every byte as it is.
    pub(crate) fn raw(self) -> Output {
        match self {
            Self::Out => Output::to(AutoStream::always_ansi(io::stdout())),
            Self::Err => Output::to(AutoStream::always_ansi(io::stderr())),
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

    fn to(stream: impl Write + Send + 'static) -> Self {
        Self { stream: Box::new(stream), broken: false }
    }

    /// Writes a line at once; after a failure nothing more.
    pub(crate) fn line(&mut self, line: impl Display) {
        if self.broken {
            return;
        }
        let text = format!("{line}\n");
        let written = self.stream.write_all(text.as_bytes()).and_then(|()| self.stream.flush());
        if let Err(error) = written {
            self.broken = true;
            if error.kind() != ErrorKind::BrokenPipe {
                complain(format_args!("warning: cannot write to standard output: {error}"));
            }
        }
    }
}

/// Writes a line to standard error; when even that fails there is nobody left to tell.
pub(crate) fn complain(line: impl Display) {
    let text = format!("{line}\n");
    let _ = anstream::stderr().write_all(text.as_bytes());
}

/// Writes diagnoses to standard error, with a blank line between two of them where one has several lines.
pub(crate) fn explain(diagnoses: &[Diagnosis]) {
    let texts: Vec<String> = diagnoses.iter().map(Diagnosis::render).collect();
    let between = if texts.iter().any(|text| text.contains('\n')) { "\n\n" } else { "\n" };
    if !texts.is_empty() {
        complain(texts.join(between));
    }
}
