"""Plays the faults of scripts/try-truth, collects what five witnesses say, and prints what each is worth."""

import argparse
import concurrent.futures
import pathlib
import sys
import time
import traceback
import urllib.request
from collections.abc import Callable, Sequence

import catalogue
import disclosure
import exposition
import messages
import witness_alerts
import witness_journal
import witness_metrics
import witness_output
import witness_trace
from claims import WITNESSES, Judged, Verdict, judge, worst
from expectation import PATIENCE, ROUTES, only
from received import Received
from stage import Scene, Stage, until

# How many scenes change at once: each is a run with its exports, and a machine may have two processors.
AT_ONCE = 6
# How many are watched at once by serve and Prometheus.
BATCH = 13
# Its threads last: a server that one of them has started again ends with its thread.
POOL = concurrent.futures.ThreadPoolExecutor(AT_ONCE)
# Looks of serve and scrapes are 3 s apart, evaluations 1 s.
KNOWN = 7.0
PREPARED = 60.0
# What --faults calls that which is no fault of the matrix.
MESSAGES = "messages"
ANSWERED = 0.9
# Metrics that one process counts for itself: docs/telemetry.md says that they begin anew with each.
OF_A_PROCESS = "migrascope_telemetry_export_failures_total"


def given_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    for name in ("postgres", "mariadb", "primary", "standby", "own-postgres", "full-disk"):
        parser.add_argument(f"--{name}")
    for name in ("prometheus", "pushgateway", "otlp", "otlp-log", "otlp-port", "textfiles", "serve-port", "shorten"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("binary", "work", "evidence"):
        parser.add_argument(f"--{name}", required=True, type=pathlib.Path)
    parser.add_argument("--pooler", nargs=2, metavar=("PORT", "PID"))
    parser.add_argument("--sqlite", action="store_true")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--alone", choices=ROUTES)
    parser.add_argument("--faults", nargs="*", default=[])
    return parser.parse_args()


def each(scenes: Sequence[Scene], what: str, act: Callable[[Scene], object]) -> None:
    def one(scene: Scene) -> None:
        try:
            act(scene)
        except Exception as error:  # noqa: BLE001  # one scene that cannot be played costs no other one
            scene.trouble.append(f"{what}: {error!r}")
            (scene.stage.given.evidence / f"{scene.name}.trouble").write_text(traceback.format_exc(), encoding="utf-8")

    begun = time.monotonic()
    list(POOL.map(one, scenes))
    print(f"{what}: {len(scenes)} scenes in {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)


def known(scene: Scene) -> bool:
    """Whether every route has what was prepared."""
    return all(("migrascope_last_run_success", "1") in {(name, f"{value:g}") for (name, _), value in series.items()}
               for series in witness_metrics.snapshot(scene, time.time()).values())


def play(scenes: Sequence[Scene], shorten: float) -> None:
    each(scenes, "prepare", lambda scene: scene.prepare())
    each(scenes, "prepare", lambda scene: until(f"{scene.name} is known by every route", lambda: known(scene), PREPARED))

    def inflict(scene: Scene) -> None:
        scene.before = time.time()
        scene.inflict()

    # The slow ones first, so that all end at about the same time.
    each(sorted(scenes, key=lambda scene: -scene.lasts), "inflict", inflict)
    # The slowest page of those that could come, right or not.
    slowest = witness_alerts.WITHIN + max(PATIENCE.values()) / shorten + KNOWN
    time.sleep(max(0.0, max((scene.seen for scene in scenes), default=0.0) + slowest - time.time()))

    def repair(scene: Scene) -> None:
        scene.repaired = time.time()
        scene.repair()
        for run in scene.runs:
            run.lasting = scene.journal(run.run_id)

    each(scenes, "repair", repair)
    # Alerts are kept for two minutes, shortened, when their cause is gone.
    time.sleep(KNOWN + 120 / shorten + witness_alerts.SLACK)
    for scene in scenes:
        scene.end = time.time()


def collect(scene: Scene) -> list[Judged]:
    said = [*witness_output.claims(scene), *witness_journal.claims(scene), *witness_metrics.claims(scene), *witness_alerts.claims(scene),
            *scene.more()]
    if "otlp" in ROUTES:
        said += witness_trace.claims(scene)
    return judge(said)


def resets(stage: Stage, since: float) -> list[str]:
    """Counters that have gone back, by any route, since everything began, and the first time that each did."""
    names = stage.prometheus.query('count by (__name__) ({__name__=~"migrascope_.*(_total|_count|_sum|_bucket)"})')
    found = []
    for name in sorted(one["metric"]["__name__"] for one in names):
        if name == OF_A_PROCESS:
            continue
        for one in stage.prometheus.query(f"resets({name}[2h]) > 0"):
            labels = {key: value for key, value in one["metric"].items() if key not in ("__name__", "instance")}
            chosen = ",".join(f'{key}="{value}"' for key, value in labels.items())
            fell = "it is not seen where"
            for series in stage.prometheus.query_range(f"{name}{{{chosen}}}", since, time.time()):
                values = [(float(at), float(value)) for at, value in series["values"]]
                falls = [(at, before, after) for (_, before), (at, after) in zip(values, values[1:]) if after < before]
                if falls:
                    at, before, after = falls[0]
                    fell = f"from {before:g} to {after:g} after {at - since:.0f} s"
            found.append(f"{name} of {labels.pop('migrascope_target', None)} by {labels.pop('job', None)}: {fell} {labels}")
    return found


def scrapes(stage: Stage, since: float) -> list[str]:
    """Receivers that did not answer Prometheus often enough: then the machine is too busy for what is measured here."""
    seconds = max(1, round(time.time() - since))
    lost = stage.prometheus.query(f"avg by (job) (avg_over_time(up[{seconds}s])) < {ANSWERED}")
    return [f"{one['metric']['job']} answered {float(one['value'][1]):.0%} of the scrapes: the machine is too busy" for one in lost]


def try_messages(stage: Stage, kinds: list[str]) -> list[str]:
    """What of a database's messages leaves the process."""
    found = []
    for kind in kinds:
        scene = messages.Messages(stage, kind)
        scene.prepare()
        scene.inflict()
        time.sleep(2)  # the receiver writes its log
        found += scene.leaks() + scene.full()
    return found


def page(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode(errors="replace")


def witnesses() -> list[str]:
    """Those that can be asked: there is no trace without OTLP."""
    return [witness for witness in WITNESSES if witness != "trace" or "otlp" in ROUTES]


def show(collected: dict[str, list[tuple[Scene, list[Judged]]]], evidence: pathlib.Path) -> int:
    """Prints the matrix, and the evidence for each cell that is not right; how many are right."""
    width = max(map(len, collected), default=5) + 2
    lines = [f"{'fault':{width}}" + "".join(f"{witness:13}" for witness in witnesses())]
    right, below = 0, []
    for fault, scenes in collected.items():
        cells = []
        for witness in witnesses():
            said = [one for _, judged in scenes for one in judged if one.claim.witness == witness]
            # One way alone may not be able to see it at all.
            verdict = worst(said, witness) if said or len(ROUTES) > 1 else Verdict.RIGHT
            right += verdict is Verdict.RIGHT
            cells.append(f"{verdict!s:13}")
            below += [f"\n{fault}, {witness}: {verdict}"] if verdict is not Verdict.RIGHT else []
            for scene, judged in scenes:
                own = [one for one in judged if one.claim.witness == witness]
                (evidence / f"{scene.name}.{witness}").write_text("".join(f"{one}\n" for one in own), encoding="utf-8")
                below += [f"  {scene.name}: {one}" for one in own if one.verdict is not Verdict.RIGHT]
        lines.append(f"{fault:{width}}" + "".join(cells).rstrip())
    print("\n".join(lines))
    print("\n".join(below))
    return right


def main() -> None:
    given = given_arguments()
    if given.alone:
        only(given.alone)
    given.evidence.mkdir(parents=True, exist_ok=True)
    received = Received(pathlib.Path(given.otlp_log))
    exposition.serve(received, int(given.otlp_port))
    stage = Stage(given, received)
    scenes = catalogue.scenes(stage, given.faults, given.small)
    collected: dict[str, list[tuple[Scene, list[Judged]]]] = {scene.fault: [] for scene in scenes}
    leaks: list[str] = []
    begun = time.time()
    # Those that take about as long together, so that none waits for another one.
    slow_first = sorted(scenes, key=lambda scene: -scene.lasts)
    for batch in (slow_first[at:at + BATCH] for at in range(0, len(scenes), BATCH)):
        play(batch, float(given.shorten))
        for scene in batch:
            collected[scene.fault].append((scene, collect(scene)))
            leaks += disclosure.leaks(scene)
        leaks += disclosure.leaks_in("the gateway", page(f"{given.pushgateway}/metrics"))
        leaks += disclosure.leaks_in("serve", page(f"http://127.0.0.1:{given.serve_port}/metrics"))
        stage.forget([scene.name for scene in batch])
    if (not given.faults or MESSAGES in given.faults) and "otlp" in ROUTES:
        leaks += try_messages(stage, ["postgres", "sqlite"] if given.small else list(messages.MESSAGES))
    right = show(collected, given.evidence)
    cells = len(collected) * len(witnesses())
    problems = {
        "trouble": [f"{scene.name}: {what}" for scene in scenes for what in scene.trouble] + scrapes(stage, begun),
        "counters that went back": resets(stage, begun),
        "SQL, values and secrets": leaks,
    }
    for what, lines in problems.items():
        print(f"\n{what}: {len(lines) or 'none'}")
        for line in lines[:40]:
            print(f"  {line}")
    print(f"\n{right} of {cells} cells are right")
    sys.exit(0 if right == cells and not any(problems.values()) else 1)


main()
