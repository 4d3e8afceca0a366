"""Asks a Prometheus as Grafana does."""

import json
import math
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

Json = dict[str, Any]


class Refused(Exception):
    """Prometheus does not understand the expression, or cannot carry it out."""


class Prometheus:
    def __init__(self, url: str) -> None:
        self.url = url

    def _ask(self, path: str, **parameters: str) -> list[Json]:
        address = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                found: Json = json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise Refused(json.load(error)["error"]) from error
        if found["resultType"] == "scalar":
            return [{"metric": {}, "value": found["result"]}]
        result: list[Json] = found["result"]
        return result

    def now(self, expression: str) -> list[Json]:
        return self._ask("query", query=expression)

    def over(self, expression: str, seconds: float, step: float, end: float | None = None) -> list[Json]:
        last = end or time.time()
        return self._ask("query_range", query=expression, start=f"{last - seconds:.3f}", end=f"{last:.3f}", step=f"{step:g}")

    def value(self, expression: str) -> float | None:
        found = self.now(expression)
        return float(found[0]["value"][1]) if found else None

    def rules(self) -> list[Json]:
        with urllib.request.urlopen(f"{self.url}/api/v1/rules", timeout=10) as answer:
            groups: list[Json] = json.load(answer)["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]


def has_data(series: list[Json]) -> bool:
    """Whether there is a number in it; NaN is none: it is what a quantile of nothing is."""
    points = [point for one in series for point in one.get("values", [one["value"]] if "value" in one else [])]
    return any(not math.isnan(float(value)) for _, value in points)


def fill(expression: str, variables: Mapping[str, str]) -> str:
    """Puts values in place of $name and ${name}; the longest name first, since $__range begins $__range_s."""
    for name in sorted(variables, key=len, reverse=True):
        expression = expression.replace(f"${{{name}}}", variables[name]).replace(f"${name}", variables[name])
    return expression


def until(what: str, holds: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit(f"in vain: {what}")
        time.sleep(0.1)
