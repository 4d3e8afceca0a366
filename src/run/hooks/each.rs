//! SQL before and after each migration: it runs in a transaction of its own, in the session that migrates.

use std::pin::pin;
use std::time::Instant;

use super::supervisor::Supervisor;
use super::variables::HookVariables;
use crate::database::{DatabaseError, Done, ErrorKind, Execute, Limits, Query, Transaction, give_up};
use crate::error::{Error, HookFault};
use crate::event::{Event, Hook};
use crate::migration::SplitScript;
use crate::plan::Step;
use crate::report::PartialEffect;
use crate::run::engine::Engine;
use crate::run::failure;
use crate::run::hook_options::changes_session;
use crate::run::pauses::pauses;

/// A hook that is SQL, for one migration.
struct EachHook<'h> {
    hook: Hook,
    step: &'h Step<'h>,
    script: &'h SplitScript,
    started: Instant,
    variables: HookVariables,
}

/// Why a hook was stopped.
enum Broken {
    /// The statement with this index failed.
    At(usize, DatabaseError),
    /// It was terminated.
    Ended(HookFault),
}

impl Engine<'_> {
    /// Runs the SQL before or after a migration, if there is any.
    ///
    /// # Errors
    /// [`Error::Hook`] if it fails, times out or is interrupted.
    pub(in crate::run) async fn each(&mut self, hook: Hook, step: &Step<'_>) -> Result<(), Error> {
        let Some(script) = self.job.options.hooks.script(hook) else { return Ok(()) };
        let started = Instant::now();
        self.observer.observe(&Event::HookStarted { hook, step: Some(step) });
        let inside = self.observer.current_span();
        let variables = HookVariables::of_step(self, step, inside.as_ref());
        let each = EachHook { hook, step, script, started, variables };
        let result = self.transaction_with_retries(&each).await;
        let migration = Some(format!("migration {}", step.migration));
        let result = result.map_err(|fault| Error::Hook { hook, migration, fault });
        let (elapsed, error) = (started.elapsed(), result.as_ref().err());
        self.observer.observe(&Event::HookFinished { hook, step: Some(step), elapsed, error });
        result
    }

    /// Runs the hook. A lock timeout, a deadlock or a serialization failure leaves nothing behind, and is retried as in a migration.
    async fn transaction_with_retries(&mut self, each: &EachHook<'_>) -> Result<(), HookFault> {
        let (script, timeout) = (each.script, self.job.options.hooks.timeout);
        let mut pauses = pauses(self.job.options.retries);
        loop {
            let result = self.in_transaction(each).await;
            if result.is_err() {
                // A rollback that fails hides nothing: the server rolls back when the session ends.
                let _ = self.session.rollback().await;
            }
            let cleaned = self.clean(each).await;
            let (index, error) = match result {
                Ok(()) => match cleaned {
                    Ok(()) => return Ok(()),
                    Err(error) => (0, error),
                },
                Err(Broken::Ended(fault)) => return Err(fault),
                Err(Broken::At(index, error)) => (index, error),
            };
            let pause = error.retry_reason().and_then(|_| pauses.next());
            let Some(pause) = pause.filter(|pause| each.started.elapsed() + *pause < timeout) else {
                let failure =
                    failure::in_script(script.script(), script.statements(), index, &error, PartialEffect::Nothing);
                return Err(HookFault::Refused(Box::new(failure)));
            };
            tokio::select! {
                () = self.job.stop.requested() => return Err(HookFault::Interrupted),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn in_transaction(&mut self, each: &EachHook<'_>) -> Result<(), Broken> {
        let at = |index| move |error| Broken::At(index, error);
        let script = each.script;
        self.session.begin(Transaction::Write(Some(&self.hook_limits(script)))).await.map_err(at(0))?;
        if let Some(sql) = self.session.sql().hook_variables(&each.variables.set()) {
            self.session.execute(Execute::OfScript(&sql)).await.map_err(at(0))?;
        }
        for (index, statement) in script.statements().iter().enumerate() {
            self.may_go_on().await.map_err(|error| match error.kind {
                ErrorKind::Cancelled => Broken::Ended(HookFault::Interrupted),
                _ => Broken::Ended(HookFault::LockLost(error.message)),
            })?;
            let result = self.hook_statement(each, statement.text(script.text())).await;
            let result = result.map_err(Broken::Ended)?;
            result.map_err(|error| failure::without_values(script.script(), error)).map_err(at(index))?;
        }
        let last = script.statements().len().saturating_sub(1);
        self.session.conclude(None, &[]).await.map_err(at(last)).map(drop)
    }

    /// Runs one statement of a hook, within the hook's timeout.
    async fn hook_statement(
        &mut self,
        each: &EachHook<'_>,
        sql: &str,
    ) -> Result<Result<Done, DatabaseError>, HookFault> {
        let mut supervisor = Supervisor {
            hook: each.hook,
            step: Some(each.step),
            stop: Some(self.job.stop),
            started: each.started,
            limit: self.job.options.hooks.timeout,
            process: self.session.server_info().process,
            monitor: &mut *self.monitor,
            observer: &mut *self.observer,
        };
        let (fault, ended) = {
            let mut work = pin!(self.session.execute(Execute::OfScript(sql)));
            match supervisor.supervise(work.as_mut(), None).await {
                Ok(result) => return Ok(result),
                Err(fault) => (fault, supervisor.cancel(work.as_mut()).await),
            }
        };
        if !ended {
            // The session does not answer: the records of the run need another one.
            give_up(self.session);
            self.reconnect().await;
        }
        Err(fault)
    }

    /// The limits that the server enforces on each statement of a hook.
    fn hook_limits(&self, script: &SplitScript) -> Limits {
        let (directives, options) = (script.directives(), self.job.options);
        let statement_timeout = Limits::given(directives.statement_timeout.or(options.statement_timeout));
        Limits {
            lock_timeout: Limits::given(directives.lock_timeout.or(options.lock_timeout.limit())),
            statement_timeout: Some(
                statement_timeout.map_or(options.hooks.timeout, |own| own.min(options.hooks.timeout)),
            ),
        }
    }

    /// Removes the settings and variables of a hook from the session, before a migration or a statement of the runner can read them.
    async fn clean(&mut self, each: &EachHook<'_>) -> Result<(), DatabaseError> {
        if changes_session(each.script) {
            return self.session.reset().await;
        }
        match self.session.sql().hook_variables(&each.variables.unset()) {
            Some(sql) => self.session.query(Query::Own(&sql)).await.map(drop),
            None => Ok(()),
        }
    }
}
