"""Starts migrascope and reads what it says."""

import dataclasses
import json
import os
import pathlib
import re
import signal
import subprocess
import time
from collections.abc import Sequence
from typing import Any

from databases import JOURNAL, LEDGER, Database

PATIENCE = 240


@dataclasses.dataclass(frozen=True)
class Ended:
    """A run that has ended."""

    code: int
    seconds: float
    report: dict[str, Any]
    said: str

    @property
    def complaints(self) -> str:
        """What the report objects to, with its advice, in one text."""
        error = self.report.get("error") or {}
        lines = [str(error.get("message", ""))]
        for problem in error.get("problems", []):
            lines += [problem["message"], *problem["notes"], *problem["help"]]
        return "\n".join(line for line in lines if line) or self.said.strip()

    def __str__(self) -> str:
        return f"exit {self.code}: {self.complaints}"


class Runner:
    """Runs of one binary with one directory of migrations."""

    def __init__(self, binary: pathlib.Path, directory: pathlib.Path, *options: str) -> None:
        self._binary = binary
        self._directory = directory
        self._options = options
        self._environment = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "MIGRASCOPE_"))}

    def start(self, database: Database, *words: str, quiet: bool = True, program: Sequence[str] = (),
              **environment: str) -> "Running":
        """Starts a command; `program` is what `exec` becomes."""
        command = [str(self._binary), *words, "--dir", str(self._directory), "--format", "json", *self._options]
        if quiet:
            command.append("--quiet")
        if program:
            command += ["--", *program]
        environment = {**self._environment, "DATABASE_URL": database.url, **environment}
        process = subprocess.Popen(command, env=environment, cwd=self._directory.parent, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return Running(process)

    def run(self, database: Database, *words: str) -> Ended:
        return self.start(database, *words).wait()


class Running:
    """A run that goes on."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.run_id: str | None = None
        self.begun = time.monotonic()

    def send_at(self, seconds: float, number: signal.Signals) -> bool:
        """Sends a signal so long after the start; false where the run has ended by then."""
        try:
            self.process.wait(max(0.0, self.begun + seconds - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.send_signal(number)
            return True
        return False

    def hear(self, event: str, **keys: object) -> bool:
        """Reads until the run says so, with these keys; false where it ends before."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said = json.loads(line)
            self.run_id = said.get("run_id", self.run_id)
            if said["event"] == event and keys.items() <= said.items():
                return True
        return False

    def wait(self) -> Ended:
        try:
            out, said = self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, said = self.process.communicate()
            said += f"\nkilled, because it had not ended after {PATIENCE} s"
        lines = out.splitlines()
        report = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
        code = self.process.returncode
        return Ended(code, time.monotonic() - self.begun, report, said)


def resume(runner: Runner, database: Database, refused: Ended, *words: str) -> Ended | None:
    """Runs the command that a refusal advises for what was left half-way; nothing where it advises none."""
    advised = re.search(r"migrascope (repair --resume \S+)", refused.complaints)
    if advised is None:
        return None
    return runner.run(database, *advised[1].split(), *words, "--reason", "a fault was injected")


def ledger(database: Database) -> list[str]:
    rows = database.rows_if_table(LEDGER, f"SELECT version FROM {LEDGER}")
    return sorted((str(row[0]) for row in rows), key=int)


def journal(database: Database, what: str) -> list[tuple[Any, ...]]:
    """Rows of the journal: `what` is what stands behind SELECT, with JOURNAL for its name."""
    return database.rows_if_table(JOURNAL, f"SELECT {what.replace('JOURNAL', JOURNAL)}")
