//! Converts schemas from a URL to a value for `search_path`.

use super::schemas;
use super::text::quoted;

/// One schema as a plain name, as in Prisma.
pub(super) fn one(name: &str) -> Option<String> {
    let name = name.trim();
    if name.is_empty() { None } else { Some(element(name)) }
}

/// Schemas as plain names, separated by commas, as in pgjdbc.
pub(super) fn list(names: &str) -> Option<String> {
    let names: Option<Vec<String>> = names.split(',').map(one).collect();
    names.map(|names| names.join(","))
}

/// A value of `search_path` with its own quotes, which the server reads unchanged.
pub(super) fn written(value: &str) -> Option<String> {
    let value = value.trim();
    if value.is_empty() || value == "\"\"" { None } else { Some(value.to_owned()) }
}

/// The first schema in the path; `None` for `$user`, because that schema may not exist.
pub(super) fn leading(path: &str) -> Option<String> {
    schemas::first(path).filter(|name| name != "$user")
}

/// A quoted name; unchanged if it is quoted already.
fn element(name: &str) -> String {
    let inner = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).filter(|inner| !inner.is_empty());
    match inner {
        Some(inner) if !inner.replace("\"\"", "").contains('"') => name.to_owned(),
        _ => quoted(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted() {
        assert_eq!(one("app").as_deref(), Some("\"app\""));
        assert_eq!(one("Tenant-A, B").as_deref(), Some("\"Tenant-A, B\""));
        assert_eq!(one("a\"b").as_deref(), Some("\"a\"\"b\""));
        assert_eq!(one("\"App\"").as_deref(), Some("\"App\""));
        assert_eq!((one(" "), list("a,,b"), written("")), (None, None, None));
        assert_eq!(list("App, public").as_deref(), Some("\"App\",\"public\""));
    }

    #[test]
    fn the_first_schema_is_known() {
        for (path, first) in [
            ("App,public", Some("app")),
            ("\"App\", public", Some("App")),
            ("\"a\"\"b\"", Some("a\"b")),
            ("\"$user\", public", None),
            ("$user,public", None),
        ] {
            assert_eq!(leading(path).as_deref(), first, "{path}");
        }
    }
}
