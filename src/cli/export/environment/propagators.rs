//! `OTEL_PROPAGATORS`: what is inherited from the caller.

use super::lookup::{Lookup, get, items};

/// What is inherited from the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli::export) struct Propagators {
    /// `TRACEPARENT` and `TRACESTATE`.
    pub(in crate::cli::export) trace: bool,
    /// `BAGGAGE`.
    pub(in crate::cli::export) baggage: bool,
}

/// The propagators that the variable names, and a note about those that are not supported.
pub(in crate::cli::export) fn propagators(variables: Lookup<'_>) -> (Propagators, Option<String>) {
    let Some(list) = get(variables, "OTEL_PROPAGATORS") else {
        return (Propagators { trace: true, baggage: true }, None);
    };
    let unknown: Vec<&str> = items(&list).filter(|item| !["tracecontext", "baggage", "none"].contains(item)).collect();
    let note =
        format!("OTEL_PROPAGATORS: {} not supported, known are tracecontext, baggage and none", unknown.join(", "));
    let has = |wanted: &str| items(&list).any(|item| item == wanted);
    let propagators = Propagators { trace: has("tracecontext"), baggage: has("baggage") };
    (propagators, Some(note).filter(|_| !unknown.is_empty()))
}
