"""The third witness: spans and log records as a receiver has them."""

from collections.abc import Iterator

from claims import Claim
from expectation import KILLED
from received import Record
from spans import Span
from stage import Observed, Scene

# A child may end so much behind its parent: clocks are read one after the other.
SLACK = 0.02


def claims(scene: Scene) -> Iterator[Claim]:
    for number, run in enumerate(scene.runs, 1):
        if run.truth.traced:
            received = scene.stage.received
            yield from _Trace(number, run, received.spans(run.run_id), received.records(run.run_id)).claims()
        else:
            # What could not be sent is said where it can be.
            said = str("migrascope.telemetry.degraded" in run.ended.said)
            yield Claim("trace", "log lines", f"{number}.says that it is lost", ("True",), said)


class _Trace:
    """All that was received of one run."""

    def __init__(self, number: int, run: Observed, spans: list[Span], records: list[Record]) -> None:
        self._number, self._run, self._spans, self._records = number, run, spans, records

    def _claim(self, voice: str, fact: str, expected: tuple[str, ...], found: object) -> Claim:
        return Claim("trace", voice, f"{self._number}.{fact}", expected, None if found is None else str(found))

    def claims(self) -> Iterator[Claim]:
        if self._run.truth.exit == KILLED:
            yield from self._killed()
        else:
            yield from self._ended()
        yield from self._tree()

    def _killed(self) -> Iterator[Claim]:
        """It cannot say how it ended, but what it was at, and every span below that has a parent."""
        started = [record for record in self._records if record.event == "migrascope.run.started"]
        yield self._claim("record of the run's start", "has a span id", ("True",), bool(started[0].span) if started else None)
        if self._run.truth.version:
            migrations = [record.attributes.get("migrascope.migration.version") for record in self._records
                          if record.event == "migrascope.migration.started" and record.span]
            yield self._claim("record of the migration's start", "running when it died", (self._run.truth.version,),
                              migrations[-1] if migrations else None)

    def _ended(self) -> Iterator[Claim]:
        truth = self._run.truth
        failed = str(not truth.succeeded)
        roots = [span for span in self._spans if span.name == f"migrascope {truth.command}"]
        root = roots[0] if roots else None
        yield self._claim("root", "failed", (failed,), root and root.failed)
        yield self._claim("root", "exit code", (str(truth.exit),), root and root.attributes.get("process.exit.code"))
        yield self._claim("root", "outcome", truth.outcome, root and root.attributes.get("migrascope.outcome"))
        yield self._claim("root", "error", truth.error, root and root.attributes.get("error.type", ""))
        finished = [record.attributes for record in self._records if record.event == "migrascope.run.finished"]
        yield self._claim("run.finished", "outcome", truth.outcome, finished[-1].get("migrascope.outcome") if finished else None)
        yield self._claim("run.finished", "error", truth.error, finished[-1].get("error.type", "") if finished else None)
        if truth.reason:
            words = {value for span in self._spans for value in span.attributes.values()}
            yield self._claim("attributes", "reason", (truth.reason,), truth.reason if truth.reason in words else None)
        if truth.version and truth.step != ("",):
            yield from self._migration()

    def _migration(self) -> Iterator[Claim]:
        truth = self._run.truth
        migrates = [span for span in self._spans
                    if span.name == "migrate" and span.attributes.get("migrascope.migration.version") == truth.version]
        migrate = migrates[-1] if migrates else None
        stepped = truth.step == ("success",)
        yield self._claim("migrate", "migration", truth.step, migrate and migrate.attributes.get("migrascope.outcome"))
        yield self._claim("migrate", "migration failed", (str(not stepped),), migrate and migrate.failed)
        if not stepped:
            yield self._claim("migrate", "migration's error", truth.migration_error, migrate and migrate.attributes.get("error.type", ""))
            broken = [record.attributes for record in self._records if record.event == "migrascope.migration.failed"]
            yield self._claim("migration.failed", "migration's error", truth.migration_error,
                              broken[-1].get("error.type", "") if broken else None)
            yield self._claim("migration.failed", "statement", truth.statement,
                              broken[-1].get("migrascope.statement.index", "") if broken else None)
            if truth.statement != ("",):
                yield from self._statement(migrate)
        if migrate is not None:
            attempts = [span for span in self._spans if span.name == "attempt" and span.parent == migrate.id]
            yield self._claim("attempt spans", "retries", (str(truth.retries),), len(attempts))

    def _statement(self, migrate: Span | None) -> Iterator[Claim]:
        below = {span.id for span in self._spans if span.name == "attempt"} | {migrate.id if migrate else ""}
        failed = [span for span in self._spans
                  if span.failed and span.parent in below and "migrascope.statement.index" in span.attributes]
        last = max(failed, key=lambda span: span.end, default=None)
        truth = self._run.truth
        if last is None and "" in truth.statement:
            return  # none was begun that could have failed
        yield self._claim("statement", "statement", truth.statement, last and last.attributes["migrascope.statement.index"])
        yield self._claim("statement", "statement's error", truth.statement_error, last and last.attributes.get("error.type", ""))
        if last is not None and truth.remains == ("nothing",):
            doubt = "may have been applied" in last.description or "at its commit" in last.description
            yield self._claim("statement", "remains", truth.remains, "unknown" if doubt else "nothing")

    def _tree(self) -> Iterator[Claim]:
        known = {span.id: span for span in self._spans}
        named = {record.span for record in self._records if record.event.endswith((".run.started", ".migration.started"))}
        orphans = [span.name for span in self._spans if span.parent and span.parent not in known and span.parent not in named]
        yield self._claim("all spans", "have a parent that was received or named", ("",), "+".join(orphans) if self._spans else None)
        outside = [f"{span.name} in {known[span.parent].name}" for span in self._spans if span.parent in known
                   and (span.end > known[span.parent].end + SLACK or span.start < known[span.parent].start - SLACK)]
        yield self._claim("all spans", "lie within their parents", ("",), "+".join(outside) if self._spans else None)
        silent = [span.name for span in self._spans if span.failed and not span.attributes.get("error.type")]
        yield self._claim("failed spans", "have an error.type", ("",), "+".join(silent) if self._spans else None)
