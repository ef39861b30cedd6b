"""A business's share of a host's responders (fcgi/http/share.h), as it stands in Redis."""

from __future__ import annotations

import socket
import time

import redis

RESPONDERS = 8  # of every stack
SHARE = RESPONDERS // 4


def key(business: int) -> str:
    return f"rec_share:{business}:{socket.gethostname()}"


def hold(rds: redis.Redis, business: int, count: int, seconds: float) -> None:
    """As so many responders would that are at work for it."""
    until = int((time.time() + seconds) * 1000)
    for n in range(count):
        rds.zadd(key(business), {f"holder {n}": until})
    rds.expire(key(business), 60)


def hold_all(rds: redis.Redis, business: int) -> None:
    """No place is left until the key is deleted."""
    hold(rds, business, SHARE, 600)
    rds.persist(key(business))
