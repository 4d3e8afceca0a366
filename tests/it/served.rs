//! HTTP pages from outside: `serve`, and `--listen` during a run.

mod detail;
mod during;
mod names;
mod pages;
mod targets;
mod watching;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::support::eventually;

/// A process that listens on a port of its own; killed at the end of the test.
pub struct Server {
    child: Child,
    pub address: String,
    told: Arc<Mutex<Vec<String>>>,
}

/// One response.
#[derive(Debug)]
pub struct Answer {
    pub code: u16,
    pub head: String,
    pub body: String,
}

impl Server {
    /// Starts a command with `--listen` on any free port, and waits until it reports the address.
    pub fn start(command: &mut Command) -> Self {
        command.args(["--listen", "127.0.0.1:0"]).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let told: Arc<Mutex<Vec<String>>> = Arc::default();
        let (writes, stderr) = (Arc::clone(&told), child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines() {
                writes.lock().unwrap().push(line.unwrap());
            }
        });
        let mut server = Self { child, address: String::new(), told };
        server.address = server.line("listening on http://").replace("listening on http://", "");
        server
    }

    /// The first line on standard error that contains this text; waits for it.
    pub fn line(&self, part: &str) -> String {
        eventually(&format!("{part} in {:?}", self.told()), || self.told().into_iter().find(|line| line.contains(part)))
    }

    /// All lines on standard error so far.
    pub fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }

    pub fn get(&self, path: &str) -> Answer {
        ask(&self.address, "GET", path).unwrap()
    }

    pub fn status(&self) -> Value {
        serde_json::from_str(&self.get("/status").body).unwrap()
    }

    /// Waits until `/readyz` returns this status code.
    pub fn ready(&self, code: u16) -> String {
        eventually(&format!("/readyz is {code}, not {:?}", self.get("/readyz")), || {
            Some(self.get("/readyz")).filter(|answer| answer.code == code).map(|answer| answer.body)
        })
    }

    /// The value of a series whose labels contain all of `labels`.
    pub fn figure(&self, name: &str, labels: &[&str]) -> Option<f64> {
        figure(&self.get("/metrics").body, name, labels)
    }

    /// Waits until a series has this value.
    pub fn figure_is(&self, name: &str, labels: &[&str], value: f64) {
        eventually(&format!("{name}{labels:?} is {value}"), || {
            (self.figure(name, labels) == Some(value)).then_some(())
        });
    }

    pub fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Waits until the process ends.
    pub fn end(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request on a new connection; an error if no server is listening.
pub fn ask(address: &str, method: &str, path: &str) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let code = head.split(' ').nth(1).unwrap().parse().unwrap();
    Ok(Answer { code, head: head.to_lowercase(), body: body.to_owned() })
}

/// The one value of a series in a page of metrics.
pub fn figure(text: &str, name: &str, labels: &[&str]) -> Option<f64> {
    let mut values = text.lines().filter_map(|line| {
        let (series, value) = line.rsplit_once(' ')?;
        let (found, own) = series.split_once('{')?;
        (found == name && labels.iter().all(|label| own.contains(label))).then(|| value.parse().unwrap())
    });
    let value = values.next();
    assert!(values.next().is_none(), "{name}{labels:?} is there twice:\n{text}");
    value
}
