"""Reads the metrics that rotel writes to its log (--debug-log metrics --debug-log-verbosity detailed)."""

import re

ATTRIBUTE = re.compile(r"^ +-> ([\w.]+): (?:Str|Int|Bool|Double)\((.*)\)$")


def series(path):
    """What the log last says of each series: {(prometheus name, labels as a frozenset): value}.

    Of a histogram there are `_count` and `_sum`, as in Prometheus. Attributes become labels, dots underscores.
    """
    found = {}
    text = open(path, encoding="utf-8", errors="replace").read()
    resources = re.split(r"^(?=Resource\w+ #\d+$)", text, flags=re.M)
    exports = [resource for resource in resources if resource.startswith("ResourceMetrics")]
    # Each export has the whole state: what the last one lacks is gone.
    for metric in re.split(r"^Metric #\d+$", exports[-1] if exports else "", flags=re.M)[1:]:
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
            whats = {"Count": "_count", "Sum": "_sum"} if kind == "Histogram" else {"Value": ""}
            for what, suffix in whats.items():
                # The end of a log that is being written may lack it.
                if match := re.search(rf"^{what}: (\S+)$", point, flags=re.M):
                    found[name + suffix, key] = float(match.group(1))
    return found
