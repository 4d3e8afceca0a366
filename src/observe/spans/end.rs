//! How spans end: in the past, or without being exported.

use std::time::SystemTime;

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Ends a span at a time in the past: a statement that was sent together with the commit ended before the response arrived.
pub(super) fn end_at(span: &Span, end: SystemTime) {
    span.context().span().end_with_timestamp(end);
}

/// Keeps a span from being exported by replacing its parent with a context that suppresses telemetry. Works only before the span's
/// OpenTelemetry context is read, which builds the span.
pub(super) fn discard(span: &Span) {
    // An error means that no subscriber maps spans to OpenTelemetry, so nothing is exported.
    let _ = span.set_parent(Context::new().with_telemetry_suppressed());
}
