"""Every statement that our C holds is one that PostgreSQL takes, against the migrated schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stack.statements import PROGRAM, read_statements

from .tree import c_sources, code_only

TABLE = re.compile(r"^const struct pg_statement \*(\w+)\(void\);", re.MULTILINE)
LITERAL = re.compile(r'\bpg_(?:query|script)\([^;"]*((?:"(?:\\.|[^"\\])*"\s*)+)')


@pytest.fixture(scope="module")
def statements(build_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return read_statements(build_dir, tmp_path_factory.mktemp("statements"))


def literals(text: str) -> Iterator[str]:
    """Statements that stand where they are run, and not in a table."""
    for found in LITERAL.findall(text):
        yield "".join(re.findall(r'"((?:\\.|[^"\\])*)"', found))


def refusal(db: Any, sql: str) -> str | None:
    """Why PostgreSQL will not have it, or None."""
    try:
        db.execute("PREPARE checked AS " + sql)
    except Exception as error:  # psycopg's, which tests of the tree need not import
        return str(error).splitlines()[0]
    db.execute("DEALLOCATE checked")
    return None


def test_statements_are_accepted(db: Any, statements: dict[str, str]) -> None:
    refused = {name: why for name, sql in statements.items() if (why := refusal(db, sql))}
    assert refused == {}
    assert len(statements) > 20


def test_literals_are_accepted(db: Any) -> None:
    found = {sql for name, text in c_sources() if not name.startswith("tests/")
             and name != "shared/clients/pg.c" for sql in literals(text)}
    assert {sql: why for sql in found if (why := refusal(db, sql))} == {}


def test_no_table_is_forgotten() -> None:
    printed = code_only(PROGRAM.read_text())
    tables = [table for name, text in c_sources() if name.endswith(".h")
              for table in TABLE.findall(text)]
    assert len(tables) >= 3
    assert [table for table in tables if f"{table}()" not in printed] == []


# ---- these checks can fail ----

@pytest.mark.parametrize("sql", ["SELECT no_such_column FROM call_log", "SELECT FROM no_such_table",
                                 "SELEC 1", "SELECT $1 + $3", "SELECT 1 WHERE $1 ->"])
def test_bad_statements_are_found(db: Any, sql: str) -> None:
    assert refusal(db, "SELECT call_sid FROM call_log WHERE business_id = $1") is None
    assert refusal(db, sql)


def test_literals_are_found() -> None:
    text = 'pg_query(pg, SQL[A].sql, NULL, NULL);\npg_query(app->pg, "SELECT 1" " + \\"x\\"", 0);'
    assert list(literals(text)) == ['SELECT 1 + \\"x\\"']
