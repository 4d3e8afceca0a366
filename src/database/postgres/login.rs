//! Connections to PostgreSQL with limits on what the server may send.

use std::io;
use std::path::PathBuf;

use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::error::from_connect;
use super::messages::Messages;
use crate::database::DatabaseError;
use crate::database::relay::{Loopback, Relay, Unread, carry, reach, unreachable};
use crate::database::shelter::shelter;

/// The largest first message of the driver, in bytes.
const LONGEST_FIRST: usize = 64 << 10;
/// The code of a TLS request, in place of a protocol version.
const TLS_REQUEST: u32 = 80_877_103;

/// Where to connect and how to log in.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) driver: PgConnectOptions,
}

impl Login {
    /// A new connection and its relay.
    pub(super) async fn connect(&self) -> Result<(PgConnection, Relay), DatabaseError> {
        let mut server = reach(self.socket().as_deref(), self.driver.get_host(), self.driver.get_port()).await?;
        let loopback = Loopback::new(&file_name(self.driver.get_port())).await.map_err(unreachable)?;
        let driver = leading_to(&loopback, self.driver.clone()).map_err(unreachable)?;
        let mut relay = Relay::start(async move |traffic| {
            let Ok(mut driver) = loopback.accept().await else { return None };
            match begin(&mut server, &mut driver).await {
                Ok(Protection::Tls) => carry(server, driver, Unread, &traffic).await,
                Ok(Protection::None) => carry(server, driver, Messages::default(), &traffic).await,
                // The driver reports that the connection is closed.
                Err(_) => None,
            }
        });
        match shelter(PgConnection::connect_with(&driver)).await {
            Ok(connection) => Ok((connection, relay)),
            Err(error) => Err(relay.finish().await.unwrap_or_else(|| from_connect(&error))),
        }
    }

    /// The path of the server's Unix socket, whose file name contains the port.
    fn socket(&self) -> Option<PathBuf> {
        let host = self.driver.get_host();
        let named = || host.starts_with('/').then(|| host.into());
        let directory = self.driver.get_socket().cloned().or_else(named)?;
        Some(directory.join(file_name(self.driver.get_port())))
    }
}

fn file_name(port: u16) -> String {
    format!(".s.PGSQL.{port}")
}

#[cfg(unix)]
fn leading_to(loopback: &Loopback, driver: PgConnectOptions) -> io::Result<PgConnectOptions> {
    // The driver takes the directory and appends the file name itself.
    loopback.path().parent().map(|directory| driver.socket(directory)).ok_or_else(|| io::ErrorKind::NotFound.into())
}

#[cfg(not(unix))]
fn leading_to(loopback: &Loopback, driver: PgConnectOptions) -> io::Result<PgConnectOptions> {
    Ok(driver.host("127.0.0.1").port(loopback.port()?))
}

/// The protection of a connection, which decides whether the relay can read its messages.
enum Protection {
    Tls,
    None,
}

/// Forwards the driver's first message, and the server's response to a TLS request.
async fn begin<S, D>(server: &mut S, driver: &mut D) -> io::Result<Protection>
where
    S: AsyncRead + AsyncWrite + Unpin,
    D: AsyncRead + AsyncWrite + Unpin,
{
    let length = driver.read_u32().await?;
    let body = usize::try_from(length).ok().and_then(|length| length.checked_sub(4));
    let Some(body) = body.filter(|body| *body <= LONGEST_FIRST) else { return Err(io::ErrorKind::InvalidData.into()) };
    let mut first = length.to_be_bytes().to_vec();
    first.resize(4 + body, 0);
    driver.read_exact(first.get_mut(4..).unwrap_or_default()).await?;
    server.write_all(&first).await?;
    if first.get(4..) != Some(&TLS_REQUEST.to_be_bytes()) {
        return Ok(Protection::None);
    }
    let answer = server.read_u8().await?;
    driver.write_u8(answer).await?;
    Ok(if answer == b'S' { Protection::Tls } else { Protection::None })
}
