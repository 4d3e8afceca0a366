//! The native layout: `<version>_<name>.sql`, `.down.sql` to revert, `R__<name>.sql` for what runs again when it has changed, and `.postgres.sql`, `.mysql.sql` or `.sqlite.sql` for one
//! database, where it takes precedence over the plain file.

use super::assemble;
use super::create::{self, Naming};
use super::hooks;
use super::rules::{Find, Named, Rules, Sides};
use super::signs::{self, Signs};
use super::word::{Suffixes, suffixes};
use super::{Fault, Layout};
use crate::migration::{Key, Version, VersionOrder};

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
    signs: Signs {
        places: &["migrations"],
        text: Some("migrascope"),
        names: signs::is_numbered,
        never: |name| name.ends_with(".up.sql"),
        ..Signs::NONE
    },
    read: |source, dialect| assemble::read(source, dialect, &RULES),
    hooks: hooks::read,
    create: |directory, new| create::create(directory, new, &RULES, &NAMING),
};

/// How the name of a repeatable migration begins.
const REPEATABLE: &str = "R__";

/// Parses `<digits>_<name>[.down][.<database>]`, the two suffixes in either order, or `R__<name>[.<database>]`.
fn parse(stem: &str) -> Result<Option<Named>, Fault> {
    match stem.strip_prefix(REPEATABLE) {
        Some(rest) => repeatable(rest).map(Some),
        None => versioned(stem).map(Some),
    }
}

fn repeatable(rest: &str) -> Result<Named, Fault> {
    match suffixes(rest)? {
        Suffixes { name: "", .. } => Err(Fault::NoVersion),
        Suffixes { down: true, .. } => Err(Fault::RepeatableDown),
        Suffixes { name, database, .. } => {
            Ok(Named { key: Key::Repeatable(name.to_owned()), name: name.to_owned(), down: false, database })
        }
    }
}

fn versioned(stem: &str) -> Result<Named, Fault> {
    let (digits, rest) = stem.split_once('_').ok_or(Fault::NoVersion)?;
    let version = Version::from_digits(digits).ok_or(Fault::NoVersion)?;
    let Suffixes { name, down, database } = suffixes(rest)?;
    if name.is_empty() {
        return Err(Fault::NoVersion);
    }
    Ok(Named { key: version.into(), name: name.to_owned(), down, database })
}

fn is_rival(one: &Named, other: &Named) -> bool {
    one.name != other.name
        || one.key.as_str() != other.key.as_str()
        || (one.down, one.database) == (other.down, other.database)
}
