//! Carries the metrics to one place as text: when the first migration begins, when the journal was read again, as a sign of life while
//! the run goes on, and at its end. Each courier is a thread of its own, so that none waits for another and the run for none.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use super::delivery::Delivery;
use super::figures::{Figures, Page};
use super::flush::Task;

/// Between two signs of life: a run is taken for dead after two minutes without one.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// A place where text is put.
pub(super) trait Route: Send + 'static {
    /// Replaces what is there by the page; what the page does not know because the journal was not read, stays.
    ///
    /// # Errors
    /// With the reason in a few words that hold nothing secret.
    fn put(&mut self, page: &Page, moment: Moment) -> Result<(), String>;
}

/// When something is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// While the run goes on, and the journal was read just now.
    During,
    /// A sign of life: of itself the run knows the newest, of what the journal counts the run that was here last.
    Alive,
    /// When it has ended.
    End,
}

/// A route under way.
pub(super) struct Courier {
    calls: mpsc::Sender<Call>,
    delivery: Arc<Delivery>,
}

/// What a courier is asked to do.
enum Call {
    /// Carry what there is.
    Begin,
    /// Carry the last page and say when it is there.
    End(mpsc::SyncSender<()>),
}

impl Courier {
    /// Waits for something to carry; `delivery` is told what becomes of it.
    ///
    /// # Errors
    /// When the system has no thread for it.
    pub(super) fn start(route: impl Route, figures: Figures, delivery: Delivery) -> Result<Self, String> {
        let delivery = Arc::new(delivery);
        let (calls, waiting) = mpsc::channel();
        let worker = Worker { route, figures, delivery: Arc::clone(&delivery), owed: false };
        thread::Builder::new()
            .name("metrics".to_owned())
            .spawn(move || worker.work(&waiting))
            .map_err(|error| format!("{}: {error}", delivery.nothing_arrived()))?;
        Ok(Self { calls, delivery })
    }

    /// What becomes of what is carried.
    pub(super) fn delivery(&self) -> Arc<Delivery> {
        Arc::clone(&self.delivery)
    }

    /// Something has begun that may take long, or kill us, or the journal was read: what is known now is carried at once.
    pub(super) fn begin(&self) {
        // A worker that is gone has left its reason with the delivery.
        let _ = self.calls.send(Call::Begin);
    }

    /// The last page. What is on its way arrives before it.
    pub(super) fn task(&self) -> Task {
        let calls = self.calls.clone();
        Task::new(Arc::clone(&self.delivery), move || {
            let (done, arrived) = mpsc::sync_channel(1);
            let _ = calls.send(Call::End(done));
            let _ = arrived.recv();
        })
    }
}

struct Worker<R> {
    route: R,
    figures: Figures,
    delivery: Arc<Delivery>,
    /// Whether the last whole page did not arrive.
    owed: bool,
}

impl<R: Route> Worker<R> {
    fn work(mut self, calls: &mpsc::Receiver<Call>) {
        loop {
            match calls.recv_timeout(HEARTBEAT) {
                Ok(Call::Begin) => self.carry(Moment::During),
                Err(mpsc::RecvTimeoutError::Timeout) => self.give_sign(),
                Ok(Call::End(done)) => {
                    self.carry(Moment::End);
                    // Nobody waits any more where the time is up.
                    let _ = done.send(());
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Nothing has been carried for a while.
    fn give_sign(&mut self) {
        match self.figures.sign_of_life().filter(|_| !self.owed) {
            Some(sign) => self.put(&sign, Moment::Alive),
            None => self.carry(Moment::During),
        }
    }

    fn carry(&mut self, moment: Moment) {
        let page = self.figures.page();
        if !page.text.is_empty() {
            self.put(&page, moment);
        }
    }

    fn put(&mut self, page: &Page, moment: Moment) {
        // What became of it is in the tally, too.
        let arrived = self.delivery.settle(1, self.route.put(page, moment).map(|()| 0));
        self.owed = arrived.is_err();
    }
}
