//! `exec`: migrations as a policy says, and then the application in our place.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use migrascope::observe::traceparent;
use migrascope::plan::Target;
use migrascope::policy::{Decision, Environment, Policy};

use super::ready::Stopped;
use super::run::{self, Ended, Task};
use super::{fail, tells_people};
use crate::cli::exit::Exit;
use crate::cli::explain::{self, Diagnosis};
use crate::cli::json::Problem;
use crate::cli::output::complain;
use crate::cli::settings::{Settings, may_be_secret};

pub(super) fn carry_out(settings: &Settings, program: &[OsString]) -> Exit {
    match prepare(settings, program) {
        Ok((policy, path)) => {
            let ended = run::end(settings, Task::Exec(&policy), Target::Latest);
            if ended.exit == Exit::Done { become_it(settings, program, &path, &ended) } else { ended.exit }
        }
        Err(diagnosis) => fail(settings, "exec", Exit::Usage, Problem::of_kind("exec", vec![*diagnosis])),
    }
}

/// What can be known to be wrong before a database is touched.
fn prepare(settings: &Settings, program: &[OsString]) -> Result<(Policy, PathBuf), Box<Diagnosis>> {
    let chosen = settings.environment.as_ref().map(|(environment, name)| (*environment, name.as_str()));
    let policy = Policy::read(chosen, &|name| env::var(name).ok()).map_err(|error| {
        let other = "say --env production for whatever is neither development nor test";
        let diagnosis = Diagnosis::error(error.to_string());
        Box::new(if error.variable == Policy::AUTO_MIGRATE { diagnosis } else { diagnosis.help(other) })
    })?;
    let name = program.first().map(OsString::as_os_str).unwrap_or_default();
    let path = find(name, env::var_os("PATH").as_deref()).ok_or_else(|| {
        let name = explain::one_line(&name.to_string_lossy());
        let message = format!("there is no program {name} that could be started");
        Box::new(Diagnosis::error(message).help("nothing was migrated; a shell's own words need a shell: sh -c '…'"))
    })?;
    Ok((policy, path))
}

/// Where the system looks when there is no `PATH`.
const USUAL: &str = "/bin:/usr/bin";

/// The file that the system would start, as `execvp` finds it.
fn find(name: &OsStr, search: Option<&OsStr>) -> Option<PathBuf> {
    let can_start =
        |path: &Path| fs::metadata(path).is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0);
    if name.as_encoded_bytes().contains(&b'/') {
        return Some(PathBuf::from(name)).filter(|path| can_start(path));
    }
    let directories = env::split_paths(search.unwrap_or(OsStr::new(USUAL)));
    directories.filter(|_| !name.is_empty()).map(|directory| directory.join(name)).find(|path| can_start(path))
}

/// What stopped a run, as it stands before an application that is not started, or started all the same.
pub(super) fn not_started(stopped: Stopped, policy: &Policy) -> Stopped {
    let is_interrupted = matches!(stopped.exit, Exit::Interrupted | Exit::Terminated);
    let starts = policy.decision() == Decision::Look && !is_interrupted;
    let Stopped { exit, problem: Problem { kind, message, reasons, mut problems } } = stopped;
    if starts {
        problems = problems.into_iter().map(explain::warning).collect();
    }
    if let Some(last) = problems.last_mut() {
        let note = match starts {
            true => "nothing was to be applied, and the application is started all the same",
            false => "the application was not started",
        };
        last.add_notes([note.to_owned()]);
        if !starts && !is_interrupted && policy.environment == Environment::Development {
            last.add_help(["migrascope up applies what is pending without starting it".to_owned()]);
        }
    }
    Stopped { exit: if starts { Exit::Done } else { exit }, problem: Problem { kind, message, reasons, problems } }
}

/// Becomes the application; comes back only where that cannot be done.
fn become_it(settings: &Settings, program: &[OsString], path: &Path, ended: &Ended) -> Exit {
    let mut process = Process::new(path);
    process.arg0(program.first().map_or(path.as_os_str(), OsString::as_os_str)).args(program.iter().skip(1));
    process.envs(settings.dotenv.for_the_application());
    // Secrets that are meant for us alone, such as the password of a user who may change tables.
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
    if tells_people(settings) {
        complain(format_args!("starting {}", explain::one_line(&path.to_string_lossy())));
    }
    // Whoever asked us to stop meanwhile asked the application, too.
    if let Some(exit) = ended.signals.as_ref().and_then(|signals| signals.caught()) {
        return exit;
    }
    let error = process.exec();
    let message = format!("cannot start {}: {error}", explain::one_line(&path.to_string_lossy()));
    let diagnosis = Diagnosis::error(message).note("the migrations are applied");
    fail(settings, "exec", Exit::Unexpected, Problem::of_kind("exec", vec![diagnosis]))
}
