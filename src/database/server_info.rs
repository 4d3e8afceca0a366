//! The server and the session that a connection has reached.

use serde::Serialize;

use crate::migration::Dialect;

/// The server and the session that a connection has reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerInfo {
    /// `postgresql`, `mysql`, `mariadb` or `sqlite`: OpenTelemetry's `db.system.name`.
    pub system: &'static str,
    /// The version as the server reports it.
    pub version: String,
    /// The database's name; for SQLite the file's name without its directory.
    pub database: String,
    /// The first schema of the search path that exists, if the database has schemas; the user may not be allowed to use it.
    pub schema: Option<String>,
    /// The current user.
    pub user: Option<String>,
    /// Host name, address or socket path.
    pub address: Option<String>,
    /// The port of a server that is reached over TCP.
    pub port: Option<u16>,
    /// The file of a SQLite database, as given in the URL.
    pub file: Option<String>,
    /// The process number of this session on the server.
    pub process: Option<u64>,
    /// Why the server refuses writes (a standby, `read_only`); `None` if it accepts them.
    pub read_only: Option<&'static str>,
}

impl ServerInfo {
    /// OpenTelemetry's `db.namespace`: `database|schema`, or only the database.
    #[must_use]
    pub fn namespace(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{}|{schema}", self.database),
            None => self.database.clone(),
        }
    }

    /// The port, if it is not the default port.
    #[must_use]
    pub fn unusual_port(&self) -> Option<u16> {
        self.port.filter(|port| *port != if self.system == "postgresql" { 5432 } else { 3306 })
    }

    /// The dialect of its SQL.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        match self.system {
            "postgresql" => Dialect::Postgres,
            "sqlite" => Dialect::Sqlite,
            _ => Dialect::Mysql,
        }
    }
}
