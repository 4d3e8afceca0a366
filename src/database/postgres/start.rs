//! The start of a session: its settings, `--connection-init`, and the identity of the server.

use super::authority::Authority;
use super::session::PostgresSession;
use super::{Postgres, client, product, sharing};
use crate::database::{Access, DatabaseError};

/// The query for the identity. `current_schema()` skips schemas that the user may not use, so its result depends on the role. The first existing
/// schema of the path does not. The path is parsed like the server does: quoted, or in lower case.
const IDENTITY: &str = "SELECT pg_catalog.current_database(), pg_catalog.current_schema(), \
     (SELECT n.nspname FROM \
       (SELECT CASE WHEN p.p[1] IS NULL THEN pg_catalog.lower(p.p[2]) ELSE pg_catalog.replace(p.p[1], '\"\"', '\"') END AS name, p.ordinality \
        FROM pg_catalog.regexp_matches(pg_catalog.current_setting('search_path'), '\"((?:[^\"]|\"\")+)\"|([^\",[:space:]]+)', 'g') WITH ORDINALITY AS p) AS s \
       JOIN pg_catalog.pg_namespace AS n ON n.nspname OPERATOR(pg_catalog.=) \
         CASE WHEN s.name OPERATOR(pg_catalog.=) '$user' THEN current_user::pg_catalog.text ELSE s.name END \
       ORDER BY s.ordinality LIMIT 1), current_user, \
     pg_catalog.current_setting('server_version'), pg_catalog.pg_backend_pid(), pg_catalog.pg_is_in_recovery(), \
     pg_catalog.current_setting('default_transaction_read_only'), session_user, pg_catalog.current_setting('role'), pg_catalog.version(), \
     pg_catalog.current_setting('standard_conforming_strings')";

/// The value of `standard_conforming_strings` after a `RESET`: from the server, the database, the role or the connection's parameters.
const RESET_TO: &str =
    "SELECT reset_val FROM pg_catalog.pg_settings WHERE name OPERATOR(pg_catalog.=) 'standard_conforming_strings'";

impl PostgresSession {
    pub(super) async fn prepare(&mut self, connector: &Postgres) -> Result<(), DatabaseError> {
        self.options = connector.login.driver.get_options().map(str::to_owned);
        if !self.init.is_empty() && connector.is_pooled(&mut self.wire).await? {
            return Err(sharing::no_initialisation());
        }
        // It runs first, because its settings, such as the search path, determine the identity.
        self.initialise().await?;
        let identity = match self.access {
            // In its own transaction, like the checks: if the server refuses transactions, that is the result of every check.
            Access::Check => self.wire.plain_alone(IDENTITY).await,
            Access::Read | Access::Watch | Access::Write => self.wire.plain(IDENTITY).await,
        };
        let mut identity = match identity {
            Ok(identity) => identity,
            Err(error) => return Err(product::behind(&mut self.wire, error).await),
        };
        let mut row = identity.pop().unwrap_or_default().into_iter();
        let mut next = || row.next().flatten();
        self.sql.identity.database = next().unwrap_or_default();
        self.sql.home = next();
        self.sql.identity.schema = next();
        self.sql.identity.user = next();
        self.sql.identity.version = next().unwrap_or_default();
        self.sql.identity.process = next().and_then(|pid| pid.parse().ok());
        self.wire.process = self.sql.identity.process;
        let standby = next().as_deref() == Some("t");
        let read_only = next().as_deref() == Some("on") && !self.access.only_reads();
        self.sql.identity.read_only = match (standby, read_only) {
            (true, _) => Some("a standby in recovery"),
            (false, true) => Some("default_transaction_read_only is on"),
            (false, false) => None,
        };
        self.sql.authority = Authority { user: next(), role: next() };
        let version = next().unwrap_or_default();
        self.sql.backslash_escapes = next().as_deref() == Some("off");
        product::supported(&version)?;
        self.sql.backslash_escapes_by_default = match self.init.is_empty() {
            true => self.sql.backslash_escapes,
            false => self.is_reset_to_escapes().await?,
        };
        Ok(())
    }

    /// Whether a backslash is an escape in plain strings after a `RESET`.
    async fn is_reset_to_escapes(&mut self) -> Result<bool, DatabaseError> {
        let reset = match self.access {
            Access::Check => self.wire.plain_alone(RESET_TO).await?,
            Access::Read | Access::Watch | Access::Write => self.wire.plain(RESET_TO).await?,
        };
        Ok(reset.first().and_then(|row| row.first()?.as_deref()) == Some("off"))
    }

    pub(super) async fn initialise(&mut self) -> Result<(), DatabaseError> {
        // For a read-only command, --connection-init must not write either.
        let only_reads = !self.init.is_empty() && self.access != Access::Write;
        if only_reads {
            self.wire.query("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY").await?;
        }
        for sql in self.init.clone() {
            self.wire.in_path(&sql).await?;
        }
        // Health checks write a row, and roll it back.
        if only_reads && self.access == Access::Check {
            self.wire.query("RESET default_transaction_read_only").await?;
        }
        Ok(())
    }

    /// Sets up the session of a run, which is not shared: detect a dead client during a long statement, keep a long idle session open, and give
    /// scripts the settings of an ordinary client.
    pub(super) async fn settle(&mut self) -> Result<(), DatabaseError> {
        let settings = [&sharing::TCP[..], &[sharing::NOTICE_A_DEAD_CLIENT]].concat();
        self.wire.query(&sharing::keep_alive(&settings)).await?;
        self.wire.query(sharing::STAY_IDLE).await?;
        if self.clients_own.is_none() {
            self.clients_own = Some(client::own(&mut self.wire, self.options.as_deref()).await?);
        }
        match client::set(self.clients_own.as_deref().unwrap_or_default()) {
            Some(sql) => self.wire.query(&sql).await.map(drop),
            None => Ok(()),
        }
    }
}
