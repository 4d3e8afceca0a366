"""Tables for people, and arguments that all scripts have."""

from collections.abc import Sequence


def show(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Prints the first column to the left and the others to the right."""
    lines = [list(header), *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines)]
    for first, *rest in lines:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(rest, widths[1:]))]
        print("  " + "  ".join(cells).rstrip())
