//! A local socket that only this process can connect to.

#[cfg(not(unix))]
pub(in crate::database) use self::tcp::Loopback;
#[cfg(unix)]
pub(in crate::database) use self::unix::Loopback;

#[cfg(unix)]
mod unix {
    use std::io;
    use std::path::{Path, PathBuf};

    use tokio::net::{UnixListener, UnixStream};
    use uuid::Uuid;

    pub(in crate::database) struct Loopback {
        listener: UnixListener,
        directory: PathBuf,
        path: PathBuf,
    }

    impl Loopback {
        /// A socket with this name in its own directory. On Linux it is an abstract socket without a file, because a container may have
        /// no writable directory.
        pub(in crate::database) async fn new(name: &str) -> io::Result<Self> {
            let mut unique = format!("migrascope-{}", Uuid::now_v7().simple());
            let directory = match cfg!(any(target_os = "linux", target_os = "android")) {
                true => PathBuf::from(format!("\0{unique}")),
                false => {
                    // Other systems limit a socket's path to about 100 bytes; the end of the identifier is its random part.
                    unique.replace_range(11..31, "");
                    let directory = std::env::temp_dir().join(unique);
                    private(&directory)?;
                    directory
                }
            };
            let path = directory.join(name);
            Ok(Self { listener: UnixListener::bind(&path)?, directory, path })
        }

        /// The path of the socket, in its own directory.
        pub(in crate::database) fn path(&self) -> &Path {
            &self.path
        }

        /// Accepts the first connection from this process; others are dropped.
        pub(in crate::database) async fn accept(&self) -> io::Result<UnixStream> {
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
            // An abstract socket has no file to remove.
            let _ = std::fs::remove_file(&self.path);
            let _ = std::fs::remove_dir(&self.directory);
        }
    }

    fn private(directory: &Path) -> io::Result<()> {
        use std::os::unix::fs::DirBuilderExt;
        std::fs::DirBuilder::new().mode(0o700).create(directory)
    }
}

/// For systems without Unix sockets. The driver connects to the loopback address, so certificates are verified but host names do not match.
#[cfg(not(unix))]
mod tcp {
    use std::io;
    use std::net::Ipv4Addr;

    use tokio::net::{TcpListener, TcpStream};

    pub(in crate::database) struct Loopback(TcpListener);

    impl Loopback {
        pub(in crate::database) async fn new(_name: &str) -> io::Result<Self> {
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map(Self)
        }

        pub(in crate::database) fn port(&self) -> io::Result<u16> {
            Ok(self.0.local_addr()?.port())
        }

        pub(in crate::database) async fn accept(&self) -> io::Result<TcpStream> {
            self.0.accept().await.map(|(stream, _)| stream)
        }
    }
}
