//! Converts `mysql://…?ssl-mode=…` to the driver's options.

use std::time::Duration;

use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};

use super::parameters::{Key, TABLE};
use crate::database::url::{
    Ask, Extras, Given, Mode, Parts, authorities_are_files, first, limit, mode, server, truth, understand,
};
use crate::database::{SecretUrl, UrlError};

type Settings = Vec<(Key, Given)>;

/// The driver's options, and the settings that the driver does not support.
pub(super) fn parse(url: &SecretUrl) -> Result<(MySqlConnectOptions, Extras), UrlError> {
    let settings = gather(url)?;
    let get = |key| first(&settings, key);
    let text = |key| get(key).map(|given| given.value.as_str());
    let mut driver = MySqlConnectOptions::new();
    if let Some(host) = get(Key::Host) {
        if host.value.contains(',') {
            return Err(
                host.refused("names several servers: name only the primary, because migrations go to one server")
            );
        }
        let bare = host.value.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        driver = driver.host(bare.unwrap_or(&host.value));
    }
    if let Some(port) = get(Key::Port) {
        let number = port.value.parse().ok().filter(|port: &u16| *port > 0);
        driver = driver.port(number.ok_or_else(|| port.refused("is not a port number"))?);
    }
    driver = text(Key::User).into_iter().fold(driver, MySqlConnectOptions::username);
    driver = text(Key::Password).into_iter().fold(driver, MySqlConnectOptions::password);
    driver = text(Key::Collation).into_iter().fold(driver, MySqlConnectOptions::collation);
    driver = text(Key::Socket).into_iter().fold(driver, MySqlConnectOptions::socket);
    driver = text(Key::Authority).into_iter().fold(driver, MySqlConnectOptions::ssl_ca);
    driver = text(Key::Certificate).into_iter().fold(driver, MySqlConnectOptions::ssl_client_cert);
    driver = text(Key::Secret).into_iter().fold(driver, MySqlConnectOptions::ssl_client_key);
    driver = tls(&settings)?.into_iter().fold(driver, MySqlConnectOptions::ssl_mode);
    let files = [Key::Authority, Key::Certificate, Key::Secret];
    files.into_iter().filter_map(get).try_for_each(Given::names_file)?;
    let Some(database) = text(Key::Database) else {
        return Err(UrlError::Unusable { reason: "it names no database".to_owned() });
    };
    let extras = extras(&settings)?;
    let verified = matches!(driver.get_ssl_mode(), MySqlSslMode::VerifyCa | MySqlSslMode::VerifyIdentity);
    if verified {
        authorities_are_files()?;
    }
    if let Some(given) = get(Key::ClearPassword).filter(|_| extras.clear_password && !verified) {
        return Err(
            given.refused("sends the password in clear text and requires ssl-mode=VERIFY_IDENTITY or VERIFY_CA")
        );
    }
    Ok((driver.database(database), extras))
}

fn gather(url: &SecretUrl) -> Result<Settings, UrlError> {
    let Parts { user, password, host, port, database, query } = server(url.behind_scheme())?;
    let parts = [("host", host), ("port", port), ("user", user), ("password", password), ("database", database)];
    let parts = parts.into_iter().filter_map(|(name, value)| Some(Given::in_url((name.to_owned(), value?))));
    let mut settings = understand(TABLE, query.into_iter().map(Given::in_url).collect())?;
    let parts = understand(TABLE, parts.collect())?;
    settings.extend(parts.into_iter().filter(|(key, _)| first(&settings, *key).is_none()).collect::<Vec<_>>());
    Ok(settings)
}

fn tls(settings: &Settings) -> Result<Option<MySqlSslMode>, UrlError> {
    let asked: Vec<(Ask, &Given)> = settings
        .iter()
        .filter_map(|(key, given)| match key {
            Key::Tls(ask) => Some((*ask, given)),
            _ => None,
        })
        .collect();
    let get = |key| first(settings, key);
    match (get(Key::Certificate), get(Key::Secret)) {
        (Some(given), None) => {
            return Err(given.refused(
                "is a client certificate and requires ssl-key; for the server's certificate authority use ssl-ca",
            ));
        }
        (None, Some(given)) => {
            return Err(given.refused("requires ssl-cert, the client certificate that belongs to it"));
        }
        _ => {}
    }
    let mode = match mode(&asked)? {
        // Like the `mysql` client: naming an authority means that the server is verified with it.
        None if get(Key::Authority).is_some() => Some(Mode::VerifyCa),
        None if get(Key::Certificate).is_some() => Some(Mode::Require),
        mode => mode,
    };
    Ok(mode.map(|mode| match mode {
        Mode::Disable => MySqlSslMode::Disabled,
        Mode::Allow | Mode::Prefer => MySqlSslMode::Preferred,
        Mode::Require => MySqlSslMode::Required,
        Mode::VerifyCa => MySqlSslMode::VerifyCa,
        Mode::VerifyFull => MySqlSslMode::VerifyIdentity,
    }))
}

fn extras(settings: &Settings) -> Result<Extras, UrlError> {
    let connect = first(settings, Key::ConnectTimeout).map(|given| limit(given, unit(&given.name))).transpose()?;
    let lock = first(settings, Key::LockTimeout).map(|given| limit(given, Duration::from_secs(1))).transpose()?;
    let clear = first(settings, Key::ClearPassword)
        .map(|given| truth(&given.value).ok_or_else(|| given.refused("is neither true nor false")));
    Ok(Extras {
        clear_password: clear.transpose()?.unwrap_or(false),
        connect_timeout: connect,
        lock_timeout: lock.map(|limit| (limit != Duration::MAX).then_some(limit)),
        ..Extras::default()
    })
}

/// JDBC and Node give `connectTimeout` in milliseconds, Prisma and SQLAlchemy `connect_timeout` in seconds.
fn unit(name: &str) -> Duration {
    match name {
        "connectTimeout" => Duration::from_millis(1),
        _ => Duration::from_secs(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<(MySqlConnectOptions, Extras), String> {
        parse(&SecretUrl::new(format!("mysql://u:hunter@h/d{query}"))).map_err(|error| error.to_string())
    }

    #[test]
    fn whatever_asks_for_tls_gets_it() {
        for (query, expected) in [
            ("", "Preferred"),
            ("?ssl-mode=DISABLED", "Disabled"),
            ("?sslmode=require", "Required"),
            ("?sslMode=REQUIRED", "Required"),
            ("?sslmode=VERIFY_CA", "VerifyCa"),
            ("?ssl_mode=verify-full", "VerifyIdentity"),
            ("?sslMode=trust", "Required"),
            ("?ssl=true", "Required"),
            ("?useSSL=true&requireSSL=false&verifyServerCertificate=false", "Required"),
            ("?useSSL=true&verifyServerCertificate=true", "VerifyCa"),
            ("?useSSL=false&allowPublicKeyRetrieval=true", "Disabled"),
            ("?requireSSL=true", "Required"),
            ("?tls=true", "VerifyIdentity"),
            ("?tls=skip-verify", "Required"),
            ("?tls=preferred", "Preferred"),
            ("?tls=false", "Disabled"),
            ("?ssl={%22rejectUnauthorized%22:true}", "VerifyCa"),
            ("?ssl={\"rejectUnauthorized\":false}", "Required"),
            ("?sslaccept=strict", "VerifyIdentity"),
            ("?ssl_ca=/ca.pem", "VerifyCa"),
            ("?ssl-ca=/ca.pem&ssl-mode=REQUIRED", "Required"),
            ("?ssl_ca=/ca.pem&ssl_verify_identity=true", "VerifyIdentity"),
            ("?sslcert=/c&sslkey=/k", "Required"),
        ] {
            let mode = read(query).map(|(driver, _)| format!("{:?}", driver.get_ssl_mode()));
            assert_eq!(mode.as_deref(), Ok(expected), "{query}");
        }
        for query in [
            "?useSSL=false&requireSSL=true",
            "?ssl-mode=PREFERRED&useSSL=true",
            "?ssl-mode=VERIFY_CA&sslaccept=accept_invalid_certs",
            "?tls=custom",
            "?ssl=Amazon",
            "?sslmode=sometimes",
            "?ssl-cert=/c",
        ] {
            read(query).expect_err(query);
        }
    }

    #[test]
    fn parameters_are_honoured_or_without_effect() {
        let (driver, extras) =
            read("?connectTimeout=1500&charset=utf8mb4&connection_limit=3&serverTimezone=UTC&parseTime=true&socket=/s")
                .expect("usable");
        assert_eq!(extras.connect_timeout, Some(Duration::from_millis(1500)));
        assert_eq!(driver.get_socket().map(|path| path.display().to_string()).as_deref(), Some("/s"));
        let connect = |query| read(query).expect("usable").1.connect_timeout;
        assert_eq!(connect("?connect_timeout=2"), Some(Duration::from_secs(2)));
        assert_eq!(connect("?timeout=500ms"), Some(Duration::from_millis(500)));
        let at = |url: &str| parse(&SecretUrl::new(url)).expect("usable").0;
        assert_eq!((at("mysql://u@[::1]:3307/d").get_host(), at("mysql://u@[::1]:3307/d").get_port()), ("::1", 3307));
    }

    #[test]
    fn the_password_goes_out_in_clear_only_where_asked_for_and_to_a_verified_server() {
        let clear = |query| read(query).map(|(_, extras)| extras.clear_password);
        assert_eq!(clear("?ssl-mode=VERIFY_IDENTITY"), Ok(false));
        assert_eq!(clear("?ssl-mode=VERIFY_IDENTITY&enable_cleartext_plugin=true"), Ok(true));
        assert_eq!(clear("?ssl-mode=VERIFY_CA&allowCleartextPasswords=1"), Ok(true));
        assert_eq!(clear("?enable-cleartext-plugin=false"), Ok(false));
        for query in ["?enable_cleartext_plugin=true", "?ssl-mode=REQUIRED&allowCleartextPasswords=true"] {
            let error = clear(query).expect_err(query);
            assert!(error.contains("requires ssl-mode=VERIFY_IDENTITY"), "{error}");
        }
        clear("?ssl-mode=VERIFY_CA&enable_cleartext_plugin=perhaps").expect_err("neither");
    }

    #[test]
    fn what_is_unknown_or_cannot_be_honoured_is_refused_without_its_value() {
        let refused = |query: &str| read(query).expect_err(query);
        assert_eq!(refused("?sslmodee=x"), "the URL's parameter sslmodee is unknown; did you mean sslmode?");
        for query in
            ["?sessionVariables=hunter", "?charset=latin1", "?trustStorePassword=hunter", "?port=hunter", "?zzz=hunter"]
        {
            assert!(!refused(query).contains("hunter"), "{query}");
        }
        assert!(
            parse(&SecretUrl::new("mysql://a,b/d")).expect_err("refused").to_string().contains("names several servers")
        );
        assert!(parse(&SecretUrl::new("mysql://h/")).expect_err("refused").to_string().contains("names no database"));
    }
}
