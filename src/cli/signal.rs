//! SIGINT and SIGTERM: the first signal stops the run, the second one abandons it and ends the process.

use std::io;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use migrascope::run::Stop;
use tokio::signal::unix::{SignalKind, signal};

use super::exit::Exit;
use super::output::complain;

/// How long an abandoned run may take for its last report, which includes a shortened flush of telemetry.
const LAST_REPORT: Duration = Duration::from_secs(2);

/// The signals that were caught.
pub(crate) struct Signals {
    /// Requested by the first signal, abandoned by the second one.
    pub(crate) stop: Stop,
    first: Arc<OnceLock<Exit>>,
    over: Arc<AtomicBool>,
}

impl Signals {
    /// Watches on a thread of its own: the run's thread may be busy when the second signal comes.
    ///
    /// `report` is called with the name of the first signal.
    pub(crate) fn watch(report: impl Fn(&str) + Send + 'static) -> Self {
        let signals = Self { stop: Stop::default(), first: Arc::default(), over: Arc::default() };
        let (stop, first, over) = (signals.stop.clone(), Arc::clone(&signals.first), Arc::clone(&signals.over));
        let (registered, ready) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let failed = watch(&stop, &first, &over, || drop(registered), report);
            if let Err(error) = failed {
                complain(format_args!(
                    "warning: cannot handle signals, so they end the process without a rollback: {error}"
                ));
            }
        });
        // Returns when the sender is dropped, which is when the handlers are registered.
        let _ = ready.recv() as Result<(), _>;
        signals
    }

    /// After the run's end, or without a run, the second signal ends the process at once.
    pub(crate) fn run_is_over(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    /// The exit code of the first signal; `None` before it.
    pub(crate) fn caught(&self) -> Option<Exit> {
        self.first.get().copied()
    }
}

fn watch(
    stop: &Stop,
    first: &OnceLock<Exit>,
    over: &AtomicBool,
    registered: impl FnOnce(),
    report: impl Fn(&str),
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
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
                if !over.load(Ordering::SeqCst) {
                    // The run's thread makes the last report and ends the process; a third signal does not wait for it.
                    stop.abandon();
                    tokio::select! {
                        () = tokio::time::sleep(LAST_REPORT) => {}
                        _ = interrupt.recv() => {}
                        _ = terminate.recv() => {}
                    }
                    stop.kill_commands();
                }
                process::exit(exit.code().into());
            }
            stop.request();
            report(name);
        }
    })
}
