//! What arguments and settings share: the words of closed sets, the variable of an option, and what may be shown of a value.

pub(crate) mod choices;
pub(crate) mod mask;
mod variable;

pub(crate) use self::variable::variable;
