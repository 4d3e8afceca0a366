//! Reads ledger and journal as one history.

use std::sync::Arc;

use super::options::Options;
use crate::database::{DatabaseError, Session, unmanaged_tables};
use crate::error::Error;
use crate::history::{Attempt, Direction, Entry, History};
use crate::journal;
use crate::ledger::{self, Attempted, Begun, Denied, Depth, Found, Ledger, Remembered, bare_name};
use crate::migration::{Key, Migration, MigrationSet, Script, Version};
use crate::plan::Objection;

/// Reads the history that the plan of these migrations is made from.
///
/// # Errors
/// [`Error::Refused`] if another schema has a history of this name and this one has none, or if the server hides rows of it.
pub(super) async fn read_history(
    session: &mut dyn Session,
    ledger: &dyn Ledger,
    options: &Options,
    set: &MigrationSet,
    depth: Depth,
) -> Result<History, Error> {
    let untrusted = ledger::untrusted(session, options.tables()).await;
    let untrusted = untrusted.map_err(|source| Error::Own { what: ledger::UNSEEN, source: Box::new(source) })?;
    untrusted.map_or(Ok(()), |objection| Err(Error::Refused(vec![objection])))?;
    match read(session, ledger, options, set, depth).await {
        Ok(Ok(history)) => Ok(history),
        Ok(Err(objection)) => Err(Error::Refused(vec![objection])),
        Err(source) => {
            let denied = Denied { what: "cannot read the history of migrations", rights: ledger::READ, source };
            Err(denied.explained(session, options.tables()).await)
        }
    }
}

async fn read(
    session: &mut dyn Session,
    ledger: &dyn Ledger,
    options: &Options,
    set: &MigrationSet,
    depth: Depth,
) -> Result<Result<History, Objection>, DatabaseError> {
    let tables = options.tables();
    let remembered = ledger.read(session, depth).await?;
    let left = journal::left(session, &options.journal_table).await?;
    let found = Found {
        ledger: remembered.is_some(),
        applied: remembered.as_ref().is_some_and(|remembered| !remembered.is_empty()),
        journal: left.is_some(),
    };
    if let Some(objection) = ledger::astray(session, tables, found).await? {
        return Ok(Err(objection));
    }
    let recorded = remembered.is_some();
    let Remembered { applied, up_to, attempted, baseline, in_code, unfinished } = remembered.unwrap_or_default();
    let has_other_rows = baseline.is_some() || !in_code.is_empty();
    // A row of its own says more about a migration below the baseline.
    let below = baseline.iter().flat_map(|version| files_up_to(set, version));
    let mut applied: Vec<Entry> = below.chain(applied).collect();
    applied.extend(up_to.iter().flat_map(|version| passed(set, version)));
    applied.extend(in_code.into_iter().filter(|entry| set.get(&entry.key).is_some()));
    if let Some(left) = left.as_ref().filter(|left| left.form > journal::PRESENT_FORM) {
        let (table, known) = (options.journal_table.clone(), journal::PRESENT_FORM);
        return Ok(Err(Objection::NewerTables { table, form: left.form, known }));
    }
    let journal_form = left.as_ref().map(|left| left.form);
    let order = set.order();
    let mut unsettled = left.map(|left| left.unsettled).unwrap_or_default();
    unsettled.iter_mut().for_each(|attempt| attempt.key = attempt.key.ordered(order).into_owned());
    // The journal has more details about an attempt of this runner than the ledger.
    let mut unknown = Vec::new();
    for Begun { entry, mut attempt } in unfinished {
        attempt.key = attempt.key.ordered(order).into_owned();
        name_of_file(set, &attempt.key, &mut attempt.name);
        match unsettled.iter().rev().find(|known| known.key == attempt.key).map(|known| known.direction) {
            Some(Direction::Down) => applied.push(entry),
            Some(Direction::Up) => {}
            None => unknown.push(attempt),
        }
    }
    unsettled.extend(unknown);
    if let Some(attempted) = attempted {
        let Interrupted { applied: before, attempt } = interrupted(set, &attempted, &unsettled);
        applied.extend(before);
        unsettled.extend(attempt);
    }
    applied.iter_mut().for_each(|entry| name_of_file(set, &entry.key, &mut entry.name));
    let has_rows = !applied.is_empty() || !unsettled.is_empty() || has_other_rows;
    if let Some(script) = set.baseline().filter(|_| !has_rows) {
        return Ok(Err(unusable(script)));
    }
    let begun = has_rows || recorded && journal::has_begun(session, &options.journal_table).await?;
    let unmanaged_tables = if begun {
        Vec::new()
    } else {
        unmanaged_tables(session, &[bare_name(tables.ledger), bare_name(tables.journal)]).await?
    };
    let mut history = History::ordered(applied, order);
    history.unsettled = unsettled;
    history.recorded = recorded;
    history.journal_form = journal_form;
    history.unmanaged_tables = unmanaged_tables;
    Ok(Ok(history))
}

/// What the mark of an attempt says, in a table that holds one version only.
struct Interrupted {
    /// The migrations that the attempt has found applied.
    applied: Vec<Entry>,
    /// The attempt, unless the journal has it.
    attempt: Option<Attempt>,
}

/// Finds the attempt that has left this mark. The mark does not show the direction: it is a reversion if the journal has one to this
/// version, or if nothing was to be left applied.
fn interrupted(set: &MigrationSet, Attempted { to }: &Attempted, unsettled: &[Attempt]) -> Interrupted {
    let to = to.as_ref().map(|version| Key::from(version.ordered(set.order()).into_owned()));
    let above = set.iter().find(|migration| to.as_ref().is_none_or(|to| migration.key > *to));
    let to = to.map(|to| set.get(&to).map_or(to, |migration| migration.key.clone()));
    let is_known = |key: &Key, direction| unsettled.iter().any(|one| one.key == *key && one.direction == direction);
    let reverted = above.filter(|above: &&Migration| to.is_none() || is_known(&above.key, Direction::Down));
    let (key, direction) = match (reverted, to) {
        (Some(reverted), _) => (reverted.key.clone(), Direction::Down),
        (None, Some(to)) => (to, Direction::Up),
        (None, None) => return Interrupted { applied: Vec::new(), attempt: None },
    };
    let is_applied = |other: &Key| *other < key || direction == Direction::Down && *other == key;
    let applied = set.iter().take_while(|migration| is_applied(&migration.key)).map(applied_unseen).collect();
    let other = above.filter(|_| direction == Direction::Up).map(|above| {
        format!("the mark does not show the direction: it is also the one of a reversion of {above} that has failed")
    });
    let attempt = (!is_known(&key, direction)).then(|| marked(set, key, direction));
    let attempt = attempt.map(|attempt| Attempt { error_text: other, ..attempt });
    Interrupted { applied, attempt }
}

/// An attempt of which only the mark in the history table is known.
fn marked(set: &MigrationSet, key: Key, direction: Direction) -> Attempt {
    let name = set.get(&key).map(|migration| migration.name.clone()).unwrap_or_default();
    Attempt { direction, ..Attempt::marked(format!("mark {key}"), &Entry::new(key, name)) }
}

fn applied_unseen(migration: &Migration) -> Entry {
    Entry::new(migration.key.clone(), &*migration.name)
}

/// Where a table has no names, those of the files are used.
fn name_of_file(set: &MigrationSet, key: &Key, name: &mut String) {
    if name.is_empty() {
        name.push_str(set.get(key).map_or("unnamed", |migration| &*migration.name));
    }
}

/// The files up to a version, as applied, and the version itself, which may have no file.
fn passed<'s>(set: &'s MigrationSet, version: &Version) -> impl Iterator<Item = Entry> + use<'s> {
    let last = Key::from(version.ordered(set.order()).into_owned());
    let unnamed = set.get(&last).is_none().then(|| Entry::new(last, ""));
    files_up_to(set, version).chain(unnamed)
}

/// The files up to a version, as applied.
fn files_up_to<'s>(set: &'s MigrationSet, version: &Version) -> impl Iterator<Item = Entry> + use<'s> {
    let last = Key::from(version.ordered(set.order()).into_owned());
    set.iter().take_while(move |migration| migration.key <= last).map(applied_unseen)
}

/// The objection to a script that cannot be split.
fn unusable(script: &Script) -> Objection {
    Objection::Unreadable {
        path: script.path().to_owned(),
        text: Arc::clone(script.file_text()),
        problems: script.parsed().err().unwrap_or_default().to_vec(),
    }
}
