//! The live line of a terminal, and a heartbeat without one.

use std::env;
use std::io::{IsTerminal as _, stderr};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::escape;
use crate::cli::output::complain;

/// The interval of progress lines without a terminal.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// The line about an operation that takes long; drawn when there is something to show.
pub(super) struct Live {
    terminal: bool,
    bar: Option<ProgressBar>,
    shown: Option<Duration>,
}

impl Live {
    /// A line on standard error.
    pub(super) fn new() -> Self {
        let dumb = env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        Self { terminal: stderr().is_terminal() && !dumb, bar: None, shown: None }
    }

    /// Shows a line at once, and then at each interval.
    pub(super) fn show_now(&mut self, elapsed: Duration, text: &str) {
        if !self.terminal && self.shown.is_none() {
            self.shown = Some(elapsed);
            complain(format_args!("… {text}"));
        } else {
            self.show(elapsed, text);
        }
    }

    /// Shows the state of an operation that has taken `elapsed` so far.
    pub(super) fn show(&mut self, elapsed: Duration, text: &str) {
        if self.terminal {
            let bar = self.bar.get_or_insert_with(spinner);
            bar.set_message(escape::plain(text));
            bar.tick();
        } else if self.is_due(elapsed) {
            self.shown = Some(elapsed);
            complain(format_args!("… {text}"));
        }
    }

    /// The same for a command that writes to standard error itself, without the spinner that it would overwrite.
    pub(super) fn show_without_spinner(&mut self, elapsed: Duration, text: &str) {
        if self.is_due(elapsed) {
            self.shown = Some(elapsed);
            complain(format_args!("… {text}"));
        }
    }

    /// Removes the line when the operation has ended.
    pub(super) fn clear(&mut self) {
        self.shown = None;
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn is_due(&self, elapsed: Duration) -> bool {
        elapsed.saturating_sub(self.shown.unwrap_or_default()) >= HEARTBEAT
    }
}

fn spinner() -> ProgressBar {
    let style =
        ProgressStyle::with_template("{spinner} {wide_msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style)
}
