//! The SQL dialects of scripts, and their names.

/// The SQL dialect of a script; MariaDB counts as [`Dialect::Mysql`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// PostgreSQL 13 and later.
    Postgres,
    /// MySQL 8 and later, MariaDB 10.5 and later.
    Mysql,
    /// SQLite 3.
    Sqlite,
}

impl Dialect {
    /// All dialects, in the order in which messages list them.
    pub const ALL: [Self; 3] = [Self::Postgres, Self::Mysql, Self::Sqlite];

    /// The word for this dialect in file names: `postgres`, `mysql` or `sqlite`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
            Self::Sqlite => "sqlite",
        }
    }

    /// Every word for this dialect in file names, [`Dialect::word`] first. The words for MariaDB belong to MySQL, because
    /// files are read before the server is known.
    #[must_use]
    pub fn words(self) -> &'static [&'static str] {
        match self {
            Self::Postgres => &["postgres", "postgresql", "pg", "pgsql", "psql"],
            Self::Mysql => &["mysql", "mariadb", "maria"],
            Self::Sqlite => &["sqlite", "sqlite3"],
        }
    }
}

/// Something for each dialect, such as a statement that another tool writes in its own way on each database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PerDialect<T> {
    pub(crate) postgres: T,
    pub(crate) mysql: T,
    pub(crate) sqlite: T,
}

impl<T> PerDialect<T> {
    /// That of a dialect.
    pub(crate) const fn of(&self, dialect: Dialect) -> &T {
        match dialect {
            Dialect::Postgres => &self.postgres,
            Dialect::Mysql => &self.mysql,
            Dialect::Sqlite => &self.sqlite,
        }
    }
}
