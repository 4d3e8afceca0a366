//! The runtime of gRPC, on a thread of its own for as long as the process lives.
//!
//! Connections must be polled at all times. The run's own runtime does not run before and after the run, and blocking its only thread on a
//! connection of the same runtime would be a deadlock.

use std::future::{Future, pending};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};

/// A handle of the runtime; clones share it.
#[derive(Debug, Clone)]
pub(super) struct GrpcRuntime(Handle);

impl GrpcRuntime {
    /// Starts the runtime and its thread.
    ///
    /// # Errors
    /// When either cannot be started.
    pub(super) fn start() -> Result<Self, String> {
        let refused = |error| format!("cannot start the gRPC runtime: {error}");
        let runtime = Builder::new_current_thread().enable_all().build().map_err(refused)?;
        let handle = runtime.handle().clone();
        let drive = move || runtime.block_on(pending::<()>());
        thread::Builder::new().name("telemetry-grpc".to_owned()).spawn(drive).map_err(refused)?;
        Ok(Self(handle))
    }

    /// Calls a function that needs a runtime around it.
    pub(super) fn enter<T>(&self, function: impl FnOnce() -> T) -> T {
        let _inside = self.0.enter();
        function()
    }

    /// Blocks this thread until the future is ready; `None` after `timeout`, and then the future is dropped.
    ///
    /// Must not be called inside an async runtime. Connections and timers run on the runtime's own thread.
    pub(super) fn block_on<T>(&self, timeout: Duration, future: impl Future<Output = T>) -> Option<T> {
        self.0.block_on(async { tokio::time::timeout(timeout, future).await.ok() })
    }
}
