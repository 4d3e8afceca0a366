//! Shows the events of a run: one line a migration, a live line while something takes long, a summary at the end.

use std::time::Duration;

use migrascope::database::{Holder, ServerInfo};
use migrascope::event::{Command, Event, RunContext};
use migrascope::plan::{Plan, Schema, Step};
use migrascope::policy::{Decided, Decision};
use migrascope::report::{HealthReport, StepReport};
use migrascope::{Error, Observer};

use super::line::Columns;
use super::live::Live;
use super::{health, hook, line};
use crate::cli::escape::one_line;
use crate::cli::explain;
use crate::cli::output::{self, Output, Stream, complain};
use crate::cli::presentation::Verbosity;
use crate::cli::words;

/// An observer that writes text for people.
pub(crate) struct ScreenObserver {
    out: Output,
    verbosity: Verbosity,
    live: Live,
    columns: Columns,
    title: String,
    run_id: String,
    command: Option<Command>,
    /// Whether the policy only shows what is pending.
    shows_only: bool,
}

impl ScreenObserver {
    /// An observer that has written nothing yet.
    pub(crate) fn new(stream: Stream, verbosity: Verbosity) -> Self {
        Self {
            out: stream.text(),
            verbosity,
            live: Live::new(),
            columns: Columns::default(),
            title: String::new(),
            run_id: String::new(),
            command: None,
            shows_only: false,
        }
    }

    fn line(&mut self, line: impl std::fmt::Display) {
        self.live.clear();
        self.out.styled(line);
    }

    fn begin(&mut self, command: Command, run: &RunContext) {
        self.title = format!("migrascope {} {}", run.tool_version, command.word());
        self.run_id.clone_from(&run.run_id);
        self.command = Some(command);
    }

    fn decided(&mut self, decided: &Decided) {
        self.shows_only = decided.decision == Decision::Look;
        if decided.decision == Decision::Leave {
            self.line(line::title(&self.title, &self.run_id));
        }
        self.line(one_line(&decided.to_string()));
    }

    fn connected(&mut self, identity: &ServerInfo) {
        let header = line::header(&self.title, &words::database(identity), &self.run_id);
        self.line(header);
    }

    fn waited(&mut self, holder: Option<&Holder>, waited: Duration) {
        let held = holder.map_or_else(|| "another runner holds the lock".to_owned(), words::holder);
        let text = format!("waiting for {}: {}", words::so_far(waited), one_line(&held));
        self.live.show_now(waited, &text);
    }

    fn awaited(&mut self, schema: Option<&Schema>, error: Option<&Error>, waited: Duration) {
        let state = match (error, schema) {
            (Some(error), _) => explain::chain(error),
            (None, Some(schema)) => format!("{} pending", words::are(schema.pending, "migration")),
            (None, None) => "no answer yet".to_owned(),
        };
        let text = format!("waiting for {}: {}", words::so_far(waited), one_line(&state));
        self.live.show_now(waited, &text);
    }

    fn planned(&mut self, plan: &Plan<'_>) {
        self.live.clear();
        if self.shows_only {
            line::pending(&plan.steps).into_iter().for_each(|line| self.line(line));
            return;
        }
        self.columns.fit(&plan.steps);
        if let Some(reason) = self.columns.shared() {
            self.line(reason);
        }
        for note in &plan.notes {
            output::explain(&[explain::note(note)]);
        }
    }

    fn running(&mut self, step: &Step<'_>, index: usize, elapsed: Duration) {
        self.live.show(elapsed, &line::running(step, index, elapsed));
    }

    fn migrated(&mut self, step: &Step<'_>, report: &StepReport) {
        let line = self.columns.migration(step, report);
        self.line(line);
    }

    /// `health` shows every check; other commands show those with a warning or a failure.
    fn examined(&mut self, report: &HealthReport) {
        let lines: Vec<String> = match self.command {
            Some(Command::Health) => health::table(report).lines().map(|line| line.trim_end().to_owned()).collect(),
            _ => report.checks.iter().filter_map(health::line).collect(),
        };
        for line in lines {
            self.line(line);
        }
        self.line(health::sentence(report));
    }

    fn observe_hook(&mut self, event: &Event<'_>) {
        match event {
            Event::HookStarted { hook, .. } => {
                self.live.clear();
                if hook.is_command() {
                    complain(format_args!("… {}", hook::begun(*hook)));
                }
            }
            Event::HookRunning { hook, step, elapsed } => {
                let text = hook::running(*hook, *step, *elapsed);
                match hook.is_command() {
                    true => self.live.show_without_spinner(*elapsed, &text),
                    false => self.live.show(*elapsed, &text),
                }
            }
            // Successful SQL hooks would add two lines to each migration.
            Event::HookFinished { hook, step, elapsed, error }
                if hook.is_command() || error.is_some() || self.verbosity == Verbosity::Verbose =>
            {
                self.line(hook::finished(*hook, *step, *elapsed, *error));
            }
            _ => {}
        }
    }

    fn observe_statement(&mut self, event: &Event<'_>) {
        if let Event::StatementFinished { step, index, elapsed, result: Ok(rows) } = event
            && self.verbosity == Verbosity::Verbose
        {
            let line = line::statement(step, *index, *elapsed, *rows);
            self.line(line);
        }
    }
}

impl Observer for ScreenObserver {
    fn observe(&mut self, event: &Event<'_>) {
        if self.verbosity == Verbosity::Quiet {
            return;
        }
        match event {
            Event::RunStarted { command, run, .. } => self.begin(*command, run),
            Event::PolicyDecided { decided } => self.decided(decided),
            Event::ConnectFinished { result: Ok(identity), .. } => self.connected(identity),
            Event::LockWaited { holder, waited } => self.waited(*holder, *waited),
            Event::SchemaAwaited { schema, error, waited } => self.awaited(*schema, *error, *waited),
            Event::LockFinished { .. } | Event::StatementStarted { .. } => self.live.clear(),
            Event::PlanFinished { result: Ok(plan), .. } => self.planned(plan),
            Event::PlanFinished { result: Err(Error::Refused(objections)), .. } if self.shows_only => {
                self.live.clear();
                objections.iter().for_each(|one| output::explain(&[explain::warning(explain::objection(one))]));
            }
            Event::StatementRunning { step, index, elapsed } => self.running(step, *index, *elapsed),
            Event::StatementFinished { .. } => self.observe_statement(event),
            Event::StatementBlocked { step, index, blocker, elapsed } => {
                self.live.show_now(*elapsed, &line::blocked(step, *index, blocker));
            }
            Event::Retrying { step, index, reason, attempt, of, pause, .. } => {
                self.live.clear();
                let retry = line::Retry { index: *index, reason: *reason, attempt: *attempt, of: *of, pause: *pause };
                complain(format_args!("… {}", line::retrying(step, retry)));
            }
            Event::InvalidIndexDropped { name, .. } => {
                self.line(format_args!("dropped {}: an invalid index, left by a failed build", one_line(name)));
            }
            Event::TransactionRefused { step, index, .. } => self.line(line::runs_alone(step, *index)),
            Event::SettingRestored { step, index } => self.line(line::restored(step, *index)),
            Event::DoubtSettled { step, index, ran, witness } => self.line(line::settled(step, *index, *ran, *witness)),
            Event::HistoryChanged { change, migrations } => {
                line::changed(change, *migrations).into_iter().for_each(|line| self.line(line));
            }
            Event::MigrationFinished { step, report, .. } => self.migrated(step, report),
            Event::HookStarted { .. } | Event::HookRunning { .. } | Event::HookFinished { .. } => {
                self.observe_hook(event);
            }
            Event::HealthFinished { report } => self.examined(report),
            Event::RunFinished { report, .. } => {
                self.live.clear();
                if let Some(summary) = line::summary(report) {
                    self.line(summary);
                }
            }
            _ => {}
        }
    }
}
