//! Reads ledger and journal as one history.

use super::options::Options;
use crate::database::{DatabaseError, Session, unmanaged_tables};
use crate::error::Error;
use crate::history::{Attempt, AttemptState, Direction, Entry, History, Reached};
use crate::journal;
use crate::ledger::{self, Attempted, Begun, Denied, Depth, Found, Ledger, Remembered, bare_name};
use crate::migration::{Key, Migration, MigrationSet, Version};
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
        applied: remembered.as_ref().is_some_and(has_applied),
        journal: left.is_some(),
    };
    if let Some(objection) = ledger::astray(session, tables, found).await? {
        return Ok(Err(objection));
    }
    let recorded = remembered.is_some();
    let Remembered { mut applied, up_to, attempted, unfinished } = remembered.unwrap_or_default();
    applied.extend(up_to.iter().flat_map(|version| passed(set, version)));
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
    let begun = !applied.is_empty()
        || !unsettled.is_empty()
        || recorded && journal::has_begun(session, &options.journal_table).await?;
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

fn has_applied(remembered: &Remembered) -> bool {
    !remembered.applied.is_empty() || remembered.up_to.is_some() || remembered.attempted.is_some()
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
    Attempt {
        id: format!("mark {key}"),
        run_id: String::new(),
        name: set.get(&key).map(|migration| migration.name.clone()).unwrap_or_default(),
        key,
        direction,
        state: AttemptState::Marked,
        done: 0,
        last: 0,
        reached: Reached::Unrecorded,
        done_checksum: None,
        total: 0,
        error_code: None,
        error_text: None,
        started_at: String::new(),
    }
}

fn applied_unseen(migration: &Migration) -> Entry {
    Entry::new(migration.key.clone(), &*migration.name)
}

/// The files up to a version, as applied, and the version itself, which may have no file.
fn passed<'s>(set: &'s MigrationSet, version: &Version) -> impl Iterator<Item = Entry> + use<'s> {
    let last = Key::from(version.ordered(set.order()).into_owned());
    let unnamed = set.get(&last).is_none().then(|| Entry::new(last.clone(), ""));
    let files = set.iter().take_while(move |migration| migration.key <= last);
    files.map(applied_unseen).chain(unnamed)
}
