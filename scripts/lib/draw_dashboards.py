"""Makes a past for scripts/draw-dashboards, and writes down what a Prometheus answers to every panel."""

import argparse
import json
import pathlib
import signal
import time

from dashboard_files import Json, load_dashboards, panels
from dashboard_history import History, finish
from dashboard_prometheus import Prometheus, fill, until

PAUSE = 9.0  # between two things that happen, so that they can be told apart in a picture
STEP = 1.0
# As short as the time that is drawn allows; in a Grafana that shows a day it is minutes.
RATE_INTERVAL = "6s"


def variables(dashboard: Json, seconds: float) -> dict[str, str]:
    values = {"__range": f"{seconds:.0f}s", "__interval": f"{STEP:g}s", "__rate_interval": RATE_INTERVAL}
    for one in dashboard["templating"]["list"]:
        if one["type"] == "query":
            values[one["name"]] = one["allValue"] if one["includeAll"] else "orders"
        elif one["type"] == "custom":
            values[one["name"]] = "5m"
    return values


def answers(prometheus: Prometheus, dashboard: Json, start: float, end: float) -> Json:
    values = variables(dashboard, end - start)
    series: dict[str, list[list[Json]]] = {}
    for panel in panels(dashboard):
        series[str(panel["id"])] = [
            prometheus.now(fill(one["expr"], values)) if one["instant"]
            else prometheus.over(fill(one["expr"], values), end - start, STEP, end)
            for one in panel["targets"]]
    marks = [{"annotation": one, "series": prometheus.over(fill(one["expr"], values), end - start, STEP, end)}
             for one in dashboard["annotations"]["list"] if "expr" in one]
    chosen = {one["label"]: "All" if one.get("includeAll") else values.get(one["name"], "default")
              for one in dashboard["templating"]["list"] if one["hide"] != 2}
    return {"dashboard": dashboard, "series": series, "marks": marks, "from": start, "to": end, "variables": chosen}


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("binary", "database", "work", "prometheus", "pushgateway", "dashboards", "to"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--serve-port", required=True, type=int)
    given = parser.parse_args()
    prometheus = Prometheus(given.prometheus)
    history = History(given.binary, given.database, pathlib.Path(given.work), given.pushgateway, given.serve_port, prometheus,
                      PAUSE)
    start = time.time()
    try:
        history.begin()
        history.happen()
        history.east.write(5, "CREATE TABLE t5 (id int)")
        history.billing.write(6, "SELECT pg_sleep(120)")
        going_on = history.billing.start("up")
        until("serve shows the run that goes on", lambda: prometheus.value(
            'migrascope_run_in_progress{job="migrascope-serve", migrascope_target="billing"}') == 1)
        time.sleep(4)
        for name, dashboard in load_dashboards(pathlib.Path(given.dashboards)).items():
            text = json.dumps(answers(prometheus, dashboard, start, time.time()))
            pathlib.Path(given.to, f"{name}.json").write_text(text, encoding="utf-8")
        going_on.send_signal(signal.SIGTERM)
        finish(going_on, 143)
    finally:
        history.end()


if __name__ == "__main__":
    main()
