"""JSON web tokens, good ones and bad ones."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any


def session(secret: str, business: int, *, ttl: float = 3600, **claims: Any) -> str:
    """What the CRM hands out; `claims` add to it, or replace what is there."""
    wanted = {"business_id": business, "sub": "tester", "exp": int(time.time() + ttl), **claims}
    return encode(secret, wanted)


def encode(
    secret: str, claims: Mapping[str, Any], header: Mapping[str, Any] | None = None
) -> str:
    """A token over these claims, signed with HS256 whatever its header says."""
    parts = [_pack(header or {"alg": "HS256", "typ": "JWT"}), _pack(claims)]
    signed = ".".join(parts).encode()
    return ".".join([*parts, _base64(hmac.new(secret.encode(), signed, hashlib.sha256).digest())])


def _pack(value: Mapping[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
