//! Runs of many migrations: the statements of fast ones become events on the migration's span, so that a trace of
//! thousands of migrations can still be sent and read.
//!
//! A span is made when its statement begins, and a migration's speed is known when it has ended. So the spans of a
//! migration are kept back until then, and those of the slowest fast ones until the end of the run; each is then either
//! ended at the time at which it really ended, or discarded for an event.

use std::time::{Duration, SystemTime};

use opentelemetry::KeyValue;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::tree::{discard, end_at};

/// So many of the slowest migrations keep the spans of their statements.
const SLOWEST: usize = 10;

/// The spans of a run that are kept back.
pub(super) struct Folding {
    fast: Duration,
    /// Migrations that were not fast: they are among the slowest before any that was.
    slow: usize,
    current: Vec<Part>,
    /// What the statements of the current migration took so far.
    took: Duration,
    kept: Vec<Kept>,
}

/// A statement or a ledger row whose span has not ended yet, and what the event instead of it says.
pub(super) struct Part {
    pub(super) span: Span,
    pub(super) end: SystemTime,
    pub(super) event: &'static str,
    pub(super) attributes: Vec<KeyValue>,
}

/// A fast migration that is one of the slowest so far.
struct Kept {
    migrate: Span,
    elapsed: Duration,
    end: SystemTime,
    parts: Vec<Part>,
}

impl Folding {
    pub(super) fn new(fast: Duration) -> Self {
        Self { fast, slow: 0, current: Vec::new(), took: Duration::ZERO, kept: Vec::new() }
    }

    /// Keeps a part of the current migration back, unless the migration is known to be slow by now.
    pub(super) fn keep(&mut self, part: Part, elapsed: Duration) {
        self.current.push(part);
        self.took += elapsed;
        if self.took >= self.fast {
            self.tell_current();
        }
    }

    /// The current migration ended and keeps every span.
    pub(super) fn failed(&mut self) {
        self.tell_current();
        self.took = Duration::ZERO;
    }

    /// The current migration ended well.
    pub(super) fn succeeded(&mut self, migrate: Span, elapsed: Duration) {
        if elapsed.max(self.took) >= self.fast {
            self.tell_current();
            end_at(&migrate, SystemTime::now());
            self.slow += 1;
        } else {
            let parts = std::mem::take(&mut self.current);
            self.kept.push(Kept { migrate, elapsed, end: SystemTime::now(), parts });
        }
        self.took = Duration::ZERO;
        self.fold_surplus();
    }

    fn tell_current(&mut self) {
        self.current.drain(..).for_each(Part::tell);
    }

    fn fold_surplus(&mut self) {
        while self.kept.len() > SLOWEST.saturating_sub(self.slow) {
            let elapsed = self.kept.iter().enumerate().min_by_key(|(_, kept)| kept.elapsed);
            if let Some(fastest) = elapsed.map(|(index, _)| index) {
                self.kept.swap_remove(fastest).fold();
            }
        }
    }
}

/// Whatever is still kept back when the run is over, or the observer gone, is told.
impl Drop for Folding {
    fn drop(&mut self) {
        self.tell_current();
        self.kept.drain(..).for_each(Kept::tell);
    }
}

impl Part {
    fn tell(self) {
        end_at(&self.span, self.end);
    }

    fn fold_into(self, migrate: &Span) {
        discard(&self.span);
        migrate.add_event_with_timestamp(self.event, self.end, self.attributes);
    }
}

impl Kept {
    fn tell(self) {
        self.parts.into_iter().for_each(Part::tell);
        end_at(&self.migrate, self.end);
    }

    fn fold(self) {
        for part in self.parts {
            part.fold_into(&self.migrate);
        }
        end_at(&self.migrate, self.end);
    }
}
