//! Marks spans as failed. Descriptions must not contain SQL or values.

use tracing::Span;

use crate::database::DatabaseError;
use crate::error::Error;
use crate::observe::disclosure::{disclose, disclose_run};
use crate::observe::names;
use crate::plan::RefusalReason;

/// Why spans end before their time.
pub(super) struct EarlyEnd<'c> {
    pub(super) outcome: &'c str,
    pub(super) error_type: &'c str,
    pub(super) description: &'c str,
}

/// Marks a span as failed.
pub(super) fn fail(span: &Span, error_type: &str, description: Option<&str>) {
    span.record(names::ERROR_TYPE, error_type);
    match description {
        Some(description) => span.record(names::OTEL_STATUS_DESCRIPTION, description),
        None => span.record(names::OTEL_STATUS_CODE, names::STATUS_ERROR),
    };
}

/// Marks a span that ends early as failed.
pub(super) fn fail_early(span: &Span, end: &EarlyEnd<'_>) {
    span.record(names::OUTCOME, end.outcome);
    fail(span, end.error_type, Some(end.description));
}

/// Marks the root span or that of the plan as failed.
pub(super) fn fail_run(span: &Span, error: &Error) {
    if let Some(reasons) = RefusalReason::joined(&error.refusal_reasons()) {
        span.record(names::REFUSAL_REASONS, reasons.as_str());
    }
    fail(span, error.kind(), Some(&disclose_run(error)));
}

/// Marks the span of a database call as failed, with what may be disclosed of the error.
pub(super) fn fail_at_database(span: &Span, error: &DatabaseError) {
    fail_with(span, error, disclose(error));
}

/// Marks the span of a database call as failed, with this description.
pub(super) fn fail_with(span: &Span, error: &DatabaseError, description: Option<&str>) {
    if let Some(code) = &error.code {
        span.record(names::DB_RESPONSE_STATUS_CODE, code.as_str());
    }
    fail(span, error.error_type(), description);
}
