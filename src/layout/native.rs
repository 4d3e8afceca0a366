//! The native layout: `<version>_<name>.sql`, `.down.sql` to revert, and `.postgres.sql`, `.mysql.sql` or `.sqlite.sql` for one
//! database, where it takes precedence over the plain file.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::entry::{Home, sql_files};
use super::source::{Listed, Source};
use super::template;
use super::word::{Database, Suffixes, suffixes};
use super::{Fault, FileProblem, Layout, LayoutError, Links, NewMigration, Ways, read_script};
use crate::migration::{Dialect, Migration, MigrationSet, Script, Version};

/// With fewer groups, starting a thread costs more than it saves.
const GROUPS_WORTH_A_THREAD: usize = 100;

pub(super) const LAYOUT: Layout = Layout { word: "native", history: "native", read, create };

fn read(source: Source<'_>, dialect: Dialect) -> Result<MigrationSet, LayoutError> {
    let mut problems = Vec::new();
    let names = list(source, &mut problems)?;
    let groups: Vec<Vec<FileName>> = group(names, &mut problems).into_values().collect();
    let loaded = load_all(source, &groups, dialect);
    if !problems.is_empty() || loaded.iter().any(Result::is_err) {
        // Report all problems at once, including those of scripts that this run would not have to split.
        problems.extend(loaded.into_iter().flat_map(|loaded| loaded.map_or_else(|found| found, unreadable)));
        return Err(LayoutError::Files(problems));
    }
    let migrations: Vec<Migration> = loaded.into_iter().flatten().flatten().collect();
    if migrations.is_empty() {
        return Err(LayoutError::Empty { path: source.directory().to_owned(), dialect });
    }
    MigrationSet::new(migrations).map_err(|pair| {
        let fault = Fault::Duplicate { other: pair.0.up.path().to_owned() };
        LayoutError::Files(vec![FileProblem::of_file(pair.1.up.path(), fault)])
    })
}

fn create(directory: &Path, new: &NewMigration<'_>) -> Result<Vec<PathBuf>, LayoutError> {
    let NewMigration { name, timestamp, ways } = *new;
    let slug = slug(name).ok_or_else(|| LayoutError::Name { name: name.to_owned() })?;
    let written =
        |path: &Path, error: &std::io::Error| LayoutError::Write { path: path.to_owned(), reason: error.to_string() };
    fs::create_dir_all(directory).map_err(|error| written(directory, &error))?;
    let names = list(Source::Disk { directory, links: Links::Anywhere }, &mut Vec::new())?;
    let version = next_version(&names, timestamp);
    let stem = format!("{version}_{slug}");
    let mut files = vec![(directory.join(format!("{stem}.sql")), template::forward(&stem))];
    if ways == Ways::UpAndDown {
        files.push((directory.join(format!("{stem}.down.sql")), template::back(&stem)));
    }
    for (path, text) in &files {
        let made = fs::File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
        made.map_err(|error| written(path, &error))?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

/// The parsed name of a file.
#[derive(Debug, Clone)]
struct FileName {
    path: PathBuf,
    version: Version,
    name: String,
    down: bool,
    database: Option<Database>,
}

impl FileName {
    /// Reads `<digits>_<name>[.down][.<database>]`; the two suffixes in either order.
    fn parse(path: PathBuf, stem: &str) -> Result<Self, Fault> {
        let (digits, rest) = stem.split_once('_').ok_or(Fault::NoVersion)?;
        let version = Version::from_digits(digits).ok_or(Fault::NoVersion)?;
        let Suffixes { name, down, database } = suffixes(rest)?;
        if name.is_empty() {
            return Err(Fault::NoVersion);
        }
        Ok(Self { path, version, name: name.to_owned(), down, database })
    }
}

/// Lists the migration files of the directory.
fn list(source: Source<'_>, problems: &mut Vec<FileProblem>) -> Result<Vec<FileName>, LayoutError> {
    let files = sql_files(source, Home::Migrations, problems)?;
    let mut names = Vec::with_capacity(files.len());
    for (stem, Listed { path, outside, .. }) in files {
        let read = outside.map_or(Ok(()), |target| Err(Fault::LinkOutside(target)));
        match read.and_then(|()| FileName::parse(path.clone(), &stem)) {
            Ok(name) => names.push(name),
            Err(fault) => problems.push(FileProblem::of_file(&path, fault)),
        }
    }
    Ok(names)
}

fn group(names: Vec<FileName>, problems: &mut Vec<FileProblem>) -> BTreeMap<Version, Vec<FileName>> {
    let mut groups: BTreeMap<Version, Vec<FileName>> = BTreeMap::new();
    for name in names {
        let group = groups.entry(name.version.clone()).or_default();
        let rival = group.iter().find(|other| {
            other.name != name.name
                || other.version.as_str() != name.version.as_str()
                || (other.down, other.database) == (name.down, name.database)
        });
        match rival {
            Some(other) if other.down && name.name.strip_suffix(".up") == Some(&other.name) => {
                problems.push(FileProblem::of_file(&name.path, Fault::UpSuffix));
                group.push(name); // so that its down file is not reported as alone too
            }
            Some(other) => {
                problems.push(FileProblem::of_file(&name.path, Fault::Duplicate { other: other.path.clone() }));
            }
            None => group.push(name),
        }
    }
    for group in groups.values() {
        if let Some(down) = group.iter().find(|_| group.iter().all(|name| name.down)) {
            problems.push(FileProblem::of_file(&down.path, Fault::DownAlone));
        }
    }
    groups
}

/// The problems in the texts of a migration.
fn unreadable(migration: Option<Migration>) -> Vec<FileProblem> {
    let scripts = migration.into_iter().flat_map(|migration| std::iter::once(migration.up).chain(migration.down));
    scripts.flat_map(|script| FileProblem::of_script(&script)).collect()
}

type Loaded = Result<Option<Migration>, Vec<FileProblem>>;

/// Loads the groups in order, on several threads where there are many: for a run with nothing pending, reading
/// the files takes most of the time.
fn load_all(source: Source<'_>, groups: &[Vec<FileName>], dialect: Dialect) -> Vec<Loaded> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = groups.len().div_ceil(threads).max(GROUPS_WORTH_A_THREAD);
    let load_share =
        |share: &[Vec<FileName>]| share.iter().map(|group| load(source, group, dialect)).collect::<Vec<_>>();
    let mut shares = groups.chunks(share);
    let first = shares.next().unwrap_or_default();
    std::thread::scope(|scope| {
        let others: Vec<_> = shares.map(|share| scope.spawn(move || load_share(share))).collect();
        let mut loaded = load_share(first);
        for other in others {
            // Propagate a panic of the thread.
            loaded.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        loaded
    })
}

/// The migration for this dialect; `None` where all its files are for other databases.
fn load(source: Source<'_>, group: &[FileName], dialect: Dialect) -> Loaded {
    let pick = |down: bool| {
        let of = |wanted: Option<Database>| group.iter().find(|name| name.down == down && name.database == wanted);
        of(Some(Database::Ours(dialect))).or_else(|| of(None))
    };
    let Some(up) = pick(false) else {
        return Ok(None);
    };
    let down = pick(true).map(|name| read_script(source, &name.path, dialect));
    let script = read_script(source, &up.path, dialect);
    match (script, down.transpose()) {
        (Ok(script), Ok(down)) => {
            Ok(Some(Migration { version: up.version.clone(), name: up.name.clone(), up: script, down }))
        }
        (script, down) => {
            let problems = |read: Result<Script, FileProblem>| {
                read.map_or_else(|one| vec![one], |script| FileProblem::of_script(&script))
            };
            Err([
                problems(script),
                down.map_or_else(|one| vec![one], |down| down.iter().flat_map(FileProblem::of_script).collect()),
            ]
            .concat())
        }
    }
}

/// The next number, with the same width, where all versions are shorter than a date; otherwise the timestamp.
fn next_version(names: &[FileName], timestamp: &str) -> String {
    let Some(last) = names.iter().max_by(|a, b| a.version.cmp(&b.version)) else {
        return timestamp.to_owned();
    };
    let written = last.version.as_str();
    match written.parse::<u64>() {
        Ok(number) if written.len() < "20260131".len() => format!("{:0width$}", number + 1, width = written.len()),
        _ => timestamp.to_owned(),
    }
}

fn slug(name: &str) -> Option<String> {
    let words: Vec<String> =
        name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    (!words.is_empty()).then(|| words.join("_"))
}
