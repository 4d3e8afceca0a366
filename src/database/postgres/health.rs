//! The health checks of PostgreSQL. Every user can read the results, or the check reports that it cannot.

use crate::database::{Evaluation, Probe, ReplicaColumns};
use crate::report::BuiltIn;

/// An index that another session is building is not valid yet, but not a fault.
const INVALID_INDEXES: &str = "SELECT format('%s on %s', i.indexrelid::pg_catalog.regclass, i.indrelid::pg_catalog.regclass), \
       i.indexrelid FROM pg_catalog.pg_index i WHERE NOT (i.indisvalid AND i.indisready) AND NOT EXISTS \
       (SELECT FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid) ORDER BY 1";

const UNVALIDATED: &str = "SELECT CASE WHEN c.conrelid <> 0 THEN format('%I on %s', c.conname, c.conrelid::pg_catalog.regclass) \
       ELSE format('%I on %s', c.conname, c.contypid::pg_catalog.regtype) END, \
       c.oid FROM pg_catalog.pg_constraint c WHERE NOT c.convalidated";

/// The backend type of another user's session is visible only to that user.
///
/// Connections reserved for superusers are not available to an application, which is refused before the server is full. A superuser's
/// connection must not make the usage exceed the limit.
const CONNECTIONS: &str = "SELECT least(used, available), available FROM (SELECT count(*) AS used, \
       pg_catalog.current_setting('max_connections')::int - pg_catalog.current_setting('superuser_reserved_connections')::int \
       - coalesce(pg_catalog.current_setting('reserved_connections', true), '0')::int AS available \
     FROM pg_catalog.pg_stat_activity \
     WHERE datid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend') connections";

/// A replica that has replayed everything has no lag of its own. A standby that has replayed all it received is not behind, as long as
/// its WAL receiver is running.
const REPLICA_LAG: &str = "SELECT coalesce(nullif(application_name, ''), 'a replica') || coalesce(' at ' || host(client_addr), ''), \
       coalesce(pg_catalog.date_part('epoch', replay_lag), 0) \
     FROM pg_catalog.pg_stat_replication WHERE state IN ('streaming', 'catchup') \
     UNION ALL SELECT 'this standby', CASE \
       WHEN pg_catalog.pg_last_wal_receive_lsn() = pg_catalog.pg_last_wal_replay_lsn() \
         AND EXISTS (SELECT FROM pg_catalog.pg_stat_wal_receiver) THEN 0 \
       ELSE coalesce(pg_catalog.date_part('epoch', pg_catalog.now() - pg_catalog.pg_last_xact_replay_timestamp()), 0) END \
     WHERE pg_catalog.pg_is_in_recovery()";

/// A disconnected replica is detected by its slot, which keeps WAL from being removed. Logical slots are not checked, because one may be
/// healthy and read only once a day. `{since}` is the time that the slot has been inactive, from PostgreSQL 17 on.
const IDLE_SLOTS: &str = " UNION ALL SELECT format('the replica of slot %s', slot_name), {since} \
     FROM pg_catalog.pg_replication_slots WHERE slot_type = 'physical' AND NOT active AND restart_lsn IS NOT NULL \
     AND NOT pg_catalog.pg_is_in_recovery()";

const MAY_NOT_SEE_REPLICAS: &str = "SELECT 'only members of pg_monitor see how far a replica is behind' \
     WHERE NOT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') \
     AND EXISTS (SELECT FROM pg_catalog.pg_stat_replication)";

/// The probes for a server of this version, such as `17.2 (Debian 17.2-1)`.
pub(super) fn probes(version: &str) -> Vec<Probe> {
    // A constraint that is not enforced (since PostgreSQL 18) can never be validated, which is intended.
    let idle_since =
        if major(version) >= 17 { "pg_catalog.date_part('epoch', pg_catalog.now() - inactive_since)" } else { "NULL" };
    let enforced = if major(version) >= 18 { " AND c.conenforced" } else { "" };
    vec![
        Probe {
            check: BuiltIn::InvalidIndexes,
            unless: None,
            sql: INVALID_INDEXES.to_owned(),
            evaluation: Evaluation::Faults,
            help: "rebuild an invalid index with REINDEX INDEX CONCURRENTLY, or remove it with DROP INDEX CONCURRENTLY",
        },
        Probe {
            check: BuiltIn::UnvalidatedConstraints,
            unless: None,
            sql: format!("{UNVALIDATED}{enforced} ORDER BY 1"),
            evaluation: Evaluation::Faults,
            help: "run ALTER TABLE … VALIDATE CONSTRAINT … to check the rows that are older than the constraint",
        },
        Probe {
            check: BuiltIn::Connections,
            unless: None,
            sql: CONNECTIONS.to_owned(),
            evaluation: Evaluation::Share,
            help: "close idle connections, use a connection pooler, or raise max_connections",
        },
        Probe {
            check: BuiltIn::ReplicaLag,
            unless: Some(MAY_NOT_SEE_REPLICAS.to_owned()),
            sql: REPLICA_LAG.to_owned() + &IDLE_SLOTS.replace("{since}", idle_since),
            evaluation: Evaluation::Lag(ReplicaColumns { name: 0, seconds: 1, none: "no replicas" }),
            help: "a large migration takes as long on a replica as on the primary: wait, check the replica's log if it does not catch up, \
            and drop the slot of a replica that will never come back",
        },
    ]
}

fn major(version: &str) -> u32 {
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_default()
}
