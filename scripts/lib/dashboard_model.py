"""Loads the dashboards into Grafana's own model and back (grafana-foundation-sdk)."""

import json
import re
from collections.abc import Iterator
from typing import Any

from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboard_files import Json


def _differences(before: Any, after: Any, path: str = "") -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            if key not in after:
                yield f"lost {path}.{key}"
            elif key not in before:
                yield f"added {path}.{key} {json.dumps(after[key])}"
            else:
                yield from _differences(before[key], after[key], f"{path}.{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for one, other in zip(before, after, strict=True):
            yield from _differences(one, other, f"{path}[]")
    elif before != after or type(before) is not type(after):
        yield f"changed {path} {json.dumps(before)} {json.dumps(after)}"


def problems(dashboards: dict[str, Json], reasons: dict[str, str]) -> list[str]:
    """What does not come back as it was; "reasons" has what may differ, as patterns of whole lines."""
    plugins.register_default_plugins()
    needed: set[str] = set()
    result = []
    for name, dashboard in dashboards.items():
        returned = json.loads(JSONEncoder().encode(Dashboard.from_json(dashboard)))
        for line in dict.fromkeys(_differences(dashboard, returned)):
            known = [pattern for pattern in reasons if re.fullmatch(pattern, line)]
            needed.update(known)
            if not known:
                result.append(f"{name}: {line}")
    return result + [f"checks.toml: model: nothing is like {pattern}" for pattern in reasons.keys() - needed]
