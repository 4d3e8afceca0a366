//! The live line of a terminal, and the heartbeat where there is none.

use std::env;
use std::io::{IsTerminal as _, stderr};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::escape;
use crate::cli::output::complain;

/// How often a line says that something is still going on, where there is no terminal.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// A line about what takes long; drawn only once there is something to tell.
pub(super) struct Live {
    terminal: bool,
    bar: Option<ProgressBar>,
    told: Option<Duration>,
}

impl Live {
    /// On standard error.
    pub(super) fn new() -> Self {
        let dumb = env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        Self { terminal: stderr().is_terminal() && !dumb, bar: None, told: None }
    }

    /// Tells at once that something has begun to take time, and then how it stands.
    pub(super) fn tell_at_once(&mut self, elapsed: Duration, text: &str) {
        if !self.terminal && self.told.is_none() {
            self.told = Some(elapsed);
            complain(format_args!("… {text}"));
        } else {
            self.tell(elapsed, text);
        }
    }

    /// Tells how something stands that has taken `elapsed` so far.
    pub(super) fn tell(&mut self, elapsed: Duration, text: &str) {
        if self.terminal {
            let bar = self.bar.get_or_insert_with(spinner);
            bar.set_message(escape::plain(text));
            bar.tick();
        } else if self.is_due(elapsed) {
            self.told = Some(elapsed);
            complain(format_args!("… {text}"));
        }
    }

    /// The same for something that writes to standard error itself, and would write into the live line.
    pub(super) fn tell_beside(&mut self, elapsed: Duration, text: &str) {
        if self.is_due(elapsed) {
            self.told = Some(elapsed);
            complain(format_args!("… {text}"));
        }
    }

    /// Takes the line away: what it told about is over.
    pub(super) fn clear(&mut self) {
        self.told = None;
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn is_due(&self, elapsed: Duration) -> bool {
        elapsed.saturating_sub(self.told.unwrap_or_default()) >= HEARTBEAT
    }
}

fn spinner() -> ProgressBar {
    let style =
        ProgressStyle::with_template("{spinner} {wide_msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style)
}
