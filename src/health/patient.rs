//! What is examined, and by what.

use std::sync::LazyLock;

use super::before::Before;
use super::threshold::Thresholds;
use crate::database::Connector;
use crate::event::RunContext;
use crate::layout::OwnCheck;
use crate::run::{Options, Stop};

/// Whether the database is examined when a run has done something.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Health {
    /// It is not: whoever embeds a run decides whether its start waits for that.
    #[default]
    Skip,
    /// It is, and asked these questions of one's own as well.
    Check {
        /// In the order in which they are asked.
        own: Vec<OwnCheck>,
        /// From which values on checks warn and fail, where that is not the default.
        thresholds: Thresholds,
    },
}

/// Where and for whom the checks are made.
#[derive(Clone, Copy)]
pub(crate) struct Patient<'a> {
    pub(crate) connector: &'a dyn Connector,
    pub(crate) options: &'a Options,
    pub(crate) context: &'a RunContext,
    pub(crate) stop: &'a Stop,
    /// The schema or database of our tables, where a run has worked in it; otherwise the connection's own.
    pub(crate) home: Option<&'a str>,
    /// The state before the run.
    pub(crate) before: &'a Before,
}

/// Where no limit is other than the default.
pub(super) static DEFAULT: LazyLock<Thresholds> = LazyLock::new(Thresholds::default);

impl<'a> Patient<'a> {
    pub(super) fn thresholds(&self) -> &'a Thresholds {
        match &self.options.health {
            Health::Check { thresholds, .. } => thresholds,
            Health::Skip => &DEFAULT,
        }
    }
}
