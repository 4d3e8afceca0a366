"""What promtool does not ask of alerts: pages, names, and tests that would notice a change. Called by scripts/check-rules."""

import argparse
import concurrent.futures
import dataclasses
import pathlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import yaml

RUNBOOKS = "docs/runbooks"
RUNBOOK_URL = f"https://github.com/migrascope/migrascope/blob/main/{RUNBOOKS}/"
SECTIONS = ["Meaning", "Impact", "How to see the cause", "What to do", "How to prevent it"]
SEVERITIES = {"critical", "warning", "info"}
# Metrics of others that alerts ask for, and who has them.
FOREIGN = {
    "up": "Prometheus",
    "push_time_seconds": "Pushgateway",
    "push_failure_time_seconds": "Pushgateway",
    "kube_job_failed": "kube-state-metrics",
    "kube_pod_init_container_status_waiting_reason": "kube-state-metrics",
}
KEYWORDS = {"and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring", "group_left", "group_right"}


@dataclasses.dataclass
class Rule:
    """An alert or a recorded figure."""

    file: pathlib.Path
    body: dict

    @property
    def name(self) -> str:
        return self.body.get("alert") or self.body["record"]


def rules(root: pathlib.Path) -> list[Rule]:
    found = []
    for name in ["alerts.yml", "rules.yml"]:
        file = root / "dashboards" / name
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]:
            found += [Rule(file, body) for body in group["rules"]]
    return found


def metrics_in(expression: str) -> set[str]:
    """The names of metrics that an expression asks for."""
    bare = re.sub(r'"[^"]*"|\'[^\']*\'', "", expression)
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]", "", bare)
    bare = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", "", bare)
    names = re.findall(r"(?<![\w.])([a-zA-Z_:][\w:]*)\b(?!\s*\()", bare)
    return {name for name in names if name not in KEYWORDS}


def catalogue(root: pathlib.Path) -> set[str]:
    """The names that docs/telemetry.md has in its table, with the parts of histograms."""
    text = (root / "docs" / "telemetry.md").read_text(encoding="utf-8")
    names: set[str] = set()
    for name, kind in re.findall(r"^\| `(\w+)` \| `[\w.]+` \| (\w+) \|", text, re.MULTILINE):
        names |= {f"{name}_{part}" for part in ("bucket", "sum", "count")} if kind == "histogram" else {name}
    return names


def objections_to_rules(root: pathlib.Path, found: list[Rule]) -> Iterator[str]:
    known = catalogue(root) | FOREIGN.keys() | {rule.name for rule in found if "record" in rule.body}
    names = [rule.name for rule in found]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{name}: there are two of this name"
    for rule in found:
        for metric in sorted(metrics_in(rule.body["expr"]) - known):
            yield f"{rule.name}: {metric} is not in the table of docs/telemetry.md"
        if "alert" in rule.body:
            yield from objections_to_alert(root, rule)


def objections_to_alert(root: pathlib.Path, rule: Rule) -> Iterator[str]:
    severity = rule.body.get("labels", {}).get("severity")
    if severity not in SEVERITIES:
        yield f"{rule.name}: severity is {severity}, not one of {', '.join(sorted(SEVERITIES))}"
    annotations = rule.body.get("annotations", {})
    for wanted in ["summary", "description"]:
        if not annotations.get(wanted):
            yield f"{rule.name}: no {wanted}"
    if "$value" not in annotations.get("description", ""):
        yield f"{rule.name}: the description does not tell the value"
    if annotations.get("runbook_url") != f"{RUNBOOK_URL}{rule.name}.md":
        yield f"{rule.name}: runbook_url is not {RUNBOOK_URL}{rule.name}.md"
    page = root / RUNBOOKS / f"{rule.name}.md"
    if not page.is_file():
        yield f"{rule.name}: no page {page.relative_to(root)}"


def objections_to_pages(root: pathlib.Path, found: list[Rule]) -> Iterator[str]:
    alerts = {rule.name: rule for rule in found if "alert" in rule.body}
    index = (root / RUNBOOKS / "README.md").read_text(encoding="utf-8")
    for page in sorted((root / RUNBOOKS).glob("*.md")):
        if page.name == "README.md":
            continue
        if page.stem not in alerts:
            yield f"{page.relative_to(root)}: there is no such alert"
            continue
        text = page.read_text(encoding="utf-8")
        if re.findall(r"^## (.*)$", text, re.MULTILINE) != SECTIONS:
            yield f"{page.relative_to(root)}: its sections are not {', '.join(SECTIONS)}"
        body = alerts[page.stem].body
        severity = body["labels"]["severity"]
        head = f"Severity: {severity}. " + (f"Fires after {body['for']}." if "for" in body else "Fires at once.")
        if head not in text:
            yield f"{page.relative_to(root)}: does not say \"{head}\""
        if f"| [{page.stem}]({page.name}) | {severity} |" not in index:
            yield f"{RUNBOOKS}/README.md: no line for {page.stem} with its severity"


def objections_to_tests(root: pathlib.Path, found: list[Rule]) -> Iterator[str]:
    """Each alert must be seen firing, ending, and silent in a test of its own where it never fires."""
    seen: dict[str, set[str]] = {rule.name: set() for rule in found if "alert" in rule.body}
    recorded = ""
    for file in sorted((root / "dashboards" / "tests").glob("*.yml")):
        for test in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]:
            recorded += str(test.get("promql_expr_test", ""))
            states: dict[str, list[bool]] = {}
            for check in test.get("alert_rule_test", []):
                states.setdefault(check["alertname"], []).append(bool(check["exp_alerts"]))
            for name, fires in states.items():
                kinds = seen.setdefault(name, set())
                if True in fires:
                    kinds.add("firing")
                    if False in fires[fires.index(True):]:
                        kinds.add("ending")
                else:
                    kinds.add("silent")
    for name, kinds in seen.items():
        for missing in sorted({"firing", "ending", "silent"} - kinds):
            yield f"{name}: no test sees it {missing}"
    for rule in found:
        if "record" in rule.body and rule.name not in recorded:
            yield f"{rule.name}: no test asks for it"


def mutants(rule: Rule) -> Iterator[tuple[str, str]]:
    """The rule's file with one condition less, and what that is."""
    text = rule.file.read_text(encoding="utf-8")
    start = text.index(f"- alert: {rule.name}\n")
    end = text.find("- alert:", start + 1)
    own = text[start:end if end > 0 else len(text)]
    for at in re.finditer(r"^        (?:keep_firing_)?for: .*\n", own, re.MULTILINE):
        yield at[0].strip(), text.replace(own, own[:at.start()] + own[at.end():])
    body = own[own.index("expr:"):own.index("labels:")]
    for at in re.finditer(r"\b(and|unless|or)\b", body):
        stop = clause_end(body, at.end())
        shorter = own.replace(body, body[:at.start()] + body[stop:])
        yield " ".join(body[at.start():stop].split()), text.replace(own, shorter)


def clause_end(text: str, start: int) -> int:
    """Where the operand ends that begins there: at the next operator of its depth, or what closes around it."""
    depth, at = 0, start
    while at < len(text):
        if text[at] in "({[":
            depth += 1
        elif text[at] in ")}]":
            depth -= 1
            if depth < 0:
                return at
        elif depth == 0 and re.match(r"\n {8}(keep_firing_)?for:|\n {8}$|\b(and|unless|or)\b", text[at:]):
            return at
        at += 1
    return at


def survives(root: pathlib.Path, name: str, changed: str) -> bool:
    """Whether all tests that ask for the alert pass with these rules."""
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "alerts.yml").write_text(changed, encoding="utf-8")
        pathlib.Path(folder, "rules.yml").write_bytes((root / "dashboards" / "rules.yml").read_bytes())
        tests = pathlib.Path(folder, "tests")
        tests.mkdir()
        for file in (root / "dashboards" / "tests").glob("*.yml"):
            text = file.read_text(encoding="utf-8")
            if f"alertname: {name}" in text:
                (tests / file.name).write_text(text, encoding="utf-8")
        files = sorted(str(file) for file in tests.glob("*.yml"))
        checked = subprocess.run(["promtool", "check", "rules", f"{folder}/alerts.yml"], capture_output=True, text=True)
        if checked.returncode:
            sys.exit(f"a mutant is not a rule:\n{checked.stderr}{changed}")
        return subprocess.run(["promtool", "test", "rules", *files], capture_output=True).returncode == 0


def try_mutants(root: pathlib.Path, found: list[Rule]) -> Iterator[str]:
    made = [(rule.name, what, changed) for rule in found if "alert" in rule.body for what, changed in mutants(rule)]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        alive = pool.map(lambda one: survives(root, one[0], one[2]), made)
        for (name, what, _), survived in zip(made, alive):
            if survived:
                yield f"{name}: no test notices when this is left out: {what}"
    print(f"rules: {len(made)} conditions were left out, one after the other")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mutants", action="store_true")
    given = parser.parse_args()
    root = pathlib.Path.cwd()
    found = rules(root)
    objections = [*objections_to_rules(root, found), *objections_to_pages(root, found), *objections_to_tests(root, found)]
    if given.mutants:
        objections += try_mutants(root, found)
    for objection in objections:
        print(f"rules: {objection}", file=sys.stderr)
    if objections:
        sys.exit(1)
    alerts = sum("alert" in rule.body for rule in found)
    print(f"rules: {alerts} alerts and {len(found) - alerts} recorded figures, each with names that exist, tests and a page")


main()
