//! Pushes metrics as text to a sink: when the first migration begins, when the journal was read, as a heartbeat during the run, and at
//! its end. Each pusher has a thread of its own, so that no sink delays another one or the run.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use super::delivery::Delivery;
use super::flush::FlushTask;
use super::metrics::{Page, ProcessMetrics};

/// The interval of heartbeats: alerts take a run for dead after two minutes without one.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// Where a page of text is stored.
pub(super) trait Sink: Send + 'static {
    /// Replaces the stored page. Metrics that the page lacks because the journal was not read are kept.
    ///
    /// # Errors
    /// With a short reason that contains no secret.
    fn put(&mut self, page: &Page, moment: Moment) -> Result<(), String>;
}

/// When a page is pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// During the run, right after the journal was read.
    During,
    /// As a heartbeat: only the metrics of this run are current, others may be those of another run by now.
    Heartbeat,
    /// At the end.
    End,
}

/// The pusher of one sink.
pub(super) struct Pusher {
    requests: mpsc::Sender<Request>,
    delivery: Arc<Delivery>,
}

/// What the thread is to do.
enum Request {
    /// Push the current page.
    Push,
    /// Push the last page and confirm.
    Finish(mpsc::SyncSender<()>),
}

impl Pusher {
    /// Starts the thread; nothing is pushed yet. `delivery` records the results.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub(super) fn start(sink: impl Sink, metrics: ProcessMetrics, delivery: Delivery) -> Result<Self, String> {
        let delivery = Arc::new(delivery);
        let (requests, waiting) = mpsc::channel();
        let worker = Worker { sink, metrics, delivery: Arc::clone(&delivery), owes_page: false };
        thread::Builder::new()
            .name("metrics".to_owned())
            .spawn(move || worker.work(&waiting))
            .map_err(|error| format!("{}: {error}", delivery.not_delivered()))?;
        Ok(Self { requests, delivery })
    }

    /// The results of its pushes.
    pub(super) fn delivery(&self) -> Arc<Delivery> {
        Arc::clone(&self.delivery)
    }

    /// Pushes the current page at once: what comes next may take long or kill the process.
    pub(super) fn push_now(&self) {
        // A worker that has ended has recorded its failure.
        let _ = self.requests.send(Request::Push);
    }

    /// Pushes the last page, after every page before.
    pub(super) fn flush_task(&self) -> FlushTask {
        let requests = self.requests.clone();
        FlushTask::new(Arc::clone(&self.delivery), move || {
            let (done, arrived) = mpsc::sync_channel(1);
            let _ = requests.send(Request::Finish(done));
            let _ = arrived.recv();
        })
    }
}

struct Worker<S> {
    sink: S,
    metrics: ProcessMetrics,
    delivery: Arc<Delivery>,
    /// Whether the last page was not delivered.
    owes_page: bool,
}

impl<S: Sink> Worker<S> {
    fn work(mut self, requests: &mpsc::Receiver<Request>) {
        loop {
            match requests.recv_timeout(HEARTBEAT) {
                Ok(Request::Push) => self.push(Moment::During),
                Err(mpsc::RecvTimeoutError::Timeout) => self.heartbeat(),
                Ok(Request::Finish(done)) => {
                    self.push(Moment::End);
                    // The receiver is gone where the flush timeout is over.
                    let _ = done.send(());
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn heartbeat(&mut self) {
        match self.metrics.heartbeat_page().filter(|_| !self.owes_page) {
            Some(page) => self.put(&page, Moment::Heartbeat),
            None => self.push(Moment::During),
        }
    }

    fn push(&mut self, moment: Moment) {
        let page = self.metrics.page();
        if !page.text.is_empty() {
            self.put(&page, moment);
        }
    }

    fn put(&mut self, page: &Page, moment: Moment) {
        let result = self.delivery.record(1, self.sink.put(page, moment).map(|()| 0));
        self.owes_page = result.is_err();
    }
}
