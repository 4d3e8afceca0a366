//! Telemetry end to end: events → spans and figures, the built binary → receivers, and the documentation of it all.

mod baggage;
mod catalogue;
mod certificates;
mod degraded;
mod disclosure;
mod exporting;
mod figures;
mod folding;
mod hooks;
mod logs;
mod mistakes;
mod notifying;
mod otlp;
mod pushing;
mod receiver;
mod services;
mod spans;
mod story;
mod traceparent;
mod tracing;
