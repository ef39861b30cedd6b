"""Databases of a test's own inside the stack's PostgreSQL, and what is in them."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from stack.stack import ROOT

Db = psycopg.Connection[Any]

MIGRATIONS = [path.stem for path in sorted((ROOT / "db" / "migrations").glob("*.sql"))]
# What `migrate` may say when another one takes long.
WAITS = "MIGRATION_WAITS name=another_migration retry_ms=200"

# A CRM's database, as one that never heard of us may have it: other types, fewer columns, no
# unique call_sid, rows that are double, early or half empty.
CRM_TABLES = """
CREATE TABLE business (id serial PRIMARY KEY, name varchar(80) NOT NULL);
CREATE TABLE call_log (
    id serial PRIMARY KEY,
    business_id int REFERENCES business (id),
    call_sid varchar(64),
    status varchar(20),
    duration int,
    from_number varchar(20),
    priority int NOT NULL DEFAULT 5,
    notes text,
    created_at timestamp without time zone
);
CREATE TABLE appointments (
    id serial PRIMARY KEY,
    business_id int NOT NULL,
    title text NOT NULL,
    starts_at timestamptz NOT NULL DEFAULT now()
);
"""
CRM_ROWS = """
INSERT INTO business (id, name) VALUES (1, 'Aleph'), (2, 'Bet'), (41, 'Mem-Aleph');
SELECT setval('business_id_seq', 41);
INSERT INTO call_log (business_id, call_sid, status, duration, notes, created_at) VALUES
    (1, 'CA00000000000000000000000000000001', 'completed', 7, 'first', '2024-01-02 03:04:05'),
    (1, 'CA00000000000000000000000000000001', 'completed', 7, 'twice', '2024-01-02 03:04:06'),
    (1, 'CA00000000000000000000000000000002', NULL, NULL, 'without a time', NULL),
    (2, 'CA00000000000000000000000000000003', 'busy', 0, NULL, '2024-05-06 07:08:09'),
    (NULL, NULL, NULL, NULL, 'nobody''s', NULL);
INSERT INTO appointments (business_id, title) VALUES (1, 'teeth'), (2, 'hair');
"""
CALENDARS = {
    "none": "",
    "integer": "CREATE TABLE business_calendars (id serial PRIMARY KEY, color text);"
               " INSERT INTO business_calendars (color) VALUES ('red')",
    "uuid": "CREATE TABLE business_calendars (id uuid PRIMARY KEY DEFAULT gen_random_uuid(),"
            " color text); INSERT INTO business_calendars (color) VALUES ('red')",
}


@contextmanager
def new_database(url: str, *scripts: str) -> Iterator[str]:
    """A database beside the one at `url`, with these scripts run in it; its own URL."""
    name = f"test_{secrets.token_hex(6)}"
    own = url.replace("/tapedeck?", f"/{name}?")
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            with psycopg.connect(own, autocommit=True) as db:
                for script in scripts:
                    db.execute(script)
            yield own
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def tables_of(db: Db) -> set[str]:
    rows = db.execute("SELECT table_name FROM information_schema.tables"
                      " WHERE table_schema = 'public'").fetchall()
    return {name for (name,) in rows}


def columns_of(db: Db, table: str) -> dict[str, str]:
    """Each column, and its type."""
    rows = db.execute("SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
                      " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped", [table])
    return dict(rows.fetchall())


def rows_of(db: Db, table: str, columns: list[str]) -> list[tuple[Any, ...]]:
    query = sql.SQL("SELECT {} FROM {} ORDER BY id").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(table))
    return db.execute(query).fetchall()


def applied_in(db: Db) -> dict[str, str]:
    """The migrations that were applied, and their checksums."""
    return dict(db.execute("SELECT name, checksum FROM tapedeck_migrations").fetchall())


def schema_of(db: Db) -> dict[str, dict[str, str]]:
    """Each table, and its columns."""
    return {table: columns_of(db, table) for table in tables_of(db)}
