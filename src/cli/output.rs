//! The two streams. A reader that goes away is no error; colours are taken out where they are not wanted.

use std::fmt::Display;
use std::io::{self, ErrorKind, Stdout, Write as _};

use anstream::AutoStream;

use super::explain::Diagnosis;

/// Standard output: what was asked for.
pub(crate) struct Output {
    stream: AutoStream<Stdout>,
    broken: bool,
}

impl Output {
    /// For people: colours on a terminal, unless `NO_COLOR` says otherwise.
    pub(crate) fn text() -> Self {
        Self { stream: anstream::stdout(), broken: false }
    }

    /// For programs: every byte as it is.
    pub(crate) fn raw() -> Self {
        Self { stream: AutoStream::always_ansi(io::stdout()), broken: false }
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

/// Writes diagnoses to standard error, with a blank line between two of them.
pub(crate) fn explain(diagnoses: &[Diagnosis]) {
    let texts: Vec<String> = diagnoses.iter().map(Diagnosis::render).collect();
    if !texts.is_empty() {
        complain(texts.join("\n\n"));
    }
}
