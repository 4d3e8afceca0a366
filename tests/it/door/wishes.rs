//! A request for protection of the connection to PostgreSQL is fulfilled or causes an error, wherever it is made: in the URL, a variable, a
//! service file or the home directory.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::{Door, Seen};
use crate::tale::certificates::{Authority, Clients};

/// A PostgreSQL server with TLS that counts connections and login attempts; no login succeeds.
struct Server {
    port: u16,
    begun: Arc<AtomicUsize>,
    logins: Arc<AtomicUsize>,
}

impl Server {
    fn certified_by(authority: &Authority) -> Self {
        let mut config = authority.config(Clients::Anybody);
        config.alpn_protocols.clear();
        let (config, listener) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").unwrap());
        let server =
            Self { port: listener.local_addr().unwrap().port(), begun: Arc::default(), logins: Arc::default() };
        let (begun, logins) = (Arc::clone(&server.begun), Arc::clone(&server.logins));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                begun.fetch_add(1, Ordering::SeqCst);
                if login(client, Arc::clone(&config)).is_ok() {
                    logins.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        server
    }

    /// Reads the history there; returns the output, and whether a login was attempted.
    fn meets(&self, door: &Door, query: &str, variables: &[(&str, &str)]) -> (Seen, bool) {
        let before = self.logins.load(Ordering::SeqCst);
        let url = format!("postgres://u:throwaway@127.0.0.1:{}/d{query}", self.port);
        let seen = door.run_with(&[&[("DATABASE_URL", url.as_str())], variables].concat(), &["status"]);
        (seen, self.logins.load(Ordering::SeqCst) > before)
    }
}

/// Up to the first message after the handshake, which contains the user name.
fn login(mut client: TcpStream, config: Arc<ServerConfig>) -> std::io::Result<()> {
    let mut wish = [0; 8];
    client.read_exact(&mut wish)?;
    assert_eq!(wish[4..], 80_877_103_u32.to_be_bytes(), "TLS is asked for first");
    client.write_all(b"S")?;
    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), client);
    stream.read_exact(&mut wish)
}

/// Sets a home directory with this certificate authority.
fn home(door: &Door, name: &str, authority: &Authority) -> String {
    door.write(&format!("{name}/.postgresql/root.crt"), std::fs::read(authority.text("ca.pem")).unwrap());
    text(&door.path().join(name))
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn require_verifies_where_an_authority_is_named() {
    let (door, ours, other) = (Door::shop(), Authority::called("Ours"), Authority::called("Another"));
    let server = Server::certified_by(&ours);
    let (ca, wrong) = (ours.text("ca.pem"), other.text("ca.pem"));
    let (our_home, other_home) = (home(&door, "ours", &ours), home(&door, "other", &other));
    door.write(
        "service",
        format!("[ours]\nsslmode=require\nsslrootcert={ca}\n[other]\nsslmode=require\nsslrootcert={wrong}\n"),
    );
    let (named, misnamed) =
        (format!("?sslmode=require&sslrootcert={ca}"), format!("?sslmode=require&sslrootcert={wrong}"));
    let require = "?sslmode=require";
    for (query, variables, logs_in) in [
        // There is no certificate to verify with.
        (require, &[][..], true),
        (&named, &[], true),
        (&misnamed, &[], false),
        (require, &[("PGSSLROOTCERT", ca.as_str())], true),
        (require, &[("PGSSLROOTCERT", wrong.as_str())], false),
        ("", &[("PGSSLMODE", "require"), ("PGSSLROOTCERT", wrong.as_str())], false),
        (&named, &[("PGSSLROOTCERT", wrong.as_str())], true),
        ("", &[("PGSERVICEFILE", "service"), ("PGSERVICE", "ours")], true),
        ("", &[("PGSERVICEFILE", "service"), ("PGSERVICE", "other")], false),
        // The files that psql finds in the home directory.
        (require, &[("HOME", our_home.as_str())], true),
        (require, &[("HOME", other_home.as_str())], false),
        ("?sslmode=verify-full", &[("HOME", our_home.as_str())], true),
        (&named, &[("HOME", other_home.as_str())], true),
        ("", &[("HOME", other_home.as_str())], true),
    ] {
        let (seen, logged_in) = server.meets(&door, query, variables);
        assert_eq!((seen.code, logged_in), (Some(8), logs_in), "{query} {variables:?}: {seen}");
    }
}

#[test]
fn what_the_driver_cannot_do_is_refused_wherever_it_stands() {
    let (door, server) = (Door::shop(), Server::certified_by(&Authority::called("Ours")));
    let table: [(&str, &str, &[&str]); 3] = [
        ("sslmode", "PGSSLMODE", &["bogus", "requird", "true", "verify"]),
        ("require_auth", "PGREQUIREAUTH", &["scram-sha-256", "md5", "password", "none", "!password", "gss", "bogus"]),
        ("channel_binding", "PGCHANNELBINDING", &["require", "bogus", "1"]),
    ];
    for (parameter, variable, values) in table {
        for value in values {
            door.write("service", format!("[app]\n{parameter}={value}\n"));
            let service = [("PGSERVICEFILE", "service"), ("PGSERVICE", "app")];
            for (query, variables, place) in [
                (format!("?{parameter}={value}"), &[][..], format!("the URL's parameter {parameter} ")),
                (String::new(), &[(variable, *value)], format!("the variable {variable} ")),
                ("?sslmode=prefer".to_owned(), &[(variable, *value)], format!("the variable {variable} ")),
                (String::new(), &service, format!("the service file's parameter {parameter} ")),
            ] {
                let (seen, _) = server.meets(&door, &query, variables);
                assert_eq!(seen.code, Some(2), "{query} {variables:?}: {seen}");
                assert!(seen.stderr.contains(&place), "{query} {variables:?}: {seen}");
            }
        }
    }
    for value in ["disable", "prefer"] {
        let (seen, _) = server.meets(&door, &format!("?channel_binding={value}"), &[("PGCHANNELBINDING", value)]);
        assert_eq!(seen.code, Some(8), "{seen}");
    }
    assert_eq!(server.begun.load(Ordering::SeqCst), 2, "only what can be honoured has reached the server");
}

#[cfg(unix)]
#[test]
fn a_variable_that_the_driver_would_misread_is_refused() {
    use std::os::unix::ffi::OsStrExt as _;

    let (door, ours) = (Door::shop(), Authority::called("Ours"));
    let server = Server::certified_by(&ours);
    let url = format!("postgres://u@127.0.0.1:{}/d", server.port);
    for variable in ["PGSSLMODE", "PGREQUIREAUTH", "PGCHANNELBINDING", "PGSSLROOTCERT"] {
        let mut command = door.command(&["status", "--database-url", &url]);
        let seen = Seen::of(command.env(variable, std::ffi::OsStr::from_bytes(b"require\xff")).output().unwrap());
        assert_eq!(seen.code, Some(2), "{seen}");
        assert!(seen.stderr.contains(&format!("the variable {variable} is not UTF-8")), "{seen}");
    }
    let ca = ours.text("ca.pem");
    for (query, value) in [("", "system"), ("?sslrootcert=system", "system"), ("?sslrootcert=system", ca.as_str())] {
        let (seen, _) = server.meets(&door, query, &[("PGSSLROOTCERT", value)]);
        assert_eq!(seen.code, Some(2), "{query} {value}: {seen}");
        assert!(
            seen.stderr.contains("the variable PGSSLROOTCERT cannot be combined with the system's authorities"),
            "{seen}"
        );
    }
    assert_eq!(server.begun.load(Ordering::SeqCst), 0);
}
