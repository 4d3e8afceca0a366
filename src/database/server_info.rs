//! Who is at the other end.

use serde::Serialize;

use crate::migration::Dialect;

/// Who is at the other end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerInfo {
    /// `postgresql`, `mysql`, `mariadb` or `sqlite`: OpenTelemetry's `db.system.name`.
    pub system: &'static str,
    /// The server's version as it gives it.
    pub version: String,
    /// The database's name; for SQLite the file's name without its directory.
    pub database: String,
    /// The schema that comes first among those of the search path that exist, where there is such a thing; whether or not the user may use it.
    pub schema: Option<String>,
    /// The user we are.
    pub user: Option<String>,
    /// Host name, address or socket path.
    pub address: Option<String>,
    /// The port of a server that is reached over a network.
    pub port: Option<u16>,
    /// The file of a SQLite database, as the URL has it.
    pub file: Option<String>,
    /// The server's number for this session.
    pub process: Option<u64>,
    /// Whether the server refuses writes (a standby, `read_only`), and its word for it.
    pub read_only: Option<&'static str>,
}

impl ServerInfo {
    /// OpenTelemetry's `db.namespace`: `database|schema`, or the database alone.
    #[must_use]
    pub fn namespace(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{}|{schema}", self.database),
            None => self.database.clone(),
        }
    }

    /// The port where it is not the one that every client tries.
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
