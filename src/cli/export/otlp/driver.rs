//! The runtime of gRPC, on a thread of its own for as long as the process lives.
//!
//! Connections need somebody who drives them at all times. The run's own runtime stands still before and after the run,
//! and whoever waits on its one thread for a connection that only this thread can drive waits for ever.

use std::future::{Future, pending};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};

/// A runtime that somebody drives.
#[derive(Debug, Clone)]
pub(super) struct Driver(Handle);

impl Driver {
    /// # Errors
    /// With the system's words when there is no runtime or no thread to be had.
    pub(super) fn start() -> Result<Self, String> {
        let refused = |error| format!("gRPC cannot be driven: {error}");
        let runtime = Builder::new_current_thread().enable_all().build().map_err(refused)?;
        let handle = runtime.handle().clone();
        let drive = move || runtime.block_on(pending::<()>());
        thread::Builder::new().name("telemetry-grpc".to_owned()).spawn(drive).map_err(refused)?;
        Ok(Self(handle))
    }

    /// Makes something that wants to be made inside a runtime.
    pub(super) fn make<T>(&self, make: impl FnOnce() -> T) -> T {
        let _inside = self.0.enter();
        make()
    }

    /// Blocks this thread until the future is ready; `None` after `timeout`, and then the future is dropped.
    ///
    /// To be called where no async runtime runs. Connections and clocks are the driving thread's, so that this one may
    /// be any.
    pub(super) fn wait<T>(&self, timeout: Duration, future: impl Future<Output = T>) -> Option<T> {
        self.0.block_on(async { tokio::time::timeout(timeout, future).await.ok() })
    }
}
