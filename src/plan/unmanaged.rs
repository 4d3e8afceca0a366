//! The rule for tables without a history.

/// What to do where the database has tables but no history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unmanaged {
    /// Refuse: these migrations may have created the tables, and would do so again.
    #[default]
    Refuse,
    /// Continue: the tables have nothing to do with these migrations.
    Allow,
}
