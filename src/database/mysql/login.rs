//! Connections to MySQL and MariaDB that use only authentication plugins from a closed list.
//!
//! sqlx-mysql 0.9 cannot restrict the plugins that it uses, and a patched copy would not reach programs that embed this library. So the relay
//! reads the server's greeting, and without TLS the whole login, before the driver does, on the same connection.

use std::io;
use std::path::PathBuf;

use sqlx::Connection;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlSslMode};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::error::from_connect;
use super::plugin::{self, Trust};
use crate::database::relay::{Loopback, Relay, Unread, carry, reach, unreachable};
use crate::database::shelter::shelter;
use crate::database::{DatabaseError, ErrorKind};

/// The largest packet of a login, in bytes; larger ones are refused.
const LONGEST_PACKET: usize = 64 * 1024;

/// Where to connect and how to log in.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) driver: MySqlConnectOptions,
    trust: Trust,
}

impl Login {
    /// A login with these driver options. The password is sent in clear text only to a verified server, and only where `clear` or the options
    /// themselves allow it.
    pub(super) fn new(driver: MySqlConnectOptions, clear: bool) -> Self {
        let verified = matches!(driver.get_ssl_mode(), MySqlSslMode::VerifyCa | MySqlSslMode::VerifyIdentity);
        let driver = match (verified, clear) {
            (false, _) => driver.enable_cleartext_plugin(false),
            (true, true) => driver.enable_cleartext_plugin(true),
            (true, false) => driver,
        };
        Self { driver, trust: Trust { verified, clear } }
    }

    /// A new connection and its relay.
    pub(super) async fn connect(&self) -> Result<(MySqlConnection, Relay), DatabaseError> {
        let socket = self.driver.get_socket().map(PathBuf::as_path);
        let mut server = reach(socket, self.driver.get_host(), self.driver.get_port()).await?;
        let greeting = packet(&mut server).await.map_err(unreachable)?;
        if let Some(name) = plugin::of_greeting(payload(&greeting))? {
            plugin::greeted(&name, self.trust)?;
        }
        let loopback = Loopback::new("mysql.sock").await.map_err(unreachable)?;
        let driver = leading_to(&loopback, self.driver.clone()).map_err(unreachable)?;
        let mut relay = Relay::start(async move |traffic| {
            let Ok(mut driver) = loopback.accept().await else { return None };
            match login(&mut server, &mut driver, &greeting).await {
                Ok(()) => carry(server, driver, Unread, &traffic).await,
                Err(Refusal::Server(error)) => Some(error),
                Err(Refusal::Broken) => None,
            }
        });
        match shelter(MySqlConnection::connect_with(&driver)).await {
            Ok(connection) => Ok((connection, relay)),
            Err(error) => Err(relay.finish().await.unwrap_or_else(|| from_connect(&error))),
        }
    }
}

#[cfg(unix)]
fn leading_to(loopback: &Loopback, driver: MySqlConnectOptions) -> io::Result<MySqlConnectOptions> {
    Ok(driver.socket(loopback.path()))
}

#[cfg(not(unix))]
fn leading_to(loopback: &Loopback, driver: MySqlConnectOptions) -> io::Result<MySqlConnectOptions> {
    Ok(driver.host("127.0.0.1").port(loopback.port()?))
}

/// Why a login was stopped.
enum Refusal {
    /// The server requires something that is refused.
    Server(DatabaseError),
    /// One of the two connections is closed.
    Broken,
}

impl From<io::Error> for Refusal {
    fn from(_: io::Error) -> Self {
        Self::Broken
    }
}

/// Forwards packet by packet until the login has succeeded or failed, or TLS begins.
async fn login<S, D>(server: &mut S, driver: &mut D, greeting: &[u8]) -> Result<(), Refusal>
where
    S: AsyncRead + AsyncWrite + Unpin,
    D: AsyncRead + AsyncWrite + Unpin,
{
    driver.write_all(greeting).await?;
    let answer = packet(driver).await?;
    server.write_all(&answer).await?;
    if asks_for_tls(payload(&answer)) {
        return Ok(());
    }
    loop {
        let packet = packet(server).await?;
        let body = payload(&packet);
        let answered = match body {
            [0x00 | 0xff, ..] => {
                driver.write_all(&packet).await?;
                return Ok(());
            }
            [0xfe, rest @ ..] => {
                let name = plugin::split_nul(rest).map_or(rest, |(name, _)| name);
                plugin::switched(&String::from_utf8_lossy(name)).map_err(Refusal::Server)?;
                true
            }
            // The server has the password cached: OK follows.
            [0x01, 0x03] => false,
            [0x01, 0x04] => return Err(Refusal::Server(plugin::full_authentication())),
            _ => {
                let message = "the server sent an invalid response to the login";
                return Err(Refusal::Server(DatabaseError::new(ErrorKind::Connect, message)));
            }
        };
        driver.write_all(&packet).await?;
        if answered {
            let answer = self::packet(driver).await?;
            server.write_all(&answer).await?;
        }
    }
}

/// Whether the driver's first packet is a TLS request: only the header of a login, with the TLS capability flag.
fn asks_for_tls(answer: &[u8]) -> bool {
    const SSL: u8 = 0x08;
    answer.len() == 32 && answer.get(1).is_some_and(|byte| byte & SSL != 0)
}

/// The next packet with its four-byte header.
async fn packet(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut packet = vec![0; 4];
    from.read_exact(&mut packet).await?;
    let length = packet.iter().take(3).rev().fold(0, |length, byte| (length << 8) | usize::from(*byte));
    if length > LONGEST_PACKET {
        let message =
            format!("the peer does not speak the MySQL protocol: a packet of {length} bytes during the login");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    packet.resize(4 + length, 0);
    from.read_exact(packet.get_mut(4..).unwrap_or_default()).await?;
    Ok(packet)
}

fn payload(packet: &[u8]) -> &[u8] {
    packet.get(4..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_allows_the_password_in_clear_needs_a_verified_server_as_well() {
        for (mode, allowed) in [
            (MySqlSslMode::Disabled, false),
            (MySqlSslMode::Preferred, false),
            (MySqlSslMode::Required, false),
            (MySqlSslMode::VerifyCa, true),
            (MySqlSslMode::VerifyIdentity, true),
        ] {
            let options = MySqlConnectOptions::new().ssl_mode(mode).enable_cleartext_plugin(true);
            let driver = format!("{:?}", Login::new(options, false).driver);
            assert!(driver.contains(&format!("enable_cleartext_plugin: {allowed}")), "{mode:?}");
        }
    }
}
