//! A query that returns rows.

/// A query that returns rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Query<'q> {
    /// One of ours.
    Own(&'q str),
    /// One of a user, or one of ours about names of a script: names are looked up as those of a script.
    InPath(&'q str),
    /// One of ours about one of our tables, named in quotes. It is an error if the server would hide rows of it, or if another role has replaced it.
    OfTable(&'q str, &'q str),
}

impl<'q> Query<'q> {
    /// Its text.
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
    /// One of a script.
    OfScript(&'s str),
    /// One of ours.
    Own(&'s str),
}

impl<'s> Execute<'s> {
    /// Its text.
    #[must_use]
    pub fn sql(self) -> &'s str {
        match self {
            Self::OfScript(sql) | Self::Own(sql) => sql,
        }
    }
}
