"""Runs one command to its end, with what it has said and used."""

import contextlib
import dataclasses
import os
import pathlib
import re
import subprocess
import tempfile
import time


# What acts on a terminal, a log or a page; line ends of our own are none of them.
CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def clean_environment() -> dict[str, str]:
    """Ours without what configures a runner or its connections."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "MIGRASCOPE_", "PG"))}


@dataclasses.dataclass(frozen=True)
class Measured:
    """How a command ended; `code` is negative where a signal ended it."""

    code: int
    seconds: float
    peak_mib: float
    out: bytes
    err: bytes


def run(command: list[str], environment: dict[str, str], folder: pathlib.Path, limit: float) -> Measured:
    """Ends it by force after `limit` seconds, which `seconds` says then."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begun, peak = time.monotonic(), 0
        process = subprocess.Popen(command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        while True:
            # The system's own count for a child that has ended begins with what its parent had.
            peak = max(peak, _peak_kib(process.pid))
            pid, status = os.waitpid(process.pid, os.WNOHANG)
            seconds = time.monotonic() - begun
            if pid:
                break
            if seconds > limit:
                process.kill()
            time.sleep(0.004)
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read())
        return Measured(process.returncode, seconds, peak / 1024, *texts)


def _peak_kib(pid: int) -> int:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0
