//! `--log-format`: log events as lines on standard error, each with the ids of its run and its trace.

use std::fmt::{self, Write as _};
use std::io;
use std::time::SystemTime;

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{FormatEvent, Writer};
use tracing_subscriber::fmt::{self as lines, FmtContext, FormatFields};
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;

use crate::cli::escape;
use crate::cli::telemetry::LogFormat;

/// The layer that writes events to standard error; `None` where they are off. `trace` is the trace id of events outside of spans.
pub(super) fn layer<S>(format: LogFormat, trace: Option<String>) -> Option<impl Layer<S>>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    let shape = match format {
        LogFormat::Off => return None,
        LogFormat::Text => Shape::Text,
        LogFormat::Json => Shape::Json,
    };
    let layer =
        lines::layer().event_format(LineFormat { shape, trace }).with_writer(io::stderr).log_internal_errors(false);
    Some(layer)
}

/// Formats an event as a line.
struct LineFormat {
    shape: Shape,
    trace: Option<String>,
}

#[derive(Clone, Copy)]
enum Shape {
    Text,
    Json,
}

impl<S, N> FormatEvent<S, N> for LineFormat
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let span = Context::current().span().span_context().clone();
        let (trace, span) = match span.is_valid() {
            true => (Some(span.trace_id().to_string()), Some(span.span_id().to_string())),
            false => (self.trace.clone(), None),
        };
        let record = Record {
            time: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
            severity: event.metadata().level().as_str(),
            name: event.metadata().name(),
            trace,
            span,
            fields,
        };
        let mut writer = writer;
        match self.shape {
            Shape::Text => writeln!(writer, "{}", escape::plain(&record.text())),
            Shape::Json => writeln!(writer, "{}", escape::json(&record.json())),
        }
    }
}

/// The content of a line.
struct Record {
    time: String,
    severity: &'static str,
    name: &'static str,
    trace: Option<String>,
    span: Option<String>,
    fields: Fields,
}

impl Record {
    fn text(self) -> String {
        let Self { time, severity, name, trace, span, fields } = self;
        let mut line = format!("{time} {severity:5} {name}: {}", fields.message);
        for (key, value) in fields.rest {
            _ = match value {
                Value::String(text) if is_plain(&text) => write!(line, " {key}={text}"),
                // Control characters are escaped as in JSON.
                value => write!(line, " {key}={}", escape::json(&value.to_string())),
            };
        }
        for (key, id) in [("trace_id", trace), ("span_id", span)] {
            if let Some(id) = id {
                _ = write!(line, " {key}={id}");
            }
        }
        line
    }

    fn json(self) -> String {
        let Self { time, severity, name, trace, span, fields } = self;
        let mut line = Map::new();
        line.insert("time".to_owned(), time.into());
        line.insert("severity".to_owned(), severity.into());
        line.insert("event".to_owned(), name.into());
        line.insert("message".to_owned(), fields.message.into());
        line.extend(trace.map(|id| ("trace_id".to_owned(), id.into())));
        line.extend(span.map(|id| ("span_id".to_owned(), id.into())));
        line.extend(fields.rest.into_iter().map(|(key, value)| (key.to_owned(), value)));
        Value::Object(line).to_string()
    }
}

/// Whether a value needs no quotation marks.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.contains(|letter: char| letter.is_whitespace() || letter.is_control() || letter == '"')
}

/// The fields of an event, in their order.
#[derive(Default)]
struct Fields {
    message: String,
    rest: Vec<(&'static str, Value)>,
}

impl Fields {
    fn add(&mut self, field: &Field, value: impl Into<Value>) {
        self.rest.push((field.name(), value.into()));
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            // A message is formatted text already, so its Debug form has no quotes.
            "message" => self.message += &escape::shortened(&format!("{value:?}")),
            _ => self.add(field, &*escape::shortened(&format!("{value:?}"))),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, &*escape::shortened(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }
}
