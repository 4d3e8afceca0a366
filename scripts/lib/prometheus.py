"""Asks a Prometheus."""

import json
import time
import urllib.parse
import urllib.request
from typing import Any


class Prometheus:
    """A server, known by its URL; every method raises OSError where it does not answer."""

    def __init__(self, url: str) -> None:
        self.url = url

    def query(self, text: str, at: float | None = None) -> list[dict[str, Any]]:
        """The instant vector, now or at a Unix time."""
        return self._result("query", {"query": text, "time": f"{at or time.time():.3f}"})

    def query_range(self, text: str, start: float, end: float, step: float = 1.0) -> list[dict[str, Any]]:
        """The series between two Unix times."""
        words = {"query": text, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:g}"}
        return self._result("query_range", words)

    def _result(self, what: str, words: dict[str, str]) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.url}/api/v1/{what}?{urllib.parse.urlencode(words)}", timeout=20) as answer:
            return json.load(answer)["data"]["result"]
