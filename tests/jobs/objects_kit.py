"""What the tests of the object store share: a stack that has one, and what the store holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from s3 import ceph as ceph_module
from s3.ceph import Ceph
from s3.client import Client
from s3.proxy import Proxy
from stack.api import Answer
from stack.calls import Call
from stack.stack import Stack

from jobs_kit import Db, value_of


# What two nodes have in common, besides the store.
SHARED = ("DATABASE_URL", "REDIS_URL", "JWT_SECRET", "MEDIA_SECRET", "TWILIO_ACCOUNT_SID",
          "TWILIO_AUTH_TOKEN", "TWILIO_API_BASE")


def settings(endpoint: str) -> dict[str, str]:
    """What a stack needs to use the store behind this address."""
    return {
        "S3_ENDPOINT": endpoint, "S3_BUCKET": ceph_module.BUCKET,
        "S3_ACCESS_KEY": ceph_module.ACCESS_KEY, "S3_SECRET_KEY": ceph_module.SECRET_KEY,
        "STALL_TIMEOUT": "2s", "CONNECT_TIMEOUT": "2s", "S3_TIMEOUT": "1s",
    }


@dataclass(frozen=True)
class Objects:
    """The store behind a stack, and the proxy that can spoil it."""

    ceph: Ceph
    proxy: Proxy

    @property
    def client(self) -> Client:
        return self.ceph.client

    def key(self, call: Call, extension: str = "wav") -> str:
        return f"{call.business}/{call.call_sid}.{extension}"

    def peaks_key(self, call: Call) -> str:
        return self.key(call, "peaks.json")

    def all_of(self, call: Call) -> set[str]:
        """The keys of all that the store has of it."""
        return self.client.keys(f"{call.business}/{call.call_sid}")

    def has(self, call: Call) -> bytes | None:
        return self.client.get(self.key(call))

    @contextmanager
    def down(self) -> Iterator[None]:
        self.proxy.down()
        try:
            yield
        finally:
            self.proxy.up()


def row_of(db: Db, call: Call) -> str:
    """Where PostgreSQL says it is: "object", "lost" or "disk" (there is no row)."""
    return str(value_of(
        db, "SELECT coalesce(max(CASE WHEN lost_at IS NULL THEN 'object' ELSE 'lost' END), 'disk')"
            " FROM recording_objects WHERE business_id = %s AND call_sid = %s",
        call.business, call.call_sid))


def at(node: Stack, call: Call) -> Call:
    """The same call, asked for there."""
    return replace(call, stack=node)


def peaks_of(call: Call, **headers: str) -> Answer:
    """What its node answers to whoever wants the waveform."""
    return call.api.get(f"/api/recordings/{call.call_sid}/peaks", headers=headers)


def peaks_file(call: Call) -> Path:
    return call.part_file.parent / f"{call.call_sid}.peaks.json"


def evict(call: Call) -> Path:
    """This disk has it no more, as on another machine."""
    path = call.finished_file
    assert path is not None
    path.unlink()
    return path


def restart_responders(stack: Stack) -> None:
    """What a responder remembers of the store's faults is forgotten."""
    stack.halt("responders")
    stack.revive("responders")
