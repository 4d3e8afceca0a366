//! The rules of a plan, from the options and the database.

use super::options::Options;
use crate::database::Capabilities;
use crate::event::Command;
use crate::plan::{Missing, Rules, Unmanaged};

/// The rules that a command plans by on a database with these capabilities.
pub(crate) fn rules(command: Command, options: &Options, capabilities: Capabilities) -> Rules {
    let missing = match command {
        _ if options.allow_missing => Missing::Allow,
        // The release before must start again where the next one was, be it for a moment.
        Command::Exec | Command::Wait => Missing::AllowNewer,
        _ => Missing::Refuse,
    };
    let unmanaged = match command {
        // The run that is waited for may have been given leave.
        Command::Wait => Unmanaged::Allow,
        _ if options.allow_nonempty => Unmanaged::Allow,
        _ => Unmanaged::Refuse,
    };
    Rules {
        unmanaged,
        target: options.target.clone(),
        order: options.order,
        missing,
        transactional_ddl: capabilities.transactional_ddl,
        foreign_keys: capabilities.foreign_keys,
        product: capabilities.product,
    }
}
