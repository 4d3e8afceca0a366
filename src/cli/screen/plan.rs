//! A plan for people: each step, each statement, and whether it is atomic.

use migrascope::database::ServerInfo;
use migrascope::event::Hook;
use migrascope::plan::{Atomic, Plan, Step};

use super::style::{BOLD, DIM, ODD};
use crate::cli::escape::one_line;
use crate::cli::output::Output;
use crate::cli::words::{self, counted};

/// Writes a plan.
pub(crate) fn show(out: &mut Output, identity: &ServerInfo, plan: &Plan<'_>, hooks: &[Hook]) {
    let statements: usize = plan.steps.iter().map(|step| step.statements().len()).sum();
    let size = match plan.steps.len() {
        0 => "nothing to do".to_owned(),
        steps => format!("{}, {}", counted(steps, "migration"), counted(statements, "statement")),
    };
    out.styled(format_args!("{BOLD}plan for {}{BOLD:#}: {size}", one_line(&words::database(identity))));
    if !hooks.is_empty() {
        let names: Vec<&str> = hooks.iter().map(|hook| hook.word()).collect();
        out.styled(format_args!("{BOLD}hooks{BOLD:#}: {}", names.join(", ")));
    }
    for step in &plan.steps {
        show_step(out, step);
    }
}

fn show_step(out: &mut Output, step: &Step<'_>) {
    let (version, name) = (&step.migration.key, one_line(&step.migration.name));
    let atomic = match &step.atomic {
        Atomic::Yes => match step.foreign_keys {
            None => "in one transaction".to_owned(),
            Some(true) => "in one transaction, foreign keys switched on around it".to_owned(),
            Some(false) => {
                "in one transaction, foreign keys switched off around it and checked before its commit".to_owned()
            }
        },
        Atomic::No { why } => format!("{ODD}not atomic{ODD:#}: {}", one_line(why)),
    };
    out.line("");
    out.styled(format_args!("{} {BOLD}{version} {name}{BOLD:#}  {atomic}", step.direction.word()));
    out.styled(format_args!("  {DIM}{}{DIM:#}", one_line(&step.script.path().display().to_string())));
    for (index, statement) in step.statements().iter().enumerate() {
        let place = format!("{}:{}", statement.line, statement.column);
        let alone = if step.goes_alone(index) { "  alone" } else { "" };
        out.styled(format_args!("  {DIM}{place:>7}{DIM:#}  {}{DIM}{alone}{DIM:#}", one_line(&statement.summary)));
    }
}
