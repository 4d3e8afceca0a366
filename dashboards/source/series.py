"""How our series are asked for: which ones, and one for each database however many ways they arrive by."""

# What a database is known by. "job" and "instance" differ between scraping, pushing and OTLP, so nothing looks at them: a
# database that arrives by two ways is one row, not two. "db_namespace" and "db_system_name" are left out because a run that
# could not connect knows less of them: "shop" where others say "shop|public", "mysql" where others say "mariadb".
DATABASE = "deployment_environment_name, migrascope_target"
# For the same reason the variable has the database's name without a schema.
CHOSEN = ('deployment_environment_name=~"$environment", migrascope_target=~"$target", '
          'db_namespace=~"($db_namespace)([|].*)?"')
NAME = "{{migrascope_target}} {{deployment_environment_name}}"

BAD = 'migrascope_outcome!~"success|skip"'
SUCCESS = 'migrascope_outcome="success"'
CONNECT = 'migrascope_check="connect"'
LOCK_STAGE = 'migrascope_stage="lock"'
SILENT_AFTER = 120  # seconds without a sign of life; a run gives one every ten


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


def last(metric: str, only: str = "", by: str = "") -> str:
    """A metric of the last run, by the way that knows the newest one: a run that could not connect is pushed, but stands in
    no journal, so that serve still shows the one before."""
    time = chosen("migrascope_last_run_timestamp_seconds")
    newest = f"({time} == on ({DATABASE}) group_left () max by ({DATABASE}) ({time}))"
    matching = f"ignoring ({by}) " if by else ""
    return f"max by ({_labels(by)}) ({chosen(metric, only)} and {matching}{newest})"


def grown(metric: str, window: str, only: str = "", by: str = "") -> str:
    """How much a counter has grown within the window, for each database."""
    return f"max by ({_labels(by)}) (increase({chosen(metric, only)}[{window}]))"


def quantile(share: float, histogram: str, window: str, by: str) -> str:
    """A quantile of all databases together for each value of the labels "by"."""
    buckets = grown(f"{histogram}_bucket", window, by=f"le, {by}")
    return f"histogram_quantile({share}, sum by (le, {by}) ({buckets}))"


def quantile_by_database(share: float, histogram: str, window: str) -> str:
    buckets = grown(f"{histogram}_bucket", window, by="le, migrascope_outcome")
    # Without the comparison it would be NaN where nothing has grown.
    return f"histogram_quantile({share}, sum by (le, {DATABASE}) ({buckets})) >= 0"


def last_quantile(share: float, histogram: str, by: str) -> str:
    """A quantile of what the last process has counted: for histograms that no journal keeps, which begin anew with each
    process, so that their growth means nothing."""
    return f"histogram_quantile({share}, sum by (le, {by}) ({now(f'{histogram}_bucket', by=f'le, {by}')}))"


def age(metric: str) -> str:
    """How long ago a time was; nothing where it is 0, which means never."""
    return f"time() - ({now(metric)} > 0)"


def since(metric: str) -> str:
    """How long ago a time was while a run goes on, 0 otherwise; beginning and sign of life belong to the same way."""
    return f"max by ({DATABASE}) ((time() - {chosen(metric)}) * {chosen('migrascope_run_in_progress')})"


def alive() -> str:
    """1 where a run goes on that has given a sign of life."""
    heartbeat = chosen("migrascope_run_heartbeat_timestamp_seconds")
    return f"max by ({DATABASE}) ({chosen('migrascope_run_in_progress')} * (time() - {heartbeat} <= bool {SILENT_AFTER}))"


def failed() -> str:
    """1 where the last failure is newer than the last success, else 0."""
    return f"{now('migrascope_last_failure_timestamp_seconds')} > bool {now('migrascope_last_success_timestamp_seconds')}"


def known(by: str = "") -> str:
    """Every database: a run tells what program it is, and serve whether it can connect, even where that never worked."""
    return f"({now('migrascope_build_info', by=by)} or {now('migrascope_health_check_success', CONNECT, by)})"


def place() -> str:
    """One series for each database, with its system and namespace: those of a run that could connect, if there is one."""
    labels = "db_system_name, db_namespace"
    return f"topk by ({DATABASE}) (1, {now('migrascope_migrations_applied', by=labels)} * 0 + 2 or {known(labels)})"


# The state of a database as one number, the worse the higher; what is not known falls through to 0.
STATES = {
    8: ("silent", "dark-red"), 7: ("unreachable", "dark-red"), 6: ("running", "blue"), 5: ("half-way", "red"),
    4: ("failed", "red"), 3: ("unhealthy", "orange"), 2: ("pending", "yellow"), 1: ("up to date", "green"),
    0: ("no run yet", "#8e8e8e"),
}


def state() -> str:
    applied, stopped = (f"max by ({DATABASE}) ({last('migrascope_last_run_migrations', only, 'migrascope_outcome')}) > 0"
                        for only in (SUCCESS, BAD))
    unhealthy = f"{least('migrascope_health_check_success')} == 0"
    conditions = {
        8: f"({since('migrascope_run_heartbeat_timestamp_seconds')} > {SILENT_AFTER})",
        7: f"({least('migrascope_health_check_success', CONNECT)} == 0)",
        6: f"({alive()} == 1)",
        5: f"({now('migrascope_schema_dirty')} == 1)",
        # A run that has applied its migrations and found the database unhealthy did not succeed either; that it is unhealthy
        # says more.
        4: f"(({failed()}) == 1 unless ({unhealthy} and {applied} unless {stopped}))",
        3: f"({unhealthy})",
        2: f"({now('migrascope_migrations_pending')} > 0)",
        1: f"({now('migrascope_last_success_timestamp_seconds')} > 0)",
    }
    parts = [f"{condition} * 0 + {number}" for number, condition in conditions.items()]
    return "\nor ".join([*parts, f"{known()} * 0"])
