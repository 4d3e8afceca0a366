"""What is so after a fault: written down from the documentation, and never from what the program does."""

import dataclasses

# Every way that series take, by the job under which Prometheus has them.
ROUTES = {"gateway": "migrascope", "textfile": "textfile", "otlp": "otlp", "serve": "serve"}
PUSHED = ("gateway", "textfile", "otlp")

# Exit codes of docs/cli.md.
DONE, REFUSED, ROLLED_BACK, HALF_WAY, LOCKED_OUT, NO_CONNECTION, UNHEALTHY, TERMINATED, KILLED = 0, 4, 5, 6, 7, 8, 9, 143, -9

# Alerts of dashboards/alerts.yml, with their "for" in seconds.
FAILED, DIRTY, VANISHED = "MigrascopeMigrationFailed", "MigrascopeSchemaDirty", "MigrascopeRunVanished"
RUN_FAILED, ILL, NO_LOCK = "MigrascopeRunFailed", "MigrascopeHealthCheckFailed", "MigrascopeLockNotObtained"
PATIENCE = {FAILED: 60, DIRTY: 60, VANISHED: 60, RUN_FAILED: 300, ILL: 0, NO_LOCK: 300, "MigrascopeDatabaseUnreachable": 120}


@dataclasses.dataclass(frozen=True)
class Truth:
    """One run, as it is. A tuple holds the words that are right; empty, the word is free but must be the same everywhere."""

    exit: int
    outcome: tuple[str, ...]
    # `error.type`, the journal's `error_code` and the report's `kind`.
    error: tuple[str, ...] = ("",)
    # The migration that it is about, and how that ended; no version where none was begun.
    version: str = ""
    # Of the migration, where that is another one.
    step_error: tuple[str, ...] | None = None
    step: tuple[str, ...] = ("",)
    # Of the statement, where that is another one: it has the server's code.
    code: tuple[str, ...] | None = None
    # The statement that failed, counted from 1; "" where none did.
    statement: tuple[str, ...] = ("",)
    # What a failed migration has left: `nothing`, `half_way`, `unknown`.
    remains: tuple[str, ...] = ("",)
    # Why a run was refused, as one word: `changed`, `missing`, `half_way`, `out_of_order`.
    reason: str = ""
    # Attempts that were followed by another one, by the word of `migrascope.retry.reason`.
    retries: int = 0
    retry_reason: str = ""
    # How many migrations succeeded in it.
    applied: int = 0
    # The journal has a row of the run, with what is above; where not, it may or may not have one.
    recorded: bool = True
    # It came so far that it could have a row.
    began: bool = True
    # It is given to a receiver that takes it.
    traced: bool = True
    command: str = "up"

    @property
    def migration_error(self) -> tuple[str, ...]:
        return self.error if self.step_error is None else self.step_error

    @property
    def statement_error(self) -> tuple[str, ...]:
        return self.migration_error if self.code is None else self.code

    @property
    def succeeded(self) -> bool:
        return self.exit == DONE


@dataclasses.dataclass(frozen=True)
class State:
    """The database after all runs of a fault, as every route shows it, and what pages."""

    applied: int
    pending: int
    dirty: bool = False
    changed: int = 0
    missing: int = 0
    # The one alert that pages; "" where nothing pages.
    page: str = ""
    # Alerts that may wait for the morning and are right here.
    tickets: tuple[str, ...] = ()
    # The routes that can see it at all.
    routes: tuple[str, ...] = tuple(ROUTES)
    # Those that page, where these are others.
    pages_by: tuple[str, ...] | None = None
    # Own checks and their results, such as {"stock": "0"}.
    checks: tuple[tuple[str, str], ...] = ()


def only(route: str) -> None:
    """From now on there is no other way."""
    for other in set(ROUTES) - {route}:
        del ROUTES[other]


def showing(state: State) -> tuple[str, ...]:
    """The routes there are that can see it."""
    return tuple(route for route in state.routes if route in ROUTES)


def paging(state: State) -> tuple[str, ...]:
    """The routes there are by which its page comes."""
    return tuple(route for route in (state.routes if state.pages_by is None else state.pages_by) if route in ROUTES)


def success(applied: int = 1, command: str = "up") -> Truth:
    return Truth(DONE, ("success",), applied=applied, command=command, version="2" if applied else "",
                 step=("success",) if applied else ("",))


def rolled_back(error: str | tuple[str, ...], statement: str = "2", version: str = "2") -> Truth:
    """A migration failed at a statement, and nothing of it remains."""
    errors = (error,) if isinstance(error, str) else error
    return Truth(ROLLED_BACK, ("failure",), errors, version, step=("failure",), statement=(statement,), remains=("nothing",))


def refused(reason: str) -> Truth:
    """The plan was refused, and nothing was changed."""
    return Truth(REFUSED, ("error",), ("refused",), reason=reason)
