//! The Pushgateway that metrics are pushed to.

use std::path::PathBuf;

/// What the options say about the Pushgateway.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PushSettings {
    /// Its URL, or that of a group in it.
    pub(crate) url: Option<String>,
    /// The file of a bearer token.
    pub(crate) token_file: Option<PathBuf>,
    /// Certificates that are trusted instead of the system's.
    pub(crate) ca: Option<PathBuf>,
}
