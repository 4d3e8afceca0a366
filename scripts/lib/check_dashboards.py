"""The checks of scripts/check-dashboards: first the files alone, then every expression against a real Prometheus."""

import argparse
import pathlib
import sys
import time

import dashboard_lint
import dashboard_model
from dashboard_files import (Expression, Json, Reasons, catalogue, catalogue_labels, family, in_dashboard, in_rules, labels,
                             load_dashboards, load_reasons, panels, recorded, selectors, shown_labels)
from dashboard_history import History
from dashboard_prometheus import Prometheus, Refused, fill, has_data

RULE_FILES = ("rules.yml", "alerts.yml")


def rule_files(directory: pathlib.Path) -> list[pathlib.Path]:
    return [directory / name for name in RULE_FILES if (directory / name).exists()]


def names(expressions: list[Expression], paths: list[pathlib.Path], known: dict[str, str], reasons: Reasons) -> list[str]:
    """Every metric is in the catalogue, and every metric of the catalogue is in a panel."""
    result = []
    foreign: set[str] = set()
    ours = recorded(paths)
    shown: set[str | None] = set()
    for one in expressions:
        for selector in selectors(one.text):
            if selector.metric in reasons.foreign:
                foreign.add(selector.metric)
            elif selector.metric in ours:
                continue
            elif family(selector.metric, known) is None:
                result.append(f"{one.where}: no such metric: {selector.metric}")
            elif not one.of_rule:
                shown.add(family(selector.metric, known))
    result += [f"no panel shows {name}" for name in known if name not in shown and name not in reasons.unshown]
    if paths:  # without rules, what only they need is not missed
        result += [f"checks.toml: foreign: nobody asks for {name}" for name in reasons.foreign.keys() - foreign]
    result += [f"checks.toml: unshown: {name} is shown, or is none" for name in reasons.unshown
               if name in shown or name not in known]
    return result


def label_names(dashboards: dict[str, Json], expressions: list[Expression], known: set[str]) -> list[str]:
    """Prometheus says nothing of a label that there is not: it is empty. Rules may name labels of others, such as "pod"."""
    result = []
    for one in expressions:
        ours = {name for name in labels(one.text) if not one.of_rule or name.startswith(("migrascope_", "db_"))}
        result += [f"{one.where}: no such label: {name}" for name in sorted(ours - known)]
    for title, dashboard in dashboards.items():
        for panel in panels(dashboard):
            result += [f"{title} / {panel['title']}: no such label: {name}" for name in sorted(shown_labels(panel) - known)]
    return result


def variables(dashboard: Json, seconds: float) -> dict[str, str]:
    """What Grafana would put in for them: everything, and "orders" where one target is chosen."""
    values = {"__range": f"{seconds:.0f}s", "__interval": "2s", "__rate_interval": "8s"}
    for one in dashboard["templating"]["list"]:
        if one["type"] == "query":
            values[one["name"]] = one["allValue"] if one["includeAll"] else "orders"
        elif one["type"] == "custom":
            values[one["name"]] = one["current"]["value"]
    return values


class Asking:
    """Carries expressions out, and gathers what is wrong."""

    def __init__(self, prometheus: Prometheus, seconds: float, reasons: Reasons) -> None:
        self.prometheus, self.seconds, self.reasons = prometheus, seconds, reasons
        self.problems: list[str] = []
        self.needed: set[str] = set()
        self.asked = self.empty = 0

    def returns(self, one: Expression, text: str) -> bool:
        self.asked += 1
        try:
            found = self.prometheus.now(text) if one.instant else self.prometheus.over(text, self.seconds, 2)
        except Refused as error:
            self.problems.append(f"{one.where}: {error}\n    {text}")
            return True
        return has_data(found)

    def of_dashboard(self, one: Expression, values: dict[str, str]) -> None:
        text = fill(one.text, values)
        if not self.returns(one, text):
            self._excuse(one.where, f"no data\n    {text}")

    def of_rule(self, one: Expression) -> None:
        """An alert is silent where nothing is wrong, but there must be something that it looks at."""
        if self.returns(one, one.text):
            return
        for selector in dict.fromkeys(selectors(one.text)):
            if not self.returns(one, str(selector)):
                self._excuse(f"{one.where}: {selector.metric}", f"no data: {selector}")

    def _excuse(self, where: str, problem: str) -> None:
        self.empty += 1
        if where in self.reasons.empty:
            self.needed.add(where)
        else:
            self.problems.append(f"{where}: {problem}")


def resets(prometheus: Prometheus, seconds: float, known: dict[str, str], reasons: Reasons) -> list[str]:
    """The journal counts, so that nothing it has counted ever goes back; increase() would take that for a new beginning,
    and count everything once more."""
    parts = [name + part for name, kind in known.items() if kind != "gauge"
             for part in (("_sum", "_count") if kind == "histogram" else ("",))]
    result = []
    for name in parts:
        back = prometheus.now(f'resets({name}{{job="migrascope-serve"}}[{seconds:.0f}s]) > 0')
        if back and name not in reasons.resets:
            result.append(f"{name} goes back, of {len(back)} series: {back[0]['metric']}")
    return result


def rows(name: str, panel: Json, asking: Asking, values: dict[str, str]) -> list[str]:
    """A table that is made of several queries has a row for each set of the labels that all of them have: none twice."""
    if not any(one["id"] == "merge" for one in panel["transformations"]):
        return []
    answers = [[one["metric"] for one in asking.prometheus.now(fill(target["expr"], values))] for target in panel["targets"]]
    common = set.intersection(*({*metric} for metrics in answers for metric in metrics))
    result = []
    for target, metrics in zip(panel["targets"], answers, strict=True):
        keys = [tuple(metric[label] for label in sorted(common)) for metric in metrics]
        result += [f"{name} / {panel['title']} / {target['refId']}: two rows for {' '.join(key)}"
                   for key in {*keys} if keys.count(key) > 1]
    return result


def ask(given: argparse.Namespace, dashboards: dict[str, Json], paths: list[pathlib.Path], reasons: Reasons) -> list[str]:
    prometheus = Prometheus(given.prometheus)
    history = History(given.binary, given.database, pathlib.Path(given.work), given.pushgateway, given.serve_port, prometheus,
                      pause=1.4)
    began = time.monotonic()
    try:
        history.begin()
        history.happen()
    finally:
        history.end()
    seconds = time.monotonic() - began
    asking = Asking(prometheus, seconds, reasons)
    for name, dashboard in dashboards.items():
        for one in in_dashboard(name, dashboard):
            asking.of_dashboard(one, variables(dashboard, seconds))
        for panel in panels(dashboard):
            asking.problems += rows(name, panel, asking, variables(dashboard, seconds))
    for path in paths:
        for one in in_rules(path):
            asking.of_rule(one)
    for rule in prometheus.rules():
        if rule["health"] == "err":
            asking.problems.append(f"Prometheus says of {rule['name']}: {rule['health']} {rule.get('lastError', '')}")
    firing = sorted({rule["name"] for rule in prometheus.rules() if rule.get("state") == "firing"})
    print(f"history: {seconds:.0f} s; {asking.asked} expressions asked, {asking.empty} without data for a reason or not")
    print(f"alerts that fire: {', '.join(firing) or 'none'}")
    stale = [f"checks.toml: empty: {where} has data, or is none" for where in reasons.empty.keys() - asking.needed
             if paths or not where.startswith(("alert ", "record "))]
    return asking.problems + stale + resets(prometheus, seconds, catalogue(given.catalogue), reasons)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--dashboards", required=True, type=pathlib.Path)
    parser.add_argument("--catalogue", required=True, type=pathlib.Path)
    for name in ("binary", "database", "work", "prometheus", "pushgateway"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--serve-port", type=int)
    return parser.parse_args()


def report(title: str, problems: list[str]) -> None:
    print(f"{title}: {'ok' if not problems else f'{len(problems)} problems'}")
    for problem in problems:
        print(f"  {problem}")
    if problems:
        sys.exit(1)


def main() -> None:
    given = arguments()
    dashboards = load_dashboards(given.dashboards)
    paths = rule_files(given.dashboards)
    reasons = load_reasons(given.dashboards)
    expressions = [one for name, dashboard in dashboards.items() for one in in_dashboard(name, dashboard)]
    expressions += [one for path in paths for one in in_rules(path)]
    if given.prometheus is None:
        print(f"{len(dashboards)} dashboards, {len(paths)} files of rules, {len(expressions)} expressions")
        report("rules of dashboard-linter", dashboard_lint.problems(dashboards, given.dashboards))
        report("Grafana's own model, there and back", dashboard_model.problems(dashboards, reasons.model))
        report("names of metrics", names(expressions, paths, catalogue(given.catalogue), reasons))
        report("names of labels", label_names(dashboards, expressions, catalogue_labels(given.catalogue)))
    else:
        report("every expression", ask(given, dashboards, paths, reasons))


if __name__ == "__main__":
    main()
