"""A tool's plug-in: the functions of scripts/lib/interop/TOOL.sh, called with the address of the present database."""

import dataclasses
import os
import pathlib
import re
import subprocess
import urllib.parse

from databases import Database, Sqlite

PATIENCE = 180
NOT_THERE = 3
_PLUGINS = pathlib.Path(__file__).parent
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# The functions run as in a script of their own, which stops at the first error.
_CALL = 'source "$1"; shift; "$@"'


@dataclasses.dataclass(frozen=True)
class Called:
    """A function of a plug-in that has ended."""

    code: int
    said: str


class Tool:
    """A tool, by its usual name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._plugin = _PLUGINS / f"{name}.sh"
        self._prefix = name.replace("-", "_")

    def databases(self) -> list[str]:
        """The databases with which the tool is tried, by the plug-ins' names for them."""
        return self.call("databases", {}).said.split()

    def call(self, function: str, connection: dict[str, str], *arguments: object) -> Called:
        process = self.start(function, connection, *arguments)
        try:
            said, _ = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            said, _ = process.communicate()
            said += f"\nkilled, because it had not ended after {PATIENCE} s"
        return Called(process.returncode, _COLOURS.sub("", said).strip())

    def start(self, function: str, connection: dict[str, str], *arguments: object) -> "subprocess.Popen[str]":
        """Starts a function; what it prints to both outputs is read by its `communicate`."""
        words = [str(self._plugin), f"{self._prefix}_{function}", *map(str, arguments)]
        return subprocess.Popen(["bash", "-euo", "pipefail", "-c", _CALL, "bash", *words], env={**os.environ, **connection}, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def plugin_kind(database: Database) -> str:
    """The plug-ins' name for a kind of database."""
    return "mysql" if database.kind == "mariadb" else database.kind


def connection(database: Database) -> dict[str, str]:
    """The variables in which a plug-in finds the present database."""
    found = {"DB_KIND": plugin_kind(database), "DB_URL": database.url}
    if isinstance(database, Sqlite):
        return {**found, "DB_FILE": str(database.path)}
    parts = urllib.parse.urlsplit(database.url)
    return {**found, "DB_HOST": parts.hostname or "", "DB_PORT": str(parts.port), "DB_USER": parts.username or "",
            "DB_PASSWORD": parts.password or "", "DB_NAME": parts.path.lstrip("/")}
