//! A command of the shell, with everything that it starts, as long as it may run.

use std::io;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::{Child, Command};

use super::facts::Facts;
use super::vigil::Vigil;
use crate::database::Session;
use crate::error::HookFault;
use crate::run::Stop;

/// What a command may take to end when it was asked to.
const GRACE: Duration = Duration::from_secs(5);

/// How often it is looked whether it has ended then.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Runs it to its end. What it writes goes to our standard error, since there may be something for programs on the other.
pub(super) async fn run(
    text: &str,
    facts: &Facts,
    trace: &[(&'static str, String)],
    mut vigil: Vigil<'_>,
    (session, stop): (&mut dyn Session, &Stop),
) -> Result<(), HookFault> {
    let mut command = shell(text);
    command.stdin(Stdio::null()).stdout(io::stderr()).stderr(Stdio::inherit());
    command.envs(trace.iter().map(|(name, value)| (name, value)));
    for (name, value) in facts.variables() {
        match value {
            Some(value) => command.env(name, value),
            // What another run of ours may have left there is not about this one.
            None => command.env_remove(name),
        };
    }
    let mut child = command.spawn().map_err(|error| HookFault::NotStarted(error.to_string()))?;
    let mut family = Family::of(&child, stop);
    let ended = vigil.over(pin!(child.wait()), Some(session)).await;
    match ended {
        Ok(status) => {
            family.let_go();
            judge(status.map_err(|error| HookFault::NotStarted(error.to_string()))?)
        }
        Err(fault) => {
            family.end(&mut child).await;
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

fn judge(status: ExitStatus) -> Result<(), HookFault> {
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

/// A shell and what it has started: a group of processes of its own. Whatever is left of it when this value goes is killed.
#[cfg(unix)]
struct Family {
    group: Option<rustix::process::Pid>,
    /// Knows it, so that a process that ends at once can kill it.
    stop: Stop,
}

#[cfg(unix)]
impl Family {
    fn of(child: &Child, stop: &Stop) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        let group = id.and_then(rustix::process::Pid::from_raw);
        stop.commands().extend(group);
        Self { group, stop: stop.clone() }
    }

    /// What has ended by itself may leave somebody behind who does more.
    fn let_go(&mut self) {
        let group = self.group.take();
        self.stop.commands().retain(|known| Some(*known) != group);
    }

    /// Asks all of them to end, and makes those end that do not.
    async fn end(&mut self, child: &mut Child) {
        self.send(rustix::process::Signal::TERM);
        let asked = tokio::time::Instant::now();
        while asked.elapsed() < GRACE {
            // Only what was waited for is gone: without that the shell itself would count as living.
            let gone = child.try_wait().is_ok_and(|status| status.is_some());
            if gone && !self.lives() {
                return self.let_go();
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        self.send(rustix::process::Signal::KILL);
        self.let_go();
        let _ = child.wait().await;
    }

    fn lives(&self) -> bool {
        self.group.is_some_and(|id| rustix::process::test_kill_process_group(id).is_ok())
    }

    /// Whoever cannot be reached has ended.
    fn send(&self, signal: rustix::process::Signal) {
        let _ = self.group.map(|id| rustix::process::kill_process_group(id, signal));
    }
}

#[cfg(unix)]
impl Drop for Family {
    fn drop(&mut self) {
        self.send(rustix::process::Signal::KILL);
        self.let_go();
    }
}

/// Where there are no groups of processes, the shell alone can be ended.
#[cfg(not(unix))]
struct Family;

#[cfg(not(unix))]
impl Family {
    fn of(_: &Child, _: &Stop) -> Self {
        Self
    }

    fn let_go(&mut self) {}

    async fn end(&mut self, child: &mut Child) {
        let _ = child.kill().await;
    }
}
