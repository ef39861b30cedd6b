"""Migrations are written so that `tapedeck migrate` can do them in pieces: docs/architecture.md."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from stack.stack import ROOT

from .tree import files, name_of

QUOTED = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|(\$\w*\$).*?\1", re.DOTALL)
INDEX = re.compile(r"CREATE (?:UNIQUE )?INDEX IF NOT EXISTS \w+\s+ON \w+\b(?!\.)")


def faults(sql: str) -> Iterator[str]:
    """What is written otherwise, of all that stands outside functions."""
    for one in QUOTED.sub(" ", sql).split(";"):
        statement = " ".join(one.split())
        if re.match(r"CREATE (?:UNIQUE )?INDEX\b", statement) and not INDEX.match(statement):
            yield f"not CREATE INDEX IF NOT EXISTS name ON table: {statement}"
        if re.match(r"UPDATE\b", statement) and " WHERE " not in statement:
            yield f"an UPDATE without WHERE: {statement}"
        if re.search(r"\bCONCURRENTLY\b|^(?:BEGIN|COMMIT|ROLLBACK|VACUUM)\b", statement):
            yield f"migrate does that by itself, or cannot: {statement}"
        if re.match(r"ALTER TABLE\b", statement) and re.search(
                r"\bADD (?:CONSTRAINT|FOREIGN KEY|CHECK)\b(?!.*NOT VALID)", statement):
            yield f"a constraint that is checked under ACCESS EXCLUSIVE: {statement}"
        if re.match(r"ALTER TABLE call_log\b", statement) and re.search(
                r"\b(?:TYPE|SET NOT NULL)\b", statement):
            yield f"that rewrites or reads all calls under ACCESS EXCLUSIVE: {statement}"


def test_migrations_can_be_done_in_pieces() -> None:
    found = {name_of(path): list(faults(path.read_text()))
             for path in files() if path.match("db/migrations/*.sql")}
    assert len(found) >= 29
    assert {name: some for name, some in found.items() if some} == {}


def test_no_number_is_taken_twice() -> None:
    numbers = [path.name.partition("_")[0] for path in (ROOT / "db" / "migrations").glob("*.sql")]
    assert sorted(set(numbers)) == sorted(numbers)


# ---- these checks can fail ----

@pytest.mark.parametrize("sql", [
    "CREATE INDEX a ON b (c)",
    "SELECT 1; CREATE UNIQUE INDEX a ON b (c)",
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS a ON b (c)",
    "CREATE INDEX IF NOT EXISTS a ON s.b (c)",
    "UPDATE a SET b = ' WHERE '",
    "BEGIN; SELECT 1; COMMIT",
    "ALTER TABLE a ADD CONSTRAINT b CHECK (c > 0)",
    "ALTER TABLE call_log ALTER COLUMN id TYPE bigint",
    "ALTER TABLE call_log ALTER id SET NOT NULL",
])
def test_bad_statements_are_found(sql: str) -> None:
    assert len(list(faults(sql))) >= 1


def test_good_statements_are_not() -> None:
    assert list(faults("""
        -- CREATE INDEX a ON b
        CREATE INDEX IF NOT EXISTS a
            ON b (c) WHERE d = ';COMMIT';
        CREATE FUNCTION f() AS $x$ BEGIN; UPDATE a SET b = 1; END $x$;
        UPDATE a SET b = 1 WHERE c;
        ALTER TABLE a ADD CONSTRAINT b CHECK (c > 0) NOT VALID
    """)) == []
