//! OpenTelemetry's resource attributes: the sender of the telemetry.

mod container;

use migrascope::database::ServerInfo;
use migrascope::event::RunContext;
use migrascope::observe::names;
use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::TelemetryResourceDetector;
use uuid::Uuid;

use super::environment::{Lookup, OtelConfig, decoded, get};
use super::problems::Problems;

/// The version of this program.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// OpenTelemetry's namespace for instance ids that survive a restart.
const INSTANCES: Uuid = Uuid::from_u128(0x4d63009a_8d0f_11ee_aad7_4c796ed8e320);

/// Variables that a pod's specification sets through the downward API, and their attributes.
const DOWNWARD: [(&str, &str); 5] = [
    ("POD_NAME", names::K8S_POD_NAME),
    ("POD_UID", names::K8S_POD_UID),
    ("POD_NAMESPACE", names::K8S_NAMESPACE_NAME),
    ("NODE_NAME", names::K8S_NODE_NAME),
    ("CONTAINER_NAME", names::K8S_CONTAINER_NAME),
];

/// The user's attributes for what is sent by OTLP; none where nothing is, so that a mistake in them does not matter.
pub(super) fn declared_for(config: &OtelConfig, variables: Lookup<'_>, problems: &mut Problems) -> Vec<KeyValue> {
    if config.destinations.is_empty() {
        return Vec::new();
    }
    problems.collect(declared(variables)).unwrap_or_default()
}

/// The attributes of `OTEL_RESOURCE_ATTRIBUTES`: `key=value,key=value` with percent-encoded values.
///
/// # Errors
/// When a pair cannot be parsed; one mistake discards all of them, as the specification demands.
pub(super) fn declared(variables: Lookup<'_>) -> Result<Vec<KeyValue>, String> {
    let text = get(variables, "OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
    text.split(',').filter(|pair| !pair.trim().is_empty()).map(pair).collect()
}

/// The resource of traces and logs, whose instance is the run. The user's attributes override ours.
pub(super) fn of_run(context: &RunContext, variables: Lookup<'_>, declared: Vec<KeyValue>) -> Resource {
    let mut attributes = vec![
        KeyValue::new(names::SERVICE_INSTANCE_ID, context.run_id.clone()),
        KeyValue::new(names::PROCESS_PID, i64::from(std::process::id())),
    ];
    attributes.extend(executable().map(|name| KeyValue::new(names::PROCESS_EXECUTABLE_NAME, name)));
    attributes.extend(context.operator.host.clone().map(|host| KeyValue::new(names::HOST_NAME, host)));
    attributes.extend(container::id().map(|id| KeyValue::new(names::CONTAINER_ID, id)));
    // Outside of Kubernetes these general names may mean anything.
    if get(variables, "KUBERNETES_SERVICE_HOST").is_some() {
        let attribute = |(name, key)| get(variables, name).map(|value| KeyValue::new(key, value));
        attributes.extend(DOWNWARD.into_iter().filter_map(attribute));
    }
    resource(variables, attributes, declared)
}

/// The resource of metrics, whose instance is the database, so that the next run continues the series. An id of run, pod or process would
/// begin new series with each run.
pub(super) fn of_target(target: &ServerInfo, variables: Lookup<'_>, declared: Vec<KeyValue>) -> Resource {
    let attributes = vec![KeyValue::new(names::SERVICE_INSTANCE_ID, instance(target).to_string())];
    resource(variables, attributes, declared)
}

/// The database as its URL describes it, as a UUID version 5.
fn instance(target: &ServerInfo) -> Uuid {
    let port = target.port.map(|port| port.to_string());
    let parts = [target.system, target.address.as_deref().unwrap_or_default(), port.as_deref().unwrap_or_default()];
    Uuid::new_v5(&INSTANCES, [parts.join("|"), target.database.clone()].join("|").as_bytes())
}

fn resource(variables: Lookup<'_>, own: Vec<KeyValue>, declared: Vec<KeyValue>) -> Resource {
    let service = [KeyValue::new(names::SERVICE_NAME, names::SCOPE), KeyValue::new(names::SERVICE_VERSION, VERSION)];
    let named = get(variables, "OTEL_SERVICE_NAME").map(|name| KeyValue::new(names::SERVICE_NAME, name));
    let attributes = service.into_iter().chain(own).chain(declared).chain(named);
    Resource::builder_empty().with_detector(Box::new(TelemetryResourceDetector)).with_attributes(attributes).build()
}

fn executable() -> Option<String> {
    let path = std::env::current_exe().ok()?;
    Some(path.file_name()?.to_string_lossy().into_owned())
}

fn pair(text: &str) -> Result<KeyValue, String> {
    let malformed = || format!("OTEL_RESOURCE_ATTRIBUTES: {:?} must have the form key=value", text.trim());
    let (key, value) = text.split_once('=').ok_or_else(malformed)?;
    let key = key.trim();
    let value = decoded(value.trim()).filter(|_| !key.is_empty()).ok_or_else(malformed)?;
    Ok(KeyValue::new(key.to_owned(), value))
}
