//! Secret files that every user of the machine may read or write.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::resolve::Settings;
use crate::cli::explain::{Diagnosis, Severity};
use crate::cli::telemetry::Secret;

const READ: u32 = 0o004;
const WRITE: u32 = 0o002;
const ENTER: u32 = 0o001;

impl Settings {
    /// A warning for each secret file of the settings that every user may read or write.
    pub(crate) fn exposed_files(&self) -> Vec<Diagnosis> {
        let notify = &self.telemetry.notify;
        let secrets = [("--grafana-token-file", &notify.grafana_token), ("--webhook-url-file", &notify.webhook)];
        let secrets = secrets.into_iter().filter_map(|(option, secret)| match secret {
            Some(Secret::File(path)) => Some((option, path.as_path())),
            _ => None,
        });
        let token = self.telemetry.push.token_file.as_deref().map(|path| ("--push-token-file", path));
        let url = self.database.file().map(|path| ("--database-url-file", path));
        url.into_iter().chain(token).chain(secrets).filter_map(|(option, path)| exposed(option, path)).collect()
    }
}

/// A warning where every user may read or write the file; `None` where that is not known.
pub(crate) fn exposed(option: &str, path: &Path) -> Option<Diagnosis> {
    let path = path.canonicalize().ok()?;
    let mode = |path: &Path| Some(fs::metadata(path).ok()?.permissions().mode());
    let file = mode(&path)?;
    // Others cannot reach a file below a directory that they cannot enter.
    let reachable = path.ancestors().skip(1).all(|directory| mode(directory).is_some_and(|mode| mode & ENTER != 0));
    let may = match (file & READ != 0, file & WRITE != 0) {
        _ if !reachable => return None,
        (false, false) => return None,
        (true, false) => "read",
        (false, true) => "written",
        (true, true) => "read and written",
    };
    let message = format!("{option}: the secret file {} can be {may} by every user of this machine", path.display());
    let help = "run chmod 600 on it; in Kubernetes, set defaultMode: 0400 for the volume";
    Some(Diagnosis::new(Severity::Warning, message).help(help))
}
