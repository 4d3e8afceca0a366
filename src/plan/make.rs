//! Makes a plan from files and history, or returns every objection.

use super::doubt::unsettled;
use super::edit::{Edit, edit, had_no_statement, was_empty};
use super::note::Note;
use super::objection::Objection;
use super::rules::{Changed, Missing, Order, Rules, Target};
use super::step::Step;
use super::unmanaged::Unmanaged;
use crate::history::{Direction, Entry, History};
use crate::migration::{Key, Migration, MigrationSet, Version, VersionOrder, split_all};

/// What will be done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan<'a> {
    /// The steps in order.
    pub steps: Vec<Step<'a>>,
    /// Warnings that do not refuse the plan.
    pub notes: Vec<Note>,
}

/// The state of a schema at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schema {
    /// The highest applied version.
    pub version: Option<Version>,
    /// The number of applied migrations.
    pub applied: usize,
    /// The number of migrations on disk that are to be applied, see [`is_pending`].
    pub pending: usize,
    /// The number of applied migrations whose file has changed, not counting cosmetic edits.
    pub changed: usize,
    /// The number of applied migrations that have no file, whether or not that is allowed.
    pub missing: usize,
    /// Whether a half-applied migration is recorded.
    pub dirty: bool,
}

/// Counts what is applied, pending, changed and missing.
#[must_use]
pub fn survey(set: &MigrationSet, history: &History) -> Schema {
    Schema {
        version: history.highest().cloned(),
        applied: history.applied().len(),
        pending: set.iter().filter(|migration| is_pending(migration, history)).count(),
        changed: set.iter().filter(|migration| is_changed(migration, history)).count(),
        missing: history.applied().iter().filter(|entry| set.get(&entry.key).is_none()).count(),
        dirty: !history.unsettled.is_empty(),
    }
}

/// Whether a migration is to be applied: it is not, or it is repeatable and its file has changed since.
#[must_use]
pub fn is_pending(migration: &Migration, history: &History) -> bool {
    match history.entry(&migration.key) {
        Some(entry) => migration.key.is_repeatable() && edit(entry, migration) != Edit::None,
        None => true,
    }
}

/// Whether the statements of an applied migration have changed. Those of a repeatable one may.
fn is_changed(migration: &Migration, history: &History) -> bool {
    let changed = |entry| matches!(edit(entry, migration), Edit::FromEmpty | Edit::Real);
    !migration.key.is_repeatable() && history.entry(&migration.key).is_some_and(changed)
}

/// Checks that every script can be split into statements, applied or not.
///
/// # Errors
/// One [`Objection::Unreadable`] for each script that cannot be split.
pub fn readable(set: &MigrationSet) -> Result<(), Vec<Objection>> {
    let mut findings = Findings { objections: Vec::new(), notes: Vec::new() };
    findings.unreadable(&set.iter().collect::<Vec<_>>());
    findings.into_plan(Vec::new()).map(drop)
}

/// Plans to apply the pending migrations in the order of their versions.
///
/// # Errors
/// Every objection at once, in the order of the versions.
pub fn up<'a>(set: &'a MigrationSet, history: &History, rules: &Rules) -> Result<Plan<'a>, Vec<Objection>> {
    let mut findings = examine(set, history, rules);
    let highest = history.highest();
    let mut pending = Vec::new();
    let absent: Vec<_> = set.iter().filter(|migration| is_pending(migration, history)).collect();
    // Includes files beyond this run's target, so that a broken file is found before anything runs.
    findings.unreadable(&absent);
    for migration in absent {
        match highest.filter(|highest| migration.key.version().is_some_and(|version| *highest > version)) {
            Some(highest) => findings.late(migration, highest, order_of(migration, rules), &mut pending),
            None => pending.push(migration),
        }
    }
    if let Target::Version(version) = &rules.target
        && set.get(&version.clone().into()).is_none()
    {
        findings.objections.push(Objection::UnknownTarget { key: version.clone().into() });
    }
    if let Target::Steps(count) = &rules.target {
        findings.fewer_steps(Direction::Up, *count, pending.len());
    }
    cut(&mut pending, &rules.target, set.order());
    findings.unmanaged(&history.unmanaged_tables, rules.unmanaged, pending.is_empty());
    let mut steps = Vec::with_capacity(pending.len());
    for migration in pending {
        let Ok(step) = Step::new(migration, Direction::Up, rules) else { continue };
        if step.script.is_empty() {
            let (key, name) = (migration.key.clone(), migration.name.clone());
            findings.notes.push(Note::Empty { key, name, applied: false });
        }
        steps.push(step);
    }
    findings.into_plan(steps)
}

/// What to do with a migration that is late.
fn order_of(migration: &Migration, rules: &Rules) -> Order {
    match migration.up.parsed().is_ok_and(|parsed| parsed.directives.out_of_order) {
        true => Order::Allow,
        false => rules.order,
    }
}

/// Plans to revert applied migrations in descending order of version; only one unless the target says otherwise.
///
/// # Errors
/// Every objection at once: a missing file or down script of a step, an attempt left half-way, an unknown target.
pub fn down<'a>(set: &'a MigrationSet, history: &History, rules: &Rules) -> Result<Plan<'a>, Vec<Objection>> {
    let mut findings = Findings::begin(set, history);
    // What a repeatable migration has done is reverted by an earlier version of its file, if at all.
    let mut applied: Vec<&Entry> = history.applied().iter().rev().filter(|entry| !entry.key.is_repeatable()).collect();
    match &rules.target {
        Target::Latest => applied.truncate(1),
        Target::Steps(count) => {
            findings.fewer_steps(Direction::Down, *count, applied.len());
            applied.truncate(*count);
        }
        Target::Version(version) => {
            let key = Key::from(version.ordered(set.order()).into_owned());
            let known = version.canonical() == "0" || set.get(&key).is_some() || history.entry(&key).is_some();
            if !known {
                findings.objections.push(Objection::UnknownTarget { key: version.clone().into() });
            }
            applied.retain(|entry| entry.key > key);
        }
    }
    let mut steps = Vec::new();
    for entry in applied {
        let (key, name) = (&entry.key, &entry.name);
        let missing = || Box::new(Objection::Missing { key: key.clone(), name: name.clone() });
        let migration = set.get(key).ok_or_else(missing);
        match migration.and_then(|migration| Step::new(migration, Direction::Down, rules)) {
            Ok(step) => steps.push(step),
            Err(objection) => findings.objections.push(*objection),
        }
    }
    findings.into_plan(steps)
}

/// Compares files with history without planning anything: the result of `verify` and `status`.
#[must_use]
pub fn verify(set: &MigrationSet, history: &History, rules: &Rules) -> (Vec<Objection>, Vec<Note>) {
    match up(set, history, &Rules { target: Target::Latest, ..rules.clone() }) {
        Ok(plan) => (Vec::new(), plan.notes),
        Err(objections) => (objections, running_note(history)),
    }
}

pub(super) struct Findings {
    objections: Vec<Objection>,
    notes: Vec<Note>,
}

impl Findings {
    fn begin(set: &MigrationSet, history: &History) -> Self {
        Self { objections: unsettled(set, history), notes: running_note(history) }
    }

    /// Splits these migrations' scripts, and objects to each that cannot be split.
    fn unreadable(&mut self, migrations: &[&Migration]) {
        let scripts = || migrations.iter().flat_map(|migration| std::iter::once(&migration.up).chain(&migration.down));
        split_all(scripts());
        self.objections.extend(scripts().filter_map(Objection::of));
    }

    fn late<'a>(
        &mut self,
        migration: &'a Migration,
        highest: &Version,
        order: Order,
        pending: &mut Vec<&'a Migration>,
    ) {
        let (key, name) = (migration.key.clone(), migration.name.clone());
        match order {
            Order::Allow => {
                self.notes.push(Note::Late { key, name, highest: highest.clone() });
                pending.push(migration);
            }
            Order::Skip => self.notes.push(Note::Skipped { key, name }),
            Order::Strict => {
                self.objections.push(Objection::OutOfOrder { key, name, highest: highest.clone() });
            }
        }
    }

    fn fewer_steps(&mut self, direction: Direction, asked: usize, found: usize) {
        if asked > found {
            self.notes.push(Note::FewerSteps { direction, asked, found });
        }
    }

    /// Refuses only where something is pending: otherwise nothing can be created twice.
    fn unmanaged(&mut self, tables: &[String], rule: Unmanaged, nothing_pending: bool) {
        let tables = tables.to_vec();
        match rule {
            _ if tables.is_empty() => {}
            Unmanaged::Refuse if !nothing_pending => self.objections.push(Objection::Unmanaged { tables }),
            Unmanaged::Refuse | Unmanaged::Allow => self.notes.push(Note::Unmanaged { tables }),
        }
    }

    fn into_plan(self, steps: Vec<Step<'_>>) -> Result<Plan<'_>, Vec<Objection>> {
        if self.objections.is_empty() { Ok(Plan { steps, notes: self.notes }) } else { Err(self.objections) }
    }
}

pub(super) fn examine(set: &MigrationSet, history: &History, rules: &Rules) -> Findings {
    let mut findings = Findings::begin(set, history);
    let newest = set.iter().rev().find_map(|migration| migration.key.version());
    for entry in history.applied() {
        let Some(migration) = set.get(&entry.key) else {
            let (key, name) = (entry.key.clone(), entry.name.clone());
            let newer = newest.is_some() && entry.key.version() > newest;
            if rules.missing == Missing::Allow || newer && rules.missing == Missing::AllowNewer {
                findings.notes.push(Note::Missing { key, name });
            } else {
                findings.objections.push(Objection::Missing { key, name });
            }
            continue;
        };
        let (key, name) = (migration.key.clone(), migration.name.clone());
        if key.is_repeatable() {
            continue;
        }
        match edit(entry, migration) {
            Edit::None | Edit::Cosmetic if had_no_statement(entry) => {
                findings.notes.push(Note::Empty { key, name, applied: true });
            }
            Edit::None => {}
            Edit::FromEmpty => findings.objections.push(was_empty(migration, history)),
            Edit::Cosmetic => findings.notes.push(Note::Cosmetic { key, name }),
            Edit::Real if rules.changed == Changed::Allow => findings.notes.push(Note::Changed { key, name }),
            Edit::Real => findings.objections.push(Objection::Changed {
                key,
                name,
                applied: entry.checksum.as_ref().map(ToString::to_string).unwrap_or_default(),
                found: migration.up.checksum().to_string(),
            }),
        }
    }
    findings
}

pub(super) fn running_note(history: &History) -> Vec<Note> {
    history.running.iter().map(|run| Note::Running(Box::new(run.clone()))).collect()
}

pub(super) fn cut(pending: &mut Vec<&Migration>, target: &Target, order: VersionOrder) {
    match target {
        Target::Latest => {}
        Target::Steps(count) => pending.truncate(*count),
        Target::Version(version) => {
            let last = Key::from(version.ordered(order).into_owned());
            pending.retain(|migration| migration.key <= last);
        }
    }
}
