"""The history table as text, so that what a tool writes can be compared with what we write."""

import re

from databases import Database
from habits import History


def dump(database: Database, history: History) -> list[str]:
    """The table's definition and its rows, with the values masked that differ from run to run."""
    return [*_definition(database, history), *_rows(database, history)]


def _definition(database: Database, history: History) -> list[str]:
    name = history.name(database.kind)
    match database.kind:
        case "postgres":
            return [" ".join(str(part) for part in row) for row in database.rows(_POSTGRES.format(name=name))]
        case "mariadb":
            text = str(database.rows(f"SHOW CREATE TABLE {name}")[0][1])
            return re.sub(r" AUTO_INCREMENT=\d+", "", text).splitlines()
        case _:
            rows = database.rows(f"SELECT type, name, coalesce(sql, '') FROM sqlite_master WHERE tbl_name = '{name}' ORDER BY type, name")
            return [_plain(" ".join(map(str, row))) for row in rows]


def _plain(sql: str) -> str:
    """SQLite keeps the text of a statement: without what means nothing, which is blanks, quotes and the case of words."""
    return re.sub(r"\s*([(),])\s*", r"\1", re.sub(r"[\s\"`]+", " ", sql)).lower()


_POSTGRES = """
SELECT * FROM (
    SELECT 'column' AS what, a.attnum::text AS place, a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
        || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END || ' identity:' || a.attidentity::text
        || ' default:' || coalesce(pg_get_expr(d.adbin, d.adrelid), 'none') AS text
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = '{name}'::regclass AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT 'constraint', conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = '{name}'::regclass
    UNION ALL
    SELECT 'index', indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = '{name}'::regclass
) AS parts ORDER BY 1, 2
"""


def _rows(database: Database, history: History) -> list[str]:
    name = history.name(database.kind)
    columns = _columns(database, history)
    rows = database.rows(f"SELECT * FROM {name} ORDER BY {history.order}")
    return [f"row {number}: {column} = {_value(column, value, history, database.kind == 'sqlite')}"
            for number, row in enumerate(rows, 1) for column, value in zip(columns, row, strict=True)]


def _columns(database: Database, history: History) -> list[str]:
    name = history.name(database.kind)
    match database.kind:
        case "postgres":
            sql = f"SELECT attname FROM pg_attribute WHERE attrelid = '{name}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        case "mariadb":
            sql = ("SELECT COLUMN_NAME FROM information_schema.COLUMNS "
                   f"WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '{name}' ORDER BY ORDINAL_POSITION")
        case _:
            sql = f"SELECT name FROM pragma_table_info('{name}') ORDER BY cid"
    return [str(row[0]) for row in database.rows(sql)]


def _value(column: str, value: object, history: History, sqlite: bool) -> str:
    kind = type(value).__name__
    if value is None:
        return "NULL"
    if sqlite and column in history.untyped:
        return "…"
    if column in history.times | history.varying:
        # The form stays: which digits, how many parts, which letters. A typed time has no form.
        shape = re.sub(r"\d+", "0", value) if isinstance(value, str) and column in history.times else _form(value)
        return f"{kind} {shape}"
    return f"{kind} {value.hex() if isinstance(value, bytes) else value}"


def _form(value: object) -> str:
    return re.sub(r"[0-9a-f]", "x", value) if isinstance(value, str) else "…"
