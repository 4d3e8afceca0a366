//! History as a person wants it: marks, accepted changes, a baseline, and half-way migrations that go on.

use super::Job;
use super::step::is_doubtful;
use crate::database::{DatabaseError, Session};
use crate::error::Error;
use crate::event::{Command, Event, Observer, Witness};
use crate::history::{History, Reached, State};
use crate::journal::Journal;
use crate::ledger::{Elapsed, Ledger};
use crate::migration::Statement;
use crate::plan::{self, Amendment, Change, Doubt, Objection, Plan, Resumption, Step};
use crate::script::{self, Effect, Thing};

/// A change of history that a person asks for, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// What.
    pub change: Change,
    /// Why, for the journal.
    pub reason: Option<String>,
}

impl Repair {
    /// What its run is called.
    #[must_use]
    pub fn command(&self) -> Command {
        if matches!(self.change, Change::Baseline(_)) { Command::Baseline } else { Command::Repair }
    }
}

/// The plan of a repair: a step where a migration goes on, none otherwise.
pub(super) async fn plan<'a>(
    job: &Job<'a>,
    repair: &Repair,
    session: &mut dyn Session,
    history: &History,
    observer: &mut dyn Observer,
) -> Result<Plan<'a>, Error> {
    plan::amend(job.set, history, &repair.change).map_err(Error::refused)?;
    let mut steps = Vec::new();
    if let Change::Resume { version, doubt } = &repair.change {
        let resumption = plan::resume(job.set, history, version).map_err(Error::refused)?;
        let mut step = resumption.step.clone();
        step.done += took_effect(session, &resumption, *doubt, observer).await?;
        step.set_again = plan::session_of(&step, session.identity().dialect()).map_err(Error::refused)?;
        steps.push(step);
    }
    Ok(Plan { steps, notes: Vec::new() })
}

/// How many statements took effect, from the one on that the attempt had come to.
async fn took_effect(
    session: &mut dyn Session,
    resumption: &Resumption<'_>,
    doubt: Option<Doubt>,
    observer: &mut dyn Observer,
) -> Result<usize, Error> {
    let Resumption { step, attempt } = resumption;
    let index = step.done;
    let (doubtful, replaced) = match &attempt.reached {
        Reached::WithoutEffect => (false, None),
        Reached::InDoubt { checksum, summary } => (true, (*checksum != step.checksum(index)).then_some(summary)),
        Reached::Unrecorded => (is_doubtful(step, index, attempt.state, session.abilities()), None),
    };
    if !doubtful {
        return Ok(0);
    }
    let last =
        if attempt.state == State::Unfinished { plan::last_without_note(step.statements(), index) } else { index };
    let (version, name) = (step.migration.version.clone(), step.migration.name.clone());
    let (ran, witness) = match (doubt, replaced) {
        // What stands at its place now has not run, whatever became of the one before.
        (Some(Doubt::DidNotRun), Some(_)) => return Ok(0),
        (None | Some(Doubt::Ran), Some(summary)) => {
            let (statement, summary) = (index + 1, summary.clone());
            return Err(Error::Refused(vec![Objection::Replaced { version, name, statement, summary }]));
        }
        (Some(doubt), None) => (doubt == Doubt::Ran, Witness::Operator),
        (None, None) => {
            let ran = if last == index { look(session, step).await? } else { None };
            let Some(ran) = ran else {
                let (statement, summary) = (index + 1, summary(&step.statements()[index..=last]));
                let last = last + 1;
                let objection = Objection::InDoubt { version, name, statement, last, summary };
                return Err(Error::Refused(vec![objection]));
            };
            (ran, Witness::Database)
        }
    };
    for index in index..=last {
        observer.observe(&Event::DoubtSettled { step, index, ran, witness });
    }
    Ok(if ran { last + 1 - index } else { 0 })
}

/// What statements do, in a line: a dump may have very many of them.
fn summary(statements: &[Statement]) -> String {
    const NAMED: usize = 6;
    let named: Vec<&str> = statements.iter().take(NAMED).map(|statement| statement.summary.as_str()).collect();
    match statements.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// Looks for the effect of the statement that a step has come to, in a session as that one had it: a name without a schema means
/// what the script has chosen.
async fn look(session: &mut dyn Session, step: &Step<'_>) -> Result<Option<bool>, Error> {
    let own = |source| Error::Own { what: "cannot look for what a statement made", source: Box::new(source) };
    let dialect = session.identity().dialect();
    let set_again = plan::session_of(step, dialect).map_err(Error::refused)?;
    let effect = script::effect(step.text(step.done), dialect);
    let mut set = Ok(());
    for index in &set_again {
        set = set.and(session.execute(step.text(*index)).await.map(drop));
    }
    let found = match set {
        Ok(()) => seen(session, effect.as_ref()).await,
        Err(error) => Err(error),
    };
    if !set_again.is_empty() {
        session.renew().await.map_err(own)?;
    }
    found.map_err(own)
}

/// Whether an effect can be seen; what can be run again counts as not run. `None` where it cannot be looked for.
async fn seen(session: &mut dyn Session, effect: Option<&Effect>) -> Result<Option<bool>, DatabaseError> {
    Ok(match effect {
        None => None,
        Some(Effect::Repeatable) => Some(false),
        Some(Effect::Makes(thing)) => Some(is_there(session, thing).await?),
        Some(Effect::Drops(thing)) => match is_there(session, thing).await? {
            // It may be what was to be dropped, or another one that was made since and has data: that is not dropped without a word.
            true if !matches!(thing, Thing::Index { .. }) => None,
            true => Some(false),
            false => Some(!is_left(session, thing).await?),
        },
    })
}

async fn is_there(session: &mut dyn Session, thing: &Thing) -> Result<bool, DatabaseError> {
    let sql = session.existence(thing);
    Ok(!session.query_in_path(&sql).await?.is_empty())
}

/// Whether a part of an index is there that is neither whole nor gone.
async fn is_left(session: &mut dyn Session, thing: &Thing) -> Result<bool, DatabaseError> {
    let Thing::Index { name, .. } = thing else { return Ok(false) };
    let Some(sql) = session.invalid_index(name) else { return Ok(false) };
    Ok(!session.query_in_path(&sql).await?.is_empty())
}

/// Changes history, and says so in the journal, in one transaction.
pub(super) async fn carry_out(
    job: &Job<'_>,
    repair: &Repair,
    session: &mut dyn Session,
    (ledger, journal): (&dyn Ledger, &Journal<'_>),
    history: &History,
    observer: &mut dyn Observer,
) -> Result<(), Error> {
    let change = &repair.change;
    let amendment = plan::amend(job.set, history, change).map_err(Error::refused)?;
    let migration = job.set.get(change.version());
    let mut records = rows(&amendment, session, ledger, &job.context.run_id);
    records.extend(journal.settle(session, &amendment.settle));
    records.push(journal.change(session, change, migration, repair.reason.as_deref()));
    let own = |source| Error::Own { what: "cannot change the history", source: Box::new(source) };
    session.begin(None).await.map_err(own)?;
    if let Err(error) = session.conclude(None, &records).await {
        let _ = session.rollback().await;
        return Err(own(error));
    }
    observer.observe(&Event::HistoryChanged { change, migrations: amendment.len() });
    Ok(())
}

fn rows(amendment: &Amendment<'_>, session: &dyn Session, ledger: &dyn Ledger, run_id: &str) -> Vec<String> {
    let at_once = Elapsed::Measured(std::time::Duration::ZERO);
    let added = amendment.add.iter().map(|migration| ledger.add(session, migration, at_once, run_id));
    let removed = amendment.remove.iter().map(|version| ledger.remove(session, version));
    let accepted = amendment.accept.iter().map(|migration| ledger.accept(session, migration));
    added.chain(removed).chain(accepted).collect()
}
