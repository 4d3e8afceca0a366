"""The runs of scripts/bench-telemetry and their table."""

import argparse
import os
import pathlib
import socket
import ssl
import statistics
import subprocess
import sys
import threading
import time


def listener():
    server = socket.create_server(("127.0.0.1", 0), backlog=256)
    return server, server.getsockname()[1]


def refusing():
    """A port where nobody listens: the system gives no other program one that was just bound."""
    server, port = listener()
    server.close()
    return port


def silent():
    """Takes connections and says nothing."""
    server, port = listener()

    def hold():
        held = []
        while True:
            held.append(server.accept()[0])

    threading.Thread(target=hold, daemon=True).start()
    return port


def answering(answer, wrap=lambda connection: connection):
    """Gives every connection the same answer, once it has sent something."""
    server, port = listener()

    def serve(connection):
        try:
            with wrap(connection) as stream:
                stream.recv(65536)
                stream.sendall(answer)
                stream.settimeout(1)
                while stream.recv(65536):
                    pass
        except OSError:
            pass

    def accept():
        while True:
            threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return port


def cases(given):
    busy = answering(b"HTTP/1.1 503 Busy\r\nRetry-After: 3\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(pathlib.Path(given.work, "certificate.pem"), pathlib.Path(given.work, "key.pem"))
    unknown = answering(b"", lambda connection: tls.wrap_socket(connection, server_side=True))
    nobody, mute = refusing(), silent()
    otlp = lambda url: {"OTEL_EXPORTER_OTLP_ENDPOINT": url}
    grpc = lambda url: {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    push = lambda url: {"MIGRASCOPE_PUSH_URL": url}
    everything = {**otlp(given.otlp_http), **push(given.pushgateway), "MIGRASCOPE_METRICS_FILE": "metrics.prom"}
    return {
        "no telemetry": {},
        "live: OTLP/HTTP": otlp(given.otlp_http),
        "live: OTLP/gRPC": grpc(given.otlp_grpc),
        "live: Pushgateway": push(given.pushgateway),
        "live: OTLP/HTTP, Pushgateway, file": everything,
        "refused: OTLP/HTTP": otlp(f"http://127.0.0.1:{nobody}"),
        "refused: OTLP/gRPC": grpc(f"http://127.0.0.1:{nobody}"),
        "refused: Pushgateway": push(f"http://127.0.0.1:{nobody}"),
        "503 with Retry-After: OTLP/HTTP": otlp(f"http://127.0.0.1:{busy}"),
        "503 with Retry-After: Pushgateway": push(f"http://127.0.0.1:{busy}"),
        "unknown CA: OTLP/HTTP": otlp(f"https://localhost:{unknown}"),
        "unknown CA: OTLP/gRPC": grpc(f"https://localhost:{unknown}"),
        "unknown CA: Pushgateway": push(f"https://localhost:{unknown}"),
        "black hole: OTLP/HTTP": otlp(f"http://127.0.0.1:{mute}"),
        "black hole: OTLP/gRPC": grpc(f"http://127.0.0.1:{mute}"),
        "black hole: Pushgateway": push(f"http://127.0.0.1:{mute}"),
        "black hole: OTLP/HTTP, budget 500ms": {
            **otlp(f"http://127.0.0.1:{mute}"),
            "MIGRASCOPE_TELEMETRY_FLUSH_TIMEOUT": "500ms",
        },
    }


def run(given, folder, environment):
    """(seconds, exit code, warnings)"""
    base = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "MIGRASCOPE_"))}
    begun = time.monotonic()
    done = subprocess.run([given.binary, "up", "--health", "off"], cwd=folder, env={**base, **environment},
                          capture_output=True, text=True, check=False)
    return time.monotonic() - begun, done.returncode, done.stderr.count("warning: telemetry: ")


def main():
    parser = argparse.ArgumentParser()
    for name in ["binary", "work", "rounds", "otlp-http", "otlp-grpc", "pushgateway"]:
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()
    fine, broken = pathlib.Path(given.work, "fine"), pathlib.Path(given.work, "broken")
    for folder in (fine, broken):
        pathlib.Path(folder, "migrations").mkdir(parents=True)
        pathlib.Path(folder, "migrations", "1_users.sql").write_text("CREATE TABLE users (id int);\n", encoding="utf-8")
    pathlib.Path(broken, "migrations", "2_broken.sql").write_text("SELECT nothing;\n", encoding="utf-8")
    chosen = cases(given)
    run(given, fine, {})
    samples = {name: [] for name in chosen}
    for number in range(int(given.rounds)):
        names = list(chosen)
        for name in names[number % len(names):] + names[:number % len(names)]:
            # A black hole takes its time, which hardly varies.
            if "black hole" not in name or number < 3:
                samples[name].append(run(given, fine, chosen[name]))
    failing = {name: run(given, broken, chosen[name]) for name in chosen}

    print(f"  {'nothing to do':37}  median ms    max ms  added ms  warnings  exit  exit of a failed run")
    good = True
    base = statistics.median(seconds for seconds, *_ in samples["no telemetry"])
    for name, runs in samples.items():
        seconds = [one for one, *_ in runs]
        codes, warnings = {code for _, code, _ in runs}, max(count for *_, count in runs)
        median = statistics.median(seconds)
        print(f"  {name:37}  {median * 1e3:9.0f} {max(seconds) * 1e3:9.0f} {(median - base) * 1e3:9.0f}"
              f"  {warnings:8}  {'/'.join(map(str, codes)):>4}  {failing[name][1]}")
        good = good and codes == {0} and failing[name][1] == 5
    sys.exit(0 if good else 1)


main()
