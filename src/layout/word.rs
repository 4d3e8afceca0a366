//! The words between the dots of a file name: supported and other databases, and probable typos of them.

use super::Fault;
use crate::migration::Dialect;

/// Unsupported databases that other tools put in file names. A word that is not listed is an ordinary part of a name, and its
/// file is used on every database.
const OTHERS: [&str; 36] = [
    "access",
    "bigquery",
    "cassandra",
    "clickhouse",
    "cockroach",
    "cockroachdb",
    "cql",
    "crdb",
    "databricks",
    "db2",
    "derby",
    "duckdb",
    "firebird",
    "h2",
    "hana",
    "hsqldb",
    "informix",
    "ingres",
    "libsql",
    "mongodb",
    "mssql",
    "oracle",
    "percona",
    "redshift",
    "scylla",
    "singlestore",
    "snowflake",
    "spanner",
    "sqlserver",
    "sybase",
    "tidb",
    "trino",
    "turso",
    "vertica",
    "yugabyte",
    "yugabytedb",
];

/// A word that is similar to the name of a database and means something else.
const NO_SLIP: &str = "postgis";
/// The minimum length of a word in which two typos are recognised; [`SHORTEST`] is that for one.
const LONG: usize = 7;
const SHORTEST: usize = 5;

/// Other tools' suffixes of a down migration.
const BACK: [&str; 6] = ["undo", "rollback", "revert", "downgrade", "dn", "downs"];

/// The database that a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Database {
    /// A supported database.
    Ours(Dialect),
    /// An unsupported database: its files are skipped.
    Other(&'static str),
}

impl Database {
    /// Reads one word of a file name, ignoring case.
    fn of_word(word: &str) -> Option<Self> {
        let ours = ours().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, dialect)| Self::Ours(dialect));
        ours.or_else(|| OTHERS.iter().find(|name| name.eq_ignore_ascii_case(word)).map(|name| Self::Other(name)))
    }
}

/// The words of each dialect.
fn ours() -> impl Iterator<Item = (&'static str, Dialect)> {
    Dialect::ALL.into_iter().flat_map(|dialect| dialect.words().iter().map(move |word| (*word, dialect)))
}

/// Whether it is the name of a known database.
pub(super) fn is_database(word: &str) -> bool {
    Database::of_word(word).is_some()
}

/// A stem without its suffixes, and their meaning.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Suffixes<'a> {
    pub(super) name: &'a str,
    pub(super) down: bool,
    pub(super) database: Option<Database>,
}

/// Removes the suffixes `.down` and a database from a stem, in either order.
///
/// # Errors
/// When a word is similar to a suffix, or is a suffix in a position without effect: the file would run where it must not.
pub(super) fn suffixes(stem: &str) -> Result<Suffixes<'_>, Fault> {
    let mut found = Suffixes { name: stem, down: false, database: None };
    while let Some((before, word)) = found.name.rsplit_once('.') {
        let database = Database::of_word(word);
        if word.eq_ignore_ascii_case("down") && !found.down {
            found.down = true;
        } else if database.is_some() && found.database.is_none() {
            found.database = database;
        } else {
            break;
        }
        found.name = before;
    }
    for word in found.name.split('.').skip(1) {
        if is_database(word) || word.eq_ignore_ascii_case("down") {
            return Err(Fault::SuffixInside { word: word.to_owned() });
        }
    }
    match last(found.name).filter(|word| is_way_back(word)) {
        Some(word) => Err(Fault::WayBack { word: word.to_owned() }),
        None => no_slip(found.name).map(|()| found),
    }
}

/// Removes a database suffix from the stem of a check or a hook, which have no down files.
///
/// # Errors
/// When the word is similar to the name of a database.
pub(super) fn variant(stem: &str) -> Result<(&str, Option<Database>), Fault> {
    let (before, word) = stem.rsplit_once('.').unwrap_or((stem, ""));
    match Database::of_word(word) {
        Some(database) => Ok((before, Some(database))),
        None => no_slip(stem).map(|()| (stem, None)),
    }
}

fn no_slip(name: &str) -> Result<(), Fault> {
    let slip = name.split('.').skip(1).find_map(|word| Some((word, meant(word)?)));
    slip.map_or(Ok(()), |(word, suggestion)| Err(Fault::UnknownDatabase { word: word.to_owned(), suggestion }))
}

fn last(name: &str) -> Option<&str> {
    name.rsplit_once('.').map(|(_, word)| word)
}

fn is_way_back(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    BACK.contains(&word.as_str()) || word.starts_with('d') && word.len() > 2 && strsim::osa_distance(&word, "down") == 1
}

/// The supported database that a word probably means: a name followed by a version, or a name with a typo.
fn meant(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    let letters = word.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
    let versioned = ours().find(|(name, _)| letters.len() < word.len() && *name == letters);
    let slip = || {
        let distance = |name: &str| strsim::osa_distance(&word, name);
        let near = ours().filter(|(name, _)| {
            let allowed = if name.len() >= LONG { 2 } else { usize::from(name.len() >= SHORTEST) };
            distance(name) <= allowed && word != NO_SLIP
        });
        near.min_by_key(|(name, _)| distance(name))
    };
    versioned.or_else(slip).map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(stem: &str) -> String {
        match suffixes(stem) {
            Ok(Suffixes { name, down, database }) => format!("{name} {down} {database:?}"),
            Err(fault) => fault.to_string(),
        }
    }

    #[test]
    fn synonyms_are_their_database_in_any_case_and_in_either_order() {
        for (word, dialect) in ours() {
            let expected = format!("1_a true {:?}", Some(Database::Ours(dialect)));
            assert_eq!(described(&format!("1_a.{word}.down")), expected);
            assert_eq!(described(&format!("1_a.DOWN.{}", word.to_ascii_uppercase())), expected);
        }
        assert_eq!(described("1_a.SqlServer"), r#"1_a false Some(Other("sqlserver"))"#);
    }

    #[test]
    fn ordinary_words_stay_in_the_name() {
        for name in
            ["3_add.v2", "12_v1.2", "4_a.post", "4_a.posts", "4_a.postgis", "5_a.my", "6_a.lite", "7_a.up", "8_a.own"]
        {
            assert_eq!(described(name), format!("{name} false None"));
        }
        assert_eq!(described("3_mysql_to_postgres"), "3_mysql_to_postgres false None");
    }

    #[test]
    fn slips_are_named_with_what_is_meant() {
        for (slip, meant) in [
            ("postgre", "postgres"),
            ("Postgers", "postgres"),
            ("posgre", "postgres"),
            ("postgres_15", "postgres"),
            ("pg14", "pg"),
            ("mysq", "mysql"),
            ("mysql8", "mysql"),
            ("mariadb10.11", "mariadb"),
            ("sqllite", "sqlite"),
            ("sqlite2", "sqlite"),
        ] {
            let described = described(&format!("4_d.{slip}"));
            assert!(described.ends_with(&format!("did you mean .{meant}.sql?")), "{slip}: {described}");
        }
    }

    #[test]
    fn a_word_where_it_says_nothing_is_a_fault() {
        for name in [
            "1_a.mysql.up",
            "1_a.down.v2",
            "1_a.down.down",
            "1_a.postgres.oracle",
            "1_a.undo",
            "1_a.donw",
            "1_a.Rollback",
        ] {
            assert!(suffixes(name).is_err(), "{name}");
        }
    }
}
