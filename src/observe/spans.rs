//! Events → `tracing` spans: the tree of a run.
//!
//! Parents are explicit, and no span is entered, so that no span leaks into code that runs between two events. A subscriber that maps
//! spans to OpenTelemetry with `tracing-opentelemetry` gets names, kinds and status from the `otel.*` fields. Without an interested
//! subscriber every event costs one branch.

mod database;
mod end;
mod failure;
mod fold;
mod health;
mod holder;
mod hook;
mod observer;
mod open_span;
mod open_spans;
mod policy;
mod statement_text;
mod tree;

pub(super) use self::holder::{describe, describe_blocker};
pub use self::observer::Spans;
pub use self::policy::{Sampling, SpanPolicy, SqlText};
