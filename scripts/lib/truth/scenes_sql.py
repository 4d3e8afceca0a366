"""Scenes in which the SQL, the data or a limit is what is wrong."""

from expectation import FAILED, State, rolled_back
from stage import NUMBER, SECRET, SQL, Scene


class Failing(Scene):
    """The second migration fails at its second statement, and is rolled back."""

    statement = ""
    error: str | tuple[str, ...] = ""
    words: tuple[str, ...] = ()
    state = State(applied=1, pending=1, page=FAILED)

    def inflict(self) -> None:
        self.write(2, f"INSERT INTO t1 VALUES (1, '{SECRET}');", self.statement, f"SELECT {NUMBER} AS {SQL};")
        self.observe(rolled_back(self.error), self.start("up", *self.words))


class Syntax(Failing):
    """A literal stands where none may; the server's message quotes it."""

    statement = f"INSERT INTO t1 VALUES '{SECRET}';"
    error = "42601"


class SyntaxSqlite(Syntax):
    """The same, where the message comes without a code of its own."""

    kind = "sqlite"
    error = "1"


class Constraint(Failing):
    """A key is there already; the server's detail has the value."""

    statement = f"INSERT INTO t1 VALUES ({NUMBER}, '{SECRET}');"
    error = "23505"


class CheckSqlite(Failing):
    """A check without a name is violated: the message is the check's own text."""

    kind = "sqlite"
    error = "275"
    statement = f"CREATE TABLE t2 (n bigint CHECK (n <> {NUMBER})); INSERT INTO t2 VALUES ({NUMBER});"

    def inflict(self) -> None:
        first, second = self.statement.split("; ")
        self.write(2, f"{first};", second)
        self.observe(rolled_back(self.error), self.start())


class TooLong(Failing):
    """A statement takes longer than it may."""

    statement = f"INSERT INTO t1 SELECT 2, '{SECRET}' FROM pg_sleep(20);"
    error = "57014"
    words = ("--statement-timeout", "400ms")
