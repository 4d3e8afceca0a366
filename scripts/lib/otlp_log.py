"""Reads the metrics that rotel writes to its log (--debug-log metrics --debug-log-verbosity detailed)."""

import re

ATTRIBUTE = re.compile(r"^ +-> ([\w.]+): (?:Str|Int|Bool|Double)\((.*)\)$")
METRIC = re.compile(r"^Metric #\d+$")
POINT = re.compile(r"^\w*DataPoints #\d+$")


def series(path):
    """What the log last says of each series: {(prometheus name, labels as a frozenset): value}."""
    text = open(path, encoding="utf-8", errors="replace").read()
    resources = re.split(r"^(?=Resource\w+ #\d+$)", text, flags=re.M)
    exports = [resource for resource in resources if resource.startswith("ResourceMetrics")]
    # Each export has the whole state: what the last one lacks is gone.
    return series_of(exports[-1] if exports else "")


def series_of(export, buckets=False):
    """The series of one export, a text that begins with ResourceMetrics.

    Of a histogram there are `_count` and `_sum`, as in Prometheus, and `_bucket` on demand. Attributes become labels, dots underscores.
    """
    found = {}
    name = kind = ""
    point = None
    for line in export.splitlines():
        word, _, rest = line.strip().partition(": ")
        if METRIC.match(line):
            point = None
        elif POINT.match(line):
            point = _Point(found, name, kind, buckets)
        elif point is not None:
            point.read(line, word, rest.strip())
        elif word == "-> Name":
            name = rest.replace(".", "_")
        elif word == "-> Unit":
            name += "_seconds" if rest.strip() == "s" else ""
        elif word == "-> DataType":
            kind = rest
            name += "_total" if kind == "Sum" else ""
    return found


class _Point:
    """One data point; its attributes come before its values."""

    def __init__(self, found, name, kind, buckets):
        self._found, self._name, self._kind = found, name, kind
        self._labels, self._bounds, self._total = {}, [] if buckets else None, 0.0

    def read(self, line, word, rest):
        if match := ATTRIBUTE.match(line):
            self._labels[match.group(1).replace(".", "_")] = match.group(2)
        elif self._kind != "Histogram":
            if word == "Value":
                self._found[self._name, frozenset(self._labels.items())] = float(rest)
        elif word in ("Count", "Sum"):
            self._found[f"{self._name}_{word.lower()}", frozenset(self._labels.items())] = float(rest)
        elif self._bounds is not None and word.startswith("ExplicitBounds"):
            self._bounds.append(rest)
        elif self._bounds is not None and word.startswith("Buckets"):
            self._total += float(rest.removeprefix("Count: "))
            bound = self._bounds.pop(0) if self._bounds else "+Inf"
            self._found[f"{self._name}_bucket", frozenset({**self._labels, "le": bound}.items())] = self._total
