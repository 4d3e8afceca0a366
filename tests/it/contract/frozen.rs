//! A server that is there and does not answer any more: a frozen machine, a network that swallows everything.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use migrascope::report::Outcome;
use migrascope::run::Stop;
use migrascope::{Error, Event, Migrator, Observer, Options, layout};

use crate::support::{Backend, block_on, connector, eventually, on};

/// Stands between a runner and its server.
struct Wire {
    port: u16,
    frozen: Arc<AtomicBool>,
}

impl Wire {
    fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, frozen, server) = (listener.local_addr().unwrap().port(), Arc::default(), server.to_owned());
        let wire = Self { port, frozen: Arc::clone(&frozen) };
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
                let back = (server.try_clone().unwrap(), client.try_clone().unwrap());
                for (from, to) in [(client, server), back] {
                    let frozen = Arc::clone(&frozen);
                    std::thread::spawn(move || carry(from, to, &frozen));
                }
            }
        });
        wire
    }

    fn freeze(&self) {
        self.frozen.store(true, Ordering::SeqCst);
    }
}

/// Carries bytes on; nothing but the end of a connection once it is frozen.
fn carry(mut from: TcpStream, mut to: TcpStream, frozen: &AtomicBool) {
    let mut buffer = [0; 4096];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(_) if frozen.load(Ordering::SeqCst) => {}
            Ok(count) => {
                if to.write_all(&buffer[..count]).is_err() {
                    break;
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    // The other side may be gone already.
    let _ = to.shutdown(Shutdown::Both);
}

/// Freezes the server while the statement runs, and asks the run to stop.
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
            let (before, rest) = database.url.split_once("@").unwrap();
            let (server, name) = rest.split_once('/').unwrap();
            let wire = Wire::to(server);
            let frozen = connector(&format!("{before}@127.0.0.1:{}/{name}", wire.port));
            let directory = database.migrations(&[("1_slow.sql", database.slow())]);
            let set = layout::read(&directory, frozen.dialect()).unwrap();
            let migrator = Migrator::new(frozen, set, Options::default());
            let stop = Stop::default();
            let mut freezes = Freezes(&wire, stop.clone(), None);
            let error = block_on(migrator.up().observe(&mut freezes).stop(&stop)).unwrap_err();
            let took = freezes.2.unwrap().elapsed();
            assert!(took >= Duration::from_secs(8) && took < Duration::from_secs(10), "{took:?}");
            assert_eq!(error.report.outcome, Outcome::Cancellation);
            let Error::Abandoned { migration: Some(migration) } = &error.cause else { panic!("{error:?}") };
            assert_eq!(migration, "1 (slow)");
            // The server hears that we are gone, and whoever comes next gets the lock; MySQL may go on with the statement.
            if backend == Backend::Postgres && !super::locking::is_postgres_before_14(database) {
                let next = database.migrations(&[("1_slow.sql", "SELECT 1")]);
                eventually("the next run", || database.up(&next).ok());
                assert_eq!(database.applied(), ["1"]);
            }
        });
    }
}
