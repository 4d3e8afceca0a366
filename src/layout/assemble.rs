//! Assembles migrations from the files of one directory, by the rules of a layout: lists them, groups them by version, and reads them.

use std::collections::BTreeMap;
use std::path::Path;

use super::fault::{Fault, FileProblem, LayoutError};
use super::find::list;
use super::rules::{FileName, Find, Rules, Sides};
use super::source::Source;
use super::sql_file::read_script;
use super::word::Database;
use crate::migration::{Dialect, Key, Migration, MigrationSet, Script};

/// With fewer groups, starting a thread costs more than it saves.
const GROUPS_WORTH_A_THREAD: usize = 100;

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
    ordered(migrations, rules)
}

/// Sorts migrations.
///
/// # Errors
/// If two have the same version.
pub(super) fn ordered(migrations: Vec<Migration>, rules: &Rules) -> Result<MigrationSet, LayoutError> {
    MigrationSet::ordered(migrations, rules.order).map_err(|pair| {
        let fault = Fault::Duplicate { other: pair.0.up.path().to_owned() };
        LayoutError::Files(vec![FileProblem::of_file(pair.1.up.path(), fault)])
    })
}

/// Checks that the names of the files have the order of the versions, for a tool that applies files in the order of their names.
///
/// # Errors
/// Each file that its tool would apply before one with a lower version.
pub(super) fn ordered_by_name(set: MigrationSet) -> Result<MigrationSet, LayoutError> {
    let paths: Vec<&Path> = set.iter().map(|migration| migration.up.path()).collect();
    let reversed = paths.windows(2).filter(|pair| pair[0].file_name() > pair[1].file_name());
    let problems = reversed.map(|pair| FileProblem::of_file(pair[1], Fault::NameOrder { lower: pair[0].to_owned() }));
    match problems.collect::<Vec<_>>() {
        none if none.is_empty() => Ok(set),
        problems => Err(LayoutError::Files(problems)),
    }
}

fn group(names: Vec<FileName>, rules: &Rules, problems: &mut Vec<FileProblem>) -> BTreeMap<Key, Vec<FileName>> {
    let mut groups: BTreeMap<Key, Vec<FileName>> = BTreeMap::new();
    for name in names {
        let group = groups.entry(name.named.key.ordered(rules.order).into_owned()).or_default();
        let rival = group.iter().find(|other| (rules.is_rival)(&other.named, &name.named));
        match rival {
            Some(other) if other.named.down && name.named.name.strip_suffix(".up") == Some(&other.named.name) => {
                problems.push(FileProblem::of_file(&name.path, Fault::UpSuffix));
                group.push(name); // so that its down file is not reported as alone too
            }
            Some(other) => {
                let other = other.path.clone();
                let fault = match name.named.key.is_repeatable() {
                    true => Fault::DuplicateName { other },
                    false => Fault::Duplicate { other },
                };
                problems.push(FileProblem::of_file(&name.path, fault));
            }
            None => group.push(name),
        }
    }
    for group in groups.values().filter(|_| !matches!(rules.find, Find::FilesOfEitherDirection)) {
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
    let alone = || pick(true).filter(|_| matches!(rules.find, Find::FilesOfEitherDirection));
    let Some(named) = pick(false).or_else(alone) else {
        return Ok(None);
    };
    let read = |name: &FileName| -> Result<Sides, Vec<FileProblem>> {
        if !source.has(&name.path) && matches!(rules.find, Find::Folders(_)) {
            return Ok(Sides::whole(Script::absent(&name.path, dialect)));
        }
        let script = read_script(source, &name.path, dialect).map_err(|problem| vec![problem])?;
        (rules.interpret)(source, script.inside(source.directory()))
    };
    let up = match pick(false) {
        Some(up) => read(up),
        None => Ok(Sides::whole(Script::new(&named.path, "", dialect).inside(source.directory()))),
    };
    match (up, pick(true).map(read).transpose()) {
        (Ok(sides), Ok(down_file)) => {
            let (key, name) = (named.named.key.clone(), named.named.name.clone());
            let down = down_file.map(|sides| sides.up).or(sides.down);
            Ok(Some(Migration { key, name, up: sides.up, down }))
        }
        (up, down) => {
            let of_texts = |sides: Sides| {
                std::iter::once(sides.up).chain(sides.down).flat_map(|script| FileProblem::of_script(&script)).collect()
            };
            let up = up.map_or_else(|problems| problems, of_texts);
            let down = down.map_or_else(|problems| problems, |sides| sides.map(of_texts).unwrap_or_default());
            Err([up, down].concat())
        }
    }
}
