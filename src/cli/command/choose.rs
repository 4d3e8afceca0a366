//! Finds the directory and its layout where no setting names them.

use std::path::Path;

use migrascope::database::Connector;
use migrascope::layout::{Candidate, Detection, Layout};
use migrascope::run::present_histories;

use super::prepare;
use super::runtime::block_on;
use super::stopped::Stopped;
use crate::cli::args::Command;
use crate::cli::explain::Diagnosis;
use crate::cli::settings::{Settings, default_history};

/// The settings of a command, with directory and layout, and what was found, where that is not obvious.
pub(super) struct Chosen {
    pub(super) settings: Settings,
    pub(super) note: Option<String>,
}

/// Chooses the directory and its layout.
///
/// # Errors
/// When several are possible, and a flag has to say which.
pub(super) fn choose(command: &Command, settings: &Settings) -> Result<Chosen, Stopped> {
    let mut chosen = Chosen { settings: settings.clone(), note: None };
    if !command.reads_migrations() {
        return Ok(chosen);
    }
    let place = usual_place(settings)?;
    if let Some(place) = place {
        chosen.settings.directory = place.into();
        chosen.note = Some(format!("migrations in {place}"));
    }
    if settings.given.layout {
        return Ok(chosen);
    }
    let directory = chosen.settings.directory.clone();
    // A directory that cannot be read is reported where it is used.
    let candidate = match Layout::detect(&directory).unwrap_or(Detection::Nothing) {
        Detection::Nothing => return Ok(chosen),
        Detection::One(candidate) => candidate,
        Detection::Contradiction(candidates) => return Err(ambiguous(&directory, &candidates)),
        Detection::Several(candidates) => by_tables(command, settings, &directory, &candidates)?,
    };
    if candidate.layout != Layout::native() {
        let reason = candidate.reason.map(|reason| format!(", because {reason}")).unwrap_or_default();
        let place = chosen.note.map(|place| format!("{place}, ")).unwrap_or_default();
        chosen.note = Some(format!("{place}layout {}{reason}", candidate.layout.word()));
    }
    chosen.settings.use_layout(candidate.layout, default_history(candidate.layout));
    Ok(chosen)
}

/// The directory of migrations in a project without `migrations`.
fn usual_place(settings: &Settings) -> Result<Option<&'static str>, Stopped> {
    if settings.given.directory || settings.directory.exists() {
        return Ok(None);
    }
    let places: Vec<&str> = Layout::places().filter(|place| Path::new(place).is_dir()).collect();
    match places[..] {
        [] => Ok(None),
        [place] => Ok(Some(place)),
        _ => {
            let message = format!("migrations could be in {}", places.join(" or "));
            Err(Stopped::by_usage("dir", vec![Diagnosis::error(message).help("name the directory with --dir")]))
        }
    }
}

/// The one whose history table the database has.
fn by_tables(
    command: &Command,
    settings: &Settings,
    directory: &Path,
    candidates: &[Candidate],
) -> Result<Candidate, Stopped> {
    let tables = if command.needs_database() { present(settings, candidates)? } else { Vec::new() };
    let of_table = candidates.iter().filter(|one| tables.contains(&one.layout.history())).collect::<Vec<_>>();
    let reasoned = candidates.iter().filter(|one| one.reason.is_some()).collect::<Vec<_>>();
    let found = match (&of_table[..], &reasoned[..]) {
        ([one], _) => {
            let reason = Some(format!("the database has {}", default_history(one.layout).table()));
            Some(Candidate { layout: one.layout, reason })
        }
        ([], [one]) if candidates[0].layout != Layout::native() => Some((*one).clone()),
        ([], _) if is_preferred(&candidates[0]) => Some(candidates[0].clone()),
        _ => None,
    };
    found.ok_or_else(|| ambiguous(directory, candidates))
}

/// Whether it is the one to take where nothing speaks for another one.
fn is_preferred(candidate: &Candidate) -> bool {
    candidate.layout == Layout::native() || candidate.layout.is_common()
}

/// The names of the formats whose tables the database has. If it cannot be asked, the command itself will say why.
fn present(settings: &Settings, candidates: &[Candidate]) -> Result<Vec<&'static str>, Stopped> {
    let connector: Box<dyn Connector> = prepare::connector(settings, prepare::application())?;
    let formats: Vec<_> = candidates.iter().map(|one| default_history(one.layout)).collect();
    let found = block_on(present_histories(&*connector, &formats))?.unwrap_or_default();
    Ok(candidates
        .iter()
        .filter(|one| found.contains(&default_history(one.layout)))
        .map(|one| one.layout.history())
        .collect())
}

fn ambiguous(directory: &Path, candidates: &[Candidate]) -> Stopped {
    let of = |one: &Candidate| match &one.reason {
        Some(reason) => format!("{} ({reason})", one.layout.word()),
        None => one.layout.word().to_owned(),
    };
    let names = candidates.iter().map(of).collect::<Vec<_>>().join(" or ");
    let message = format!("the directory {} could have the layout {names}", directory.display());
    let words: Vec<&str> = candidates.iter().map(|one| one.layout.word()).collect();
    let help = format!(
        "say which with --layout {}, and --history if the history is another tool's",
        words.join(" or --layout ")
    );
    Stopped::by_usage("layout", vec![Diagnosis::error(message).help(help)])
}
