//! Trust in files that were found and not named: they must belong to the user, as in git, and their addresses get no secrets of the
//! environment.

use std::env;
use std::fs;
use std::path::Path;

use super::raw_value::{Origin, RawValue};
use super::sources::{Environment, Sources};
use crate::cli::escape::one_line;
use crate::cli::explain::Diagnosis;
use crate::cli::option::variable;

/// The variable of directories whose files are trusted regardless of their owner; `*` for all.
const SAFE_DIRECTORY: &str = "MIGRASCOPE_SAFE_DIRECTORY";

/// Checks whether a file that was found, and not named, may be used. A missing file passes.
///
/// # Errors
/// When another user owns the file, a link to it, or its directory, unless `MIGRASCOPE_SAFE_DIRECTORY` names that directory.
pub(super) fn check(path: &Path, environment: &Environment<'_>) -> Result<(), Box<Diagnosis>> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let owner = match foreign_owner(path, directory, environment) {
        Some(owner) if !is_safe(directory, environment) => owner,
        _ => return Ok(()),
    };
    let absolute = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
    let (shown, absolute) = (one_line(&path.display().to_string()), one_line(&absolute.display().to_string()));
    let problem = Diagnosis::error(format!("{shown} is not used: {owner}"));
    let problem =
        problem.note("such a file may run commands as the user who runs migrascope, and choose where secrets are sent");
    Err(Box::new(
        problem.help(format!("to trust this directory: export {SAFE_DIRECTORY}='{absolute}' (* for every directory)")),
    ))
}

/// Which part of the file another user owns, in words; `None` where the user, root or the user of sudo owns everything.
#[cfg(unix)]
fn foreign_owner(path: &Path, directory: &Path, environment: &Environment<'_>) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;

    let found = fs::symlink_metadata(path).ok()?;
    let user = rustix::process::geteuid().as_raw();
    let sudo = environment("SUDO_UID").and_then(|uid| uid.to_str()?.parse().ok());
    let trusted = |uid: u32| uid == 0 || uid == user || (user == 0 && sudo == Some(uid));
    let described = |what: &str, uid: u32| format!("{what} belongs to user {uid}, and migrascope runs as user {user}");
    let parts = [
        ("it", Some(found)),
        ("the file that it links to", fs::metadata(path).ok()),
        ("its directory", fs::metadata(directory).ok()),
    ];
    let mut parts = parts.into_iter().filter_map(|(what, metadata)| Some((what, metadata?.uid())));
    parts.find(|(_, uid)| !trusted(*uid)).map(|(what, uid)| described(what, uid))
}

#[cfg(not(unix))]
fn foreign_owner(_: &Path, _: &Path, _: &Environment<'_>) -> Option<String> {
    None
}

fn is_safe(directory: &Path, environment: &Environment<'_>) -> bool {
    let Some(safe) = environment(SAFE_DIRECTORY) else { return false };
    let Ok(directory) = fs::canonicalize(directory) else { return false };
    let same = |entry: &Path| entry.is_absolute() && fs::canonicalize(entry).is_ok_and(|entry| entry == directory);
    env::split_paths(&safe).any(|entry| entry == Path::new("*") || same(&entry))
}

impl Sources<'_> {
    /// Refuses a secret of the environment or an option whose address comes from a file that was only found.
    pub(super) fn protect(&mut self, secret: Option<&RawValue>, address: Option<&RawValue>) {
        let (Some(secret), Some(address)) = (secret, address) else { return };
        if self.is_named(&secret.origin) && !self.is_named(&address.origin) {
            self.refuse_secret(&secret.origin.to_string(), address);
        }
    }

    /// Reports that a secret is not sent to this address.
    pub(super) fn refuse_secret(&mut self, secret: &str, address: &RawValue) {
        let problem = format!(
            "{secret} is not sent to the address of {}: the file was found by default, and not named",
            address.origin
        );
        let help = match &address.origin {
            Origin::Key(name, _) => {
                let variable = variable(name);
                format!(
                    "set {variable} or --{name}, or name the file: MIGRASCOPE_CONFIG=migrascope.toml or --config migrascope.toml"
                )
            }
            _ => "set the variable in the environment, or pass the option".to_owned(),
        };
        self.problems.push(Diagnosis::error(problem).at(address.origin.excerpt()).help(help));
    }

    /// Whether the value comes from the command line, the environment, or a file that one of them names.
    pub(super) fn is_named(&self, origin: &Origin) -> bool {
        match origin {
            Origin::Flag(_) | Origin::Variable(_) => true,
            Origin::DotEnv(_) => false,
            Origin::Key(..) => self.file_is_named,
        }
    }
}
