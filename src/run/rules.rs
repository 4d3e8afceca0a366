//! The rules of a plan, derived from the options and the database.

use super::options::Options;
use crate::database::Capabilities;
use crate::event::Command;
use crate::plan::{Missing, Rules, Unmanaged};

/// The planning rules of a command on a database with these capabilities.
pub(crate) fn rules(command: Command, options: &Options, capabilities: Capabilities) -> Rules {
    let missing = match command {
        _ if options.allow_missing => Missing::Allow,
        // The previous release must be able to start again after the next one has run, if only for a moment.
        Command::Exec | Command::Wait => Missing::AllowNewer,
        _ => Missing::Refuse,
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
        order: options.order,
        missing,
        transactional_ddl: capabilities.transactional_ddl,
        foreign_keys: capabilities.foreign_keys,
        product: capabilities.product,
    }
}
