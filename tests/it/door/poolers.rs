//! A pooler that accepts no settings from the URL.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use super::Door;

/// Refuses every login with this message, and returns its port.
fn pooler(message: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // It is expected that the client disconnects.
            let _ = refuse(client, message);
        }
    });
    port
}

fn refuse(mut client: TcpStream, message: &str) -> std::io::Result<()> {
    // The request for TLS, and then the login.
    for answer in [Some(b"N"), None] {
        let mut length = [0; 4];
        client.read_exact(&mut length)?;
        let mut rest = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap() - length.len()];
        client.read_exact(&mut rest)?;
        if let Some(answer) = answer {
            client.write_all(answer)?;
        }
    }
    let fields = format!("SFATAL\0VFATAL\0C08P01\0M{message}\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap().to_be_bytes();
    client.write_all(&[&b"E"[..], &length, fields.as_bytes()].concat())
}

#[test]
fn what_a_pooler_refuses_of_the_url_is_said_with_what_to_do() {
    let door = Door::with(&[("1_a.sql", "SELECT 1;")]);
    for message in [
        "unsupported startup parameter: options",
        "unsupported startup parameter in options: search_path",
        "unsupported options startup parameter: only '-c config=val' is allowed",
    ] {
        let url = format!("postgres://u:p@127.0.0.1:{}/d?schema=app", pooler(message));
        let seen = door.run(&["up", "--database-url", &url]);
        assert_eq!(seen.code, Some(8), "{seen}");
        let help = "help: a pooler does not accept options, schema, search_path, statement_timeout or lock_timeout from the URL or PGOPTIONS: name the \
                    server itself, or leave them out and set them once with ALTER ROLE … IN DATABASE … SET …";
        assert!(seen.stderr.contains(message) && seen.stderr.contains(help), "{seen}");
    }
}
