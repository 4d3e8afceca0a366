//! libpq's service files: sections of connection parameters, selected by `service` or `PGSERVICE`.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::database::UrlError;
use crate::database::url::{Given, Origin};
use crate::file;

/// Looks up an environment variable.
pub(super) type Environment<'e> = dyn Fn(&str) -> Option<OsString> + 'e;

/// The parameters of a service, from the first file that has it: the given file or the user's file, then the system's.
///
/// # Errors
/// When no file has the service, or a file cannot be read.
pub(super) fn parameters(
    service: &Given,
    file: Option<&Given>,
    environment: &Environment<'_>,
) -> Result<Vec<Given>, UrlError> {
    let files = files(file, environment);
    for path in &files {
        let text = match file::read_text(path) {
            Ok(text) => text,
            Err(error)
                if error.kind() == ErrorKind::NotFound && file.is_none_or(|file| path != Path::new(&file.value)) =>
            {
                continue;
            }
            Err(error) => return Err(service.refused(format!("cannot be read from {}: {error}", path.display()))),
        };
        if let Some(section) = section(&text, &service.value).map_err(|reason| service.refused(at(path, &reason)))? {
            return Ok(section);
        }
    }
    let files: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
    Err(service.refused(format!(
        "names the service {:?}, which is in no service file: {}",
        service.value,
        files.join(", ")
    )))
}

fn files(file: Option<&Given>, environment: &Environment<'_>) -> Vec<PathBuf> {
    let own = match file {
        Some(file) => Some(PathBuf::from(&file.value)),
        None => environment("HOME").map(|home| Path::new(&home).join(".pg_service.conf")),
    };
    let system = environment("PGSYSCONFDIR").unwrap_or_else(|| "/etc/postgresql-common".into());
    own.into_iter().chain([Path::new(&system).join("pg_service.conf")]).collect()
}

fn at(path: &Path, reason: &str) -> String {
    format!("cannot be read: {} {reason}", path.display())
}

/// The `name=value` lines in the section `[service]`; `None` where there is no such section.
fn section(text: &str, service: &str) -> Result<Option<Vec<Given>>, String> {
    let mut found: Option<Vec<Given>> = None;
    for (number, line) in text.lines().map(str::trim).enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            if found.is_some() {
                break;
            }
            found = (name.split(']').next() == Some(service)).then(Vec::new);
            continue;
        }
        let Some(section) = &mut found else { continue };
        // The line may contain a password: show only its number.
        let line_number = number + 1;
        let (name, value) = line.split_once('=').ok_or_else(|| format!("has no name=value in line {line_number}"))?;
        if matches!(name.trim(), "service" | "servicefile") {
            return Err(format!("names another service in line {line_number}"));
        }
        section.push(Given { name: name.trim().to_owned(), value: value.trim().to_owned(), origin: Origin::Service });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# ours\n[other]\nhost=wrong\n\n[app]\nhost = db.example.com\n#port=1\nport=6000\npassword=a=b\n[more]\nuser=x\n";

    #[test]
    fn a_section_is_read_up_to_the_next() {
        let found = section(FILE, "app").expect("usable").expect("usable");
        let found: Vec<(&str, &str)> = found.iter().map(|given| (given.name.as_str(), given.value.as_str())).collect();
        assert_eq!(found, [("host", "db.example.com"), ("port", "6000"), ("password", "a=b")]);
        assert_eq!(section(FILE, "absent"), Ok(None));
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named_and_not_shown() {
        assert_eq!(section("[app]\nhunter2", "app"), Err("has no name=value in line 2".into()));
        assert_eq!(section("[app]\nservice=b", "app"), Err("names another service in line 2".into()));
    }

    #[test]
    fn files_are_looked_for_where_libpq_looks() {
        let environment = |name: &str| match name {
            "HOME" => Some("/home/me".into()),
            "PGSYSCONFDIR" => Some("/conf".into()),
            _ => None,
        };
        let paths = |file| files(file, &environment).iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
        assert_eq!(paths(None), ["/home/me/.pg_service.conf", "/conf/pg_service.conf"]);
        let named = Given { name: "servicefile".into(), value: "/mine".into(), origin: Origin::Url };
        assert_eq!(paths(Some(&named)), ["/mine", "/conf/pg_service.conf"]);
    }
}
