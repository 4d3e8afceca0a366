//! Splits a database URL into its parts, without interpreting them.

use percent_encoding::percent_decode_str;

use super::UrlError;

#[cfg(any(feature = "postgres", feature = "mysql"))]
/// The parts of a server's URL.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::database) struct Parts {
    pub(in crate::database) user: Option<String>,
    pub(in crate::database) password: Option<String>,
    /// Host name, address without brackets, or the directory of a socket.
    pub(in crate::database) host: Option<String>,
    pub(in crate::database) port: Option<String>,
    pub(in crate::database) database: Option<String>,
    pub(in crate::database) query: Vec<(String, String)>,
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
/// The most frequent mistake. A message never shows the part concerned, because it may contain a password.
const ENCODE: &str = "characters such as @ : / ? # in user and password must be percent-encoded, as in p%40ss";

#[cfg(any(feature = "postgres", feature = "mysql"))]
/// Splits a server's URL; `rest` is the part after `scheme:`.
pub(in crate::database) fn server(rest: &str) -> Result<Parts, UrlError> {
    let rest = rest
        .strip_prefix("//")
        .ok_or_else(|| unusable("it must have the form scheme://user:password@host:port/database"))?;
    if rest.contains('#') {
        return Err(unusable(&format!("it has a fragment after #; {ENCODE}")));
    }
    let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = place.split_once('/').unwrap_or((place, ""));
    // The end of the password is ambiguous, so every other part may be a piece of it.
    if path.contains('@') || parameters.contains('@') {
        return Err(unusable(&format!("it has an @ after the host; {ENCODE}")));
    }
    if path.trim_end_matches('/').contains('/') {
        return Err(unusable("its path names more than one database"));
    }
    let (login, address) = match authority.rsplit_once('@') {
        Some((login, address)) => (Some(login), address),
        None => (None, authority),
    };
    let (user, password) = match login.map(|login| login.split_once(':').unwrap_or((login, ""))) {
        Some((user, password)) => (present(user, "user")?, present(password, "password")?),
        None => (None, None),
    };
    let (host, port) = host_and_port(address)?;
    let database = present(path.trim_end_matches('/'), "database")?;
    Ok(Parts { user, password, host, port, database, query: query(parameters)? })
}

/// The names and values after `?`, decoded.
pub(in crate::database) fn query(text: &str) -> Result<Vec<(String, String)>, UrlError> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let decode = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Ok((decoded(&name.replace('+', " "), "query")?, decoded(&value.replace('+', " "), "query")?))
    };
    pairs.map(decode).collect()
}

/// Decodes percent-encoding.
pub(in crate::database) fn decoded(text: &str, part: &str) -> Result<String, UrlError> {
    let decoded = percent_decode_str(text).decode_utf8();
    let decoded = decoded.map_err(|_| unusable(&format!("its {part} is not UTF-8 after decoding")))?;
    if decoded.contains('\0') {
        return Err(unusable(&format!("its {part} contains a zero byte")));
    }
    Ok(decoded.into_owned())
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn present(text: &str, part: &str) -> Result<Option<String>, UrlError> {
    if text.is_empty() { Ok(None) } else { decoded(text, part).map(Some) }
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn host_and_port(address: &str) -> Result<(Option<String>, Option<String>), UrlError> {
    let (host, port) = match address.strip_prefix('[') {
        Some(literal) => {
            let (host, behind) = literal.split_once(']').ok_or_else(|| unusable("its IPv6 address has no ]"))?;
            let port = match behind {
                "" => "",
                behind => behind.strip_prefix(':').ok_or_else(|| unusable("its port must follow [address]:"))?,
            };
            (host, port)
        }
        None if !address.contains(',') && address.matches(':').count() > 1 => {
            return Err(unusable(&format!("an IPv6 address must be in brackets, as in [::1]:5432; {ENCODE}")));
        }
        None if address.contains(',') => (address, ""),
        None => address.split_once(':').unwrap_or((address, "")),
    };
    if !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(unusable(&format!("its port is not a number; {ENCODE}")));
    }
    Ok((present(host, "host")?, present(port, "port")?))
}

fn unusable(reason: &str) -> UrlError {
    UrlError::Unusable { reason: reason.to_owned() }
}

#[cfg(all(test, any(feature = "postgres", feature = "mysql")))]
mod tests {
    use super::*;

    fn read(rest: &str) -> Parts {
        server(rest).unwrap_or_else(|error| panic!("{rest}: {error}"))
    }

    #[test]
    fn every_part_has_its_place() {
        let parts = read("//u%40x:p%3Aw@db.example.com:6000/my%20db?a=b+c&d&e=%26");
        let query = [("a", "b c"), ("d", ""), ("e", "&")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            parts,
            Parts {
                user: text("u@x"),
                password: text("p:w"),
                host: text("db.example.com"),
                port: text("6000"),
                database: text("my db"),
                query: query.to_vec(),
            }
        );
        assert_eq!(read("///"), Parts::default());
        assert_eq!(read("//h"), Parts { host: text("h"), ..Parts::default() });
    }

    #[test]
    fn an_ipv6_address_loses_its_brackets() {
        for (rest, port) in [("//u@[::1]:5433/d", Some("5433")), ("//[::1]/d", None), ("//[::1]", None)] {
            let parts = read(rest);
            assert_eq!((parts.host.as_deref(), parts.port.as_deref()), (Some("::1"), port), "{rest}");
        }
    }

    #[test]
    fn a_socket_is_an_encoded_directory() {
        assert_eq!(read("//u@%2Fvar%2Frun/d").host.as_deref(), Some("/var/run"));
    }

    #[test]
    fn what_is_written_wrongly_is_refused_without_showing_it() {
        let wrong = [
            "//u:hunter/2@h/d",
            "//u:12/hunter@h/d",
            "//u:hunter?2@h/d",
            "//u:x?hunter=2@h/d",
            "//u:x@y?hunter@h/d",
            "//u:x@y/hunter@h/d",
            "//u:hunter#2@h/d",
            "//u:hunter@h:port/d",
            "//::1/hunter",
            "//[::1/hunter",
            "//h/hunter/d",
            "//h/%00hunter",
            "u:hunter@h/d",
        ];
        for rest in wrong {
            let error = server(rest).expect_err(rest).to_string();
            assert!(!error.contains("hunter"), "{error}");
        }
    }
}
