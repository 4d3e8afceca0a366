//! Scripts, migrations, and the sorted set of migrations.

mod script;

use std::borrow::Cow;
use std::fmt;

pub(crate) use self::script::split_all;
pub use self::script::{Script, SplitScript};
pub use crate::key::Key;
pub(crate) use crate::sql::Progress;
pub use crate::sql::{Checksum, Dialect, Directives, Place, SessionLock, Statement, StatementKind};
pub use crate::version::{InvalidVersion, Version, VersionOrder};

/// One migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// Its key, unique in a set.
    pub key: Key,
    /// Its name, from the file name.
    pub name: String,
    /// The script that applies it.
    pub up: Script,
    /// The script that reverts it, where there is one.
    pub down: Option<Script>,
}

impl fmt::Display for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Key::Version(version) => write!(f, "{version} ({})", self.name),
            Key::Repeatable(name) => write!(f, "{name} (repeatable)"),
        }
    }
}

/// All migrations of a directory, sorted by key; keys are unique.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MigrationSet {
    migrations: Vec<Migration>,
    order: VersionOrder,
    baseline: Option<Box<Script>>,
}

impl MigrationSet {
    /// Sorts the migrations by key, versions as numbers.
    ///
    /// # Errors
    /// The first pair with the same key, in the order of the keys.
    pub fn new(migrations: Vec<Migration>) -> Result<Self, Box<(Migration, Migration)>> {
        Self::ordered(migrations, VersionOrder::Numbers)
    }

    /// Sorts the migrations by key, versions in this order.
    ///
    /// # Errors
    /// The first pair with the same key, in the order of the keys.
    pub fn ordered(mut migrations: Vec<Migration>, order: VersionOrder) -> Result<Self, Box<(Migration, Migration)>> {
        for migration in &mut migrations {
            if let Cow::Owned(key) = migration.key.ordered(order) {
                migration.key = key;
            }
        }
        migrations.sort_by(|a, b| a.key.cmp(&b.key));
        if let Some(twice) = migrations.windows(2).position(|pair| pair[0].key == pair[1].key) {
            let second = migrations.swap_remove(twice + 1);
            let first = migrations.swap_remove(twice);
            return Err(Box::new((first, second)));
        }
        Ok(Self { migrations, order, baseline: None })
    }

    /// The same set with a script that stands for earlier migrations where nothing is applied. No such script can be run.
    #[must_use]
    pub(crate) fn with_baseline(self, baseline: Option<Script>) -> Self {
        Self { baseline: baseline.map(Box::new), ..self }
    }

    /// The script that stands for earlier migrations where nothing is applied.
    #[must_use]
    pub(crate) fn baseline(&self) -> Option<&Script> {
        self.baseline.as_deref()
    }

    /// How versions are compared.
    #[must_use]
    pub fn order(&self) -> VersionOrder {
        self.order
    }

    /// The migrations in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Migration> {
        self.migrations.iter()
    }

    /// The migration with this key.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&Migration> {
        let key = key.ordered(self.order);
        let found = self.migrations.binary_search_by(|migration| migration.key.cmp(&key)).ok();
        found.map(|index| &self.migrations[index])
    }

    /// The number of migrations.
    #[must_use]
    pub fn len(&self) -> usize {
        self.migrations.len()
    }

    /// Whether there are no migrations.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.migrations.is_empty()
    }
}

impl<'a> IntoIterator for &'a MigrationSet {
    type Item = &'a Migration;
    type IntoIter = std::slice::Iter<'a, Migration>;

    fn into_iter(self) -> Self::IntoIter {
        self.migrations.iter()
    }
}
