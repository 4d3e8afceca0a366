//! The closed list of authentication plugins by which a server may request the password.
//!
//! The driver uses any plugin that the server's greeting names, before it has verified the server.

use crate::database::{DatabaseError, ErrorKind};

/// The protection of the connection on which a plugin is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trust {
    /// Whether everything is sent over TLS to a server with a verified certificate.
    pub(super) verified: bool,
    /// Whether the URL allows sending the password in clear text on such a connection.
    pub(super) clear: bool,
}

/// Refuses a plugin that a server requests in its greeting.
pub(super) fn greeted(name: &str, trust: Trust) -> Result<(), DatabaseError> {
    match name {
        "mysql_native_password" | "caching_sha2_password" => Ok(()),
        // This plugin sends the password itself to the server.
        "sha256_password" if trust.verified => Ok(()),
        "mysql_clear_password" if trust.verified && trust.clear => Ok(()),
        other => Err(refused(other)),
    }
}

/// Refuses a plugin that a server switches to on an unencrypted connection.
pub(super) fn switched(name: &str) -> Result<(), DatabaseError> {
    match name {
        "mysql_native_password" | "caching_sha2_password" => Ok(()),
        other => Err(refused(other)),
    }
}

/// The error when the server requires the whole password on an unencrypted connection.
pub(super) fn full_authentication() -> DatabaseError {
    let hint = "connect with TLS: ssl-mode=REQUIRED, or better VERIFY_IDENTITY, in the URL's query. The key that the server would send to \
                encrypt the password cannot be trusted without TLS";
    let message = "caching_sha2_password requires the whole password, which is not sent without TLS";
    DatabaseError { hint: Some(hint.to_owned()), ..DatabaseError::new(ErrorKind::Authentication, message) }
}

/// The error for a refused plugin; no part of the password was sent.
fn refused(name: &str) -> DatabaseError {
    let (why, hint) = match name {
        "mysql_clear_password" => (
            "would send the password in clear text",
            "if the server checks passwords elsewhere (LDAP, PAM, IAM), write ssl-mode=VERIFY_IDENTITY&enable_cleartext_plugin=true in the \
             URL's query; otherwise find out who answers at this address",
        ),
        "sha256_password" => (
            "would send the password in clear text to a server without a verified certificate",
            "write ssl-mode=VERIFY_IDENTITY in the URL's query, or give the user caching_sha2_password",
        ),
        _ => (
            "is not supported",
            "give the user mysql_native_password or caching_sha2_password, for example ALTER USER … IDENTIFIED VIA \
             mysql_native_password (MariaDB)",
        ),
    };
    let shown: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || "_-.".contains(*c)).take(64).collect();
    let message = format!("the server requests the authentication plugin {shown}, which {why}");
    DatabaseError { hint: Some(hint.to_owned()), ..DatabaseError::new(ErrorKind::Authentication, message) }
}

/// The error for a switch inside of TLS, which only the driver sees.
pub(super) fn from_driver(message: &str) -> Option<DatabaseError> {
    if message.starts_with("mysql_cleartext_plugin disabled") {
        return Some(refused("mysql_clear_password"));
    }
    message.strip_prefix("unknown authentication plugin: ")?.split(' ').next().map(refused)
}

/// The plugin that a greeting names; `Ok(None)` where it names none or refuses the connection.
///
/// Reads every field at the same offset as the driver.
pub(super) fn of_greeting(greeting: &[u8]) -> Result<Option<String>, DatabaseError> {
    const SECURE_CONNECTION: u32 = 0x8000;
    const PLUGIN_AUTH: u32 = 0x8_0000;
    if greeting.first() == Some(&0xff) {
        return Ok(None);
    }
    let parse = || {
        let rest = greeting.strip_prefix(&[10])?;
        let (_version, rest) = split_nul(rest)?;
        // Thread id, first part of the nonce, and a filler.
        let rest = rest.get(13..)?;
        let [low, low2, _collation, _status, _status2, high, high2, nonce, ..] = *rest else { return None };
        let capabilities = u32::from_le_bytes([low, low2, high, high2]);
        let mut rest = rest.get(18..)?;
        if capabilities & SECURE_CONNECTION != 0 {
            let nonce = if capabilities & PLUGIN_AUTH == 0 { 0 } else { nonce };
            rest = rest.get(usize::from(nonce.saturating_sub(9).max(12)) + 1..)?;
        }
        match capabilities & PLUGIN_AUTH {
            0 => Some(None),
            _ => split_nul(rest).map(|(name, _)| Some(String::from_utf8_lossy(name).into_owned())),
        }
    };
    parse().ok_or_else(|| {
        let message = "the peer does not speak the MySQL protocol: its greeting is invalid";
        DatabaseError::new(ErrorKind::Connect, message)
    })
}

/// The bytes before the first NUL, and those after it.
pub(super) fn split_nul(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|byte| *byte == 0)?;
    Some((bytes.get(..at)?, bytes.get(at + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MYSQL: &[u8] = b"\n8.0.18\0\x19\0\0\0\x114aB0c\x06g\0\xff\xff\xff\x02\0\xff\xc7\x15\0\0\0\0\0\0\0\0\0\0tL\x03s\x0f[4\rl4. \0caching_sha2_password\0";
    const MARIADB: &[u8] = b"\n5.5.5-10.4.7-MariaDB\0\x0b\0\0\0t6L\\j\"dS\0\xfe\xf7\x08\x02\0\xff\x81\x15\0\0\0\0\0\0\x07\0\0\0U14Oph9\"<H5n\0mysql_native_password\0";

    #[test]
    fn a_greeting_names_its_plugin() {
        assert_eq!(of_greeting(MYSQL), Ok(Some("caching_sha2_password".to_owned())));
        assert_eq!(of_greeting(MARIADB), Ok(Some("mysql_native_password".to_owned())));
        assert_eq!(of_greeting(b"\xff\x10\x04Too many connections"), Ok(None));
    }

    #[test]
    fn what_is_no_greeting_is_refused() {
        for end in 0..MARIADB.len() {
            of_greeting(&MARIADB[..end]).expect_err("cut off");
        }
        for other in [&b""[..], b"\x09old\0", b"SSH-2.0-OpenSSH", b"HTTP/1.1 400 Bad Request\r\n"] {
            of_greeting(other).expect_err("something else");
        }
    }

    #[test]
    fn plugins_are_a_closed_list() {
        let trust = |verified, clear| Trust { verified, clear };
        for name in ["mysql_native_password", "caching_sha2_password"] {
            assert_eq!((greeted(name, trust(false, false)), switched(name)), (Ok(()), Ok(())));
        }
        for (name, verified, clear, allowed) in [
            ("mysql_clear_password", true, true, true),
            ("mysql_clear_password", true, false, false),
            ("mysql_clear_password", false, true, false),
            ("sha256_password", true, false, true),
            ("sha256_password", false, false, false),
            ("client_ed25519", true, true, false),
            ("dialog", true, true, false),
            ("", true, true, false),
        ] {
            assert_eq!(greeted(name, trust(verified, clear)).is_ok(), allowed, "{name} {verified} {clear}");
            switched(name).expect_err("an unencrypted connection");
        }
        let error = from_driver("unknown authentication plugin: client_ed25519 (sqlx_mysql::protocol::auth:40)");
        assert!(error.is_some_and(|error| error.message.contains("client_ed25519, which is not supported")));
        assert_eq!(from_driver("expected NUL in byte sequence"), None);
    }
}
