//! Who sends the telemetry: OpenTelemetry's resource attributes.

use migrascope::event::RunContext;
use migrascope::observe::names;
use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::TelemetryResourceDetector;

use super::environment::{Lookup, get};

/// Variables that a pod's specification fills through the downward API, and what they become.
const DOWNWARD: [(&str, &str); 5] = [
    ("POD_NAME", names::K8S_POD_NAME),
    ("POD_UID", names::K8S_POD_UID),
    ("POD_NAMESPACE", names::K8S_NAMESPACE_NAME),
    ("NODE_NAME", names::K8S_NODE_NAME),
    ("CONTAINER_NAME", names::K8S_CONTAINER_NAME),
];

/// What `OTEL_RESOURCE_ATTRIBUTES` says, as `key=value,key=value` with percent-encoded values.
///
/// # Errors
/// When a part cannot be read; one fault discards everything, as the specification asks.
pub(super) fn stated(variables: Lookup<'_>) -> Result<Vec<KeyValue>, String> {
    let text = get(variables, "OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
    text.split(',').filter(|pair| !pair.trim().is_empty()).map(pair).collect()
}

/// The resource of traces: one instance of the service is one run. What the user has stated wins over what we know.
pub(super) fn of_traces(context: &RunContext, variables: Lookup<'_>, stated: Vec<KeyValue>) -> Resource {
    let mut attributes = vec![
        KeyValue::new(names::SERVICE_NAME, names::SCOPE),
        KeyValue::new(names::SERVICE_VERSION, context.tool_version),
        KeyValue::new(names::SERVICE_INSTANCE_ID, context.run_id.clone()),
        KeyValue::new(names::PROCESS_PID, i64::from(std::process::id())),
    ];
    attributes.extend(context.operator.host.clone().map(|host| KeyValue::new(names::HOST_NAME, host)));
    attributes.extend(executable().map(|name| KeyValue::new(names::PROCESS_EXECUTABLE_NAME, name)));
    // Elsewhere such general names may mean anything.
    if get(variables, "KUBERNETES_SERVICE_HOST").is_some() {
        let told = |(name, key)| get(variables, name).map(|value| KeyValue::new(key, value));
        attributes.extend(DOWNWARD.into_iter().filter_map(told));
    }
    attributes.extend(stated);
    attributes.extend(get(variables, "OTEL_SERVICE_NAME").map(|name| KeyValue::new(names::SERVICE_NAME, name)));
    let detector = Box::new(TelemetryResourceDetector);
    Resource::builder_empty().with_detector(detector).with_attributes(attributes).build()
}

fn executable() -> Option<String> {
    let path = std::env::current_exe().ok()?;
    Some(path.file_name()?.to_string_lossy().into_owned())
}

fn pair(text: &str) -> Result<KeyValue, String> {
    let fault = || format!("OTEL_RESOURCE_ATTRIBUTES: {:?} does not read key=value", text.trim());
    let (key, value) = text.split_once('=').ok_or_else(fault)?;
    let key = key.trim();
    let value = percent_decoded(value.trim()).filter(|_| !key.is_empty()).ok_or_else(fault)?;
    Ok(KeyValue::new(key.to_owned(), value))
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first == b'%' {
            let (digits, tail) = rest.split_first_chunk::<2>()?;
            let [high, low] = digits.map(|digit| char::from(digit).to_digit(16).and_then(|d| u8::try_from(d).ok()));
            bytes.push(high? << 4 | low?);
            rest = tail;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}
