//! A server that has stopped answering: a frozen machine, or a network that drops everything.

use std::time::{Duration, Instant};

use migrascope::report::{Loss, Outcome, PartialEffect};
use migrascope::run::Stop;
use migrascope::{Error, Event, Migrator, Observer, Options, layout};

use super::wire::Wire;
use crate::support::{Backend, block_on, connector, eventually, on};

/// Freezes the server while the statement runs, and requests a stop.
struct Freezes<'w>(&'w Wire, Stop, Option<Instant>);

impl Observer for Freezes<'_> {
    fn observe(&mut self, event: &Event<'_>) {
        if matches!(event, Event::StatementRunning { .. }) && self.2.is_none() {
            self.0.freeze();
            self.1.request();
            self.2 = Some(Instant::now());
        }
    }
}

#[test]
fn a_run_that_is_asked_to_stop_does_not_wait_for_a_server_that_never_answers() {
    for backend in [Backend::Postgres, Backend::Mysql] {
        on(backend, |database| {
            let wire = Wire::to(database);
            let frozen = connector(&wire.url);
            let directory = database.migrations(&[("1_slow.sql", database.slow())]);
            let set = layout::Reader::directory(&directory, frozen.dialect()).migrations().unwrap();
            let migrator = Migrator::new(frozen, set, Options::default());
            let stop = Stop::default();
            let mut freezes = Freezes(&wire, stop.clone(), None);
            let error = block_on(migrator.up().observe(&mut freezes).stop(&stop)).unwrap_err();
            let took = freezes.2.unwrap().elapsed();
            assert!(took >= Duration::from_secs(6) && took < Duration::from_secs(10), "{took:?}");
            assert_eq!(error.report.outcome, Outcome::Cancellation);
            let Error::Interrupted { failure: Some(failure) } = &error.cause else { panic!("{error:?}") };
            assert_eq!((failure.statement, failure.lost), (Some(1), Some(Loss::Connection)));
            assert_ne!(
                failure.remains,
                PartialEffect::Nothing,
                "the statement went out with its commit, and neither was answered"
            );
            let [step] = error.report.steps.as_slice() else { panic!("{error:?}") };
            assert_eq!((step.version.as_str(), step.outcome), ("1", Outcome::Cancellation));
            // The server detects the lost connection, and the next runner gets the lock; MySQL may continue the statement.
            if backend == Backend::Postgres && !super::locking::is_postgres_before_14(database) {
                let next = database.migrations(&[("1_slow.sql", "SELECT 1")]);
                eventually("the next run", || database.up(&next).ok());
                assert_eq!(database.applied(), ["1"]);
            }
        });
    }
}
