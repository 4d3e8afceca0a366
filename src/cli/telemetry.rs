//! What the settings say about telemetry, notifications and the listener; `OTEL_*` variables say the rest.

mod host_pattern;
mod notify_settings;
mod push_settings;
mod secret;
mod telemetry_settings;

pub(crate) use self::host_pattern::HostPattern;
pub(crate) use self::notify_settings::{NotifyOn, NotifySettings};
pub(crate) use self::push_settings::PushSettings;
pub(crate) use self::secret::Secret;
pub(crate) use self::telemetry_settings::{LogFormat, RunInfo, TelemetryMode, TelemetrySettings};
