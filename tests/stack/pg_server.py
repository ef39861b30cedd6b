"""A private PostgreSQL on a unix socket, made from a template that is initialised only once."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from urllib.parse import quote

from .errors import StackError
from .processes import Service

ROLE = "tapedeck"  # ours: it may read and write rows, and nothing else
OWNER = "tapedeck_owner"  # whose the tables are: it migrates, and is no superuser either
SUPERUSER = "postgres"  # tests look and meddle as this one
DATABASE = "tapedeck"
SERVER_USER = "postgres"
SOCKET_NAME = ".s.PGSQL.5432"

# As docs/database-role.md has it, for whatever the owner will make.
ROLES = f"""\
CREATE ROLE {OWNER} LOGIN CREATEDB;
CREATE ROLE {ROLE} LOGIN;
CREATE DATABASE {DATABASE} OWNER {OWNER};
"""
GRANTS = f"""\
ALTER SCHEMA public OWNER TO {OWNER};
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {ROLE};
ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} GRANT USAGE ON SEQUENCES TO {ROLE};
"""

# A stack's data ends with it, so these need not survive a power cut; they make tests faster.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB")


def server_user() -> str | None:
    """Whom it runs as: PostgreSQL refuses root."""
    return SERVER_USER if os.geteuid() == 0 else None


def url(home: Path, role: str = ROLE) -> str:
    return f"postgresql://{role}@/{DATABASE}?host={quote(str(home), safe='/')}"


def as_role(database_url: str, role: str) -> str:
    """The same database, of a `url` of ours, as somebody else."""
    return database_url.replace(f"//{ROLE}@", f"//{role}@", 1)


def service(home: Path, cache: Path, env: Mapping[str, str], fast: bool) -> Service:
    """A server with its data and its socket in `home`, which this makes."""
    binaries = find_binaries()
    user = server_user()
    home.mkdir(mode=0o700)
    if user:
        _give_to(home, user)
    data = home / "data"
    _fill(data, cache, binaries, env, user)
    settings = ["listen_addresses=", "unix_socket_permissions=0700", "timezone=UTC"]
    arguments = [f"-c{setting}" for setting in (*settings, *(FAST if fast else ()))]
    return Service(
        name="postgres",
        argv=[str(binaries / "postgres"), "-D", str(data), "-k", str(home), "-p5432", *arguments],
        env=env,
        user=user,
        ready=lambda: _answers(url(home)),
        stop_signal=signal.SIGINT,  # it ends its clients, too; SIGTERM would wait for them
    )


def _psycopg() -> ModuleType:
    # Imported late: Debian's own Python has it, and only once `make setup` has run.
    try:
        import psycopg
    except ImportError:
        raise StackError(
            "this Python has no psycopg; run: make setup, and use /usr/bin/python3"
        ) from None
    return psycopg


def create_business(database_url: str, business: int) -> None:
    """Create it if it is not there; whoever inserts one without an id must not get this one."""
    row = {"id": business, "name": f"Business {business}"}
    with _psycopg().connect(database_url, autocommit=True, connect_timeout=5) as connection:
        # A server that is killed right after its start must not have lost its schema.
        connection.execute("SET synchronous_commit = on")
        made = connection.execute(
            "INSERT INTO business (id, name) SELECT %(id)s, %(name)s "
            "WHERE NOT EXISTS (SELECT FROM business WHERE id = %(id)s)", row,
        )
        if made.rowcount:
            connection.execute(
                "SELECT setval(pg_get_serial_sequence('business', 'id'), max(id)) FROM business"
            )


def _answers(database_url: str) -> bool:
    psycopg = _psycopg()
    try:
        psycopg.connect(database_url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def major_version() -> int:
    """Of the PostgreSQL that a stack has: 15."""
    return int(_version(find_binaries()).partition(".")[0])


def find_binaries() -> Path:
    """The newest there is, or the folder that POSTGRES names: make test POSTGRES=…/13/bin."""
    if chosen := os.environ.get("POSTGRES"):
        return Path(chosen)
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if not found:
        raise StackError("PostgreSQL is missing; run: make setup")
    return max(found, key=lambda path: float(path.parent.name))


def _give_to(path: Path, user: str) -> None:
    import pwd

    try:
        account = pwd.getpwnam(user)
    except KeyError:
        raise StackError(
            f"PostgreSQL refuses to run as root, and there is no user {user}; run: make setup"
        ) from None
    os.chown(path, account.pw_uid, account.pw_gid)


def _fill(
    data: Path, cache: Path, binaries: Path, env: Mapping[str, str], user: str | None
) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    template = cache / f"cluster-{_version(binaries)}-{user or os.geteuid()}"
    with open(cache / "postgres.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not template.exists():
            _initialise(data, binaries, env, user)
            fresh = cache / f"{template.name}.new"
            _run(["rm", "-rf", str(fresh)], env)
            _run(["cp", "-a", str(data), str(fresh)], env)
            fresh.rename(template)
            return
    _run(["cp", "-a", "--reflink=auto", str(template), str(data)], env)


def _initialise(data: Path, binaries: Path, env: Mapping[str, str], user: str | None) -> None:
    _run(
        [str(binaries / "initdb"), "-D", str(data), "-U", SUPERUSER, "--auth=trust", "--no-sync",
         "--encoding=UTF8", "--locale=C.UTF-8", "--wal-segsize=1"],
        env, user,
    )
    alone = [str(binaries / "postgres"), "--single", "-D", str(data)]
    _run([*alone, "template1"], env, user, ROLES)
    _run([*alone, DATABASE], env, user, GRANTS)


def _version(binaries: Path) -> str:
    text = subprocess.run([str(binaries / "postgres"), "--version"], capture_output=True,
                          text=True, check=True).stdout
    found = re.search(r"\d+\.\d+", text)
    return found[0] if found else binaries.parent.name


def _run(argv: list[str], env: Mapping[str, str], user: str | None = None, text: str = "") -> None:
    done = subprocess.run(
        argv, env=dict(env), cwd="/", input=text, text=True, capture_output=True,
        user=user, group=user, extra_groups=[] if user else None,
    )
    if done.returncode != 0:
        reason = (done.stderr.strip() or "no reason given").splitlines()[-1]
        raise StackError(f"{Path(argv[0]).name} failed while preparing PostgreSQL: {reason}")
