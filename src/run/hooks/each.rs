//! SQL before and after each migration: a transaction of its own, on the session that migrates.

use std::pin::pin;
use std::time::Instant;

use super::changes_session;
use super::facts::Facts;
use super::vigil::Vigil;
use crate::database::{DatabaseError, Done, ErrorKind, Limits};
use crate::error::{Error, HookFault};
use crate::event::{Event, Hook};
use crate::migration::SplitScript;
use crate::plan::Step;
use crate::report::Remains;
use crate::run::place;
use crate::run::step::{Engine, pauses};

/// Why a hook stopped: by itself at this statement, counted from 0, or because it had to.
enum Broken {
    At(usize, DatabaseError),
    Ended(HookFault),
}

impl Engine<'_> {
    /// Runs the SQL before or after a migration; nothing where there is none.
    pub(in crate::run) async fn each(&mut self, hook: Hook, step: &Step<'_>) -> Result<(), Error> {
        let options = self.job.options;
        let Some(script) = options.hooks.script(hook) else { return Ok(()) };
        let started = Instant::now();
        self.observer.observe(&Event::HookStarted { hook, step: Some(step) });
        let result = self.persistently_in_transaction(hook, step, script, started).await;
        let migration = Some(format!("migration {}", step.migration));
        let result = result.map_err(|fault| Error::Hook { hook, migration, fault });
        let (elapsed, error) = (started.elapsed(), result.as_ref().err());
        self.observer.observe(&Event::HookFinished { hook, step: Some(step), elapsed, error });
        result
    }

    /// What met a lock, a deadlock or a conflict of transactions has left nothing, and is tried again as a migration is.
    async fn persistently_in_transaction(
        &mut self,
        hook: Hook,
        step: &Step<'_>,
        script: &SplitScript,
        started: Instant,
    ) -> Result<(), HookFault> {
        let inside = self.observer.current_span();
        let facts = Facts::of_step(self.job, self.session.identity(), step, inside.as_ref());
        let mut pauses = pauses(self.job.options.retries);
        loop {
            let result = self.in_transaction(hook, step, script, (started, &facts)).await;
            if result.is_err() {
                // A rollback that fails hides nothing: the server rolls back when the session ends.
                let _ = self.session.rollback().await;
            }
            let cleaned = self.clean(script, &facts).await;
            let (index, error) = match result {
                Ok(()) => match cleaned {
                    Ok(()) => return Ok(()),
                    Err(error) => (0, error),
                },
                Err(Broken::Ended(fault)) => return Err(fault),
                Err(Broken::At(index, error)) => (index, error),
            };
            let pause = error.retry_reason().and_then(|_| pauses.next());
            let Some(pause) = pause.filter(|pause| started.elapsed() + *pause < self.job.options.hooks.timeout) else {
                let failure = place::in_script(script.script(), script.statements(), index, &error, Remains::Nothing);
                return Err(HookFault::Refused(Box::new(failure)));
            };
            tokio::select! {
                () = self.job.stop.requested() => return Err(HookFault::Interrupted),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn in_transaction(
        &mut self,
        hook: Hook,
        step: &Step<'_>,
        script: &SplitScript,
        (started, facts): (Instant, &Facts),
    ) -> Result<(), Broken> {
        let at = |index| move |error| Broken::At(index, error);
        self.session.begin(Some(&self.hook_limits(script))).await.map_err(at(0))?;
        if let Some(sql) = self.session.facts(&facts.known()) {
            self.session.execute(&sql).await.map_err(at(0))?;
        }
        for (index, statement) in script.statements().iter().enumerate() {
            self.may_go_on().await.map_err(|error| match error.kind {
                ErrorKind::Cancelled => Broken::Ended(HookFault::Interrupted),
                _ => Broken::Ended(HookFault::LockLost(error.message)),
            })?;
            let result = self.hook_statement((hook, step), statement.text(script.text()), started).await;
            result.map_err(Broken::Ended)?.map_err(at(index))?;
        }
        let last = script.statements().len().saturating_sub(1);
        self.session.conclude(None, &[]).await.map_err(at(last)).map(drop)
    }

    /// Runs one statement of a hook, as long as the hook may run.
    async fn hook_statement(
        &mut self,
        (hook, step): (Hook, &Step<'_>),
        sql: &str,
        started: Instant,
    ) -> Result<Result<Done, DatabaseError>, HookFault> {
        let process = self.session.identity().process;
        let (limit, stop) = (self.job.options.hooks.timeout, Some(self.job.stop));
        let (monitor, observer) = (&mut *self.monitor, &mut *self.observer);
        let mut vigil = Vigil { hook, step: Some(step), stop, started, limit, monitor, process, observer };
        let (fault, ended) = {
            let mut work = pin!(self.session.execute(sql));
            match vigil.over(work.as_mut(), None).await {
                Ok(result) => return Ok(result),
                Err(fault) => (fault, vigil.cancel(work.as_mut()).await),
            }
        };
        if !ended {
            // Its session does not answer: the run's records go out on another one.
            self.session.give_up();
            self.reconnect().await;
        }
        Err(fault)
    }

    /// A hook that takes its time is ended by the server as well.
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

    /// What a hook has set, and what it was told, must reach neither a migration nor our own statements.
    async fn clean(&mut self, script: &SplitScript, facts: &Facts) -> Result<(), DatabaseError> {
        if changes_session(script) {
            return self.session.renew().await;
        }
        match self.session.facts(&facts.forgotten()) {
            Some(sql) => self.session.query(&sql).await.map(drop),
            None => Ok(()),
        }
    }
}
