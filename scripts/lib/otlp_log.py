"""Reads the metrics that rotel writes to its log (--debug-log metrics --debug-log-verbosity detailed)."""

import re

ATTRIBUTE = re.compile(r"^ +-> ([\w.]+): (?:Str|Int|Bool|Double)\((.*)\)$")


def series(path):
    """What the log last says of each series: {(prometheus name, labels as a frozenset): value}.

    Of a histogram there are `_count` and `_sum`, as in Prometheus. Attributes become labels, dots underscores.
    """
    found = {}
    for metric in re.split(r"^Metric #\d+$", open(path, encoding="utf-8", errors="replace").read(), flags=re.M)[1:]:
        # What belongs to the next resource stands behind the metric.
        metric = re.split(r"^Resource(?:Metrics|Spans|Logs)\b", metric, maxsplit=1, flags=re.M)[0]
        name = re.search(r"-> Name: (\S+)", metric).group(1).replace(".", "_")
        unit = re.search(r"-> Unit: (.*)", metric).group(1).strip()
        kind = re.search(r"-> DataType: (\w+)", metric).group(1)
        name += "_seconds" if unit == "s" else ""
        name += "_total" if kind == "Sum" else ""
        for point in re.split(r"^\w*DataPoints #\d+$", metric, flags=re.M)[1:]:
            labels = {}
            for line in point.splitlines():
                if match := ATTRIBUTE.match(line):
                    labels[match.group(1).replace(".", "_")] = match.group(2)
            key = frozenset(labels.items())
            value = lambda what: float(re.search(rf"^{what}: (\S+)", point, flags=re.M).group(1))
            if kind == "Histogram":
                found[name + "_count", key] = value("Count")
                found[name + "_sum", key] = value("Sum")
            else:
                found[name, key] = value("Value")
    return found
