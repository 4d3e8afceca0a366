//! Which files and addresses are trusted: a file that is found belongs to the user, as git has it, and a secret of the environment goes to
//! no address from a file that was only found.

use std::env;
use std::fs;
use std::path::Path;

use super::raw_value::{Origin, RawValue};
use super::sources::{Environment, Sources};
use crate::cli::escape::one_line;
use crate::cli::explain::Diagnosis;
use crate::cli::option::variable;

/// The variable that names directories whose files are trusted, no matter who owns them; `*` for all.
const SAFE_DIRECTORY: &str = "MIGRASCOPE_SAFE_DIRECTORY";

/// Whether a file that was found, and not named, may be used. One that is not there may.
///
/// # Errors
/// When another user owns it, a link in its place, or its directory, and `MIGRASCOPE_SAFE_DIRECTORY` does not name that directory.
pub(super) fn check(path: &Path, environment: &Environment<'_>) -> Result<(), Box<Diagnosis>> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let stranger = match stranger(path, directory, environment) {
        Some(stranger) if !is_safe(directory, environment) => stranger,
        _ => return Ok(()),
    };
    let absolute = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
    let (shown, absolute) = (one_line(&path.display().to_string()), one_line(&absolute.display().to_string()));
    let problem = Diagnosis::error(format!("{shown} is not used: {stranger}"));
    let problem =
        problem.note("such a file may run commands as the user who runs migrascope, and choose where secrets are sent");
    Err(Box::new(
        problem.help(format!("to trust this directory: export {SAFE_DIRECTORY}='{absolute}' (* for every directory)")),
    ))
}

/// Who else has a hand in the file, in words; `None` where only the user, root, or the user of sudo has.
#[cfg(unix)]
fn stranger(path: &Path, directory: &Path, environment: &Environment<'_>) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;

    let found = fs::symlink_metadata(path).ok()?;
    let user = rustix::process::geteuid().as_raw();
    let sudo = environment("SUDO_UID").and_then(|uid| uid.to_str()?.parse().ok());
    let trusted = |uid: u32| uid == 0 || uid == user || (user == 0 && sudo == Some(uid));
    let described = |what: &str, uid: u32| format!("{what} belongs to user {uid}, and migrascope runs as user {user}");
    let parts = [
        ("it", Some(found)),
        ("the file that it leads to", fs::metadata(path).ok()),
        ("its directory", fs::metadata(directory).ok()),
    ];
    let mut parts = parts.into_iter().filter_map(|(what, metadata)| Some((what, metadata?.uid())));
    parts.find(|(_, uid)| !trusted(*uid)).map(|(what, uid)| described(what, uid))
}

#[cfg(not(unix))]
fn stranger(_: &Path, _: &Path, _: &Environment<'_>) -> Option<String> {
    None
}

fn is_safe(directory: &Path, environment: &Environment<'_>) -> bool {
    let Some(safe) = environment(SAFE_DIRECTORY) else { return false };
    let Ok(directory) = fs::canonicalize(directory) else { return false };
    let same = |entry: &Path| entry.is_absolute() && fs::canonicalize(entry).is_ok_and(|entry| entry == directory);
    env::split_paths(&safe).any(|entry| entry == Path::new("*") || same(&entry))
}

impl Sources<'_> {
    /// Refuses a secret that the environment or an option gives, where its address comes from a file that they do not name.
    pub(super) fn protect(&mut self, secret: Option<&RawValue>, address: Option<&RawValue>) {
        let (Some(secret), Some(address)) = (secret, address) else { return };
        if self.is_named(&secret.origin) && !self.is_named(&address.origin) {
            self.withhold(&secret.origin.to_string(), address);
        }
    }

    /// The same for a secret of another program's variable.
    pub(super) fn withhold(&mut self, secret: &str, address: &RawValue) {
        let problem =
            format!("{secret} is not sent to the address of {}: that file was found, and not named", address.origin);
        let way = match &address.origin {
            Origin::Key(name, _) => {
                let variable = variable(name);
                format!(
                    "set {variable} or --{name}, or name the file: MIGRASCOPE_CONFIG=migrascope.toml or --config migrascope.toml"
                )
            }
            _ => "set the variable in the environment, or pass the option".to_owned(),
        };
        self.problems.push(Diagnosis::error(problem).at(address.origin.excerpt()).help(way));
    }

    /// Whether the user who started the program has said this, or named the file that says it.
    pub(super) fn is_named(&self, origin: &Origin) -> bool {
        match origin {
            Origin::Flag(_) | Origin::Variable(_) => true,
            Origin::DotEnv(_) => false,
            Origin::Key(..) => self.file_is_named,
        }
    }
}
