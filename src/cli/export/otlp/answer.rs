//! What receivers answer.

use opentelemetry_http::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;

use crate::cli::export::environment::Signal;

/// How many items a receiver did not take of a request that it took; none where the answer is none of the protocol's.
pub(super) fn rejected(signal: Signal, body: Bytes) -> usize {
    match signal {
        Signal::Traces => ExportTraceServiceResponse::decode(body)
            .ok()
            .and_then(|answer| answer.partial_success)
            .map_or(0, |partial| count(partial.rejected_spans)),
        Signal::Metrics => ExportMetricsServiceResponse::decode(body).map_or(0, |answer| rejected_points(&answer)),
        Signal::Logs => ExportLogsServiceResponse::decode(body)
            .ok()
            .and_then(|answer| answer.partial_success)
            .map_or(0, |partial| count(partial.rejected_log_records)),
    }
}

/// The same of an answer that is read already.
pub(super) fn rejected_points(answer: &ExportMetricsServiceResponse) -> usize {
    answer.partial_success.as_ref().map_or(0, |partial| count(partial.rejected_data_points))
}

fn count(items: i64) -> usize {
    usize::try_from(items).unwrap_or_default()
}
