"""Signatures are Twilio's own, and webhooks are posted as Twilio posts them."""

from __future__ import annotations

import hashlib
import http.server
import threading
import urllib.parse
from collections.abc import Iterator

import pytest

from twilio import sign

TOKEN = "12345"
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
PARAMS = {
    "CallSid": "CA1234567890ABCDE", "Caller": "+14158675309", "Digits": "1234",
    "From": "+14158675309", "To": "+18005551212",
}


@pytest.mark.parametrize(
    ("url", "params", "expected"),
    [
        (URL, PARAMS, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (URL.replace(".com", ".com:443"), PARAMS, "kvajT1Ptam85bY51eRf/AJRuM3w="),
        (
            URL.replace("https", "http").replace(".com", ".com:1234"),
            PARAMS,
            "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=",
        ),
        (URL, None, "zYQTYrRWXE7LtzbG4PfP7/bkkGo="),
        (
            URL,
            {"Sid": "CA123", "SidAccount": "AC123", "Digits": ["5678", "1234", "1234"]},
            "IK+Dwps556ElfBT0I3Rgjkr1wJU=",
        ),
        (
            URL,
            {"Digits": "", "CallSid": "CA1234567890ABCDE", "EmptyParam": ""},
            "9HHp/OqQMEwdrVebHDdA/+tqjX8=",
        ),
        (
            URL,
            [("callSid", "lowercase"), ("CallSid", "uppercase"), ("CALLSID", "allcaps")],
            "jDK7WKT8wiNrwggd4ceTv4e1MJ4=",
        ),
    ],
)
def test_vectors(url, params, expected):
    assert sign.signature(TOKEN, url, params) == expected


def test_form_keeps_order_repetition_and_every_character():
    pairs = [("b", "ש לום+&="), ("a", ""), ("b", "2")]
    assert urllib.parse.parse_qsl(sign.form(pairs).decode(), keep_blank_values=True) == pairs
    assert sign.form({"x": ["1", "2"]}) == b"x=1&x=2"


class Listener(http.server.HTTPServer):
    """Keeps the one webhook that came, and answers it with a redirect nobody must follow."""

    path = ""
    headers: dict[str, str] = {}
    body = b""


class Webhook(http.server.BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        self.server.path = self.path
        self.server.headers = dict(self.headers)
        self.server.body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(307)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener(("127.0.0.1", 0), Webhook) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        yield server
        thread.join()


def test_post_callback_signs_the_public_url_without_the_fragment(listener):
    base = f"http://127.0.0.1:{listener.server_port}"
    status, headers, _ = sign.post_callback(
        base, TOKEN, "/myapp.php?foo=1&bar=2#rc=3", PARAMS, public_url="https://mycompany.com/"
    )
    assert (status, headers["location"]) == (307, "/elsewhere")
    assert listener.path == "/myapp.php?foo=1&bar=2"
    assert listener.headers["X-Twilio-Signature"] == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert dict(urllib.parse.parse_qsl(listener.body.decode())) == PARAMS


def test_post_body_signs_the_hash(listener):
    base = f"http://127.0.0.1:{listener.server_port}"
    sign.post_body(base, TOKEN, "/hook?a=1", b"{}")
    path = "/hook?a=1&bodySHA256=" + hashlib.sha256(b"{}").hexdigest()
    assert (listener.path, listener.body) == (path, b"{}")
    assert listener.headers["X-Twilio-Signature"] == sign.signature(TOKEN, base + path)
