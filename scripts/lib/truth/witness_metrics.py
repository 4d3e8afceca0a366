"""The fourth witness: series, by each route."""

import collections
import functools
import itertools
from collections.abc import Iterator

from claims import ANY, Claim
from expectation import PUSHED, ROUTES, Truth, showing
from stage import Scene

# A route may be so late.
WITHIN = 15.0
# One scrape that fails on a busy machine is not what is measured.
LOOK_BACK = 8.0
Snapshot = dict[tuple[str, frozenset[tuple[str, str]]], float]
FOREIGN = {"__name__", "job", "instance", "migrascope_target"}


def snapshot(scene: Scene, at: float) -> dict[str, Snapshot]:
    """What Prometheus had of a target at a moment, by route."""
    routes: dict[str, Snapshot] = {route: {} for route in ROUTES}
    jobs = {job: route for route, job in ROUTES.items()}
    chosen = f'{{migrascope_target="{scene.name}", __name__!~"ALERTS.*"}}'
    # Every series with its name, which functions take away.
    for one in scene.stage.prometheus.query_range(chosen, at - LOOK_BACK, at):
        if (route := jobs.get(one["metric"].get("job"))) is not None:
            labels = frozenset((key, value) for key, value in one["metric"].items() if key not in FOREIGN)
            routes[route][one["metric"]["__name__"], labels] = float(one["values"][-1][1])
    return routes


def claims(scene: Scene) -> Iterator[Claim]:
    before, after = snapshot(scene, scene.before), snapshot(scene, min(scene.seen + WITHIN, scene.repaired))
    for route in showing(scene.state):
        yield from _route(scene, route, before[route], after[route])
    for at, routes in scene.alive:
        now = snapshot(scene, at)
        for route in filter(ROUTES.__contains__, routes):
            yield _claim(route, "in progress while it runs", ("1",), _value(now[route], "migrascope_run_in_progress"))
            risen = _risen(before[route], now[route], "migrascope_runs_total", "migrascope_outcome")
            yield _claim(route, "ended runs while it runs", ("",), _words(risen))
    names = {route: {dict(labels).get(label) for _, labels in after[route] for label in ("db_namespace",)} for route in showing(scene.state)}
    for route, found in names.items():
        known = sorted(name for name in found if name)
        yield _claim(route, "name of the database", ANY, "+".join(known) or None)
    yield from _repaired(scene)


def _claim(route: str, fact: str, expected: tuple[str, ...], found: str | None) -> Claim:
    return Claim("metrics", route, fact, expected, found)


def _route(scene: Scene, route: str, before: Snapshot, after: Snapshot) -> Iterator[Claim]:
    runs = [run.truth for run in scene.runs]
    risen = functools.partial(_risen, before, after)
    claim = functools.partial(_claim, route)
    recorded = [truth.outcome if truth.recorded else ("", *truth.outcome) for truth in runs if truth.began]
    one = "1." if len(runs) == 1 and runs[0].recorded else ""
    yield claim(f"{one}outcome", _sums(recorded), _words(risen("migrascope_runs_total", "migrascope_outcome")))
    steps = [truth.step if truth.recorded else ("", *truth.step) for truth in runs if truth.began and truth.step not in ((), ("",))]
    steps += [("success",)] * sum(truth.applied - (truth.step == ("success",)) for truth in runs)
    yield claim(f"{one}migration", _sums(steps), _words(risen("migrascope_migrations_total", "migrascope_outcome")))
    last = runs[-1]
    if last.recorded:
        own = [last.step] if last.step not in ((), ("",)) else []
        own += [("success",)] * (last.applied - (last.step == ("success",)))
        begun = {dict(labels)["migrascope_outcome"]: round(count) for (name, labels), count in after.items()
                 if name == "migrascope_last_run_migrations" and count}
        yield claim("migrations of the last run", _sums(own), _words(begun))
    value = functools.partial(_value, after)
    yield claim("last run succeeded", (str(int(last.succeeded)),), value("migrascope_last_run_success"))
    yield claim("in progress", ("0",), value("migrascope_run_in_progress"))
    yield claim("half-way", (str(int(scene.state.dirty)),), value("migrascope_schema_dirty"))
    yield claim("applied", (str(scene.state.applied),), value("migrascope_migrations_applied"))
    yield claim("pending", (str(scene.state.pending),), value("migrascope_migrations_pending"))
    yield claim("changed", (str(scene.state.changed),), value("migrascope_checksum_mismatches"))
    good, bad = value("migrascope_last_success_timestamp_seconds"), value("migrascope_last_failure_timestamp_seconds")
    green = None if good is None or bad is None else str(float(good) >= float(bad))
    yield claim("last success is newer than last failure", (str(all(truth.succeeded for truth in runs)),), green)
    counted = {truth.retry_reason: truth.retries for truth in runs if truth.retries and truth.recorded}
    yield claim("retries", (_words(counted),), _words(risen("migrascope_statement_retries_total", "migrascope_retry_reason")))
    retries = {last.retry_reason: last.retries} if last.retries else {}
    shown = {dict(labels)["migrascope_retry_reason"]: round(count) for (name, labels), count in after.items()
             if name == "migrascope_run_retries" and count}
    yield claim("retries of the last run", (_words(retries),), _words(shown))
    for truth in runs:
        if truth.reason:
            yield claim("reason", (truth.reason,), _labelled(after, truth))
    if scene.state.missing:
        found = [f"{count:g}" for (name, _), count in after.items() if "missing" in name]
        yield claim("missing", (str(scene.state.missing),), found[0] if found else None)
    for check, wanted in scene.state.checks:
        yield claim(f"check {check}", (wanted,), value("migrascope_health_check_success", ("migrascope_check", check)))


def _repaired(scene: Scene) -> Iterator[Claim]:
    """After the repair every route is well again, and has forgotten nothing that was counted."""
    after, end = snapshot(scene, min(scene.seen + WITHIN, scene.repaired)), snapshot(scene, scene.end)
    for route in ROUTES:
        if route in scene.state.routes or route in PUSHED:
            yield _claim(route, "last run succeeded after the repair", ("1",), _value(end[route], "migrascope_last_run_success"))
            yield _claim(route, "half-way after the repair", ("0",), _value(end[route], "migrascope_schema_dirty"))
        for check, _ in scene.state.checks:
            found = _value(end[route], "migrascope_health_check_success", ("migrascope_check", check))
            yield _claim(route, f"check {check} after the repair", ("1",), found)
        fallen = [f"{name}{dict(labels)}" for (name, labels), value in end[route].items()
                  if name == "migrascope_runs_total" and value < after[route].get((name, labels), 0)]
        yield _claim(route, "runs that were counted and are no longer", ("",), "+".join(fallen))


def _value(series: Snapshot, name: str, *labels: tuple[str, str]) -> str | None:
    found = [value for (own, having), value in series.items() if own == name and set(labels) <= having]
    return f"{found[0]:.15g}" if found else None


def _risen(before: Snapshot, after: Snapshot, name: str, label: str) -> dict[str, int]:
    grown: dict[str, int] = collections.Counter()
    for (own, labels), value in after.items():
        if own == name:
            grown[dict(labels)[label]] += round(value - before.get((own, labels), 0.0))
    return {word: count for word, count in grown.items() if count}


def _words(counts: dict[str, int]) -> str:
    return "+".join(word if count == 1 else f"{word}×{count}" for word, count in sorted(counts.items()))


def _sums(words: list[tuple[str, ...]]) -> tuple[str, ...]:
    """What a counter has risen by, for every choice among words that are right."""
    sums = (_words(collections.Counter(word for word in chosen if word)) for chosen in itertools.product(*words))
    return tuple(dict.fromkeys(sums))


def _labelled(series: Snapshot, truth: Truth) -> str | None:
    """Whether a metric says why, by a label that is that word."""
    return next((truth.reason for (_, labels), value in series.items() if value and truth.reason in dict(labels).values()), None)
