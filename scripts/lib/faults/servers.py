"""A database server as a process: killed as by a power cut of its own, and started again."""

import os
import pathlib
import signal
import subprocess
import time
from collections.abc import Callable

from databases import Database

PATIENCE = 60


def _parent(pid: int) -> int:
    # The name before it may hold blanks and brackets.
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])


def _alive(pid: int) -> bool:
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def _children(pid: int) -> list[int]:
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if _parent(int(entry.name)) == pid:
                    found.append(int(entry.name))
            except (FileNotFoundError, ProcessLookupError):
                pass  # it has ended meanwhile
    return found


class Server:
    """The server behind a database, known by its process id; it is ours to stop from now on."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pid = self._find()
        raw = pathlib.Path(f"/proc/{self._pid}/cmdline").read_bytes()
        self._command = [os.fsdecode(word) for word in raw.rstrip(b"\0").split(b"\0")]
        self._user = pathlib.Path(f"/proc/{self._pid}").stat().st_uid
        self._group = pathlib.Path(f"/proc/{self._pid}").stat().st_gid
        self._process: subprocess.Popen[bytes] | None = None
        self._killed = False
        self._stop = signal.SIGINT if database.kind == "postgres" else signal.SIGTERM

    def _find(self) -> int:
        if self._database.kind == "postgres":
            folder = self._database.rows("SELECT setting FROM pg_settings WHERE name = 'data_directory'")[0][0]
            return int(pathlib.Path(folder, "postmaster.pid").read_text(encoding="utf-8").split()[0])
        return int(pathlib.Path(self._database.rows("SELECT @@pid_file")[0][0]).read_text(encoding="utf-8"))

    def kill(self) -> None:
        """Ends it and all its processes at this instant."""
        self._killed = True
        children = _children(self._pid)
        for pid in [self._pid, *children]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # PostgreSQL's processes end by themselves, too
        if self._process is not None:
            self._process.wait()
        self._until(lambda: not any(map(_alive, [self._pid, *children])), "does not die")

    def is_back(self) -> None:
        """Where it was killed, starts it as it was started, and waits until it answers."""
        if not self._killed:
            return
        words = ["setpriv", "--pdeathsig", self._stop.name.removeprefix("SIG")]
        if os.geteuid() == 0:
            words += [f"--reuid={self._user}", f"--regid={self._group}", "--init-groups"]
        self._until(lambda: self._started([*words, "--", *self._command]), "does not start again")
        self._killed = False

    def _started(self, command: list[str]) -> bool:
        if self._process is None or self._process.poll() is not None:
            # It refuses as long as anything is left of the one that was killed.
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                             stderr=subprocess.DEVNULL)
            self._pid = self._process.pid
        try:
            self._database.rows("SELECT 1")
        except Exception:  # noqa: BLE001  # two drivers, each with its own
            return False
        return True

    def stop(self) -> None:
        """Lets it end in peace."""
        if not _alive(self._pid):
            return
        os.kill(self._pid, self._stop)
        if self._process is not None:
            self._process.wait(PATIENCE)
        else:
            self._until(lambda: not _alive(self._pid), "does not stop")

    def _until(self, holds: Callable[[], bool], complaint: str) -> None:
        end = time.monotonic() + PATIENCE
        while not holds():
            if time.monotonic() > end:
                raise TimeoutError(f"{self._database.kind} {complaint}")
            time.sleep(0.05)
