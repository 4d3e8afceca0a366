//! The hooks of a run: commands around it, and SQL around each migration.

use std::time::Duration;

use crate::event::Hook;
use crate::layout::HookScripts;
use crate::migration::SplitScript;

/// What runs around the migrations, and its timeout. Hooks run only if a migration is pending.
///
/// Commands run in a shell and need the cargo feature `commands`; without it, each of them fails with [`Error::Hook`](crate::Error::Hook) when it is due to
/// run.
///
/// ```
/// use std::time::Duration;
///
/// use migrascope::Options;
/// use migrascope::run::Hooks;
///
/// let hooks = Hooks {
///     backup: Some("pg_dump --format=custom --file=before.dump app".to_owned()),
///     timeout: Duration::from_secs(1800),
///     ..Hooks::default()
/// };
/// let options = Options { hooks, ..Options::default() };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hooks {
    /// A command that makes a backup. It runs first, before anything is changed.
    pub backup: Option<String>,
    /// A command that runs before the first migration.
    pub before: Option<String>,
    /// A command that runs after the migrations, whether they succeed or fail; not if the run ended before its first migration, because it
    /// was refused, did not get the lock, or `backup` or `before` failed.
    pub after: Option<String>,
    /// SQL that runs before and after each migration.
    pub each: HookScripts,
    /// The timeout of each hook.
    pub timeout: Duration,
}

impl Default for Hooks {
    fn default() -> Self {
        let each = HookScripts::default();
        Self { backup: None, before: None, after: None, each, timeout: Duration::from_secs(600) }
    }
}

impl Hooks {
    /// The hooks that are set, in the order in which they run.
    #[must_use]
    pub fn given(&self) -> Vec<Hook> {
        let given = |hook: &Hook| self.command(*hook).is_some() || self.script(*hook).is_some();
        Hook::ALL.into_iter().filter(given).collect()
    }

    /// The command of a hook; `None` if it is not set or is SQL.
    #[must_use]
    pub fn command(&self, hook: Hook) -> Option<&str> {
        match hook {
            Hook::Backup => self.backup.as_deref(),
            Hook::Before => self.before.as_deref(),
            Hook::After => self.after.as_deref(),
            Hook::BeforeEach | Hook::AfterEach => None,
        }
    }

    /// The SQL of a hook; `None` if it is not set or is a command.
    #[must_use]
    pub fn script(&self, hook: Hook) -> Option<&SplitScript> {
        match hook {
            Hook::BeforeEach => self.each.before_each.as_ref(),
            Hook::AfterEach => self.each.after_each.as_ref(),
            Hook::Backup | Hook::Before | Hook::After => None,
        }
    }

    /// A hook that changes session settings.
    pub(super) fn changing_session(&self) -> Option<Hook> {
        Hook::ALL.into_iter().find(|hook| self.script(*hook).is_some_and(changes_session))
    }
}

pub(super) fn changes_session(script: &SplitScript) -> bool {
    script.statements().iter().any(|statement| statement.changes_session)
}
