//! Which connection answers, without a server.

use super::*;
use crate::database::{Sharing, ToolLock};

/// A connection that gives its name as the application that blocks the session.
struct Named(&'static str);

#[async_trait::async_trait]
impl MonitorConnection for Named {
    async fn activity(&mut self, _process: Option<u64>) -> Result<Activity, DatabaseError> {
        Ok(Activity::Busy)
    }

    async fn blocker(&mut self, _process: Option<u64>) -> Result<Option<Holder>, DatabaseError> {
        Ok(Some(Holder { application: Some(self.0.to_owned()), ..Holder::default() }))
    }

    async fn cancel(&mut self, _process: Option<u64>) -> Result<(), DatabaseError> {
        Ok(())
    }
}

#[async_trait::async_trait]
impl LockConnection for Named {
    async fn process(&mut self) -> Result<Option<u64>, DatabaseError> {
        Ok(None)
    }

    async fn share(&mut self, _sharing: Sharing) -> Result<(), DatabaseError> {
        Ok(())
    }

    async fn try_lock(&mut self) -> Result<bool, DatabaseError> {
        Ok(true)
    }

    async fn try_tool_lock(&mut self, _lock: &ToolLock) -> Result<bool, DatabaseError> {
        Ok(true)
    }

    async fn holder(&mut self) -> Result<Option<Holder>, DatabaseError> {
        Ok(None)
    }

    async fn worker(&mut self) -> Result<Option<Holder>, DatabaseError> {
        Ok(None)
    }

    async fn alive(&mut self) -> Result<(), DatabaseError> {
        Ok(())
    }

    fn monitor(&mut self) -> &mut dyn MonitorConnection {
        self
    }

    async fn unlock(self: Box<Self>) -> Result<(), DatabaseError> {
        Ok(())
    }
}

const BLOCKER: Question = Question::Blocker(None);

/// A monitor whose own connection can be made, or cannot.
fn monitor(can_connect: bool) -> Monitor {
    let connect: ConnectMonitor = Box::new(move || {
        Box::pin(async move {
            match can_connect {
                true => Ok(Box::new(Named("monitor")) as Box<dyn MonitorConnection>),
                false => Err(DatabaseError::new(ErrorKind::Connect, "too many connections")),
            }
        })
    });
    Monitor::new(Box::new(Named("lock")), connect)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime").block_on(future)
}

/// The connection that has answered who blocks the session.
fn answered_by(answer: Option<Answer>) -> Option<String> {
    match answer {
        Some(Answer::Blocker(Some(blocker))) => blocker.application,
        _ => None,
    }
}

#[test]
fn the_monitor_answers_and_without_it_the_connection_of_the_lock() {
    for (can_connect, expected) in [(true, "monitor"), (false, "lock")] {
        block_on(async {
            let mut monitor = monitor(can_connect);
            assert!(!monitor.ask(BLOCKER), "it has to connect first");
            assert!(matches!(monitor.answer().await, Some(Answer::Connected(connected)) if connected == can_connect));
            assert!(monitor.ask(BLOCKER));
            assert_eq!(answered_by(monitor.answer().await).as_deref(), Some(expected));
        });
    }
}

#[test]
fn a_statement_is_cancelled_before_the_monitor_is_connected() {
    block_on(async {
        let mut monitor = monitor(true);
        assert!(monitor.ask(Question::Cancel(None)));
        assert!(matches!(monitor.answer().await, Some(Answer::Cancelled)));
    });
}

#[test]
fn an_answer_about_an_earlier_statement_is_dropped_and_the_next_one_is_not() {
    block_on(async {
        let mut monitor = monitor(true);
        monitor.ask(BLOCKER);
        monitor.answer().await;
        assert!(monitor.ask(BLOCKER) && monitor.ask_lock());
        monitor.forget();
        let (first, second) = (monitor.answer().await, monitor.answer().await);
        assert!(first.is_none() && second.is_none(), "both connections had a request");
        assert!(monitor.ask(BLOCKER));
        assert_eq!(answered_by(monitor.answer().await).as_deref(), Some("monitor"));
    });
}
