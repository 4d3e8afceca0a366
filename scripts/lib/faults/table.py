"""Tables for people, shown on every way out."""

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator, Sequence


def show(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Prints the first column to the left and the others to the right."""
    lines = [list(header), *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines)]
    for first, *rest in lines:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(rest, widths[1:]))]
        print("  " + "  ".join(cells).rstrip())


@contextlib.contextmanager
def at_the_end(header: Sequence[str], rows: Callable[[], Sequence[Sequence[object]]]) -> Iterator[None]:
    """Shows what there is by then, also where a signal ends us before."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        print()
        show(header, rows())
