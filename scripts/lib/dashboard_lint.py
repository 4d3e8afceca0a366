"""The rules of Grafana's dashboard-linter, with the exclusions of dashboards/.lint, each of which needs a reason."""

import json
import pathlib
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs

import yaml

from dashboard_files import LABEL_VALUES, Json, panels

# Of the units that Grafana knows, those that our panels may have.
UNITS = {"none", "short", "s", "dtdurations", "dateTimeFromNow", "percentunit", "bytes"}

# What is wrong: the panel (or ""), the number of the target (or ""), and the words.
Finding = tuple[str, str, str]


def _variables(dashboard: Json, kind: str) -> list[Json]:
    return [one for one in dashboard["templating"]["list"] if one["type"] == kind]


def _targets(dashboard: Json) -> Iterator[tuple[str, str, str]]:
    for panel in panels(dashboard):
        for index, target in enumerate(panel["targets"]):
            yield panel["title"], str(index), target["expr"]


def template_datasource(dashboard: Json) -> Iterator[Finding]:
    found = _variables(dashboard, "datasource")
    if not found:
        yield "", "", "there is no variable for the datasource"
    for one in found:
        names = {f"{one['query']}_datasource"} | ({"datasource"} if len(found) == 1 else set())
        labels = {f"{one['query'].title()} data source"} | ({"Data source"} if len(found) == 1 else set())
        if one["name"] not in names or one["label"] not in labels:
            yield "", "", f"variable {one['name']} ({one['label']}) should be {min(names)} ({min(labels)})"


def _template(label: str) -> Callable[[Json], Iterator[Finding]]:
    def rule(dashboard: Json) -> Iterator[Finding]:
        if label not in {one["name"] for one in dashboard["templating"]["list"]}:
            yield "", "", f"there is no variable {label}"
    return rule


def _target(label: str) -> Callable[[Json], Iterator[Finding]]:
    def rule(dashboard: Json) -> Iterator[Finding]:
        for panel, index, expr in _targets(dashboard):
            if not re.search(rf'\b{label}=~"\${label}"', expr):
                yield panel, index, f'no matcher {label}=~"${label}"'
    return rule


def template_label_promql(dashboard: Json) -> Iterator[Finding]:
    for one in _variables(dashboard, "query"):
        if not LABEL_VALUES.fullmatch(one["query"]["query"]):
            yield "", "", f"variable {one['name']} asks for {one['query']['query']}"


def template_on_time_change_reload(dashboard: Json) -> Iterator[Finding]:
    for one in _variables(dashboard, "query"):
        if one["refresh"] != 2:
            yield "", "", f"variable {one['name']} is not read again when the time range changes"


def panel_datasource(dashboard: Json) -> Iterator[Finding]:
    known = {f"${{{one['name']}}}" for one in _variables(dashboard, "datasource") if one["query"] == "prometheus"}
    for panel in panels(dashboard):
        for source in [panel["datasource"], *(target["datasource"] for target in panel["targets"])]:
            if source["uid"] not in known:
                yield panel["title"], "", f"datasource {source['uid']}"


def panel_title_description(dashboard: Json) -> Iterator[Finding]:
    for panel in panels(dashboard):
        if not panel["title"] or not panel["description"]:
            yield panel["title"], "", f"panel {panel['id']} has no title or no description"


def panel_units(dashboard: Json) -> Iterator[Finding]:
    for panel in panels(dashboard):
        field = panel["fieldConfig"]
        special = [one["value"] for by in field["overrides"] for one in by["properties"] if one["id"] == "unit"]
        for unit in [field["defaults"]["unit"], *special]:
            if unit not in UNITS:
                yield panel["title"], "", f"unit {unit!r}"


def panel_no_targets(dashboard: Json) -> Iterator[Finding]:
    for panel in panels(dashboard):
        if not panel["targets"]:
            yield panel["title"], "", "nothing is asked"


def target_rate_interval(dashboard: Json) -> Iterator[Finding]:
    for panel, index, expr in _targets(dashboard):
        for window in re.findall(r"\bi?rate\([^\[]*\[([^\]]*)\]", expr):
            if window != "$__rate_interval":
                yield panel, index, f"a rate over {window}"


def target_counter_agg(dashboard: Json) -> Iterator[Finding]:
    grown = re.compile(r"\b(?:rate|irate|increase)\(\w+_total(?:\{[^{}]*\})?\[")
    for panel, index, expr in _targets(dashboard):
        if re.search(r"\w+_total\b", grown.sub("", expr)):
            yield panel, index, "a counter without rate, irate or increase"


def uneditable(dashboard: Json) -> Iterator[Finding]:
    if dashboard["editable"]:
        yield "", "", "can be edited"


RULES: dict[str, Callable[[Json], Iterator[Finding]]] = {
    "template-datasource-rule": template_datasource,
    "template-job-rule": _template("job"),
    "template-instance-rule": _template("instance"),
    "target-job-rule": _target("job"),
    "target-instance-rule": _target("instance"),
    "template-label-promql-rule": template_label_promql,
    "template-on-time-change-reload-rule": template_on_time_change_reload,
    "panel-datasource-rule": panel_datasource,
    "panel-title-description-rule": panel_title_description,
    "panel-units-rule": panel_units,
    "panel-no-targets-rule": panel_no_targets,
    "target-rate-interval-rule": target_rate_interval,
    "target-counter-agg-rule": target_counter_agg,
    "uneditable-dashboard": uneditable,
}


def links(dashboards: dict[str, Json]) -> list[str]:
    """Our own rule: a link leads to a dashboard that there is, or is what Explore can read."""
    known = {dashboard["uid"] for dashboard in dashboards.values()}
    result = []
    for name, dashboard in dashboards.items():
        urls = [one["url"] for one in dashboard["links"]]
        urls += [link["url"] for panel in panels(dashboard) for by in panel["fieldConfig"]["overrides"]
                 for one in by["properties"] if one["id"] == "links" for link in one["value"]]
        names = {one["name"] for one in dashboard["templating"]["list"]}
        for url in urls:
            unknown = {one for one in re.findall(r"\$\{(\w+)\}", url) if not one.startswith("__")} - names
            found = re.fullmatch(r"/d/([\w-]+)(?:\?.*)?", url)
            if unknown or (found and found[1] not in known) or not (found or _is_explore(url)):
                result.append(f"{name}: link {url} {' '.join(unknown)}")
    return result


def _is_explore(url: str) -> bool:
    address, _, query = url.partition("?")
    try:
        panes = json.loads(parse_qs(query)["panes"][0])
        return address == "/explore" and all({"datasource", "queries", "range"} == pane.keys() for pane in panes.values())
    except (KeyError, ValueError):
        return False


def _excluded(rule: Json | None, title: str, finding: Finding) -> bool:
    """As the linter sees it: a rule without entries is excluded everywhere."""
    if rule is None:
        return False
    entries: list[dict[str, Any]] = rule.get("entries", [])
    return not entries or any(
        entry["dashboard"] == title and entry.get("panel", finding[0]) == finding[0]
        and str(entry.get("targetIdx", finding[1])) == finding[1] for entry in entries)


def problems(dashboards: dict[str, Json], directory: pathlib.Path) -> list[str]:
    exclusions: dict[str, Json] = yaml.safe_load((directory / ".lint").read_text(encoding="utf-8"))["exclusions"]
    result = [f".lint: {name}: there is no such rule" for name in exclusions.keys() - RULES.keys()]
    result += [f".lint: {name}: no reason" for name, rule in exclusions.items() if not rule.get("reason")]
    needed = set()
    for dashboard in dashboards.values():
        for name, rule in RULES.items():
            for finding in rule(dashboard):
                if _excluded(exclusions.get(name), dashboard["title"], finding):
                    needed.add(name)
                else:
                    result.append(f"{name}: {dashboard['title']} / {finding[0]}: {finding[2]}")
    result += [f".lint: {name}: excludes nothing" for name in exclusions.keys() - needed & RULES.keys()]
    return result + links(dashboards)
