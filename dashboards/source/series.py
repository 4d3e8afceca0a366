"""How our series are asked for: which ones, and one for each database however many ways they arrive by."""

# A database by our own labels. "job" and "instance" differ between scraping, pushing and OTLP, so nothing looks at
# them: a database that arrives by two ways is one row, not two.
DATABASE = "deployment_environment_name, migrascope_target, db_system_name, db_namespace"
CHOSEN = 'deployment_environment_name=~"$environment", migrascope_target=~"$target", db_namespace=~"$db_namespace"'
BAD = 'migrascope_outcome!~"success|skip"'
SUCCESS = 'migrascope_outcome="success"'
CONNECT = 'migrascope_check="connect"'
LOCK_STAGE = 'migrascope_stage="lock"'


def _labels(by: str) -> str:
    return f"{DATABASE}, {by}" if by else DATABASE


def chosen(metric: str, only: str = "") -> str:
    """The series of the databases that the variables choose."""
    return f"{metric}{{{CHOSEN}{', ' + only if only else ''}}}"


def now(metric: str, only: str = "", by: str = "") -> str:
    """A gauge: one value for each database, and for each value of the labels "by"."""
    return f"max by ({_labels(by)}) ({chosen(metric, only)})"


def least(metric: str, only: str = "", by: str = "") -> str:
    return f"min by ({_labels(by)}) ({chosen(metric, only)})"


def grown(metric: str, window: str, only: str = "", by: str = "") -> str:
    """How much a counter has grown within the window, for each database."""
    return f"max by ({_labels(by)}) (increase({chosen(metric, only)}[{window}]))"


def quantile(share: float, histogram: str, window: str, by: str) -> str:
    """A quantile of all databases together for each value of the labels "by"."""
    buckets = grown(f"{histogram}_bucket", window, by=f"le, {by}")
    return f"histogram_quantile({share}, sum by (le, {by}) ({buckets}))"


def last_quantile(share: float, histogram: str, by: str) -> str:
    """A quantile of what the last process has counted: for histograms that no journal keeps, which begin anew with each
    process, so that their growth means nothing."""
    return f"histogram_quantile({share}, sum by (le, {by}) ({now(f'{histogram}_bucket', by=f'le, {by}')}))"


def mean(histogram: str, window: str, by: str) -> str:
    total, count = (grown(f"{histogram}_{part}", window, by=by) for part in ("sum", "count"))
    return f"sum by ({by}) ({total}) / (sum by ({by}) ({count}) > 0)"


def age(metric: str) -> str:
    """How long ago a time was; nothing where it is 0, which means never."""
    return f"time() - ({now(metric)} > 0)"


# The state of a database as one number, the worst first; what is not known falls through to 0.
STATES = {
    8: ("silent", "dark-red"), 7: ("unreachable", "dark-red"), 6: ("running", "blue"), 5: ("half-way", "red"),
    4: ("failed", "red"), 3: ("unhealthy", "orange"), 2: ("pending", "yellow"), 1: ("up to date", "green"),
    0: ("no run yet", "#8e8e8e"),
}
SILENT_AFTER = 120  # seconds without a sign of life; a run gives one every ten


def state() -> str:
    running = now("migrascope_run_in_progress")
    heartbeat = now("migrascope_run_heartbeat_timestamp_seconds")
    conditions = {
        8: f"({running} == 1 and time() - {heartbeat} > {SILENT_AFTER})",
        7: f"({least('migrascope_health_check_success', CONNECT)} == 0)",
        6: f"({running} == 1)",
        5: f"({now('migrascope_schema_dirty')} == 1)",
        4: f"({now('migrascope_last_run_success')} == 0)",
        3: f"({least('migrascope_health_check_success')} == 0)",
        2: f"({now('migrascope_migrations_pending')} > 0)",
        1: f"({now('migrascope_last_run_success')} == 1)",
    }
    parts = [f"{condition} * 0 + {number}" for number, condition in conditions.items()]
    return "\nor ".join([*parts, f"{now('migrascope_build_info')} * 0"])
