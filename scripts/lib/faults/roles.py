"""Low roles that try to run code as the migrator or to change its history, of scripts/try-roles."""

import argparse
import concurrent.futures
import dataclasses
import http.server
import itertools
import pathlib
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

import roles_mysql
import roles_postgres
import roles_postgres_races
import roles_trial
import table
from roles_mysql_scene import MysqlScene
from roles_postgres_scene import PostgresScene
from roles_trial import Quiet, Scene, Verdict, Way

Make = Callable[[bool], Any]


class Gateway(http.server.BaseHTTPRequestHandler):
    """A Pushgateway that takes everything."""

    def do_PUT(self) -> None:  # noqa: N802  # the library's name
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(202)
        self.end_headers()

    do_POST = do_PUT  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing."""


@dataclasses.dataclass(frozen=True)
class Result:
    way: str
    # By the kind of migrator.
    verdicts: dict[str, Verdict]


def tried(make: Make, ways: Sequence[Way[Any]], still: dict[str, dict[bool, Quiet]], kinds: dict[str, bool], small: bool) -> list[Result]:
    """Every way against every kind of migrator."""

    def one(way: Way[Any], kind: str) -> Verdict:
        scene = make(kinds[kind])
        try:
            return roles_trial.attempt(scene, way, still[kind], small)
        except Exception as error:  # noqa: BLE001  # one that cannot be tried is one that was not refused
            return Verdict("not tried", [f"{type(error).__name__}: {error}"], "", 0)
        finally:
            scene.close()

    with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
        pairs = [(way, kind) for way in ways for kind in kinds]
        verdicts = dict(zip(((way.name, kind) for way, kind in pairs), pool.map(lambda pair: one(*pair), pairs), strict=True))
    return [Result(way.name, {kind: verdicts[way.name, kind] for kind in kinds}) for way in ways]


def before(make: Make, kinds: dict[str, bool], small: bool) -> dict[str, dict[bool, Quiet]]:
    """The same commands without any way, and the proof that the canary sings."""
    still: dict[str, dict[bool, Quiet]] = {}
    for kind, superuser in kinds.items():
        still[kind] = {}
        for later in (False, True):
            scene: Scene = make(superuser)
            still[kind][later] = roles_trial.quiet(scene, later, small)
            if silent := scene.canaries():
                sys.exit(f"code of the low role ran where it had planted nothing: {silent}")
            scene.learn()
            if not roles_trial.control(scene):
                sys.exit("the canary does not show that the migrator has called the low role's function")
            scene.close()
    return still


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True, type=pathlib.Path)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--name", required=True, help="the server's name in the table")
    parser.add_argument("--postgres", help="the URL of a superuser")
    parser.add_argument("--mysql", help="the URL of an administrator")
    parser.add_argument("--log", type=pathlib.Path, help="what a PostgreSQL server has logged")
    parser.add_argument("--only", default="", help="ways whose name contains this")
    parser.add_argument("--summary", type=pathlib.Path, help="where one line for the server is added")
    parser.add_argument("--verbose", action="store_true", help="what every command has said")
    parser.add_argument("--small", action="store_true")
    given = parser.parse_args()
    gateway = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    threading.Thread(target=gateway.serve_forever, daemon=True).start()
    push_url = f"http://127.0.0.1:{gateway.server_port}"
    numbers = itertools.count(1)
    work = given.work / given.name

    def make(superuser: bool) -> Any:
        if given.postgres:
            return PostgresScene(given.binary, work, push_url, given.postgres, given.log, number=next(numbers), superuser=superuser)
        return MysqlScene(given.binary, work, push_url, given.mysql, number=next(numbers), superuser=superuser)

    kinds = {"superuser": True} if given.small else {"superuser": True, "owner": False}
    still = before(make, kinds, given.small)
    ways: list[Way[Any]] = [*roles_postgres.ways(), *roles_postgres_races.ways()] if given.postgres else list(roles_mysql.ways())
    results = tried(make, [way for way in ways if given.only in way.name and (way.core or not given.small)], still, kinds, given.small)
    table.show(
        [f"{given.name}: a low role tries", *kinds],
        [[result.way, *(result.verdicts[kind].outcome for kind in kinds)] for result in results],
    )
    verdicts = [(result.way, kind, verdict) for result in results for kind, verdict in result.verdicts.items()]
    wrong = [one for one in verdicts if one[2].found]
    for way, kind, verdict in wrong:
        print(f"\n  {given.name}, {kind}: {way}:")
        for found in verdict.found[:8]:
            print(f"    {found[:400]}")
        if verdict.said:
            print("    | " + verdict.said.strip()[-800:].replace("\n", "\n    | "))
    if given.verbose:
        for way, kind, verdict in verdicts:
            print(f"\n== {kind}: {way}: {verdict.outcome}\n{verdict.transcript}")
    asked = [one for one in verdicts if one[2].outcome != "not possible"]
    if given.summary:
        with given.summary.open("a", encoding="utf-8") as file:
            file.write(f"{len({way for way, _, _ in asked})} {len(asked)} {sum(one.commands for _, _, one in asked)} {len(wrong)}\n")
    sys.exit(1 if wrong else 0)


main()
