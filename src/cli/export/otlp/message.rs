//! What is sent, and what comes back.

use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsServiceRequest, ExportLogsServiceResponse};
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use prost::Message as _;

/// A request of one of the three services.
#[derive(Debug, Clone)]
pub(super) enum Message {
    Traces(ExportTraceServiceRequest),
    Metrics(ExportMetricsServiceRequest),
    Logs(ExportLogsServiceRequest),
}

/// What a receiver that took the request did not take of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::cli::export) struct Rejected {
    /// So many items.
    pub(in crate::cli::export) items: usize,
}

/// Why a request did not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// Nothing came back in time; asking again would take the same time again.
    Silence,
    /// The connection could not be made or broke, or the receiver refused.
    Refusal {
        /// For people; holds nothing that the receiver has worded.
        reason: String,
        /// Whether the same request may succeed a moment later.
        passing: bool,
    },
}

impl Message {
    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Traces(request) => request.encode_to_vec(),
            Self::Metrics(request) => request.encode_to_vec(),
            Self::Logs(request) => request.encode_to_vec(),
        }
    }

    /// Reads the answer to this request; one that is no answer of the protocol took everything, as far as we know.
    pub(super) fn answered(&self, body: &[u8]) -> Rejected {
        match self {
            Self::Traces(_) => ExportTraceServiceResponse::decode(body).map(Into::into),
            Self::Metrics(_) => ExportMetricsServiceResponse::decode(body).map(Into::into),
            Self::Logs(_) => ExportLogsServiceResponse::decode(body).map(Into::into),
        }
        .unwrap_or_default()
    }
}

impl From<ExportTraceServiceResponse> for Rejected {
    fn from(response: ExportTraceServiceResponse) -> Self {
        rejected(response.partial_success.map(|partial| partial.rejected_spans))
    }
}

impl From<ExportMetricsServiceResponse> for Rejected {
    fn from(response: ExportMetricsServiceResponse) -> Self {
        rejected(response.partial_success.map(|partial| partial.rejected_data_points))
    }
}

impl From<ExportLogsServiceResponse> for Rejected {
    fn from(response: ExportLogsServiceResponse) -> Self {
        rejected(response.partial_success.map(|partial| partial.rejected_log_records))
    }
}

fn rejected(items: Option<i64>) -> Rejected {
    Rejected { items: items.and_then(|items| usize::try_from(items).ok()).unwrap_or_default() }
}
