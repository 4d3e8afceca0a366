//! What a person sees of a run, of a plan and of the status.

mod health;
mod hook;
mod line;
mod live;
mod observer;
pub(crate) mod plan;
pub(crate) mod status;
mod style;
mod width;

pub(crate) use self::observer::ScreenObserver;
