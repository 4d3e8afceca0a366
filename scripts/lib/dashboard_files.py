"""What the dashboards and the rules ask for: every PromQL expression, and the metrics in it."""

import json
import pathlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

Json = dict[str, Any]

STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
LABEL_LIST = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)")
SELECTOR = re.compile(r"(?<![\w:.$])([a-zA-Z_:][\w:]*)(\{[^{}]*\})?")
KEYWORDS = {"and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring", "group_left", "group_right", "inf", "nan"}
LABEL_VALUES = re.compile(r"label_values\((?:(.+),\s*)?(\w+)\)")


@dataclass(frozen=True)
class Expression:
    """A piece of PromQL and where it stands: "run / Stages / A", "alert MigrascopeSchemaDirty"."""

    where: str
    text: str
    instant: bool
    of_rule: bool = False


@dataclass(frozen=True)
class Selector:
    metric: str
    matchers: str

    def __str__(self) -> str:
        return self.metric + self.matchers


@dataclass
class Reasons:
    """dashboards/checks.toml: what is not as the rule wants it, and why."""

    foreign: dict[str, str] = field(default_factory=dict)
    empty: dict[str, str] = field(default_factory=dict)
    unshown: dict[str, str] = field(default_factory=dict)
    model: dict[str, str] = field(default_factory=dict)
    resets: dict[str, str] = field(default_factory=dict)


def load_dashboards(directory: pathlib.Path) -> dict[str, Json]:
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(directory.glob("*.json"))}


def load_reasons(directory: pathlib.Path) -> Reasons:
    return Reasons(**tomllib.loads((directory / "checks.toml").read_text(encoding="utf-8")))


def panels(dashboard: Json) -> Iterator[Json]:
    """All panels but rows; those of a collapsed row stand inside it."""
    for panel in dashboard["panels"]:
        yield from panels(panel) if panel["type"] == "row" else [panel]


def in_dashboard(name: str, dashboard: Json) -> Iterator[Expression]:
    for panel in panels(dashboard):
        for target in panel["targets"]:
            yield Expression(f"{name} / {panel['title']} / {target['refId']}", target["expr"], target["instant"])
    for annotation in dashboard["annotations"]["list"]:
        if "expr" in annotation:
            yield Expression(f"{name} / annotation {annotation['name']}", annotation["expr"], False)
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            found = LABEL_VALUES.fullmatch(variable["query"]["query"])
            if not found or not found[1]:
                raise SystemExit(f"{name}: variable {variable['name']}: not label_values(METRIC, LABEL)")
            text = f"count by ({found[2]}) ({found[1]})"
            yield Expression(f"{name} / variable {variable['name']}", text, True)


def in_rules(path: pathlib.Path) -> Iterator[Expression]:
    for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
        for rule in group["rules"]:
            kind = "alert" if "alert" in rule else "record"
            yield Expression(f"{kind} {rule[kind]}", str(rule["expr"]), True, True)


def recorded(paths: list[pathlib.Path]) -> set[str]:
    """Names that recording rules make: metrics, too, though not of the catalogue."""
    return {one.where.removeprefix("record ") for path in paths for one in in_rules(path) if one.where.startswith("record ")}


def selectors(text: str) -> list[Selector]:
    """The series that an expression reads, with their matchers."""
    strings: list[str] = []

    def put_away(found: re.Match[str]) -> str:
        strings.append(found[0])
        return f'"{len(strings) - 1}"'

    bare = LABEL_LIST.sub(" ", STRING.sub(put_away, re.sub(r"#[^\n]*", "", text)))
    bare = re.sub(r"\[[^\]]*\]", " ", bare)
    # Series that are named in matchers alone: {__name__=~"one|other"}.
    result = [Selector(name, "") for found in re.finditer(r'__name__=~?"(\d+)"', bare)
              for name in strings[int(found[1])].strip('"').split("|")]
    bare = re.sub(r"(?<![\w:])\{[^{}]*\}", " ", bare)
    for found in SELECTOR.finditer(bare):
        called = bare[found.end():].lstrip().startswith("(") and not found[2]
        if called or found[1].lower() in KEYWORDS:
            continue
        matchers = re.sub(r'"(\d+)"', lambda one: strings[int(one[1])], found[2] or "")
        result.append(Selector(found[1], matchers))
    return result


def labels(text: str) -> set[str]:
    """The labels that an expression names, in matchers and in lists."""
    bare = STRING.sub('""', text)
    listed = {name for found in LABEL_LIST.finditer(bare) for name in re.findall(r"\w+", found[0].partition("(")[2])}
    matched = {name for found in re.finditer(r"\{([^{}]*)\}", bare) for name in re.findall(r"(\w+)\s*(?:=|!)", found[1])}
    return listed | matched


def shown_labels(panel: Json) -> set[str]:
    """The labels that a panel writes: in the names of its series, and in the columns of its table."""
    legends = {name for target in panel["targets"] for name in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])}
    columns = {name for one in panel["transformations"] if one["id"] == "organize" for name in one["options"]["includeByName"]}
    return legends | {name for name in columns if not name.startswith("Value")}


# What every series may have: our own labels, those that Prometheus adds, and the environment.
COMMON_LABELS = {"migrascope_target", "db_system_name", "db_namespace", "deployment_environment_name", "le", "job", "instance",
                 "__name__"}


def catalogue_labels(path: pathlib.Path) -> set[str]:
    """Every label that the table of metrics promises."""
    rows = re.findall(r"^\| `\w+` \| `[\w.]+` \| (?:gauge|counter|histogram) \|[^|]*\| `([\w ]+)` \|",
                      path.read_text(encoding="utf-8"), re.MULTILINE)
    return COMMON_LABELS | {name for row in rows for name in row.split()}


def catalogue(path: pathlib.Path) -> dict[str, str]:
    """Every name that the table of metrics promises, and its type; a histogram promises three."""
    names: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        found = re.match(r"\| `(\w+)` \| `[\w.]+` \| (gauge|counter|histogram) \|", line)
        if found:
            names[found[1]] = found[2]
    if not names:
        raise SystemExit(f"{path}: no table of metrics")
    return names


def family(name: str, names: dict[str, str]) -> str | None:
    """The metric of the catalogue that a series belongs to."""
    if names.get(name) in ("gauge", "counter"):
        return name
    for suffix in ("_bucket", "_sum", "_count"):
        whole = name.removesuffix(suffix)
        if whole != name and names.get(whole) == "histogram":
            return whole
    return None
