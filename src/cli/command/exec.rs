//! `exec`: applies migrations as a policy decides, then replaces this process with the application.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use migrascope::observe::traceparent;
use migrascope::plan::Target;
use migrascope::policy::Policy;

use super::end::{fail, shows_text};
use super::execute::{self, Ended};
use super::task::Task;
use crate::cli::escape::one_line;
use crate::cli::exit::Exit;
use crate::cli::explain::Diagnosis;
use crate::cli::outcome::CommandError;
use crate::cli::output::complain;
use crate::cli::settings::{Settings, may_be_secret};

pub(super) fn run(settings: &Settings, program: &[OsString]) -> Exit {
    match prepare(settings, program) {
        Ok((policy, path)) => {
            let ended = execute::end(settings, Task::Exec(&policy), Target::Latest);
            if ended.exit == Exit::Done { exec_program(settings, program, &path, &ended) } else { ended.exit }
        }
        Err(diagnosis) => fail(settings, "exec", Exit::Usage, CommandError::of_kind("exec", vec![*diagnosis])),
    }
}

/// Checks the policy and the program before a connection is made.
fn prepare(settings: &Settings, program: &[OsString]) -> Result<(Policy, PathBuf), Box<Diagnosis>> {
    let chosen = settings.environment.as_ref().map(|(environment, name)| (*environment, name.as_str()));
    let policy = Policy::read(chosen, &|name| env::var(name).ok()).map_err(|error| {
        let other = "use --env production for any environment other than development and test";
        let diagnosis = Diagnosis::error(error.to_string());
        Box::new(if error.variable == Policy::AUTO_MIGRATE { diagnosis } else { diagnosis.help(other) })
    })?;
    let name = program.first().map(OsString::as_os_str).unwrap_or_default();
    let path = find(name, env::var_os("PATH").as_deref()).ok_or_else(|| {
        let message = format!("program not found, or not executable: {}", one_line(&name.to_string_lossy()));
        Box::new(Diagnosis::error(message).help("nothing was migrated; shell syntax needs a shell: sh -c '…'"))
    })?;
    Ok((policy, path))
}

/// The search path of a process without `PATH`.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// The file that `execvp` would start; `None` where there is none.
fn find(name: &OsStr, search: Option<&OsStr>) -> Option<PathBuf> {
    let is_executable =
        |path: &Path| fs::metadata(path).is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0);
    if name.as_encoded_bytes().contains(&b'/') {
        return Some(PathBuf::from(name)).filter(|path| is_executable(path));
    }
    let directories = env::split_paths(search.unwrap_or(OsStr::new(DEFAULT_PATH)));
    directories.filter(|_| !name.is_empty()).map(|directory| directory.join(name)).find(|path| is_executable(path))
}

/// Replaces this process with the application; returns only where that fails.
fn exec_program(settings: &Settings, program: &[OsString], path: &Path, ended: &Ended) -> Exit {
    let mut process = Command::new(path);
    process.arg0(program.first().map_or(path.as_os_str(), OsString::as_os_str)).args(program.iter().skip(1));
    process.envs(settings.dotenv.for_the_application());
    // Secrets of migrascope, such as the password of a user who may alter tables, are not passed on.
    let names = env::vars_os().map(|(name, _)| name);
    let ours = names.filter(|name| name.as_encoded_bytes().starts_with(b"MIGRASCOPE_"));
    for name in ours.filter(|name| may_be_secret(&name.to_string_lossy())) {
        process.env_remove(name);
    }
    for (name, value) in ended.span.iter().flat_map(|span| traceparent::environment(span, &ended.baggage)) {
        if value.is_empty() {
            process.env_remove(name);
        } else {
            process.env(name, value);
        }
    }
    if shows_text(settings) {
        complain(format_args!("starting {}", one_line(&path.to_string_lossy())));
    }
    // A signal since the run's end was meant for the application as well.
    if let Some(exit) = ended.signals.as_ref().and_then(|signals| signals.caught()) {
        return exit;
    }
    let error = process.exec();
    let message = format!("cannot start {}: {error}", one_line(&path.to_string_lossy()));
    let diagnosis = Diagnosis::error(message).note("the migrations are applied");
    fail(settings, "exec", Exit::Unexpected, CommandError::of_kind("exec", vec![diagnosis]))
}
