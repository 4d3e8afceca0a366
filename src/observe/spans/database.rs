//! The database in attributes.

use tracing::Span;

use crate::database::ServerInfo;
use crate::migration::Dialect;
use crate::observe::names;

/// The attributes of a database.
#[derive(Default)]
pub(super) struct DatabaseAttributes {
    pub(super) system: &'static str,
    pub(super) dialect: Option<Dialect>,
    pub(super) namespace: String,
    pub(super) address: Option<String>,
    /// `None` for the system's default port.
    pub(super) port: Option<u16>,
}

impl DatabaseAttributes {
    pub(super) fn of(identity: &ServerInfo) -> Self {
        Self {
            system: identity.system,
            dialect: Some(identity.dialect()),
            namespace: identity.namespace(),
            address: identity.address.clone(),
            port: identity.unusual_port(),
        }
    }

    /// Records the attributes on a span that began before the server answered.
    pub(super) fn record(&self, span: &Span) {
        span.record(names::DB_SYSTEM_NAME, self.system);
        span.record(names::DB_NAMESPACE, self.namespace.as_str());
        if let Some(address) = &self.address {
            span.record(names::SERVER_ADDRESS, address.as_str());
        }
        if let Some(port) = self.port {
            span.record(names::SERVER_PORT, i64::from(port));
        }
    }
}
