//! The `OTEL_*` variables: what is exported, where to and how. An empty variable counts as unset; a mistake is reported with its name.

mod config;
mod endpoint;
mod exporter;
mod headers;
mod lookup;
mod percent;
mod propagators;
mod reader;
mod schedule;
mod signal;
mod trust;

pub(super) use self::config::{Destination, OtelConfig};
pub(super) use self::endpoint::{Compression, Endpoint, Protocol};
pub(super) use self::headers::take_credentials;
pub(crate) use self::lookup::Lookup;
pub(super) use self::lookup::get;
pub(super) use self::percent::decoded;
pub(super) use self::propagators::propagators;
pub(super) use self::signal::Signal;
pub(super) use self::trust::{Trust, authorities_are_files, roots_in};
