//! Output for programs: one JSON object per line. `docs/json.md` describes each event.

mod event_body;
mod event_name;
mod line;
mod observer;
mod plan;
mod status;

pub(crate) use self::line::{listening, report, target_changed};
pub(crate) use self::observer::JsonObserver;
pub(crate) use self::plan::whole_plan;
pub(crate) use self::status::{health, running, schema_state, status};
