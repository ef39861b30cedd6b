"""The plans that PostgreSQL really chose, for the very statements of the probes: auto_explain.

A scan through all of a large table is found wherever it stands, in functions, too.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from probes import Probe, Site

LARGE_ROWS = 100_000
ROUNDS = 3
SETTINGS = {
    "session_preload_libraries": "auto_explain", "auto_explain.log_min_duration": "0",
    "auto_explain.log_format": "json", "auto_explain.log_nested_statements": "on",
}
MARK = "  plan:"


@dataclass(frozen=True)
class Plan:
    """One statement, as it ran."""

    probe: str
    sql: str
    tree: dict[str, Any]

    def nodes(self) -> Iterator[dict[str, Any]]:
        waiting = [self.tree]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += node.get("Plans", [])


def collect(site: Site, probes: list[Probe]) -> list[Plan]:
    """Each probe's statements, each text once a probe."""
    log, found = site.stack.log("postgres"), {}
    try:
        _reconnect(site, SETTINGS)
        for probe in probes:
            start = log.stat().st_size
            for _ in range(ROUNDS):
                probe.prepare(site)
                probe.act(site)
            for plan in _read(log, start, probe.name):
                found[plan.probe, plan.sql] = plan
    finally:
        _reconnect(site, {})
    return list(found.values())


def _reconnect(site: Site, settings: dict[str, str]) -> None:
    """Sessions of our role begin with these settings; those that are there end."""
    role = site.db.info.user
    site.db.execute(f"ALTER ROLE {role} RESET ALL")
    for name, value in settings.items():
        site.db.execute(f"ALTER ROLE {role} SET {name} = '{value}'")
    site.db.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'tapedeck' AND pid <> pg_backend_pid()")
    deadline = time.monotonic() + 10
    while not site.ask("GET", "/readyz", 1) and time.monotonic() < deadline:
        pass  # a responder finds its connection broken, and makes another


def _read(log: Path, start: int, probe: str) -> Iterator[Plan]:
    with log.open() as file:
        file.seek(start)
        text: list[str] | None = None
        for line in [*file, "end"]:
            if text is not None and not line.startswith("\t"):
                said = json.loads("".join(text))
                if "tapedeck" != said["Query Text"]:
                    yield Plan(probe, said["Query Text"], said["Plan"])
                text = None
            if text is not None:
                text.append(line)
            elif line.rstrip().endswith(MARK):
                text = []


def scans(plans: list[Plan], rows: dict[str, int]) -> list[str]:
    """Where a large table is read from one end to the other; none is what we want."""
    return [f"{plan.probe}: {node['Relation Name']}: {' '.join(plan.sql.split())[:150]}"
            for plan in plans for node in plan.nodes()
            if node["Node Type"].endswith("Seq Scan")
            and rows.get(node["Relation Name"], 0) >= LARGE_ROWS]


def rows_of(site: Site) -> dict[str, int]:
    return dict(site.db.execute("SELECT relname, reltuples::bigint FROM pg_class"
                                " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
                                ).fetchall())


def shape(plan: Plan) -> str:
    """The tables and indexes it reads, in a line."""
    parts = [f"{node['Node Type']} {node.get('Index Name') or node.get('Relation Name')}"
             for node in plan.nodes() if "Scan" in node["Node Type"]
             and (node.get("Index Name") or node.get("Relation Name"))]
    return ", ".join(dict.fromkeys(parts))
