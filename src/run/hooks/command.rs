//! Runs a shell command, with all processes that it starts, under a timeout.

use std::io;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::{Child, Command};

use super::supervisor::Supervisor;
use super::variables::HookVariables;
use crate::database::Session;
use crate::error::HookFault;
use crate::stop::Stop;

/// How long a command may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(5);

/// How often to check during that time whether it has ended.
const CHECK_EVERY: Duration = Duration::from_millis(20);

/// The environment of a command.
pub(super) struct Environment<'e> {
    pub(super) variables: &'e HookVariables,
    /// The variables by which the command continues the trace of this run.
    pub(super) trace: &'e [(&'static str, String)],
    /// Registers running commands, so that a process that exits immediately can kill them.
    pub(super) stop: &'e Stop,
}

/// Runs a command to its end. Its output goes to standard error, because standard output may be read by a program.
///
/// # Errors
/// If it cannot be started, fails, or has to be terminated.
pub(super) async fn run(
    text: &str,
    environment: &Environment<'_>,
    mut supervisor: Supervisor<'_>,
    session: &mut dyn Session,
) -> Result<(), HookFault> {
    let mut command = shell(text);
    command.stdin(Stdio::null()).stdout(io::stderr()).stderr(Stdio::inherit());
    command.envs(environment.trace.iter().map(|(name, value)| (name, value)));
    for (name, value) in environment.variables.of_process() {
        match value {
            Some(value) => command.env(name, value),
            // An outer run may have set it for the process that started this one.
            None => command.env_remove(name),
        };
    }
    let mut child = command.spawn().map_err(|error| HookFault::NotStarted(error.to_string()))?;
    let mut group = ProcessGroup::of(&child, environment.stop);
    let ended = supervisor.supervise(pin!(child.wait()), Some(session)).await;
    match ended {
        Ok(status) => {
            group.let_go();
            evaluate(status.map_err(|error| HookFault::NotStarted(error.to_string()))?)
        }
        Err(fault) => {
            group.end(&mut child).await;
            Err(fault)
        }
    }
}

#[cfg(unix)]
fn shell(text: &str) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(text).process_group(0);
    command
}

#[cfg(not(unix))]
fn shell(text: &str) -> Command {
    let mut command = Command::new("cmd");
    command.arg("/C").raw_arg(text);
    command
}

fn evaluate(status: ExitStatus) -> Result<(), HookFault> {
    match (status.code(), signal(status)) {
        (Some(0), _) => Ok(()),
        (Some(code), _) => Err(HookFault::Exited(code)),
        (None, signal) => Err(HookFault::Killed(signal.unwrap_or_default())),
    }
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

/// The process group of a shell. Processes that are left when this value is dropped are killed.
#[cfg(unix)]
struct ProcessGroup {
    group: Option<rustix::process::Pid>,
    /// Registers the group, so that a process that exits immediately can kill it.
    stop: Stop,
}

#[cfg(unix)]
impl ProcessGroup {
    fn of(child: &Child, stop: &Stop) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        let group = id.and_then(rustix::process::Pid::from_raw);
        stop.commands().extend(group);
        Self { group, stop: stop.clone() }
    }

    /// Releases the group: a command that has ended may leave background processes running.
    fn let_go(&mut self) {
        let group = self.group.take();
        self.stop.commands().retain(|known| Some(*known) != group);
    }

    /// Terminates all processes: first by SIGTERM, then by SIGKILL.
    async fn end(&mut self, child: &mut Child) {
        self.send(rustix::process::Signal::TERM);
        let asked = tokio::time::Instant::now();
        while asked.elapsed() < GRACE {
            // The shell must be reaped first, or its zombie would still count as a member of the group.
            let gone = child.try_wait().is_ok_and(|status| status.is_some());
            if gone && !self.lives() {
                return self.let_go();
            }
            tokio::time::sleep(CHECK_EVERY).await;
        }
        self.send(rustix::process::Signal::KILL);
        self.let_go();
        let _ = child.wait().await;
    }

    fn lives(&self) -> bool {
        self.group.is_some_and(|id| rustix::process::test_kill_process_group(id).is_ok())
    }

    /// A process that cannot be signalled has ended.
    fn send(&self, signal: rustix::process::Signal) {
        let _ = self.group.map(|id| rustix::process::kill_process_group(id, signal));
    }
}

#[cfg(unix)]
impl Drop for ProcessGroup {
    fn drop(&mut self) {
        self.send(rustix::process::Signal::KILL);
        self.let_go();
    }
}

/// Without process groups, only the shell can be terminated.
#[cfg(not(unix))]
struct ProcessGroup;

#[cfg(not(unix))]
impl ProcessGroup {
    fn of(_: &Child, _: &Stop) -> Self {
        Self
    }

    fn let_go(&mut self) {}

    async fn end(&mut self, child: &mut Child) {
        let _ = child.kill().await;
    }
}
