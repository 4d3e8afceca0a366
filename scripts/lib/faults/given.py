"""The arguments that all scripts have."""

import argparse
import pathlib

from databases import Database, Mariadb, Postgres, Sqlite


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser()
    made.add_argument("--binary", required=True, type=pathlib.Path)
    made.add_argument("--work", required=True, type=pathlib.Path)
    made.add_argument("--postgres", help="the URL of a server")
    made.add_argument("--mariadb", help="the URL of a server")
    made.add_argument("--sqlite", action="store_true")
    return made


def databases(given: argparse.Namespace) -> list[Database]:
    chosen: list[Database] = []
    if given.postgres:
        chosen.append(Postgres(given.postgres))
    if given.mariadb:
        chosen.append(Mariadb(given.mariadb))
    if given.sqlite:
        chosen.append(Sqlite(given.work))
    return chosen
