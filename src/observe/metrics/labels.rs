//! The labels of every metric.

use opentelemetry::KeyValue;

use crate::database::ServerInfo;
use crate::observe::names;

/// The common labels of a database; the only place that derives them.
pub(super) struct Labels {
    target: String,
    system: &'static str,
    namespace: String,
}

impl Labels {
    pub(super) fn of(target: &str, identity: &ServerInfo) -> Self {
        Self { target: target.to_owned(), system: identity.system, namespace: identity.namespace() }
    }

    /// With this target's name, or that of the database.
    pub(super) fn named(target: Option<&str>, identity: &ServerInfo) -> Self {
        Self::of(target.unwrap_or(&identity.database), identity)
    }

    /// The target's name.
    pub(super) fn target(&self) -> String {
        self.target.clone()
    }

    /// Corrects what the URL does not contain: a MariaDB behind a MySQL URL, or the schema.
    pub(super) fn correct(&mut self, identity: &ServerInfo) {
        self.system = identity.system;
        self.namespace = identity.namespace();
    }

    pub(super) fn key_values(&self) -> Vec<KeyValue> {
        vec![
            KeyValue::new(names::TARGET, self.target()),
            KeyValue::new(names::DB_SYSTEM_NAME, self.system),
            KeyValue::new(names::DB_NAMESPACE, self.namespace.clone()),
        ]
    }
}
