"""Shows Prometheus what came by OTLP, as a Prometheus that takes OTLP itself would have it."""

import contextlib
import http.server
import threading

from received import Received, Series

# A Prometheus forgets a series that it has not been sent for so long.
LASTING = 300.0


def text(series: Series) -> str:
    lines = []
    for (name, labels), value in sorted(series.items(), key=str):
        inner = ",".join(f'{key}="{escaped(value)}"' for key, value in sorted(labels))
        lines.append(f"{name}{{{inner}}} {value:.17g}\n")
    return "".join(lines)


def escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def serve(received: Received, port: int) -> None:
    """Answers on a thread of its own for as long as the program lives."""

    class Page(http.server.BaseHTTPRequestHandler):
        """One page with the last series of every target."""

        def do_GET(self) -> None:
            body = "".join(text(series) for series in received.series(LASTING).values()).encode()
            self.send_response(200)
            self.send_header("content-type", "text/plain; version=0.0.4")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(BrokenPipeError):  # it has waited long enough
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
