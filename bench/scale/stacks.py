"""A stack whose database holds so many calls, and what is said meanwhile."""

from __future__ import annotations

import signal
import time

import psycopg
import world
from stack.stack import Stack

# Nothing of the history is over by itself: probes of retention make it so.
OVERRIDES = {"RETENTION_DAYS": "410", "RETENTION_AT_TWILIO": "true",
             "METRICS_TOKEN": "a token of the bench"}
MEMORY = {"shared_buffers": "2GB", "max_wal_size": "8GB", "autovacuum": "off"}


def tell(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def with_memory(stack: Stack) -> None:
    with psycopg.connect(stack.database_url, autocommit=True) as db:
        for name, value in MEMORY.items():
            db.execute(f"ALTER SYSTEM SET {name} = '{value}'")
    stack.halt("postgres", signal.SIGINT)
    stack.revive("postgres")


def filled(stack: Stack, size: world.Size) -> Stack:
    with_memory(stack)
    world.fill(stack.database_url, size, stack.account_sid, tell)
    return stack
