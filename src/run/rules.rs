//! The rules of a plan, derived from the options and the database.

use super::options::Options;
use crate::database::Capabilities;
use crate::event::Command;
use crate::plan::{Changed, Habits, Missing, Rules, Unmanaged};

/// The planning rules of a command on a database with these capabilities.
pub(crate) fn rules(command: Command, options: &Options, capabilities: Capabilities) -> Rules {
    let habits = match options.strict {
        true => Habits::STRICT,
        false => options.history_format.habits(),
    };
    let missing = match (options.allow_missing, command, habits.missing) {
        (Some(true), _, _) | (None, _, Missing::Allow) => Missing::Allow,
        // The previous release must be able to start again after the next one has run, if only for a moment.
        (_, Command::Exec | Command::Wait, _) | (None, _, Missing::AllowNewer) => Missing::AllowNewer,
        _ => Missing::Refuse,
    };
    let changed = match options.allow_changed {
        Some(true) => Changed::Allow,
        Some(false) => Changed::Refuse,
        None => habits.changed,
    };
    let unmanaged = match command {
        // The awaited run may have been allowed to start in a database with unmanaged tables.
        Command::Wait => Unmanaged::Allow,
        _ if options.allow_nonempty => Unmanaged::Allow,
        _ => Unmanaged::Refuse,
    };
    Rules {
        unmanaged,
        target: options.target.clone(),
        order: options.order.unwrap_or(habits.order),
        missing,
        changed,
        transactional_ddl: capabilities.transactional_ddl,
        foreign_keys: capabilities.foreign_keys,
        product: capabilities.product,
    }
}
