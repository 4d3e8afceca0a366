//! Writes the events of a run as lines.

use migrascope::{Event, Observer};

use super::event_body;
use super::line::line;
use crate::cli::output::{Output, Stream};
use crate::cli::presentation::Verbosity;

/// An observer that writes one line for each event.
pub(crate) struct JsonObserver {
    out: Output,
    verbosity: Verbosity,
    run_id: String,
}

impl JsonObserver {
    /// An observer that has written nothing yet.
    pub(crate) fn new(stream: Stream, verbosity: Verbosity) -> Self {
        Self { out: stream.raw(), verbosity, run_id: String::new() }
    }
}

impl Observer for JsonObserver {
    fn observe(&mut self, event: &Event<'_>) {
        if let Event::RunStarted { run, .. } = event {
            self.run_id.clone_from(&run.run_id);
        }
        if self.verbosity == Verbosity::Quiet {
            return;
        }
        if let Some((name, body)) = event_body::of(event) {
            self.out.line(line(name, Some(&self.run_id), &body));
        }
    }
}
