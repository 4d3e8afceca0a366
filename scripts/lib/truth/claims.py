"""What a witness says of a fault, what is so, and how the two compare."""

import dataclasses
import enum
from collections.abc import Iterable, Sequence

WITNESSES = ("output", "journal", "trace", "metrics", "alerts")
# For a fact that must be known and must be the same everywhere, whatever word is used for it.
ANY: tuple[str, ...] = ()


class Verdict(enum.IntEnum):
    """The worse, the higher."""

    RIGHT = 0
    SILENT = 1
    WRONG = 2
    CONTRADICTS = 3

    def __str__(self) -> str:
        return self.name.lower()


@dataclasses.dataclass(frozen=True)
class Claim:
    """One thing that a witness says."""

    witness: str
    # Which of its voices: a route, a span, a row.
    voice: str
    # Claims about one fact are compared with each other.
    fact: str
    # The values that are right; ANY where the witnesses only have to agree.
    expected: tuple[str, ...]
    # Nothing where the witness says nothing.
    found: str | None

    def is_right(self) -> bool:
        return self.found is not None and (self.expected == ANY and self.found != "" or self.found in self.expected)

    def __str__(self) -> str:
        wanted = " or ".join(value or "(none)" for value in self.expected) or "the same everywhere"
        found = "nothing is said" if self.found is None else self.found or "(none)"
        return f"{self.voice}: {self.fact}: expected {wanted}; found {found}"


@dataclasses.dataclass(frozen=True)
class Judged:
    """A claim and what became of it."""

    claim: Claim
    verdict: Verdict

    def __str__(self) -> str:
        return f"{self.verdict}: {self.claim}"


def judge(claims: Sequence[Claim]) -> list[Judged]:
    """A claim that is not right contradicts where another one about the same fact is right, and is wrong where none is.

    Of several values that would be right, the one that most voices say counts, the first said among equals.
    """
    spoken: dict[str, list[str]] = {}
    for claim in claims:
        if claim.is_right() and claim.found is not None:
            spoken.setdefault(claim.fact, []).append(claim.found)
    agreed = {fact: max(values, key=values.count) for fact, values in spoken.items()}
    return [Judged(claim, _verdict(claim, agreed.get(claim.fact))) for claim in claims]


def _verdict(claim: Claim, agreed: str | None) -> Verdict:
    if claim.found is None:
        return Verdict.SILENT
    if claim.is_right() and claim.found == agreed:
        return Verdict.RIGHT
    return Verdict.WRONG if agreed is None else Verdict.CONTRADICTS


def worst(judged: Iterable[Judged], witness: str) -> Verdict:
    """Of all that a witness says; silent where that is nothing at all."""
    return max((one.verdict for one in judged if one.claim.witness == witness), default=Verdict.SILENT)
