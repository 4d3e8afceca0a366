"""The few kinds of panels that the dashboards have, as Grafana's classic JSON.

Nothing here knows what migrascope measures. A panel is made without a place; dashboard.py puts it into the grid.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]

DATASOURCE: Json = {"type": "prometheus", "uid": "${prometheus_datasource}"}
GREEN, YELLOW, ORANGE, RED, BLUE, PURPLE, GREY = "green", "yellow", "orange", "red", "blue", "purple", "#8e8e8e"


def query(expr: str, legend: str = "", *, instant: bool = False, table: bool = False, heatmap: bool = False) -> Json:
    """One PromQL expression; a table and a single value are asked for as of now, everything else over the range."""
    now = instant or table
    kind = "table" if table else "heatmap" if heatmap else "time_series"
    return {
        "datasource": DATASOURCE, "editorMode": "code", "expr": expr, "legendFormat": legend or "__auto",
        "instant": now, "range": not now, "format": kind,
    }


def values(mapping: Mapping[int, tuple[str, str]]) -> list[Json]:
    """Numbers that are shown as words in a colour."""
    options = {str(number): {"text": text, "color": colour, "index": index}
               for index, (number, (text, colour)) in enumerate(mapping.items())}
    return [{"type": "value", "options": options}]


def steps(*limits: tuple[float, str], base: str = GREEN) -> Json:
    """A colour from each of the values on."""
    first: list[Json] = [{"value": None, "color": base}]
    return {"mode": "absolute", "steps": first + [{"value": value, "color": colour} for value, colour in limits]}


def link(title: str, url: str, *, blank: bool = False) -> Json:
    return {"title": title, "url": url, "targetBlank": blank}


def override(field: str, **properties: Any) -> Json:
    """What is different about the field of that name; "custom_width" stands for "custom.width"."""
    return {
        "matcher": {"id": "byName", "options": field},
        "properties": [{"id": name.replace("custom_", "custom."), "value": value} for name, value in properties.items()],
    }


def override_pattern(pattern: str, **properties: Any) -> Json:
    return override(pattern, **properties) | {"matcher": {"id": "byRegexp", "options": pattern}}


def _panel(kind: str, title: str, description: str, unit: str, queries: Sequence[Json], size: tuple[int, int],
           options: Json, **field: Any) -> Json:
    """The common part of all panels; each query gets its letter."""
    overrides = field.pop("overrides", [])
    transformations = field.pop("transformations", [])
    targets = [{"refId": chr(ord("A") + index), **one} for index, one in enumerate(queries)]
    return {
        "type": kind, "title": title, "description": description, "transparent": False, "datasource": DATASOURCE,
        "targets": targets, "gridPos": {"w": size[0], "h": size[1]}, "options": options,
        "transformations": transformations, "fieldConfig": {"defaults": {"unit": unit, **field}, "overrides": overrides},
    }


def _last() -> Json:
    return {"values": False, "calcs": ["lastNotNull"], "fields": ""}


def _legend(shown: bool) -> Json:
    return {"displayMode": "list", "placement": "bottom", "showLegend": shown, "calcs": []}


def stat(title: str, description: str, unit: str, expr: str, *, size: tuple[int, int] = (4, 4), legend: str = "",
         text: str = "value", fields: str = "", **field: Any) -> Json:
    """One value, its background coloured; with text="name" the legend is shown instead of the value."""
    options = {
        "colorMode": "background", "graphMode": "none", "justifyMode": "auto", "textMode": text, "wideLayout": True,
        "showPercentChange": False, "percentChangeColorMode": "standard", "orientation": "auto",
        "reduceOptions": _last() | {"fields": fields},
    }
    field.setdefault("thresholds", steps())
    field.setdefault("color", {"mode": "thresholds"})
    return _panel("stat", title, description, unit, [query(expr, legend, instant=True)], size, options, **field)


def bar_gauge(title: str, description: str, unit: str, expr: str, legend: str, *, size: tuple[int, int] = (8, 8),
              **field: Any) -> Json:
    """A bar for each series, as of now."""
    options = {
        "displayMode": "basic", "valueMode": "color", "namePlacement": "auto", "showUnfilled": True, "sizing": "auto",
        "minVizWidth": 8, "minVizHeight": 16, "maxVizHeight": 26, "orientation": "horizontal", "reduceOptions": _last(),
        "legend": _legend(False),
    }
    field.setdefault("thresholds", steps(base=BLUE))
    field.setdefault("color", {"mode": "thresholds"})
    field.setdefault("min", 0)
    return _panel("bargauge", title, description, unit, [query(expr, legend, instant=True)], size, options, **field)


def time_series(title: str, description: str, unit: str, queries: Sequence[Json], *, size: tuple[int, int] = (12, 8),
                draw: str = "line", stack: bool = False, legend: bool = True, **field: Any) -> Json:
    """Lines, steps, bars or points over time."""
    custom = {
        "drawStyle": "bars" if draw == "bars" else "points" if draw == "points" else "line",
        "lineInterpolation": "stepAfter" if draw == "steps" else "linear", "lineWidth": 1, "pointSize": 6,
        "fillOpacity": 80 if draw == "bars" else 30 if stack else 10 if draw == "line" else 0, "showPoints": "auto",
        "spanNulls": False, "axisPlacement": "auto", "stacking": {"mode": "normal" if stack else "none", "group": "A"},
    }
    options = {"legend": _legend(legend), "tooltip": {"mode": "multi", "sort": "desc"}}
    field.setdefault("color", {"mode": "palette-classic"})
    field.setdefault("min", 0)
    return _panel("timeseries", title, description, unit, queries, size, options, custom=custom, **field)


def heatmap(title: str, description: str, unit: str, expr: str, *, size: tuple[int, int] = (12, 9)) -> Json:
    """The buckets of a histogram over time."""
    options = {
        "calculate": False, "cellGap": 1, "showValue": "never", "selectionMode": "x",
        "color": {"mode": "scheme", "scheme": "Oranges", "exponent": 0.5, "steps": 64, "fill": "dark-orange",
                  "reverse": False, "min": 0},
        "filterValues": {"le": 1e-9}, "rowsFrame": {"layout": "auto", "value": "things"},
        "yAxis": {"unit": unit, "axisPlacement": "left", "reverse": False},
        "legend": {"show": True}, "tooltip": {"mode": "single", "yHistogram": True, "showColorScale": True},
        "exemplars": {"color": "rgba(255,0,255,0.7)"}, "cellValues": {"unit": "short", "decimals": 0},
    }
    return _panel("heatmap", title, description, unit, [query(expr, "{{le}}", heatmap=True)], size, options,
                  custom={"scaleDistribution": {"type": "linear"},
                          "hideFrom": {"legend": False, "tooltip": False, "viz": False}})


def state_timeline(title: str, description: str, expr: str, legend: str, *, mappings: list[Json],
                   size: tuple[int, int] = (24, 7)) -> Json:
    """A band for each series that changes its colour with its state."""
    options = {
        "mergeValues": True, "showValue": "auto", "alignValue": "left", "rowHeight": 0.9, "perPage": 20,
        "legend": _legend(True), "tooltip": {"mode": "single", "sort": "none"},
    }
    return _panel("state-timeline", title, description, "none", [query(expr, legend)], size, options,
                  mappings=mappings, color={"mode": "thresholds"}, thresholds=steps(base=GREY),
                  custom={"fillOpacity": 80, "lineWidth": 0, "axisPlacement": "auto"})


def table(title: str, description: str, queries: Sequence[Json], columns: Mapping[str, str], *,
          size: tuple[int, int] = (24, 9), sort: str = "", overrides: Sequence[Json] = (), **field: Any) -> Json:
    """A row for each set of labels, made of all queries. "columns" names what is shown, in order: a label, or "Value"
    (of the only query), or "Value #A" (of the first of several)."""
    merged = [{"id": "merge", "options": {}}] if len(queries) > 1 else []
    shown = {"id": "organize", "options": {
        "includeByName": {name: True for name in columns}, "excludeByName": {},
        "indexByName": {name: index for index, name in enumerate(columns)}, "renameByName": dict(columns),
    }}
    options = {
        "showHeader": True, "frameIndex": 0, "showTypeIcons": False, "cellHeight": "sm",
        "footer": {"show": False, "reducer": ["sum"], "countRows": False},
        "sortBy": [{"displayName": sort, "desc": True}] if sort else [],
    }
    field.setdefault("custom", {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False})
    return _panel("table", title, description, "none", queries, size, options, overrides=list(overrides),
                  transformations=[*merged, shown], **field)
