//! Who sends the telemetry: OpenTelemetry's resource attributes.

mod container;

use migrascope::database::Identity;
use migrascope::event::RunContext;
use migrascope::observe::names;
use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::TelemetryResourceDetector;
use uuid::Uuid;

use super::environment::{Lookup, decoded, get};

/// Ours.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The namespace that OpenTelemetry gives for ids of services that are the same from start to start.
const INSTANCES: Uuid = Uuid::from_u128(0x4d63009a_8d0f_11ee_aad7_4c796ed8e320);

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

/// The resource of traces and logs: one instance of the service is one run. What the user has stated wins over what we
/// know.
pub(super) fn of_run(context: &RunContext, variables: Lookup<'_>, stated: Vec<KeyValue>) -> Resource {
    let mut attributes = vec![
        KeyValue::new(names::SERVICE_INSTANCE_ID, context.run_id.clone()),
        KeyValue::new(names::PROCESS_PID, i64::from(std::process::id())),
    ];
    attributes.extend(executable().map(|name| KeyValue::new(names::PROCESS_EXECUTABLE_NAME, name)));
    attributes.extend(context.operator.host.clone().map(|host| KeyValue::new(names::HOST_NAME, host)));
    attributes.extend(container::id().map(|id| KeyValue::new(names::CONTAINER_ID, id)));
    // Elsewhere such general names may mean anything.
    if get(variables, "KUBERNETES_SERVICE_HOST").is_some() {
        let told = |(name, key)| get(variables, name).map(|value| KeyValue::new(key, value));
        attributes.extend(DOWNWARD.into_iter().filter_map(told));
    }
    resource(variables, attributes, stated)
}

/// The resource of metrics: one instance of the service is one database, whoever migrates it and wherever. The series
/// of one run are continued by the next; an id of the run would make each run new ones, and so would pod and process.
pub(super) fn of_target(target: &Identity, variables: Lookup<'_>, stated: Vec<KeyValue>) -> Resource {
    let attributes = vec![KeyValue::new(names::SERVICE_INSTANCE_ID, instance(target).to_string())];
    resource(variables, attributes, stated)
}

/// What the URL says of the database, as a UUID version 5.
fn instance(target: &Identity) -> Uuid {
    let port = target.port.map(|port| port.to_string());
    let parts = [target.system, target.address.as_deref().unwrap_or_default(), port.as_deref().unwrap_or_default()];
    Uuid::new_v5(&INSTANCES, [parts.join("|"), target.database.clone()].join("|").as_bytes())
}

fn resource(variables: Lookup<'_>, own: Vec<KeyValue>, stated: Vec<KeyValue>) -> Resource {
    let service = [KeyValue::new(names::SERVICE_NAME, names::SCOPE), KeyValue::new(names::SERVICE_VERSION, VERSION)];
    let named = get(variables, "OTEL_SERVICE_NAME").map(|name| KeyValue::new(names::SERVICE_NAME, name));
    let attributes = service.into_iter().chain(own).chain(stated).chain(named);
    Resource::builder_empty().with_detector(Box::new(TelemetryResourceDetector)).with_attributes(attributes).build()
}

fn executable() -> Option<String> {
    let path = std::env::current_exe().ok()?;
    Some(path.file_name()?.to_string_lossy().into_owned())
}

fn pair(text: &str) -> Result<KeyValue, String> {
    let fault = || format!("OTEL_RESOURCE_ATTRIBUTES: {:?} does not read key=value", text.trim());
    let (key, value) = text.split_once('=').ok_or_else(fault)?;
    let key = key.trim();
    let value = decoded(value.trim()).filter(|_| !key.is_empty()).ok_or_else(fault)?;
    Ok(KeyValue::new(key.to_owned(), value))
}
