//! Converts URL, service file and `PG*` variables to the driver's options, in this order of precedence, as in libpq.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx::postgres::PgConnectOptions;

use super::parameters::{Key, TABLE, VARIABLES};
use super::search_path;
use super::service::{self, Environment};
use crate::database::url::{
    Ask, Extras, Given, Mode, Origin, Parts, authorities_are_files, first, limit, mode, server, understand,
};
use crate::database::{SecretUrl, UrlError};

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

/// The driver's options, and the settings that the driver does not support.
pub(super) fn parse(url: &SecretUrl, environment: &Environment<'_>) -> Result<(PgConnectOptions, Extras), UrlError> {
    let settings = Settings::gather(url, environment)?;
    settings.check_files(environment)?;
    let driver = settings.driver_url()?.driver_options()?;
    Ok((driver, settings.extras()?))
}

/// The variables that supply a password, where the URL names a server and has no password.
pub(in crate::database) fn password_variables(url: &SecretUrl) -> &'static [&'static str] {
    let Ok(Parts { password, host, port, query, .. }) = server(url.behind_scheme()) else { return &[] };
    let Ok(query) = understand(TABLE, query.into_iter().map(Given::in_url).collect()) else { return &[] };
    let has = |key| first(&query, key).is_some_and(|given| !given.value.is_empty());
    let place = [Key::Host, Key::HostAddress, Key::Port, Key::Service].into_iter().any(has);
    match (host.is_some() || port.is_some() || place) && password.is_none() && !has(Key::Password) {
        true => &["PGPASSWORD", "PGSERVICE"],
        false => &[],
    }
}

/// All settings; of two with the same key, the one with the higher precedence comes first.
struct Settings(Vec<(Key, Given)>);

impl Settings {
    fn gather(url: &SecretUrl, environment: &Environment<'_>) -> Result<Self, UrlError> {
        let Parts { user, password, host, port, database, query } = server(url.behind_scheme())?;
        let parts = [("host", host), ("port", port), ("user", user), ("password", password), ("dbname", database)];
        let parts = parts.into_iter().filter_map(|(name, value)| Some(Given::in_url((name.to_owned(), value?))));
        let mut settings = understand(TABLE, query.into_iter().map(setting_of_sqlx).map(Given::in_url).collect())?;
        // As in libpq: postgres://localhost/app?host=/run/postgresql means a Unix socket.
        let parts = understand(TABLE, parts.collect())?;
        settings.extend(parts.into_iter().filter(|(key, _)| first(&settings, *key).is_none()).collect::<Vec<_>>());
        let mut variables = understand_variables(environment, &settings)?;
        let service = first(&settings, Key::Service).or_else(|| first(&variables, Key::Service));
        if let Some(service) = service {
            let file = first(&settings, Key::ServiceFile).or_else(|| first(&variables, Key::ServiceFile));
            let found = service::parameters(service, file, environment)?;
            settings.extend(understand(TABLE, found)?);
        }
        settings.append(&mut variables);
        let mut settings = Self(settings);
        settings.look_for_authority(environment)?;
        Ok(settings)
    }

    /// Where TLS is required and no authority is named, libpq verifies with the authority's certificate in the home directory.
    fn look_for_authority(&mut self, environment: &Environment<'_>) -> Result<(), UrlError> {
        if self.get(Key::RootCertificate).is_some() || self.tls()?.is_none_or(|mode| mode < Mode::Require) {
            return Ok(());
        }
        let home = environment("HOME").and_then(|home| home.into_string().ok()).filter(|home| !home.is_empty());
        let file = home.map(|home| format!("{home}/.postgresql/root.crt")).filter(|file| Path::new(file).exists());
        let given = file.map(|value| Given { name: "sslrootcert".to_owned(), value, origin: Origin::Home });
        self.0.extend(given.map(|given| (Key::RootCertificate, given)));
        Ok(())
    }

    fn get(&self, key: Key) -> Option<&Given> {
        first(&self.0, key)
    }

    /// Refuses files on which the driver would block, such as a pipe.
    fn check_files(&self, environment: &Environment<'_>) -> Result<(), UrlError> {
        let keys = [Key::Certificate, Key::Secret, Key::RootCertificate];
        keys.into_iter().filter_map(|key| self.get(key)).try_for_each(Given::names_file)?;
        if self.tls()?.is_some_and(|mode| mode >= Mode::VerifyCa) {
            authorities_are_files()?;
        }
        let passwords = [("PGPASSFILE", ""), ("HOME", "/.pgpass")];
        passwords.into_iter().try_for_each(|(name, below)| {
            let Some(value) = environment(name).and_then(|value| value.into_string().ok()) else { return Ok(()) };
            Given { name: name.to_owned(), value: value + below, origin: Origin::Variable }.names_file()
        })
    }

    /// A URL with what the driver supports: the driver reads `.pgpass` only when it parses a URL.
    fn driver_url(&self) -> Result<SecretUrl, UrlError> {
        let mut pairs: Vec<(&str, String)> = Vec::new();
        let mut copy = |key: Key, name| {
            // The driver reads these variables itself, and they may contain certificates as text.
            if let Some(given) = self.get(key).filter(|given| given.origin != Origin::Variable) {
                pairs.push((name, given.value.clone()));
            }
        };
        copy(Key::User, "user");
        copy(Key::Password, "password");
        copy(Key::Database, "dbname");
        copy(Key::Certificate, "sslcert");
        copy(Key::Secret, "sslkey");
        if !self.trusts_system() {
            copy(Key::RootCertificate, "sslrootcert");
        }
        copy(Key::Options, "options");
        pairs.extend(self.host()?.map(|host| ("host", host)));
        pairs.extend(self.port()?.map(|port| ("port", port)));
        pairs.extend(self.tls()?.map(|mode| ("sslmode", word(mode).to_owned())));
        pairs
            .extend(self.server_settings()?.into_iter().map(|(name, value)| ("options", startup_option(name, &value))));
        let encoded =
            pairs.iter().map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
        Ok(SecretUrl::new(format!("postgres:///?{}", encoded.collect::<Vec<_>>().join("&"))))
    }

    fn host(&self) -> Result<Option<String>, UrlError> {
        let (host, address) = (self.get(Key::Host), self.get(Key::HostAddress));
        if let Some(address) = address
            && host.is_none_or(|host| address.origin <= host.origin)
        {
            several(address)?;
            let bare = unbracketed(&address.value);
            let known = bare.parse::<IpAddr>();
            return known.map(|_| Some(bare.to_owned())).map_err(|_| address.refused("is not an IP address"));
        }
        let Some(host) = host else { return Ok(None) };
        several(host)?;
        Ok(Some(unbracketed(&host.value).to_owned()))
    }

    fn port(&self) -> Result<Option<String>, UrlError> {
        let Some(port) = self.get(Key::Port) else { return Ok(None) };
        several(port)?;
        match port.value.parse::<u16>() {
            Ok(number) if number > 0 => Ok(Some(number.to_string())),
            _ => Err(port.refused("is not a port number")),
        }
    }

    fn trusts_system(&self) -> bool {
        self.get(Key::RootCertificate).is_some_and(|given| given.value == "system")
    }

    fn tls(&self) -> Result<Option<Mode>, UrlError> {
        let mut asked: Vec<(Ask, &Given)> = self
            .0
            .iter()
            .filter_map(|(key, given)| match key {
                Key::Tls(ask) => Some((*ask, given)),
                _ => None,
            })
            .collect();
        let system = self.get(Key::RootCertificate).filter(|_| self.trusts_system());
        let variable =
            self.0.iter().find(|(key, given)| *key == Key::RootCertificate && given.origin == Origin::Variable);
        if let (Some(_), Some((_, variable))) = (system, variable) {
            // The driver reads this variable itself, and treats its value as a file name.
            return Err(variable.refused(
                "cannot be combined with the system's authorities: unset it, and use sslrootcert=system in the URL",
            ));
        }
        // As in libpq, the system's authorities protect only if the host name is verified too.
        let system = system.map(|given| Given { value: "true".to_owned(), ..given.clone() });
        asked.extend(system.iter().map(|given| (Ask::Identity, given)));
        let mode = mode(&asked)?;
        let (certificate, key) = (self.get(Key::Certificate), self.get(Key::Secret));
        match (certificate, key) {
            (Some(given), None) => {
                return Err(given.refused(
                    "is a client certificate and requires sslkey; for the server's certificate authority use sslrootcert",
                ));
            }
            (None, Some(given)) => {
                return Err(given.refused("requires sslcert, the client certificate that belongs to it"));
            }
            _ => {}
        }
        Ok(match (mode, self.get(Key::RootCertificate)) {
            // Like libpq: naming an authority means that the server is verified with it.
            (None | Some(Mode::Require), Some(_)) => Some(Mode::VerifyCa),
            (None, None) if certificate.is_some() => Some(Mode::Require),
            (mode, _) => mode,
        })
    }

    /// Settings in the startup message, so that resetting the session restores them.
    fn server_settings(&self) -> Result<Vec<(&'static str, String)>, UrlError> {
        let mut settings = Vec::new();
        for (key, given) in &self.0 {
            if self.get(*key) != Some(given) {
                continue;
            }
            match key {
                Key::Setting(name) => settings.push((*name, given.value.clone())),
                Key::LockTimeout => settings.push(("lock_timeout", given.value.clone())),
                _ => {}
            }
        }
        settings.extend(self.schema()?.map(|(_, given)| given).map(|path| ("search_path", path)));
        Ok(settings)
    }

    /// The required current schema, where it can be determined, and the `search_path`.
    fn schema(&self) -> Result<Option<(Option<String>, String)>, UrlError> {
        let given = [Key::Schema, Key::Schemas, Key::SearchPath].map(|key| self.get(key).map(|given| (key, given)));
        let mut found = given.into_iter().flatten();
        let Some((key, given)) = found.next() else { return Ok(None) };
        if let Some((_, other)) = found.next() {
            return Err(given.refused(format!("and {other} both name the schema: remove one of them")));
        }
        let path = match key {
            Key::Schema => search_path::one(&given.value),
            Key::Schemas => search_path::list(&given.value),
            _ => search_path::written(&given.value),
        };
        let path = path.ok_or_else(|| given.refused("names no schema"))?;
        Ok(Some((search_path::leading(&path), path)))
    }

    fn extras(&self) -> Result<Extras, UrlError> {
        let seconds = self.get(Key::ConnectTimeout).map(|given| limit(given, SECOND)).transpose()?;
        let millis = self.get(Key::ConnectTimeoutMillis).map(|given| limit(given, MILLISECOND)).transpose()?;
        let lock = self.get(Key::LockTimeout).map(|given| limit(given, MILLISECOND)).transpose()?;
        Ok(Extras {
            clear_password: false,
            connect_timeout: seconds.or(millis),
            lock_timeout: lock.map(|limit| (limit != Duration::MAX).then_some(limit)),
            application: self.get(Key::Application).map(|given| given.value.clone()),
            schema: self.schema()?.and_then(|(leading, _)| leading),
            primary: self.primary()?,
        })
    }

    /// Whether the server must be writable.
    fn primary(&self) -> Result<bool, UrlError> {
        let Some(given) = self.get(Key::ServerKind) else { return Ok(false) };
        match given.value.to_ascii_lowercase().replace('_', "-").as_str() {
            "any" | "prefer-standby" | "prefersecondary" => Ok(false),
            "primary" | "read-write" | "master" | "preferprimary" => Ok(true),
            "standby" | "read-only" | "secondary" | "slave" => {
                Err(given.refused("requires a read-only server: migrations need the primary"))
            }
            _ => Err(given.refused("is not a type of server: use any, primary or read-write")),
        }
    }
}

/// The variables, with their own names for messages. A variable that the URL overrides is not checked.
fn understand_variables(environment: &Environment<'_>, above: &[(Key, Given)]) -> Result<Vec<(Key, Given)>, UrlError> {
    let mut settings = Vec::new();
    for (variable, parameter) in VARIABLES {
        let Some(value) = environment(variable).filter(|value| !value.is_empty()) else { continue };
        let own = |value: String| Given { name: (*variable).to_owned(), value, origin: Origin::Variable };
        let value = value.into_string().map_err(|_| own(String::new()).refused("is not UTF-8"))?;
        match understand(TABLE, vec![Given { name: (*parameter).to_owned(), ..own(value.clone()) }]) {
            Ok(found) => settings.extend(found.into_iter().map(|(key, given)| (key, own(given.value)))),
            Err(UrlError::Parameter { reason, .. }) => return Err(own(value).refused(reason)),
            Err(other) => return Err(other),
        }
    }
    settings.retain(|(key, _)| matches!(key, Key::Tls(_) | Key::RootCertificate) || first(above, *key).is_none());
    Ok(settings)
}

/// Converts the driver's syntax for settings, `options[name]=value`.
fn setting_of_sqlx((name, value): (String, String)) -> (String, String) {
    match name.strip_prefix("options[").and_then(|name| name.strip_suffix(']')) {
        Some(setting) => ("options".to_owned(), startup_option(setting, &value)),
        None => (name, value),
    }
}

/// A setting in the syntax of the server's command line.
fn startup_option(name: &str, value: &str) -> String {
    format!("-c {name}={}", value.replace('\\', "\\\\").replace(' ', "\\ "))
}

fn several(given: &Given) -> Result<(), UrlError> {
    match given.value.contains(',') {
        true => Err(given.refused("names several servers: name only the primary, because migrations go to one server")),
        false => Ok(()),
    }
}

fn unbracketed(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

fn word(mode: Mode) -> &'static str {
    match mode {
        Mode::Disable => "disable",
        Mode::Allow => "allow",
        Mode::Prefer => "prefer",
        Mode::Require => "require",
        Mode::VerifyCa => "verify-ca",
        Mode::VerifyFull => "verify-full",
    }
}

#[cfg(test)]
mod tests;
