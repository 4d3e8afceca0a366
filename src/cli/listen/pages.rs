//! What a listener shows.

use serde_json::Value;

/// The pages of a process. Each is made from what the process knows already: none waits for a database.
pub(crate) trait Pages: Send + Sync + 'static {
    /// The metrics as Prometheus text.
    fn metrics(&self) -> String;
    /// A line on what the process is doing.
    fn live(&self) -> String;
    /// A line for a process that is ready.
    ///
    /// # Errors
    /// With a line on why it is not ready, or not yet.
    fn ready(&self) -> Result<String, String>;
    /// The whole state, for programs.
    fn status(&self) -> Value;
}
