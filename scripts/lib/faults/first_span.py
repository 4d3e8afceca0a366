"""The application of scripts/try-exec: sends its first span to an OTLP receiver and says that it has started.

It is a child of the span in TRACEPARENT, as the first span of any application is that honours it.
"""

import json
import os
import secrets
import time
import urllib.request


def main() -> None:
    _, trace, parent, _ = os.environ["TRACEPARENT"].split("-")
    now = time.time_ns()
    span = {
        "traceId": trace, "parentSpanId": parent, "spanId": secrets.token_hex(8), "name": "application starts", "kind": 1,
        "startTimeUnixNano": str(now), "endTimeUnixNano": str(now + 1),
        "attributes": [{"key": "process.pid", "value": {"intValue": str(os.getpid())}}],
    }
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "application"}}]}
    told = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "application"}, "spans": [span]}]}]}
    request = urllib.request.Request(f"{os.environ['OTEL_EXPORTER_OTLP_ENDPOINT']}/v1/traces", json.dumps(told).encode(),
                                     {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30):
        print("started", os.getpid(), trace, parent, flush=True)


main()
