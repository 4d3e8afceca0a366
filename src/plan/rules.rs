//! The rules for making a plan.

use super::unmanaged::Unmanaged;
use crate::migration::Version;

/// What to do with a pending version below the highest applied one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Refuse.
    #[default]
    Strict,
    /// Apply it.
    Allow,
    /// Skip it.
    Skip,
}

/// How far to go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Target {
    /// Up: to the newest version. Down: one step.
    #[default]
    Latest,
    /// To this version: up applies it, down keeps it applied. Down to `0` reverts everything.
    Version(Version),
    /// This many steps.
    Steps(usize),
}

/// Which applied migrations may be missing on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missing {
    /// None.
    #[default]
    Refuse,
    /// Those above the highest version on disk, so that an older release can start after a newer one has migrated the database.
    AllowNewer,
    /// Any.
    Allow,
}

/// What to do with an applied migration whose statements have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Changed {
    /// Refuse.
    #[default]
    Refuse,
    /// Accept the file as it is, and say so.
    Allow,
}

/// What a tool does about files that contradict its history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Habits {
    /// About late versions.
    pub order: Order,
    /// About applied migrations without a file.
    pub missing: Missing,
    /// About applied migrations whose file has changed.
    pub changed: Changed,
}

impl Habits {
    /// Those of the native format: everything is refused.
    pub const STRICT: Self = Self { order: Order::Strict, missing: Missing::Refuse, changed: Changed::Refuse };
}

/// The input to a plan besides files and history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// How far to go.
    pub target: Target,
    /// What to do with late versions.
    pub order: Order,
    /// Which applied migrations may be missing on disk.
    pub missing: Missing,
    /// What to do with applied migrations that have changed.
    pub changed: Changed,
    /// What to do where the database has tables but no history.
    pub unmanaged: Unmanaged,
    /// Whether the database can roll back DDL.
    pub transactional_ddl: bool,
    /// Whether the connection enforces foreign keys. `None` where a script cannot switch that with a statement that transactions ignore.
    pub foreign_keys: Option<bool>,
    /// The database product's name, for messages.
    pub product: &'static str,
}
