//! A wire between a runner and its server that can be frozen, whole or one connection of it, made slow, or mute from the start.

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
    /// How much later what the server sends on this connection arrives.
    late: Option<(usize, Duration)>,
}

/// Stands between a runner and its server.
pub(super) struct Wire {
    /// The database's URL through it.
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

    /// Takes connections and says nothing.
    pub(super) fn be_mute(&self) {
        self.set(|faults| faults.mute = true);
    }

    /// Swallows everything from now on, without closing anything.
    pub(super) fn freeze(&self) {
        self.set(|faults| faults.frozen = true);
    }

    /// The same for one connection.
    pub(super) fn freeze_alone(&self, number: usize) {
        self.set(|faults| faults.frozen_alone = Some(number));
    }

    /// What the server sends on this connection arrives so much later.
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

/// Carries bytes on; nothing but the end of a connection once it is frozen.
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
    // The other side may be gone already.
    let _ = to.shutdown(Shutdown::Both);
}
