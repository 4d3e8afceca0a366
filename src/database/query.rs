//! A query that returns rows.

/// A query that returns rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Query<'q> {
    /// A query of the runner.
    Own(&'q str),
    /// A query of a user, or one of the runner about a script's names: names are resolved by the script's search path.
    InPath(&'q str),
    /// A query of the runner about one of its own tables, given by its quoted name. It fails if the server would hide rows, or if another
    /// role has replaced the table.
    OfTable(&'q str, &'q str),
}

impl<'q> Query<'q> {
    /// The text.
    #[must_use]
    pub fn sql(self) -> &'q str {
        match self {
            Self::Own(sql) | Self::InPath(sql) | Self::OfTable(_, sql) => sql,
        }
    }
}

/// A statement that is run for its effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Execute<'s> {
    /// A statement of a script.
    OfScript(&'s str),
    /// A statement of the runner.
    Own(&'s str),
}

impl<'s> Execute<'s> {
    /// The text.
    #[must_use]
    pub fn sql(self) -> &'s str {
        match self {
            Self::OfScript(sql) | Self::Own(sql) => sql,
        }
    }
}
