//! The health checks of MySQL and MariaDB.

use crate::database::{Evaluation, Probe, ReplicaColumns, ServerInfo};
use crate::report::BuiltIn;

/// The columns of `SHOW REPLICA STATUS` with the source's host and the seconds behind it, on both servers and in all versions.
const SOURCE_HOST: usize = 1;
const SECONDS_BEHIND: usize = 32;

/// The probes for this server.
pub(super) fn probes(identity: &ServerInfo) -> Vec<Probe> {
    let mariadb = identity.system == "mariadb";
    let status = if mariadb { "information_schema.GLOBAL_STATUS" } else { "performance_schema.global_status" };
    vec![
        Probe {
            check: BuiltIn::Connections,
            unless: None,
            sql: format!(
                "SELECT (SELECT VARIABLE_VALUE FROM {status} WHERE VARIABLE_NAME = 'Threads_connected'), @@max_connections"
            ),
            evaluation: Evaluation::Share,
            help: "close idle connections, use a connection pooler, or raise max_connections",
        },
        Probe {
            check: BuiltIn::ReplicaLag,
            unless: None,
            sql: if mariadb || version(&identity.version) >= [8, 0, 22] {
                "SHOW REPLICA STATUS".to_owned()
            } else {
                "SHOW SLAVE STATUS".to_owned()
            },
            evaluation: Evaluation::Lag(ReplicaColumns {
                name: SOURCE_HOST,
                seconds: SECONDS_BEHIND,
                none: "this server is not a replica; check the lag on its replicas",
            }),
            help: "run SHOW REPLICA STATUS to find the reason: a large migration takes as long on a replica as on its source",
        },
    ]
}

fn version(text: &str) -> [u32; 3] {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse().unwrap_or_default());
    [(); 3].map(|()| numbers.next().unwrap_or_default())
}
