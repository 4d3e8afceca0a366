//! The async runtime of a command.

use tokio::runtime::Builder;

use crate::cli::explain::Diagnosis;
use crate::cli::outcome::CommandError;

/// Runs a future to its end on this thread.
///
/// # Errors
/// When the runtime cannot be started.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, CommandError> {
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| {
        let diagnosis = Diagnosis::error("cannot start the async runtime").note(error.to_string());
        CommandError::of_kind("runtime", vec![diagnosis])
    })?;
    Ok(runtime.block_on(future))
}
