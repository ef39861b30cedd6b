"""docs/database.md: two roles, whose grants are those of the page, and what is said of what is wrong."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from subprocess import CompletedProcess

import psycopg
import pytest

from databases import CALENDARS, CRM_ROWS, CRM_TABLES, new_database
from stack import pg_server
from stack.api import Api
from stack.calls import new_call
from stack.stack import ROOT, Stack

PAGE = (ROOT / "docs" / "database.md").read_text()
GRANTS = "".join(re.findall(r"^```sql\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
ROLES = ("crm", "tapedeck_owner", "tapedeck")
CALL = "SELECT recording_status FROM call_log WHERE call_sid = %s"

Tool = Callable[..., CompletedProcess[str]]


@dataclass(frozen=True)
class Crm:
    """A CRM's database, and three roles of this test alone."""

    superuser: str  # each an address
    crm: str
    owner: str
    ours: str
    name: str  # of our role

    def execute(self, query: str) -> None:
        with psycopg.connect(self.superuser, autocommit=True) as db:
            db.execute(query)


@pytest.fixture
def crm(stack: Stack) -> Iterator[Crm]:
    token = secrets.token_hex(4)
    names = {role: f"{role}_{token}" for role in ROLES}
    grants = re.sub(r"\b(?:crm|tapedeck_owner|tapedeck)\b", lambda found: names[found[0]], GRANTS)
    with psycopg.connect(stack.database_url, autocommit=True) as server:
        server.execute(f"CREATE ROLE {names['crm']} LOGIN")
    with new_database(stack.database_url, f"ALTER SCHEMA public OWNER TO {names['crm']}",
                      f"SET ROLE {names['crm']}", CRM_TABLES, CRM_ROWS, CALENDARS["uuid"],
                      "RESET ROLE", grants) as url:
        crm, owner, ours = (url.replace(f"//{pg_server.SUPERUSER}@", f"//{names[role]}@")
                            for role in ROLES)
        yield Crm(url, crm, owner, ours, names["tapedeck"])


@pytest.fixture
def migrated(crm: Crm, run_tapedeck: Tool) -> Crm:
    done = run_tapedeck("migrate", DATABASE_URL=crm.owner)
    assert done.returncode == 0, done.stdout + done.stderr
    return crm


def test_whoever_may_only_use_rows_has_nothing_to_migrate(
    migrated: Crm, run_tapedeck: Tool
) -> None:
    """So a package's upgrade, which migrates, goes through."""
    for arguments in (["migrate"], ["migrate", "--check"]):
        done = run_tapedeck(*arguments, DATABASE_URL=migrated.ours)
        assert (done.returncode, done.stdout) == (0, "the schema is up to date\n"), done.stderr
    with psycopg.connect(migrated.ours) as db, pytest.raises(psycopg.errors.InsufficientPrivilege):
        db.execute("CREATE TABLE more (id int)")


def test_all_of_it_works_with_these_rights(
    migrated: Crm, make_stack: Callable[..., Stack]
) -> None:
    """From a callback to the deletion, and the CRM's own writing goes on beside it."""
    migrated.execute(f"GRANT ALL ON business, business_id_seq TO {migrated.name}")  # a stack's start
    own = make_stack(overrides={"DATABASE_URL": migrated.ours})
    migrated.execute(f"REVOKE ALL ON business, business_id_seq FROM {migrated.name}")
    call = new_call(own, 1, seconds=2)
    done = own.run("drain", "--once")
    assert done.returncode == 0 and call.finished_file, done.stderr
    assert call.finished_file.read_bytes() == call.source()
    assert Api(own.base_url).get("/readyz").json["postgresql"] == "ok"
    for command in (["status"], ["cleanup"], ["reconcile"], ["retain"], ["inbox"],
                    ["audit", "--call", call.call_sid], ["retry", "--business", "1"],
                    ["backfill", "--business", "1", "--since", "2024-01-01"],
                    ["transcribe", "--call", call.call_sid],
                    ["webhook", "--business", "1", "--url", "https://crm.example/hook"]):
        done = own.run(*command)
        assert "permission denied" not in done.stderr + done.stdout, command
        assert done.returncode == 0, (command, done.stderr)

    with psycopg.connect(migrated.crm, autocommit=True) as db:
        assert db.execute(CALL, [call.call_sid]).fetchone() == ("completed",)
        db.execute("UPDATE call_log SET business_id = 2, notes = 'x' WHERE call_sid = %s",
                   [call.call_sid])
        db.execute("DELETE FROM call_log WHERE call_sid = %s", [call.call_sid])
    assert own.run("cleanup").returncode == 0
    assert call.finished_file is None
    assert "permission denied" not in own.logged("responders")


def said_of(done: CompletedProcess[str], what: str = "database") -> str:
    found = re.search(rf"^{what} +(.*)$", done.stdout, re.MULTILINE)
    assert found, done.stdout
    return found[1]


def test_a_right_that_is_missing_is_named(migrated: Crm, run_tapedeck: Tool) -> None:
    migrated.execute(f"REVOKE SELECT ON recording_runs FROM {migrated.name}")
    done = run_tapedeck("status", DATABASE_URL=migrated.ours)
    assert done.returncode == 1
    assert said_of(done, "cause").endswith("permission denied for table recording_runs")
    assert "advice=grant_it_to_our_role" in done.stderr

    migrated.execute(f"REVOKE SELECT ON tapedeck_migrations FROM {migrated.name}")
    done = run_tapedeck("status", DATABASE_URL=migrated.ours)
    assert said_of(done, "cause").endswith("permission denied for table tapedeck_migrations")


def test_what_is_not_migrated_is_said(crm: Crm, run_tapedeck: Tool) -> None:
    done = run_tapedeck("status", DATABASE_URL=crm.ours)
    assert (said_of(done), done.returncode) == (
        "the schema is not there; run `tapedeck migrate`", 1)
    done = run_tapedeck("migrate", DATABASE_URL=crm.ours)
    assert done.returncode == 1 and "permission denied for schema public" in done.stderr


def test_a_schema_that_is_half_there_is_not_ready(
    migrated: Crm, run_tapedeck: Tool, make_stack: Callable[..., Stack]
) -> None:
    own = make_stack(overrides={"DATABASE_URL": migrated.superuser})
    migrated.execute("DELETE FROM tapedeck_migrations WHERE name ="
                     " (SELECT max(name) FROM tapedeck_migrations)")
    words = "the schema is not complete; run `tapedeck migrate`"
    done = run_tapedeck("status", DATABASE_URL=migrated.ours)
    assert (said_of(done), done.returncode) == (words, 1)
    answer = Api(own.base_url).get("/readyz")
    assert (answer.status, answer.json["postgresql"]) == (503, words)


@pytest.mark.parametrize(("change", "said"), [
    (("/test_", "/no_"), 'FATAL: +database "no_[0-9a-f]+" does not exist'),
    (("//postgres@", "//nobody@"), 'FATAL: +role "nobody" does not exist'),
])
def test_why_it_cannot_be_reached_is_said(
    crm: Crm, run_tapedeck: Tool, change: tuple[str, str], said: str
) -> None:
    """To the operator; whoever asks /readyz learns nothing of roles and names."""
    done = run_tapedeck("status", DATABASE_URL=crm.superuser.replace(*change))
    assert said_of(done) == "not reachable" and re.fullmatch(said, said_of(done, "cause"))


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_is_not_in_utf8_is_refused_at_once(
    stack: Stack, run_tapedeck: Tool, encoding: str
) -> None:
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(stack.database_url, autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
        try:
            done = run_tapedeck("migrate", DATABASE_URL=stack.database_url.replace(
                "/tapedeck?", f"/{name}?"))
        finally:
            db.execute(f"DROP DATABASE {name}")
    assert done.returncode == 1 and done.stdout == ""
    assert f"the database is in {encoding}, and must be in UTF8" in done.stderr
