"""The twenty faults, each with the scenes in which it is played."""

import dataclasses

import scenes_history as history
import scenes_kills as kills
import scenes_locks as locks
import scenes_process as process
import scenes_servers as servers
import scenes_sql as sql
from stage import Scene, Stage


@dataclasses.dataclass(frozen=True)
class Fault:
    """A kind of thing that goes wrong."""

    name: str
    scenes: tuple[type[Scene], ...]
    # Those of the short form, which has neither MariaDB nor servers of its own.
    small: tuple[type[Scene], ...] = ()


FAULTS = [
    Fault("syntax", (sql.Syntax, sql.SyntaxSqlite), (sql.Syntax, sql.SyntaxSqlite)),
    Fault("constraint", (sql.Constraint, sql.CheckSqlite), (sql.Constraint,)),
    Fault("lock-retries", (locks.Retried, locks.RetriedMariadb, locks.BusySqlite, kills.LongWriteSqlite)),
    Fault("deadlock", (locks.Deadlock,)),
    Fault("statement-timeout", (sql.TooLong,), (sql.TooLong,)),
    Fault("disk-full", (servers.DiskFull, servers.DiskFullSqlite)),
    Fault("sigkill", (process.Killed, process.KilledSqlite, kills.Hidden, kills.Waiting, kills.Unpushed), (process.Killed, process.KilledSqlite)),
    Fault("server-killed", (servers.ServerKilled,)),
    Fault("backend-killed", (process.BackendKilled,), (process.BackendKilled,)),
    Fault("lost-lock", (process.LostLock,), (process.LostLock,)),
    Fault("read-only", (locks.Standby, locks.WatchedStandby, locks.ReadOnlySqlite, kills.Looker)),
    Fault("pooler", (servers.PoolerKilled,)),
    Fault("half-way", (history.HalfWay, history.HalfWayMariadb), (history.HalfWay,)),
    Fault("drifted-file", (history.Drifted, history.DriftedSqlite), (history.Drifted,)),
    Fault("missing-file", (history.Missing,)),
    Fault("invalid-index", (history.InvalidIndex,)),
    Fault("own-check", (history.OwnCheck,), (history.OwnCheck,)),
    Fault("dead-receiver", (servers.DeadReceiver,)),
    Fault("dead-gateway", (servers.DeadGateway,)),
    Fault("sigterm", (process.Terminated, kills.Mute, kills.SecondSignal), (process.Terminated,)),
]


def scenes(stage: Stage, names: list[str], small: bool) -> list[Scene]:
    """Those of the chosen faults, or of all."""
    made = []
    for fault in FAULTS:
        if names and fault.name not in names:
            continue
        for kind in fault.small if small and not names else fault.scenes:
            made.append(kind(stage, fault.name, _name(fault.name, kind)))
    return made


def _name(fault: str, scene: type[Scene]) -> str:
    """A scene's name is a target's and a database's: letters, digits and underscores."""
    return f"{fault.replace('-', '_')}_{scene.__name__.lower().removesuffix(scene.kind)}_{scene.kind}"
