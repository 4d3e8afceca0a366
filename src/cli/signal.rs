//! SIGINT and SIGTERM: the first asks the run to stop, the second ends it at once, and the process with it.

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

/// How long a run that is ended at once may take to report that: the telemetry of a run that was abandoned has less.
const LAST_REPORT: Duration = Duration::from_secs(2);

/// What was caught so far.
pub(crate) struct Signals {
    /// Asked to stop by the first signal, abandoned by the second.
    pub(crate) stop: Stop,
    first: Arc<OnceLock<Exit>>,
    over: Arc<AtomicBool>,
}

impl Signals {
    /// Watches from now on, on a thread of its own: the run's thread may be busy when the second signal comes.
    ///
    /// `tell` is given the name of the first.
    pub(crate) fn watch(tell: impl Fn(&str) + Send + 'static) -> Self {
        let signals = Self { stop: Stop::default(), first: Arc::default(), over: Arc::default() };
        let (stop, first, over) = (signals.stop.clone(), Arc::clone(&signals.first), Arc::clone(&signals.over));
        let (registered, ready) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let failed = watch(&stop, &first, &over, || drop(registered), tell);
            if let Err(error) = failed {
                complain(format_args!("warning: signals end this process without rolling back: {error}"));
            }
        });
        // Returns as soon as the sender is dropped: from then on signals are ours.
        let _ = ready.recv() as Result<(), _>;
        signals
    }

    /// There is no run, or it has ended: from now on the second signal ends the process without any delay.
    pub(crate) fn run_is_over(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    /// The code of the first signal.
    pub(crate) fn caught(&self) -> Option<Exit> {
        self.first.get().copied()
    }
}

fn watch(
    stop: &Stop,
    first: &OnceLock<Exit>,
    over: &AtomicBool,
    registered: impl FnOnce(),
    tell: impl Fn(&str),
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
                    // The run's last report is made on its own thread, which ends the process; a third signal does not wait for it.
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
            tell(name);
        }
    })
}
