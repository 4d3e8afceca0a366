//! SIGINT and SIGTERM: the first asks the run to stop, the second ends the process at once.

use std::io;
use std::process;
use std::sync::{Arc, OnceLock};
use std::thread;

use migrascope::run::Stop;
use tokio::signal::unix::{SignalKind, signal};

use super::exit::Exit;
use super::output::complain;

/// What was caught so far.
pub(crate) struct Signals {
    /// Asked to stop by the first signal.
    pub(crate) stop: Stop,
    first: Arc<OnceLock<Exit>>,
}

impl Signals {
    /// Watches from now on, on a thread of its own: the run's thread may be busy when the second signal comes.
    ///
    /// `tell` is given the name of the first.
    pub(crate) fn watch(tell: impl Fn(&str) + Send + 'static) -> Self {
        let signals = Self { stop: Stop::default(), first: Arc::default() };
        let (stop, first) = (signals.stop.clone(), Arc::clone(&signals.first));
        let (registered, ready) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let failed = watch(&stop, &first, || drop(registered), tell);
            if let Err(error) = failed {
                complain(format_args!("warning: signals end this process without rolling back: {error}"));
            }
        });
        // Returns as soon as the sender is dropped: from then on signals are ours.
        let _ = ready.recv() as Result<(), _>;
        signals
    }

    /// The code of the first signal.
    pub(crate) fn caught(&self) -> Option<Exit> {
        self.first.get().copied()
    }
}

fn watch(stop: &Stop, first: &OnceLock<Exit>, registered: impl FnOnce(), tell: impl Fn(&str)) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        registered();
        loop {
            let (exit, name) = tokio::select! {
                _ = interrupt.recv() => (Exit::Interrupted, "SIGINT"),
                _ = terminate.recv() => (Exit::Terminated, "SIGTERM"),
            };
            if first.set(exit).is_err() {
                stop.kill_commands();
                process::exit(exit.code().into());
            }
            stop.request();
            tell(name);
        }
    })
}
