"""The fifth witness: which alerts of dashboards/alerts.yml fire, by each route, and what pages."""

import dataclasses
from collections.abc import Iterator

from claims import Claim
from expectation import PATIENCE, ROUTES, paging
from stage import Scene

# When a fault can be seen, series have so long to say so; the rule's own "for" comes on top of it.
WITHIN = 15.0
PENDING = "MigrascopeMigrationsPending"
# An evaluation and a look may be late by so much on a busy machine.
SLACK = 2.0
GAP = 4.0


@dataclasses.dataclass
class Fired:
    """One alert by one route: when it began, and how often."""

    first: float
    last: float
    times: int


def fired(scene: Scene, severity: str) -> dict[tuple[str, str], Fired]:
    """Alerts of a target by name and job."""
    chosen = f'ALERTS{{alertstate="firing", migrascope_target="{scene.name}", severity=~"{severity}"}}'
    found = {}
    for series in scene.stage.prometheus.query_range(chosen, scene.before, scene.end):
        labels = series["metric"]
        moments = [float(at) for at, _ in series["values"]]
        times = 1 + sum(later - earlier > GAP for earlier, later in zip(moments, moments[1:]))
        key = labels["alertname"], labels.get("job", "")
        if key in found:  # two label sets by one route
            times += found[key].times
            moments += [found[key].first, found[key].last]
        found[key] = Fired(min(moments), max(moments), times)
    return found


def claims(scene: Scene) -> Iterator[Claim]:
    pages = fired(scene, "critical")
    page = scene.state.page
    for route, job in ROUTES.items():
        own = {name: one for (name, by), one in pages.items() if by == job}
        sees = route in paging(scene.state)
        found: str | None = "+".join(sorted(own))
        if page and sees and not found:
            found = None
        # A route that cannot see it pages for nothing else.
        if page or found:
            yield Claim("alerts", route, "page" if sees else f"page by {route}", (page,) if sees else ("", page), found)
        if page in own:
            limit = WITHIN + SLACK + PATIENCE[page] / float(scene.stage.given.shorten)
            late = own[page].first - scene.seen
            if sees:
                yield Claim("alerts", route, f"seconds until {page}, {limit:.0f} at most", ("in time",),
                            "in time" if late <= limit else f"{late:.0f}")
            yield Claim("alerts", route, f"times that {page} fired", ("1",), str(own[page].times))
            yield Claim("alerts", route, f"{page} has ended", ("True",), str(scene.end - own[page].last > SLACK))
    together = "+".join(sorted({name for name, _ in pages}))
    yield Claim("alerts", "all routes together", "page", (page if paging(scene.state) else "",), together)
    tickets = {name for name, _ in fired(scene, "warning|info")} - set(scene.state.tickets)
    if page and not paging(scene.state) and scene.state.pending:
        # No way there is can see why, and what is left is that they are pending.
        tickets -= {PENDING}
    yield Claim("alerts", "all routes together", "tickets besides", ("",), "+".join(sorted(tickets)))
