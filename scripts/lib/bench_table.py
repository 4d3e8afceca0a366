"""Prints the table of scripts/bench from its samples.

Usage: bench_table.py SAMPLES BASELINE…

SAMPLES holds one run a line, separated by tabs: what was done, who did it ("a psql"), which round, seconds, peak memory
in KiB. A BASELINE is the letter of a contestant that the others are divided by.
A ratio is the median of the ratios of runs of the same round: what slows a whole round down (a disk, a neighbour)
slows both and falls out.
"""

import sys
from statistics import median


def read(path):
    """{task: {contestant: {round: (seconds, KiB)}}}, in the order of the file."""
    tasks = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            task, contestant, round_, seconds, memory = line.rstrip("\n").split("\t")
            runs = tasks.setdefault(task, {}).setdefault(contestant, {})
            runs[round_] = (float(seconds), int(memory))
    return tasks


def ratio(runs, baseline):
    return f"{median(runs[r][0] / baseline[r][0] for r in runs):.2f}"


def main(path, *baselines):
    for task, contestants in read(path).items():
        shown = [name for name in sorted(contestants) if name[0] in baselines]
        print(f"\n{task}")
        header = ["", "median s", "min", "max", *(f"÷ {b[0]}" for b in shown), "peak MiB"]
        rows = []
        for name, runs in sorted(contestants.items()):
            seconds = [s for s, _ in runs.values()]
            rows.append([
                name,
                *(f"{x:.3f}" for x in (median(seconds), min(seconds), max(seconds))),
                *(ratio(runs, contestants[b]) for b in shown),
                f"{max(m for _, m in runs.values()) / 1024:.1f}",
            ])
        widths = [max(map(len, column)) for column in zip(header, *rows)]
        for row in [header, *rows]:
            first, *rest = (cell.rjust(width) for cell, width in zip(row, widths))
            print(" ", row[0].ljust(widths[0]), *rest, sep="  ")


if __name__ == "__main__":
    main(*sys.argv[1:])
