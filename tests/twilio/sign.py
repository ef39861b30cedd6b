"""Webhooks as Twilio sends them: form-encoded, signed with the account's auth token."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import urllib.parse
from collections.abc import Iterable, Mapping, Sequence
from typing import Union

Params = Union[Mapping[str, Union[str, Sequence[str]]], Iterable[tuple[str, str]]]
Answer = tuple[int, http.client.HTTPMessage, bytes]

SETTINGS = "X-Twilio-Webhooks-Signature-Settings"

# Twilio's own cap on how long a webhook may take.
PATIENCE = 120.0


def signature(
    token: str, url: str, params: Params | None = None, algorithm: str = "sha1"
) -> str:
    """The X-Twilio-Signature of a webhook to `url` (without fragment) with these parameters; an
    auth token signs with SHA-1, a shared key with what its header SETTINGS names."""
    values: dict[str, set[str]] = {}
    for name, value in pairs(params):
        values.setdefault(name, set()).add(value)
    signed = url
    for name in sorted(values, key=str.encode):
        signed += "".join(name + value for value in sorted(values[name], key=str.encode))
    digest = hmac.new(token.encode(), signed.encode(), algorithm).digest()
    return base64.b64encode(digest).decode()


def form(params: Params | None) -> bytes:
    """The parameters as a request body, in the order they were given."""
    return urllib.parse.urlencode(pairs(params)).encode()


def pairs(params: Params | None) -> list[tuple[str, str]]:
    """The parameters one by one; a list of values in a mapping is a repeated name."""
    if params is None:
        return []
    items = params.items() if isinstance(params, Mapping) else params
    return [
        (name, one)
        for name, value in items
        for one in ([value] if isinstance(value, str) else value)
    ]


def post_callback(
    base_url: str,
    token: str,
    path: str,
    params: Params,
    *,
    public_url: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Post a signed webhook to `base_url` + `path`.

    What is signed is the URL configured at Twilio: `public_url` + `path` where the public name
    differs from the address posted to. `headers` are added last, so a test can break any of them.
    """
    url = _without_fragment((public_url or base_url).rstrip("/") + path)
    return _post(base_url, path, form(params), {
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        "X-Twilio-Signature": signature(token, url, params),
        **(headers or {}),
    })


def post_body(
    base_url: str,
    token: str,
    path: str,
    body: bytes,
    *,
    public_url: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Post a webhook that signs the hash of its JSON body, as `bodySHA256` in the query."""
    path = _without_fragment(path)
    path += ("&" if "?" in path else "?") + "bodySHA256=" + hashlib.sha256(body).hexdigest()
    url = (public_url or base_url).rstrip("/") + path
    return _post(base_url, path, body, {
        "Content-Type": "application/json",
        "X-Twilio-Signature": signature(token, url),
        **(headers or {}),
    })


def _post(base_url: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    base = urllib.parse.urlsplit(base_url)
    https = base.scheme == "https"
    connect = http.client.HTTPSConnection if https else http.client.HTTPConnection
    connection = connect(base.netloc, timeout=PATIENCE)
    try:
        target = base.path.rstrip("/") + _without_fragment(path)
        connection.request("POST", target, body, {"User-Agent": "TwilioProxy/1.1", **headers})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def _without_fragment(url: str) -> str:
    return url.partition("#")[0]
