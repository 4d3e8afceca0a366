//! A span that ends with its value.

use std::ops::Deref;
use std::time::SystemTime;

use tracing::Span;

use super::end::end_at;

/// A span that ends when this value is dropped. Left to the subscriber, a span that was entered for a log record would end with the record.
pub(super) struct OpenSpan(Span);

impl OpenSpan {
    /// The span, which the caller has to end.
    pub(super) fn into_span(mut self) -> Span {
        std::mem::replace(&mut self.0, Span::none())
    }
}

impl From<Span> for OpenSpan {
    fn from(span: Span) -> Self {
        Self(span)
    }
}

impl Deref for OpenSpan {
    type Target = Span;

    fn deref(&self) -> &Span {
        &self.0
    }
}

impl Drop for OpenSpan {
    fn drop(&mut self) {
        end_at(&self.0, SystemTime::now());
    }
}
