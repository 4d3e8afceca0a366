//! The `OTEL_*` variables that say where traces go. Empty is unset; what is not understood is a problem with its name.

use std::time::Duration;

use url::Url;

/// Looks an environment variable up.
pub(crate) type Lookup<'e> = &'e dyn Fn(&str) -> Option<String>;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(2);
const DEFAULT_QUEUE: usize = 8192;

/// Set by people who expect them to work; they do not yet.
const UNSUPPORTED: [&str; 7] = [
    "OTEL_CONFIG_FILE",
    "OTEL_EXPORTER_OTLP_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_CLIENT_KEY",
    "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY",
    "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE",
];

/// Where and how traces are sent.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    /// The full URL of the traces.
    pub(super) url: Url,
    /// For one request.
    pub(super) timeout: Duration,
    /// Finished spans that may wait to be sent.
    pub(super) queue: usize,
}

impl Endpoint {
    /// The URL without anything that may be secret.
    pub(super) fn shown(&self) -> String {
        let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let host = self.url.host_str().unwrap_or_default();
        format!("{}://{host}{port}{}", self.url.scheme(), self.url.path())
    }
}

/// What the variables say.
#[derive(Debug, Default)]
pub(super) struct Environment {
    /// Where traces go; `None` when none are wanted.
    pub(super) endpoint: Option<Endpoint>,
    /// What is wrong, each with the variable's name.
    pub(super) problems: Vec<String>,
}

impl Environment {
    pub(super) fn read(variables: Lookup<'_>) -> Self {
        if get(variables, "OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return Self::default();
        }
        let mut problems: Vec<String> = UNSUPPORTED
            .into_iter()
            .filter(|name| get(variables, name).is_some())
            .map(|name| format!("{name} is not supported yet and is ignored"))
            .collect();
        let endpoint = match traces_wanted(variables).and_then(|wanted| endpoint(variables, wanted)) {
            Ok(endpoint) => endpoint,
            Err(problem) => {
                problems.push(problem);
                None
            }
        };
        Self { endpoint, problems }
    }
}

/// A variable's value; an empty one counts as unset.
pub(super) fn get(variables: Lookup<'_>, name: &str) -> Option<String> {
    variables(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// Whether traces are to be sent, by `OTEL_TRACES_EXPORTER`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    No,
    WithEndpoint,
    Yes,
}

fn traces_wanted(variables: Lookup<'_>) -> Result<Wanted, String> {
    match get(variables, "OTEL_TRACES_EXPORTER").as_deref() {
        None => Ok(Wanted::WithEndpoint),
        Some("otlp") => Ok(Wanted::Yes),
        Some("none") => Ok(Wanted::No),
        Some(other) => Err(format!("OTEL_TRACES_EXPORTER: unknown exporter {other:?}, known are otlp and none")),
    }
}

fn endpoint(variables: Lookup<'_>, wanted: Wanted) -> Result<Option<Endpoint>, String> {
    if wanted == Wanted::No {
        return Ok(None);
    }
    let Some((name, value, path)) = endpoint_variable(variables) else {
        return match wanted {
            Wanted::Yes => Err("OTEL_TRACES_EXPORTER is otlp but OTEL_EXPORTER_OTLP_ENDPOINT is not set".to_owned()),
            Wanted::No | Wanted::WithEndpoint => Ok(None),
        };
    };
    check_protocol(variables)?;
    check_compression(variables)?;
    let url = url(name, &value, path)?;
    let timeout = signal(variables, "TIMEOUT")
        .map(|(name, value)| number(&name, &value))
        .transpose()?
        .map_or(DEFAULT_TIMEOUT, Duration::from_millis);
    let queue = get(variables, "OTEL_BSP_MAX_QUEUE_SIZE")
        .map(|value| number("OTEL_BSP_MAX_QUEUE_SIZE", &value))
        .transpose()?
        .and_then(|size| usize::try_from(size).ok())
        .unwrap_or(DEFAULT_QUEUE);
    Ok(Some(Endpoint { url, timeout, queue }))
}

/// The variable that is set, its value, and the path to add: the signal's own URL is used as it is.
fn endpoint_variable(variables: Lookup<'_>) -> Option<(&'static str, String, &'static str)> {
    let own = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
    let general = "OTEL_EXPORTER_OTLP_ENDPOINT";
    get(variables, own)
        .map(|value| (own, value, ""))
        .or_else(|| get(variables, general).map(|value| (general, value, "/v1/traces")))
}

/// `OTEL_EXPORTER_OTLP_TRACES_<what>`, or else the variable for all signals.
fn signal(variables: Lookup<'_>, what: &str) -> Option<(String, String)> {
    let names = [format!("OTEL_EXPORTER_OTLP_TRACES_{what}"), format!("OTEL_EXPORTER_OTLP_{what}")];
    names.into_iter().find_map(|name| get(variables, &name).map(|value| (name, value)))
}

fn check_protocol(variables: Lookup<'_>) -> Result<(), String> {
    match signal(variables, "PROTOCOL") {
        None => Ok(()),
        Some((_, protocol)) if protocol == "http/protobuf" => Ok(()),
        Some((name, protocol)) if protocol == "grpc" || protocol == "http/json" => {
            Err(format!("{name}: {protocol} is not supported yet, traces are sent by http/protobuf only"))
        }
        Some((name, protocol)) => Err(format!("{name}: unknown protocol {protocol:?}")),
    }
}

fn check_compression(variables: Lookup<'_>) -> Result<(), String> {
    match signal(variables, "COMPRESSION") {
        Some((name, how)) if how != "none" => Err(format!("{name}: {how} is not supported yet")),
        Some(_) | None => Ok(()),
    }
}

fn url(name: &str, value: &str, path: &str) -> Result<Url, String> {
    let url = Url::parse(&format!("{}{path}", if path.is_empty() { value } else { value.trim_end_matches('/') }))
        .map_err(|error| format!("{name} is no URL: {error}"))?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        _ => Err(format!("{name} must begin with http:// or https://")),
    }
}

fn number(name: &str, value: &str) -> Result<u64, String> {
    value.parse().map_err(|_| format!("{name} is no number: {value:?}"))
}
