//! A plan that was refused: each objection on its own, with its own way out.

use migrascope::history::{Attempt, Direction, State};
use migrascope::plan::{Note, Objection};

use super::Surroundings;
use super::diagnosis::{Diagnosis, Severity};

pub(super) fn objections(objections: &[Objection], around: Surroundings<'_>) -> Vec<Diagnosis> {
    objections.iter().map(|one| objection(one, around.journal)).collect()
}

/// One objection; `journal` is the journal's table.
pub(crate) fn objection(objection: &Objection, journal: &str) -> Diagnosis {
    let diagnosis = Diagnosis::error(objection.to_string());
    match objection {
        Objection::Changed { applied, found, .. } => diagnosis
            .note(format!("applied with checksum {}, now {}", short(applied), short(found)))
            .help("restore the file as it was applied, and put the change into a new migration"),
        Objection::Missing { .. } => {
            diagnosis.help("restore the file, or accept that it is gone with --allow-missing (up only)")
        }
        Objection::OutOfOrder { .. } => diagnosis.help(
            "rename the file to a version above the newest applied one, or choose with --order: allow applies it, skip leaves it out",
        ),
        Objection::Unsettled(attempt) => unsettled(diagnosis, attempt, journal),
        Objection::NoDown { .. } => {
            diagnosis.help("write its .down.sql file, or stop above it with --to or --steps; nothing was touched")
        }
        Objection::UnknownTarget { .. } => diagnosis.help("migrascope status lists the versions there are"),
        _ => diagnosis,
    }
}

fn unsettled(diagnosis: Diagnosis, attempt: &Attempt, journal: &str) -> Diagnosis {
    let said = match (&attempt.error_text, &attempt.error_code) {
        (Some(text), code) => Some(crate::cli::words::coded(text, code.as_deref())),
        (None, _) => None,
    };
    let next = attempt.done + 1;
    let doubt = match attempt.state {
        State::Unfinished if attempt.done < attempt.total => Some(format!(
            "nobody can say whether statement {next} took effect: the runner or its connection ended then"
        )),
        State::Unfinished | State::Failed { .. } => None,
    };
    let begun = format!("begun {} by run {}", attempt.started_at, attempt.run_id);
    let mut diagnosis = diagnosis.note(begun);
    diagnosis.notes.extend(said);
    diagnosis.notes.extend(doubt);
    diagnosis.help.extend(settlement(attempt.direction, journal, &format!("id = '{}'", attempt.id)));
    diagnosis
}

/// How to settle a half-way migration by hand.
pub(super) fn settlement(direction: Direction, journal: &str, condition: &str) -> Vec<String> {
    let (undo, then) = match direction {
        Direction::Up => ("undo by hand the statements that took effect", "the next up begins it anew"),
        Direction::Down => ("restore by hand what the statements took away", "the next down begins it anew"),
    };
    vec![format!(
        "{undo}, then say so in the journal, and {then}:\nUPDATE {journal} SET half_way = FALSE WHERE {condition};"
    )]
}

/// Something worth a word.
pub(crate) fn note(note: &Note) -> Diagnosis {
    match note {
        Note::Cosmetic { .. } | Note::Missing { .. } => Diagnosis::new(Severity::Warning, note.to_string()),
        _ => Diagnosis::new(Severity::Note, note.to_string()),
    }
}

fn short(checksum: &str) -> &str {
    checksum.get(..12).unwrap_or(checksum)
}
