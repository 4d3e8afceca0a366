//! The labels of every metric.

use opentelemetry::KeyValue;

use crate::database::Identity;
use crate::observe::names;

/// The common labels of a database; the only place that derives them.
pub(super) struct Labels {
    target: Option<String>,
    system: &'static str,
    namespace: String,
    database: String,
}

impl Labels {
    pub(super) fn of(target: Option<&str>, identity: &Identity) -> Self {
        Self {
            target: target.map(str::to_owned),
            system: identity.system,
            namespace: identity.namespace(),
            database: identity.database.clone(),
        }
    }

    /// The target's name, or the database's own.
    pub(super) fn target(&self) -> String {
        self.target.as_ref().unwrap_or(&self.database).clone()
    }

    /// Corrects what the URL could not tell: a MariaDB behind a MySQL URL, or the schema.
    pub(super) fn correct(&mut self, identity: &Identity) {
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
