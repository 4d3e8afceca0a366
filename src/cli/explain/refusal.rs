//! A plan that was refused: each objection with its own fixes.

use migrascope::database::other_history;
use migrascope::history::{Attempt, AttemptState};
use migrascope::layout::Layout;
use migrascope::plan::{Note, Objection, TableFault, TableFaultKind};
use migrascope::run::HistoryFormat;
use migrascope::script::BackslashMode;

use super::advice::Advice;
use super::diagnosis::{Diagnosis, Excerpt, Severity};
use super::settlement::{command, settlement};
use crate::cli::words;

pub(super) fn objections(objections: &[Objection]) -> Vec<Diagnosis> {
    objections.iter().map(objection).collect()
}

/// One objection.
pub(crate) fn objection(objection: &Objection) -> Diagnosis {
    let diagnosis = Diagnosis::error(objection.to_string());
    match objection {
        Objection::Changed { key: version, applied, found, .. } => diagnosis
            .note(format!("applied with checksum {}, now {}", short(applied), short(found)))
            .help("restore the applied version of the file, and put the change into a new migration")
            .help(format!("or, if the schema matches the file as it is now: {}", command("--accept-changes", version))),
        Objection::WasEmpty { key: version, late, .. } => {
            let up = if *late { "migrascope up --order allow" } else { "migrascope up" };
            diagnosis
                .help(Advice::then(
                    &format!("to run it: {}", command("--mark-reverted", version)),
                    &format!("and then: {up}"),
                ))
                .help("or empty the file again, and put the statements into a new migration")
        }
        Objection::Unconfirmed { .. } => diagnosis.help("run migrascope down again; nothing was changed"),
        Objection::Missing { .. } => {
            diagnosis.help("restore the file, or accept that it is missing with --allow-missing (not for down)")
        }
        Objection::OutOfOrder { .. } => diagnosis.help(
            "rename the file to a version above the newest applied one, or set --order: allow applies it, skip skips it",
        ),
        Objection::Unsettled(attempt) => unsettled(diagnosis, attempt),
        Objection::Failed { run_id, started_at, error_code, error_text, .. } => {
            let message = error_text.as_ref().map(|text| words::coded(text, error_code.as_deref()));
            let mut diagnosis = diagnosis.note(format!("attempted {started_at} by run {run_id}"));
            diagnosis.add_notes(message);
            diagnosis.help("fix the file, or whatever made it fail, and run migrascope up; nothing of it remains")
        }
        Objection::Applied { .. } | Objection::NotApplied { .. } | Objection::Unchanged { .. } => {
            diagnosis.help("migrascope status shows the state of every migration; nothing was changed")
        }
        Objection::NotEmpty { .. } => diagnosis.help(
            "a baseline must be the first entry of a history; migrascope repair --mark-applied records one migration in an existing history",
        ),
        Objection::TooLarge { .. } => {
            diagnosis.help("split the statement, or raise the server's limit: SET GLOBAL max_allowed_packet, at most 1 GiB; nothing was changed")
        }
        Objection::Backslash { path, line, column, mode, .. } => {
            let [plain, escape] = backslash(*mode);
            diagnosis
                .at(Excerpt::line(path.display().to_string(), *line, *column, ""))
                .help(format!("if a backslash is a plain character, begin the file with {plain}"))
                .help(format!("if it escapes, begin it with {escape}; nothing was changed"))
        }
        Objection::NewerTables { .. } => {
            diagnosis.help("use the version that wrote it, or a newer one; nothing was changed")
        }
        Objection::NothingToResume { .. } => diagnosis.help("migrascope up applies what is pending"),
        Objection::Rewritten { key: version, .. } => diagnosis
            .help("restore these statements and change only those after them; then resume")
            .help(format!("or do the rest by hand: {}", command("--mark-applied", version)))
            .help(format!("or undo by hand what took effect: {}", command("--mark-reverted", version))),
        Objection::SessionLost { key: version, .. } => diagnosis
            .note("a resumption runs in a new session, which restores only settings with constant values")
            .help(format!("do the rest by hand, in one session with the settings that it needs: {}", command("--mark-applied", version)))
            .help("or move the remaining statements and the settings that they need into a new migration, before that command")
            .help(format!("or undo by hand what took effect: {}", command("--mark-reverted", version))),
        Objection::InDoubt { key: version, statement, last, .. } if statement < last => diagnosis
            .help(format!("check the database; if all of them took effect: {} --in-doubt ran", command("--resume", version)))
            .help(format!(
                "if none did, or you have undone those that did: {} --in-doubt did-not-run",
                command("--resume", version)
            ))
            .help(format!("or do the rest by hand, and record it: {}", command("--mark-applied", version))),
        Objection::InDoubt { key: version, .. } => diagnosis
            .help(format!("check the database; if it took effect: {} --in-doubt ran", command("--resume", version)))
            .help(format!("if it did not: {} --in-doubt did-not-run", command("--resume", version))),
        Objection::Replaced { key: version, .. } => diagnosis
            .help(format!(
                "check the database; if it took effect, restore the statement, so that it is skipped: {} --in-doubt ran",
                command("--resume", version)
            ))
            .help(format!(
                "if it did not, to run the statement as it is now: {} --in-doubt did-not-run",
                command("--resume", version)
            )),
        Objection::NoDown { .. } => {
            diagnosis.help("write its .down.sql file, or stop above it with --to or --steps; nothing was changed")
        }
        Objection::RowsHidden { table, user } => diagnosis
            .help(format!("disable it for this table: ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"))
            .help(format!("or let a superuser allow the user to see every row: ALTER ROLE {user} BYPASSRLS")),
        Objection::Untrusted(faults) => untrusted(diagnosis, faults),
        Objection::Unmanaged { tables } => {
            let mut diagnosis = diagnosis;
            diagnosis.add_notes(
                other_history(tables).map(|(table, tool)| format!("{table} is the history table of {tool}")),
            );
            let continued = continuable(tables).into_iter().fold(diagnosis, |diagnosis, layout| {
                diagnosis.help(format!("to continue the history of {layout} with its files: --layout {layout}"))
            });
            continued
                .help(
                    "if these migrations created its tables, record them up to the last applied one, without running them: \
                     migrascope baseline VERSION",
                )
                .help("if its tables have nothing to do with these migrations: --allow-nonempty; nothing was changed")
        }
        Objection::LedgerElsewhere { ledger, journal, home, schemas } => {
            let diagnosis = schemas.first().into_iter().fold(diagnosis, |diagnosis, schema| {
                diagnosis.help(format!(
                    "to continue the history in schema {schema}: --ledger-table {schema}.{ledger} --journal-table {schema}.{journal}, \
                     or let the user's search path begin with {schema}"
                ))
            });
            home.iter().fold(diagnosis, |diagnosis, home| {
                diagnosis.help(format!(
                    "to start another history in schema {home}, as for another tenant: --ledger-table {home}.{ledger}, or name the \
                     schema in the database URL; nothing was changed"
                ))
            })
        }
        Objection::JournalElsewhere { journal, home, schemas } => {
            let diagnosis = schemas.first().into_iter().fold(diagnosis, |diagnosis, schema| {
                diagnosis.help(format!("to continue the journal in schema {schema}: --journal-table {schema}.{journal}"))
            });
            home.iter().fold(diagnosis, |diagnosis, home| {
                diagnosis.help(format!(
                    "to start another one in schema {home}: --journal-table {home}.{journal}; nothing was changed"
                ))
            })
        }
        Objection::UnknownTarget { .. } => diagnosis.help("migrascope status lists the known versions"),
        _ => diagnosis,
    }
}

/// The layouts whose history tables are among these tables.
fn continuable(tables: &[String]) -> Vec<&'static str> {
    let has = |format: &HistoryFormat| {
        let (_, name) = format.table().rsplit_once('.').unwrap_or(("", format.table()));
        tables.iter().any(|table| table.rsplit('.').next() == Some(name))
    };
    let foreign = Layout::words().filter(|word| *word != Layout::native().word());
    foreign.filter(|word| HistoryFormat::named(word).is_some_and(has)).collect()
}

/// Fixes for history tables that another user can change.
fn untrusted(diagnosis: Diagnosis, faults: &[TableFault]) -> Diagnosis {
    let mut helps: Vec<String> = Vec::new();
    for TableFault { table, kind } in faults {
        let help = match kind {
            TableFaultKind::Owner(role) => format!(
                "if {role} must not control what is applied here, drop the table or hand it over: ALTER TABLE {table} OWNER TO …; otherwise \
                 migrate as {role}, or make your user its member: GRANT {role} TO …"
            ),
            TableFaultKind::NoTable => format!(
                "find out who created {table}, and drop it, or choose other names with --ledger-table and --journal-table"
            ),
            TableFaultKind::Trigger(name) => format!(
                "find out who created it, and drop it: DROP TRIGGER {name} ON {table} (without ON … on MySQL, MariaDB and SQLite)"
            ),
            TableFaultKind::Schema(role) => format!(
                "if {role} must not control what is applied here, drop the schema or hand it over: ALTER SCHEMA {table} OWNER TO …; or take it out of \
                 the user's search path: ALTER ROLE … SET search_path = public"
            ),
            TableFaultKind::ForeignKey(name) => {
                format!("find out who created it, and drop it: ALTER TABLE … DROP CONSTRAINT {name}")
            }
            TableFaultKind::Rule(name) => format!("find out who created it, and drop it: DROP RULE {name} ON {table}"),
            _ => format!(
                "find out who changed {table}, and restore it: docs/databases.md describes what a history table may have"
            ),
        };
        if !helps.contains(&help) {
            helps.push(help);
        }
    }
    let diagnosis = diagnosis.note(
        "objects attached to a history table run with all rights of the user who migrates; nothing was read or changed",
    );
    helps.into_iter().fold(diagnosis, Diagnosis::help)
}

/// The statements that make a backslash a plain character, and an escape.
pub(super) fn backslash(mode: BackslashMode) -> [&'static str; 2] {
    match mode {
        BackslashMode::NonstandardStrings => {
            ["SET standard_conforming_strings = on", "SET standard_conforming_strings = off"]
        }
        _ => [
            "SET sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES')",
            "SET sql_mode = REPLACE(@@sql_mode, 'NO_BACKSLASH_ESCAPES', '')",
        ],
    }
}

fn unsettled(diagnosis: Diagnosis, attempt: &Attempt) -> Diagnosis {
    let message = match (&attempt.error_text, &attempt.error_code) {
        (Some(text), code) => Some(words::coded(text, code.as_deref())),
        (None, _) => None,
    };
    let next = attempt.done + 1;
    let doubt = match attempt.state {
        AttemptState::Unfinished if attempt.last > next => Some(format!(
            "the runner or its connection ended while one of the statements {next} to {} was running, or before: progress is not recorded \
             while tables are locked",
            attempt.last
        )),
        AttemptState::Unfinished if attempt.done < attempt.total => {
            Some(format!("the runner or its connection ended while statement {next} was running, or before it"))
        }
        AttemptState::Unfinished | AttemptState::Failed { .. } | AttemptState::Marked => None,
    };
    let begun = || format!("started {} by run {}", attempt.started_at, attempt.run_id);
    let mut diagnosis = diagnosis;
    diagnosis.add_notes((attempt.state != AttemptState::Marked).then(begun));
    diagnosis.add_notes(message);
    diagnosis.add_notes(doubt);
    diagnosis.add_help(settlement(attempt.direction, &attempt.key));
    diagnosis
}

/// A note of a plan.
pub(crate) fn note(note: &Note) -> Diagnosis {
    match note {
        Note::Cosmetic { .. } | Note::Missing { .. } | Note::Empty { .. } => {
            Diagnosis::new(Severity::Warning, note.to_string())
        }
        _ => Diagnosis::new(Severity::Note, note.to_string()),
    }
}

fn short(checksum: &str) -> &str {
    checksum.get(..12).unwrap_or(checksum)
}
