//! The native layout: `<version>_<name>.sql`, `.down.sql` to revert, and `.postgres.sql`, `.mysql.sql` or `.sqlite.sql` for one
//! database, where it takes precedence over the plain file.

use super::assemble;
use super::create::{self, Naming};
use super::hooks;
use super::rules::{Find, Named, Rules, Sides};
use super::word::{Suffixes, suffixes};
use super::{Fault, Layout};
use crate::migration::{Version, VersionOrder};

const RULES: Rules = Rules {
    find: Find::Strictly,
    order: VersionOrder::Numbers,
    parse,
    is_rival,
    interpret: |_, script| Ok(Sides::whole(script)),
};

const NAMING: Naming = Naming::ending(|stem, ways| create::two_files(stem, ways, ".sql", [".sql", ".down.sql"]));

pub(super) const LAYOUT: Layout = Layout {
    word: "native",
    history: "native",
    read: |source, dialect| assemble::read(source, dialect, &RULES),
    hooks: hooks::read,
    create: |directory, new| create::create(directory, new, &RULES, &NAMING),
};

/// Parses `<digits>_<name>[.down][.<database>]`; the two suffixes in either order.
fn parse(stem: &str) -> Result<Option<Named>, Fault> {
    let (digits, rest) = stem.split_once('_').ok_or(Fault::NoVersion)?;
    let version = Version::from_digits(digits).ok_or(Fault::NoVersion)?;
    let Suffixes { name, down, database } = suffixes(rest)?;
    if name.is_empty() {
        return Err(Fault::NoVersion);
    }
    Ok(Some(Named { key: version.into(), name: name.to_owned(), down, database }))
}

fn is_rival(one: &Named, other: &Named) -> bool {
    one.name != other.name
        || one.key.as_str() != other.key.as_str()
        || (one.down, one.database) == (other.down, other.database)
}
