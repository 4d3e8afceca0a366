//! What MySQL and MariaDB are asked about their health.

use crate::database::{Identity, Judge, Probe};
use crate::report::BuiltIn;

/// Where `SHOW REPLICA STATUS` has the source's host and the seconds behind it, on both servers and in all versions.
const SOURCE_HOST: usize = 1;
const SECONDS_BEHIND: usize = 32;

/// The probes for the server that has answered.
pub(super) fn probes(identity: &Identity) -> Vec<Probe> {
    let mariadb = identity.system == "mariadb";
    let status = if mariadb { "information_schema.GLOBAL_STATUS" } else { "performance_schema.global_status" };
    vec![
        Probe {
            check: BuiltIn::Connections,
            unless: None,
            sql: format!(
                "SELECT (SELECT VARIABLE_VALUE FROM {status} WHERE VARIABLE_NAME = 'Threads_connected'), @@max_connections"
            ),
            judge: Judge::Share,
            help: "close idle connections, put a pooler in front, or raise max_connections",
        },
        Probe {
            check: BuiltIn::ReplicaLag,
            unless: None,
            sql: if mariadb || version(&identity.version) >= [8, 0, 22] {
                "SHOW REPLICA STATUS".to_owned()
            } else {
                "SHOW SLAVE STATUS".to_owned()
            },
            judge: Judge::Lag {
                name: SOURCE_HOST,
                seconds: SECONDS_BEHIND,
                none: "this server is no replica; those it has say how far they are",
            },
            help: "SHOW REPLICA STATUS has the reason: a large migration takes a replica as long as its source",
        },
    ]
}

fn version(text: &str) -> [u32; 3] {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse().unwrap_or_default());
    [(); 3].map(|()| numbers.next().unwrap_or_default())
}
