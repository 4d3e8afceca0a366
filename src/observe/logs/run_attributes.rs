//! The attributes of every record.

use std::sync::{Arc, OnceLock};

use crate::event::RunContext;

/// The run's id and target; clones share the target, which may be known only when the run has begun.
#[derive(Clone)]
pub(super) struct RunAttributes {
    pub(super) id: Arc<str>,
    target: Arc<OnceLock<String>>,
}

impl RunAttributes {
    pub(super) fn new(context: &RunContext) -> Self {
        let target = context.target.clone().map_or_else(OnceLock::new, OnceLock::from);
        Self { id: context.run_id.as_str().into(), target: Arc::new(target) }
    }

    /// The target's name; empty before it is known.
    pub(super) fn target(&self) -> &str {
        self.target.get().map(String::as_str).unwrap_or_default()
    }

    /// Sets the target's name, unless the context has it.
    pub(super) fn set_target(&self, target: &str) {
        let _ = self.target.set(target.to_owned());
    }
}
