//! Changes to the history that the operator requests: marks, accepted checksums, a baseline, and half-way migrations that resume.

use super::engine::Engine;
use super::task::Repair;
use crate::database::{DatabaseError, ErrorKind, Execute, Query, Session, Transaction};
use crate::error::Error;
use crate::event::{Event, Witness};
use crate::history::{AttemptState, History, Reached};
use crate::ledger::Elapsed;
use crate::migration::{Key, Statement};
use crate::plan::{self, Amendment, Change, Doubt, Objection, Plan, Resumption, Step};
use crate::run::step::is_doubtful;
use crate::script::{self, Effect, SchemaObject};

/// The plan of a repair: one step if a migration resumes, and none otherwise.
pub(super) async fn plan<'r>(engine: &mut Engine<'r>, repair: &Repair, history: &History) -> Result<Plan<'r>, Error> {
    let set = engine.job.set;
    let amendment = plan::amend(set, history, &repair.change).map_err(Error::refused)?;
    if let Some(why) = engine.ledger.unrecordable(&applied_after(history, &amendment)) {
        let source = Box::new(DatabaseError::new(ErrorKind::Other, why));
        return Err(Error::Own { what: "cannot change the history", source });
    }
    let mut steps = Vec::new();
    if let Change::Resume { key, doubt } = &repair.change {
        let resumption = plan::resume(set, history, key).map_err(Error::refused)?;
        let mut step = resumption.step.clone();
        step.done += took_effect(engine, &resumption, *doubt).await?;
        step.set_again = plan::session_of(&step, engine.session.server_info().dialect()).map_err(Error::refused)?;
        steps.push(step);
    }
    Ok(Plan { steps, notes: Vec::new() })
}

/// The applied migrations after a change, in order.
fn applied_after<'h>(history: &'h History, amendment: &'h Amendment<'_>) -> Vec<&'h Key> {
    let kept = history.applied().iter().map(|entry| &entry.key).filter(|key| !amendment.remove.contains(key));
    let mut applied: Vec<&Key> = kept.chain(amendment.add.iter().map(|migration| &migration.key)).collect();
    applied.sort();
    applied
}

/// How many statements took effect, including the one that the attempt had reached.
async fn took_effect(
    engine: &mut Engine<'_>,
    resumption: &Resumption<'_>,
    doubt: Option<Doubt>,
) -> Result<usize, Error> {
    let session = &mut **engine.session;
    let Resumption { step, attempt } = resumption;
    let index = step.done;
    let (doubtful, replaced) = match &attempt.reached {
        Reached::WithoutEffect => (false, None),
        Reached::InDoubt { checksum, summary } => (true, (*checksum != step.checksum(index)).then_some(summary)),
        Reached::Unrecorded => (is_doubtful(step, index, attempt.state, session.capabilities()), None),
    };
    if !doubtful {
        return Ok(0);
    }
    let last = match attempt.state {
        AttemptState::Unfinished => plan::last_without_note(step.statements(), index),
        AttemptState::Marked => step.statements().len() - 1,
        AttemptState::Failed { .. } => index,
    };
    let (key, name) = (step.migration.key.clone(), step.migration.name.clone());
    let (ran, witness) = match (doubt, replaced) {
        // The statement now at this position has not run, whatever happened to the earlier one.
        (Some(Doubt::DidNotRun), Some(_)) => return Ok(0),
        (None | Some(Doubt::Ran), Some(summary)) => {
            let (statement, summary) = (index + 1, summary.clone());
            return Err(Error::Refused(vec![Objection::Replaced { key, name, statement, summary }]));
        }
        (Some(doubt), None) => (doubt == Doubt::Ran, Witness::Operator),
        (None, None) => {
            let ran = if last == index { look_for_effect(session, step).await? } else { None };
            let Some(ran) = ran else {
                let (statement, summary) = (index + 1, summary(&step.statements()[index..=last]));
                let last = last + 1;
                let objection = Objection::InDoubt { key, name, statement, last, summary };
                return Err(Error::Refused(vec![objection]));
            };
            (ran, Witness::Database)
        }
    };
    for index in index..=last {
        engine.observer.observe(&Event::DoubtSettled { step, index, ran, witness });
    }
    Ok(if ran { last + 1 - index } else { 0 })
}

/// A one-line summary of statements: a dump may have thousands of them.
fn summary(statements: &[Statement]) -> String {
    const NAMED: usize = 6;
    let named: Vec<&str> = statements.iter().take(NAMED).map(|statement| statement.summary.as_str()).collect();
    match statements.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// Looks for the effect of the statement that a step has reached, with its session settings: the script may have set the search path.
async fn look_for_effect(session: &mut dyn Session, step: &Step<'_>) -> Result<Option<bool>, Error> {
    let own =
        |source| Error::Own { what: "cannot determine whether a statement took effect", source: Box::new(source) };
    let dialect = session.server_info().dialect();
    let set_again = plan::session_of(step, dialect).map_err(Error::refused)?;
    let effect = script::effect(step.text(step.done), dialect);
    let mut set = Ok(());
    for index in &set_again {
        set = set.and(session.execute(Execute::OfScript(step.text(*index))).await.map(drop));
    }
    let found = match set {
        Ok(()) => seen(session, effect.as_ref()).await,
        Err(error) => Err(error),
    };
    if !set_again.is_empty() {
        session.reset().await.map_err(own)?;
    }
    found.map_err(own)
}

/// Whether an effect exists; that of a statement which can be repeated counts as missing. `None` if that cannot be determined.
async fn seen(session: &mut dyn Session, effect: Option<&Effect>) -> Result<Option<bool>, DatabaseError> {
    Ok(match effect {
        None => None,
        Some(Effect::Repeatable) => Some(false),
        Some(Effect::Makes(thing)) => Some(is_there(session, thing).await?),
        Some(Effect::Drops(thing)) => match is_there(session, thing).await? {
            // It may have been created again since, with data: it is not dropped without the operator's consent.
            true if !matches!(thing, SchemaObject::Index { .. }) => None,
            true => Some(false),
            false => Some(!is_left(session, thing).await?),
        },
    })
}

async fn is_there(session: &mut dyn Session, thing: &SchemaObject) -> Result<bool, DatabaseError> {
    let sql = session.sql().existence(thing);
    Ok(!session.query(Query::InPath(&sql)).await?.is_empty())
}

/// Whether an invalid index was left behind.
async fn is_left(session: &mut dyn Session, thing: &SchemaObject) -> Result<bool, DatabaseError> {
    let SchemaObject::Index { name, .. } = thing else { return Ok(false) };
    let Some(sql) = session.sql().invalid_index(name) else { return Ok(false) };
    Ok(!session.query(Query::InPath(&sql)).await?.is_empty())
}

/// Changes the history and records that in the journal, in one transaction.
///
/// # Errors
/// [`Error::Refused`] with every objection, and [`Error::Own`] if the change cannot be written.
pub(super) async fn change(engine: &mut Engine<'_>, repair: &Repair) -> Result<(), Error> {
    let (job, change) = (engine.job, &repair.change);
    let history = engine.state.history().cloned().unwrap_or_default();
    let amendment = plan::amend(job.set, &history, change).map_err(Error::refused)?;
    let migration = job.set.get(change.key());
    let mut records = rows(engine, &history, &amendment);
    let session = &mut **engine.session;
    records.extend(engine.journal.settle(session.sql(), &amendment.settle));
    records.push(engine.journal.change(session.sql(), change, migration, repair.reason.as_deref()));
    let own = |source| Error::Own { what: "cannot change the history", source: Box::new(source) };
    session.begin(Transaction::Write(None)).await.map_err(own)?;
    if let Err(error) = session.conclude(None, &records).await {
        let _ = session.rollback().await;
        return Err(own(error));
    }
    engine.observer.observe(&Event::HistoryChanged { change, migrations: amendment.len() });
    Ok(())
}

fn rows(engine: &Engine<'_>, history: &History, amendment: &Amendment<'_>) -> Vec<String> {
    let abandoned: Vec<_> = history.unsettled.iter().filter(|attempt| amendment.settle.contains(&attempt.id)).collect();
    let (session, ledger, run_id) = (engine.session.sql(), engine.ledger, &engine.job.context.run_id);
    let at_once = Elapsed::Measured(std::time::Duration::ZERO);
    let abandoned = abandoned.iter().filter_map(|attempt| ledger.abandon(session, &attempt.key, attempt.direction));
    let added = amendment.add.iter().flat_map(|migration| ledger.add(session, migration, at_once, run_id));
    let removed = amendment.remove.iter().map(|key| ledger.remove(session, key));
    let accepted = amendment.accept.iter().map(|migration| ledger.accept(session, migration));
    abandoned.chain(added).chain(removed).chain(accepted).collect()
}
