//! What a plan is made by.

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
    /// Leave it out.
    Skip,
}

/// How far to go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Target {
    /// To the newest; one step when going down.
    #[default]
    Latest,
    /// To this version: up applies it, down leaves it applied. Down to `0` reverts everything.
    Version(Version),
    /// So many steps.
    Steps(usize),
}

/// Which applied migrations may be missing on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missing {
    /// None.
    #[default]
    Refuse,
    /// Those above the highest version on disk: a newer release was here, and the older one is to start again.
    AllowNewer,
    /// Any.
    Allow,
}

/// What the plan is made by, apart from files and history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// How far to go.
    pub target: Target,
    /// What to do with late versions.
    pub order: Order,
    /// Which applied migrations may be missing on disk.
    pub missing: Missing,
    /// What to do where the database has tables and no history.
    pub unmanaged: Unmanaged,
    /// Whether the database can roll DDL back.
    pub transactional_ddl: bool,
    /// Whether foreign keys are enforced at the beginning, where a script can switch that and a transaction ignores the switch.
    pub foreign_keys: Option<bool>,
    /// The database's name for messages.
    pub product: &'static str,
}
