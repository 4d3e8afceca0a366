//! Tables without a history: whose they may be.

/// What to do where the database has tables and no history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unmanaged {
    /// Refuse: these migrations may have made them, and would do so again.
    #[default]
    Refuse,
    /// They have nothing to do with these migrations.
    Allow,
}
