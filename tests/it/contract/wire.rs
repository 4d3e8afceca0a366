//! A proxy between a runner and its server that can be frozen (as a whole or one connection), delayed, or silent from the start.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::TestDatabase;

#[derive(Debug, Clone, Copy, Default)]
struct Faults {
    mute: bool,
    frozen: bool,
    /// Connections are counted from 1.
    frozen_alone: Option<usize>,
    /// The delay of the server's data on this connection.
    late: Option<(usize, Duration)>,
}

/// The proxy.
pub(super) struct Wire {
    /// The database's URL through the proxy.
    pub(super) url: String,
    faults: Arc<Mutex<Faults>>,
}

impl Wire {
    pub(super) fn to(database: &TestDatabase) -> Self {
        let (before, rest) = database.url.split_once('@').unwrap();
        let (server, name) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("{before}@127.0.0.1:{}/{name}", listener.local_addr().unwrap().port());
        let faults: Arc<Mutex<Faults>> = Arc::default();
        let (shared, server) = (Arc::clone(&faults), server.to_owned());
        std::thread::spawn(move || listen(&listener, &server, &shared));
        Self { url, faults }
    }

    fn set(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.faults.lock().unwrap());
    }

    /// Accepts connections and sends nothing.
    pub(super) fn be_mute(&self) {
        self.set(|faults| faults.mute = true);
    }

    /// Drops everything from now on, without closing any connection.
    pub(super) fn freeze(&self) {
        self.set(|faults| faults.frozen = true);
    }

    /// The same for one connection.
    pub(super) fn freeze_alone(&self, number: usize) {
        self.set(|faults| faults.frozen_alone = Some(number));
    }

    /// Delays the server's data on this connection.
    pub(super) fn delay(&self, number: usize, by: Duration) {
        self.set(|faults| faults.late = Some((number, by)));
    }
}

fn listen(listener: &TcpListener, server: &str, faults: &Arc<Mutex<Faults>>) {
    let mut kept = Vec::new();
    for (number, client) in (1..).zip(listener.incoming()) {
        let client = client.unwrap();
        if faults.lock().unwrap().mute {
            kept.push(client);
            continue;
        }
        let server = TcpStream::connect(server).unwrap();
        let back = (server.try_clone().unwrap(), client.try_clone().unwrap());
        for (from, to, from_server) in [(client, server, false), (back.0, back.1, true)] {
            let faults = Arc::clone(faults);
            std::thread::spawn(move || carry(from, to, (number, from_server), &faults));
        }
    }
}

/// Forwards bytes; once it is frozen, only the end of a connection.
fn carry(mut from: TcpStream, mut to: TcpStream, (number, from_server): (usize, bool), faults: &Mutex<Faults>) {
    let mut buffer = [0; 4096];
    loop {
        let read = from.read(&mut buffer);
        let faults = *faults.lock().unwrap();
        match read {
            Ok(0) => break,
            Ok(_) if faults.frozen || faults.frozen_alone == Some(number) => {}
            Ok(count) => {
                if let Some((_, by)) = faults.late.filter(|(late, _)| from_server && *late == number) {
                    std::thread::sleep(by);
                }
                if to.write_all(&buffer[..count]).is_err() {
                    break;
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    // The other side may have closed already.
    let _ = to.shutdown(Shutdown::Both);
}
