//! Runs of many migrations: the statements of fast migrations become events on the migration's span, so that a trace of
//! thousands of migrations can still be exported and read.
//!
//! A span begins with its statement, but whether its migration is fast is known only at the end. So the spans of a migration are held
//! back until then, and those of the slowest fast migrations until the end of the run. Each is then either ended at its real end time, or
//! discarded for an event.

use std::time::{Duration, SystemTime};

use opentelemetry::KeyValue;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::end::{discard, end_at};

/// The number of slowest migrations that keep the spans of their statements.
const SLOWEST: usize = 10;

/// The spans that are held back.
pub(super) struct Folding {
    fast: Duration,
    /// The number of migrations that were not fast, which are all slower than the fast ones.
    slow: usize,
    current: Vec<Part>,
    /// The time of the current migration's statements so far.
    elapsed: Duration,
    kept: Vec<Kept>,
}

/// A statement or a ledger row whose span is held back, and the event that may replace it.
pub(super) struct Part {
    pub(super) span: Span,
    pub(super) end: SystemTime,
    pub(super) event: &'static str,
    pub(super) attributes: Vec<KeyValue>,
}

/// A fast migration among the slowest so far.
struct Kept {
    migrate: Span,
    elapsed: Duration,
    end: SystemTime,
    parts: Vec<Part>,
}

impl Folding {
    pub(super) fn new(fast: Duration) -> Self {
        Self { fast, slow: 0, current: Vec::new(), elapsed: Duration::ZERO, kept: Vec::new() }
    }

    /// Holds a part of the current migration back, unless the migration is known to be slow already.
    pub(super) fn keep(&mut self, part: Part, elapsed: Duration) {
        self.current.push(part);
        self.elapsed += elapsed;
        if self.elapsed >= self.fast {
            self.end_current();
        }
    }

    /// The current migration failed and keeps every span.
    pub(super) fn failed(&mut self) {
        self.end_current();
        self.elapsed = Duration::ZERO;
    }

    /// The current migration succeeded.
    pub(super) fn succeeded(&mut self, migrate: Span, elapsed: Duration) {
        if elapsed.max(self.elapsed) >= self.fast {
            self.end_current();
            end_at(&migrate, SystemTime::now());
            self.slow += 1;
        } else {
            let parts = std::mem::take(&mut self.current);
            self.kept.push(Kept { migrate, elapsed, end: SystemTime::now(), parts });
        }
        self.elapsed = Duration::ZERO;
        self.fold_surplus();
    }

    fn end_current(&mut self) {
        self.current.drain(..).for_each(Part::end);
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

/// Ends every span that is still held back at the end of the run.
impl Drop for Folding {
    fn drop(&mut self) {
        self.end_current();
        self.kept.drain(..).for_each(Kept::end);
    }
}

impl Part {
    fn end(self) {
        end_at(&self.span, self.end);
    }

    fn fold_into(self, migrate: &Span) {
        discard(&self.span);
        migrate.add_event_with_timestamp(self.event, self.end, self.attributes);
    }
}

impl Kept {
    fn end(self) {
        self.parts.into_iter().for_each(Part::end);
        end_at(&self.migrate, self.end);
    }

    fn fold(self) {
        for part in self.parts {
            part.fold_into(&self.migrate);
        }
        end_at(&self.migrate, self.end);
    }
}
