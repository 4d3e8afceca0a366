//! The responses of receivers.

use opentelemetry_http::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;

use crate::cli::export::environment::Signal;

/// The number of items that the receiver rejected of a request that it accepted; 0 where the body is not a response of the protocol.
pub(super) fn rejected(signal: Signal, body: Bytes) -> usize {
    match signal {
        Signal::Traces => ExportTraceServiceResponse::decode(body)
            .ok()
            .and_then(|response| response.partial_success)
            .map_or(0, |partial| count(partial.rejected_spans)),
        Signal::Metrics => ExportMetricsServiceResponse::decode(body).map_or(0, |response| rejected_points(&response)),
        Signal::Logs => ExportLogsServiceResponse::decode(body)
            .ok()
            .and_then(|response| response.partial_success)
            .map_or(0, |partial| count(partial.rejected_log_records)),
    }
}

/// The same for a decoded response about metrics.
pub(super) fn rejected_points(response: &ExportMetricsServiceResponse) -> usize {
    response.partial_success.as_ref().map_or(0, |partial| count(partial.rejected_data_points))
}

fn count(items: i64) -> usize {
    usize::try_from(items).unwrap_or_default()
}
