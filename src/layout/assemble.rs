//! Assembles migrations from the files of one directory, by the rules of a layout: lists them, groups them by version, and reads them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::entry::{Home, sql_files};
use super::fault::{Fault, FileProblem, LayoutError};
use super::source::{Listed, Source};
use super::sql_file::read_script;
use super::word::Database;
use crate::migration::{Dialect, Migration, MigrationSet, Script, Version};

/// With fewer groups, starting a thread costs more than it saves.
const GROUPS_WORTH_A_THREAD: usize = 100;

/// What a layout says about its files.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    /// Parses the stem of a file's name; `None` for a file that is not a migration in this layout.
    pub(super) parse: fn(&str) -> Result<Option<Named>, Fault>,
    /// Whether two files of one version exclude each other.
    pub(super) is_rival: fn(&Named, &Named) -> bool,
    /// Applies the layout's own directives to a script.
    pub(super) direct: fn(Script) -> Script,
}

/// What the name of a file says.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) version: Version,
    pub(super) name: String,
    pub(super) down: bool,
    pub(super) database: Option<Database>,
}

/// A file with its parsed name.
#[derive(Debug, Clone)]
pub(super) struct FileName {
    pub(super) path: PathBuf,
    pub(super) named: Named,
}

/// Reads the migrations of a directory.
///
/// # Errors
/// All problems of all files at once, and [`LayoutError::Empty`].
pub(super) fn read(source: Source<'_>, dialect: Dialect, rules: &Rules) -> Result<MigrationSet, LayoutError> {
    let mut problems = Vec::new();
    let names = list(source, rules, &mut problems)?;
    let groups: Vec<Vec<FileName>> = group(names, rules, &mut problems).into_values().collect();
    let loaded = load_all(source, &groups, dialect, rules);
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

/// Lists the migration files of the directory.
pub(super) fn list(
    source: Source<'_>,
    rules: &Rules,
    problems: &mut Vec<FileProblem>,
) -> Result<Vec<FileName>, LayoutError> {
    let files = sql_files(source, Home::Migrations, problems)?;
    let mut names = Vec::with_capacity(files.len());
    for (stem, Listed { path, outside, .. }) in files {
        let read = outside.map_or(Ok(()), |target| Err(Fault::LinkOutside(target)));
        match read.and_then(|()| (rules.parse)(&stem)) {
            Ok(named) => names.extend(named.map(|named| FileName { path, named })),
            Err(fault) => problems.push(FileProblem::of_file(&path, fault)),
        }
    }
    Ok(names)
}

fn group(names: Vec<FileName>, rules: &Rules, problems: &mut Vec<FileProblem>) -> BTreeMap<Version, Vec<FileName>> {
    let mut groups: BTreeMap<Version, Vec<FileName>> = BTreeMap::new();
    for name in names {
        let group = groups.entry(name.named.version.clone()).or_default();
        let rival = group.iter().find(|other| (rules.is_rival)(&other.named, &name.named));
        match rival {
            Some(other) if other.named.down && name.named.name.strip_suffix(".up") == Some(&other.named.name) => {
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
        if let Some(down) = group.first().filter(|_| group.iter().all(|name| name.named.down)) {
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
fn load_all(source: Source<'_>, groups: &[Vec<FileName>], dialect: Dialect, rules: &Rules) -> Vec<Loaded> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = groups.len().div_ceil(threads).max(GROUPS_WORTH_A_THREAD);
    let load_share =
        |share: &[Vec<FileName>]| share.iter().map(|group| load(source, group, dialect, rules)).collect::<Vec<_>>();
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
fn load(source: Source<'_>, group: &[FileName], dialect: Dialect, rules: &Rules) -> Loaded {
    let pick = |down: bool| {
        let of = |wanted: Option<Database>| {
            group.iter().find(|name| name.named.down == down && name.named.database == wanted)
        };
        of(Some(Database::Ours(dialect))).or_else(|| of(None))
    };
    let Some(up) = pick(false) else {
        return Ok(None);
    };
    let read = |path| read_script(source, path, dialect).map(rules.direct);
    let down = pick(true).map(|name| read(&name.path));
    let script = read(&up.path);
    match (script, down.transpose()) {
        (Ok(script), Ok(down)) => {
            Ok(Some(Migration { key: up.named.version.clone().into(), name: up.named.name.clone(), up: script, down }))
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
