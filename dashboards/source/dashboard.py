"""A dashboard made of rows of panels: the frame, the variables, the annotations, and the grid."""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from panels import BLUE, DATASOURCE, GREEN, PURPLE, RED, Json

TAG = "migrascope"
# The model of Grafana 12. Later ones read it and bring it up to date as they load it; earlier ones ignore what they
# do not know.
SCHEMA_VERSION = 41
UIDS = {"Overview": "migrascope-overview", "Run": "migrascope-run", "Fleet-wide durations": "migrascope-durations"}

Row = tuple[str, Sequence[Json]]


def _variable(kind: str, name: str, label: str, **more: Any) -> Json:
    return {"type": kind, "name": name, "label": label, "hide": 0, "skipUrlSync": False, "multi": False,
            "includeAll": False, "allowCustomValue": True, **more}


def datasource(kind: str) -> Json:
    """Which datasource of that kind; the name and the label are those that dashboard-linter wants."""
    return _variable("datasource", f"{kind}_datasource", f"{kind.title()} data source", query=kind, refresh=1,
                     regex="", options=[])


def chosen(name: str, label: str, series: str, of: str, *, multi: bool = True, regex: str = "") -> Json:
    """The values of a label, or the part of them that "regex" has in parentheses. "All" is ".*", so that series without the
    label are among them."""
    query = f"label_values({series}, {of})"
    every = {"includeAll": True, "allValue": ".*", "current": {"text": ["All"], "value": ["$__all"]}} if multi else {}
    return _variable("query", name, label, datasource=DATASOURCE, refresh=2, sort=1, regex=regex,
                     options=[], query={"query": query, "refId": "A", "qryType": 1}) | {"multi": multi} | every


def one_of(name: str, label: str, choices: Sequence[str], default: str) -> Json:
    """One of the values that are named here."""
    options = [{"text": one, "value": one, "selected": one == default} for one in choices]
    return _variable("custom", name, label, query=",".join(choices), options=options,
                     current={"text": default, "value": default})


def constant(name: str, value: str) -> Json:
    """A value that is not shown; to change it, set it in the URL: &var-name=value."""
    return _variable("constant", name, "", query=value, options=[{"text": value, "value": value, "selected": True}],
                     current={"text": value, "value": value}) | {"hide": 2}


def at_value(name: str, colour: str, expr: str, title: str, text: str, *, enable: bool) -> Json:
    """Marks at the times that are the values of the series, in milliseconds: not when they were scraped."""
    return {"name": name, "datasource": DATASOURCE, "enable": enable, "hide": False, "iconColor": colour, "builtIn": 0,
            "expr": expr, "step": "10s", "titleFormat": title, "textFormat": text,
            "tagKeys": "migrascope_target,deployment_environment_name", "useValueForTime": True}


def regions(*tags: str) -> Json:
    """The annotations that runs have written into Grafana itself (--grafana-url), from their beginning to their end; those that
    have our tag and all of "tags", in which variables of one value may stand."""
    return {"name": "Runs reported to Grafana", "datasource": {"type": "grafana", "uid": "-- Grafana --"}, "enable": True,
            "hide": False, "iconColor": PURPLE, "builtIn": 0,
            "target": {"type": "tags", "tags": [TAG, *tags], "matchAny": False, "limit": 500}}


def explore(kind: str, **query: str) -> str:
    """The address of Explore with one query; variables in it stay readable for Grafana."""
    uid = f"${{{kind}_datasource}}"
    fields = "".join(f',"{name}":"{value}"' for name, value in query.items())
    panes = (f'{{"m":{{"datasource":"{uid}","queries":[{{"refId":"A","datasource":{{"type":"{kind}","uid":"{uid}"}}{fields}}}],'
             '"range":{"from":"${__from}","to":"${__to}"}}}')
    encoded = "".join(part if part.startswith("${") else quote(part) for part in re.split(r"(\$\{[^}]+\})", panes))
    return f"/explore?schemaVersion=1&panes={encoded}"


def dashboard(title: str, description: str, rows: Sequence[Row], variables: Sequence[Json], *,
              annotations: Sequence[Json] = (), since: str = "now-24h", refresh: str = "30s") -> Json:
    built_in = {"name": "Annotations & Alerts", "datasource": {"type": "grafana", "uid": "-- Grafana --"},
                "enable": True, "hide": True, "iconColor": BLUE, "type": "dashboard", "builtIn": 1}
    others = [_to(other) for other in UIDS if other != title]
    return {
        "uid": UIDS[title], "title": f"migrascope / {title}", "description": description,
        "tags": [TAG], "editable": False, "graphTooltip": 1, "timezone": "browser", "fiscalYearStartMonth": 0,
        "schemaVersion": SCHEMA_VERSION, "version": 1, "refresh": refresh, "time": {"from": since, "to": "now"},
        "timepicker": {"hidden": False, "refresh_intervals": ["10s", "30s", "1m", "5m", "15m"]},
        "links": others, "annotations": {"list": [built_in, *annotations]},
        "templating": {"list": list(variables)}, "panels": _placed(rows),
    }


def _to(title: str) -> Json:
    return {"type": "link", "title": title, "url": f"/d/{UIDS[title]}", "icon": "dashboard",
            "tooltip": f"migrascope / {title}", "tags": [], "asDropdown": False, "targetBlank": False,
            "includeVars": True, "keepTime": True}


def _placed(rows: Sequence[Row]) -> list[Json]:
    """Panels from left to right, 24 wide, in the order in which they are named; each row under its title."""
    placed: list[Json] = []
    top = 0
    for title, panels in rows:
        placed.append({"type": "row", "title": title, "collapsed": False, "panels": [], "id": len(placed) + 1,
                       "gridPos": {"x": 0, "y": top, "w": 24, "h": 1}})
        top += 1
        left = height = 0
        for panel in panels:
            size = panel["gridPos"]
            if left + size["w"] > 24:
                top, left, height = top + height, 0, 0
            placed.append({"id": len(placed) + 1, **panel, "gridPos": {"x": left, "y": top, **size}})
            left, height = left + size["w"], max(height, size["h"])
        top += height
    return placed


def run_marks(succeeded: str, failed: str, began: str, *, every: bool) -> list[Json]:
    """The marks of a run's beginning and end, from expressions in seconds; 0 means never and is no mark. All can be switched
    on and off above the panels; those of failures are on, the others where there are to be marks of "every" run."""
    text = "{{migrascope_target}} {{deployment_environment_name}}"
    return [
        at_value("Runs that succeeded", GREEN, f"({succeeded} > 0) * 1000", "run succeeded", text, enable=every),
        at_value("Runs that failed", RED, f"({failed} > 0) * 1000", "run failed", text, enable=True),
        at_value("Runs that started", BLUE, f"({began} > 0) * 1000", "run started", text, enable=every),
    ]
