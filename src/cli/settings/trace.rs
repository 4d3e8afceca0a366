//! The detail of traces.

use migrascope::observe::spans::{Sampling, SpanPolicy, SqlText};

use super::sources::Sources;
use crate::cli::args::GlobalArgs;
use crate::cli::option::choices::{TRACE_SAMPLING, TRACE_SQL, choose};

pub(super) fn resolve(sources: &mut Sources<'_>, args: &GlobalArgs) -> SpanPolicy {
    let default = SpanPolicy::default();
    let limit = |text: &str| text.parse().map_err(|_| "expected a number of migrations".to_owned());
    let texts = [SqlText::Off, SqlText::Summary, SqlText::Sanitized, SqlText::Full];
    let sql = |text: &str| choose(text, TRACE_SQL, texts);
    let sampling = |text: &str| choose(text, TRACE_SAMPLING, [Sampling::Parent, Sampling::Always]);
    SpanPolicy {
        detail_limit: sources
            .value("trace-detail-limit", args.trace_detail_limit.as_deref(), limit)
            .unwrap_or(default.detail_limit),
        sql: sources.value("trace-sql", args.trace_sql.as_deref(), sql).unwrap_or(default.sql),
        sampling: sources.value("trace-sampling", args.trace_sampling.as_deref(), sampling).unwrap_or(default.sampling),
        ..default
    }
}
