//! A socket of our own that only this process can connect to.

#[cfg(not(unix))]
pub(super) use self::tcp::Loopback;
#[cfg(unix)]
pub(super) use self::unix::Loopback;

#[cfg(unix)]
mod unix {
    use std::io;
    use std::path::PathBuf;

    use sqlx::mysql::MySqlConnectOptions;
    use tokio::net::{UnixListener, UnixStream};
    use uuid::Uuid;

    pub(in crate::database::mysql) struct Loopback {
        listener: UnixListener,
        path: PathBuf,
    }

    impl Loopback {
        /// A socket with a name of its own: without a file where the system has such sockets, since a container may have no
        /// directory to write to.
        pub(in crate::database::mysql) async fn new() -> io::Result<Self> {
            let name = format!("migrascope-{}", Uuid::now_v7().simple());
            let path = match cfg!(any(target_os = "linux", target_os = "android")) {
                true => PathBuf::from(format!("\0{name}")),
                false => std::env::temp_dir().join(name),
            };
            Ok(Self { listener: UnixListener::bind(&path)?, path })
        }

        /// Makes the driver connect here.
        pub(in crate::database::mysql) fn lead(&self, driver: MySqlConnectOptions) -> io::Result<MySqlConnectOptions> {
            Ok(driver.socket(&self.path))
        }

        /// The first connection of this process; those of others are dropped.
        pub(in crate::database::mysql) async fn accept(&self) -> io::Result<UnixStream> {
            let ours = UnixStream::pair()?.0.peer_cred()?;
            loop {
                let (stream, _) = self.listener.accept().await?;
                let other = stream.peer_cred()?;
                if (other.uid(), other.pid()) == (ours.uid(), ours.pid()) {
                    return Ok(stream);
                }
            }
        }
    }

    impl Drop for Loopback {
        fn drop(&mut self) {
            // A socket without a file has nothing to remove.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Where there are no Unix sockets. The name in a certificate is that of another host then: `VERIFY_CA` works, `VERIFY_IDENTITY` does not.
#[cfg(not(unix))]
mod tcp {
    use std::io;
    use std::net::Ipv4Addr;

    use sqlx::mysql::MySqlConnectOptions;
    use tokio::net::{TcpListener, TcpStream};

    pub(in crate::database::mysql) struct Loopback(TcpListener);

    impl Loopback {
        pub(in crate::database::mysql) async fn new() -> io::Result<Self> {
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map(Self)
        }

        pub(in crate::database::mysql) fn lead(&self, driver: MySqlConnectOptions) -> io::Result<MySqlConnectOptions> {
            Ok(driver.host("127.0.0.1").port(self.0.local_addr()?.port()))
        }

        pub(in crate::database::mysql) async fn accept(&self) -> io::Result<TcpStream> {
            self.0.accept().await.map(|(stream, _)| stream)
        }
    }
}
