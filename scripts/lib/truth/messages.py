"""Messages of databases that hold SQL and values, and whether any of them leaves the process by a way that is no output of its own."""

import time
from collections.abc import Sequence

import disclosure
from expectation import State, Truth
from stage import NUMBER, SECRET, SQL, Scene, Stage


def raised(code: str) -> str:
    return f"DO $$ BEGIN RAISE EXCEPTION '{SECRET} {NUMBER}' USING ERRCODE = '{code}'; END $$;"


def signalled(number: int) -> str:
    return f"SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = {number}, MESSAGE_TEXT = '{SECRET} {NUMBER}';"


# By database: what is tried, as statements of one migration.
MESSAGES: dict[str, dict[str, Sequence[str]]] = {
    "postgres": {
        **{f"RAISE {code}": (raised(code),) for code in ("P0001", "MY001", "42501", "23505", "57014", "42P01", "40P01", "08006", "3D000")},
        "ASSERT": (f"DO $$ BEGIN ASSERT false, '{SECRET} {NUMBER}'; END $$;",),
        "a cast": (f"SELECT '{SECRET}'::int AS {SQL};",),
        "a syntax error": (f"SELECT FROM '{SECRET}' {SQL};",),
        "a unique key": (f"INSERT INTO t1 VALUES ({NUMBER}, '{SECRET}');",),
        "a missing column": (f'SELECT "{SECRET}" AS {SQL};',),
        "a missing function": (f"SELECT lower({NUMBER}, '{SECRET}');",),
    },
    "mariadb": {
        **{f"SIGNAL {number}": (signalled(number),) for number in (1644, 5000, 1142, 1146, 1205, 2013)},
        "a unique key": (f"INSERT INTO t1 VALUES ({NUMBER}, '{SECRET}');",),
        "a syntax error": (f"SELECT FROM '{SECRET}' {SQL};",),
        "a cast": (f"INSERT INTO t1 VALUES ('{SECRET}', 'x');",),
    },
    "sqlite": {
        "a check without a name": (f"CREATE TABLE t2 (n bigint CHECK (n <> {NUMBER}));", f"INSERT INTO t2 VALUES ({NUMBER});"),
        "a missing column": (f"SELECT [{SECRET}];",),
        "ATTACH": ("-- migrascope: no-transaction", f"ATTACH '/nowhere/{SECRET}/{NUMBER}.db' AS other;"),
        "RAISE": (f"CREATE TRIGGER t1_no BEFORE INSERT ON t1 BEGIN SELECT RAISE(ABORT, '{SECRET} {NUMBER}'); END;", "INSERT INTO t1 VALUES (2, 'x');"),
        "a syntax error": (f"SELECT FROM '{SECRET}' {SQL};",),
        "a token": (f"SELECT 1 '{SECRET}' {SQL};",),
    },
}


class Messages(Scene):
    """One database in which one migration after the other fails; it is no fault of the matrix."""

    def __init__(self, stage: Stage, kind: str) -> None:
        self.kind = kind
        super().__init__(stage, "messages", f"messages_{kind}")

    state = State(applied=1, pending=1)

    def inflict(self) -> None:
        for statements in MESSAGES[self.kind].values():
            self.write(2, *statements)
            self.observe(Truth(5, ("failure",)), self.start("up", "--retries", "0", "--health", "off"))

    def leaks(self) -> list[str]:
        """Each with the kind of message that it is in."""
        found = []
        for what, run in zip(MESSAGES[self.kind], self.runs):
            places = {place: line.strip() for place, line in disclosure.lines_of_run(self, run)
                      for text in disclosure.FORBIDDEN.values() if text in line}
            found += [f"{self.kind}, {what}: {place}: {line[:200]}" for place, line in sorted(places.items())]
            if run.ended.code not in (5, 6):
                found.append(f"{self.kind}, {what}: exit {run.ended.code}: {run.ended.complaints[:200]}")
        return found

    def full(self) -> list[str]:
        """With --trace-sql full the text is an attribute of its own, the message is the span's description, and neither is anywhere else."""
        self.write(2, f"SELECT FROM '{SECRET}' {SQL};")
        self.observe(Truth(5, ("failure",)), self.start("up", "--trace-sql", "full", "--health", "off"))
        time.sleep(2)  # the receiver writes its log
        lines = list(disclosure.lines_of_run(self, self.runs[-1]))
        with_text = [line for _, line in lines if SECRET in line]
        beside = [line for line in with_text if not line.strip().startswith(("-> db.query.text:", "Status message :"))]
        missing = [] if len(with_text) > len(beside) else [f"{self.kind}, --trace-sql full: no db.query.text"]
        return missing + [f"{self.kind}, --trace-sql full: beside db.query.text and the description: {line.strip()[:200]}" for line in beside]
