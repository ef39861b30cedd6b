"""HTTP as it should not be: the server stays up, answers below 500, and logs nothing of it raw."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from http_expect import ODD, brief, cut_short, is_refusal, nothing_raw_in_the_log
from http_raw import request, talk
from stack.api import Api
from stack.stack import Stack

LIST = "/api/calls?limit=1"
PREPARE = "/api/recordings/CA" + "0" * 32 + "/prepare"
# Nobody can have heard of the method (501) or of the version (505): these are the client's faults.
CLIENTS = {501, 505}
MUTANTS = 400
EACH = 50


@pytest.fixture(autouse=True)
def unharmed(stack: Stack) -> Iterator[None]:
    with nothing_raw_in_the_log(stack):
        yield
    assert Api(stack.base_url).get("/healthz").status == 200


def refused(stack: Stack, sent: bytes, *statuses: int) -> None:
    for answer in talk(stack, sent):
        is_refusal(answer, *statuses)


# ---- one by one ----


@pytest.mark.parametrize("first", [
    "GET /api/calls", "GET  /api/calls HTTP/1.1", "GET /api/calls HTTP/9.9", "/api/calls HTTP/1.1",
    "GET /api/calls HTTP/2.0", "GET /api/calls http/1.1", "GET\t/api/calls\tHTTP/1.1",
    "GET /api/calls HTTP/1.1 x", "GET /api/ calls HTTP/1.1", "GET /api/\x00calls HTTP/1.1",
    "GET /api/\x7fcalls HTTP/1.1", ODD, "\x16\x03\x01\x02\x00\x01\x00", "", " ", "\x00" * 64,
    "PRI * HTTP/2.0",
], ids=brief)
def test_request_lines(stack: Stack, first: str) -> None:
    sent = f"{first}\r\nHost: test\r\nConnection: close\r\n\r\n".encode("latin-1")
    refused(stack, sent, 400, 401, 404, 501, 505)


@pytest.mark.parametrize("line", [
    "Host: other", "Host:", "no colon", ": no name", "Bad Name: x", "Bad\x00Name: x", "X: \x00",
    "X: \x01", "X: a\rb", " folded: x", "X\t: y", "X : y", "Transfer-Encoding: gzip",
    "Content-Length: -1", "Content-Length: x", "Content-Length: 1x", "Content-Length: 0x10",
    "Content-Length: 99999999999999999999", "Content-Length: 5, 5", "Expect: something",
    "Content-Length: 5\r\nContent-Length: 6", "Content-Length: 5\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "X: " + "x" * 17000,
    "\r\n".join(f"X{n}: {'y' * 50}" for n in range(400)), ODD + ": x", "X: " + ODD,
], ids=brief)
def test_headers(stack: Stack, line: str) -> None:
    sent = request(stack, "POST", PREPARE, line)
    # Where the web server lets a header pass, the answer is that to the request without it.
    refused(stack, sent, 400, 401, 404, 411, 413, 417, 431, 501)


@pytest.mark.parametrize("name, value", [
    ("Range", "bytes=" + "0-1," * 3000), ("Range", ODD), ("Range", "\xff"),
    ("If-None-Match", '"' * 8000), ("If-Match", "W/" * 4000), ("If-Range", ODD),
    ("If-Modified-Since", "9" * 8000), ("Cookie", "=" * 8000), ("Cookie", ODD),
    ("Origin", ODD), ("Origin", "," * 8000), ("Prefer", "wait=" + "9" * 8000),
    ("Prefer", "wait=-1, wait=x; " + ODD), ("X-Twilio-Signature", ODD), ("Accept", "\xff" * 100),
    ("X-Sendfile", "/etc/passwd"), ("X-Forwarded-Host", ODD), ("Proxy", "http://evil.example"),
    ("Content-Type", ODD), ("User-Agent", ODD), ("Referer", ODD),
], ids=brief)
def test_header_values(stack: Stack, name: str, value: str) -> None:
    for method, path in (("GET", LIST), ("POST", PREPARE), ("POST", "/webhook/call_status")):
        for answer in talk(stack, request(stack, method, path, f"{name}: {value}",
                                          "Content-Length: 0")):
            assert answer.status < 500 and b"EVIL" not in answer.body
            assert "EVIL" not in str(answer.headers) and b"root:" not in answer.body


@pytest.mark.parametrize("body", [
    b"5\r\nhello\r\n0\r\n\r\n", b"0\r\n\r\n", b"zz\r\nhello\r\n0\r\n\r\n", b"-5\r\nhello\r\n",
    b"ffffffffffffffff\r\nx", b"5\r\nhel", b"5;ext=" + b"x" * 9000 + b"\r\nhello\r\n0\r\n\r\n",
    b"5\r\nhelloX0\r\n\r\n", b"", b"20000\r\n" + b"x" * 0x20000 + b"\r\n0\r\n\r\n",
], ids=brief)
def test_chunks(stack: Stack, body: bytes) -> None:
    for path in (PREPARE, "/webhook/recording_status"):
        refused(stack, request(stack, "POST", path, "Transfer-Encoding: chunked", body=body),
                400, 404, 411, 413)


def test_a_request_behind_another_is_a_request_of_its_own(stack: Stack) -> None:
    """Pipelined, or smuggled in a body: what is in a body is no request."""
    first = request(stack, "GET", LIST).replace(b"Connection: close\r\n", b"")
    statuses = [answer.status for answer in talk(stack, first + first + request(
        stack, "GET", "/api/nothing"))]
    assert statuses == [200, 200, 404]
    inner = request(stack, "GET", "/healthz")
    outer = request(stack, "POST", PREPARE, f"Content-Length: {len(inner)}", body=inner)
    assert [answer.status for answer in talk(stack, outer)] == [404]


@pytest.mark.parametrize("cut", [1, 3, 20, 40, 100])
def test_half_a_request_is_no_request(stack: Stack, cut: int) -> None:
    whole = request(stack, "POST", PREPARE, "Content-Length: 200", body=b"x" * 100)
    refused(stack, whole[:cut], 400, 408)
    refused(stack, whole, 400, 408, *cut_short(stack))


def test_without_a_host(stack: Stack) -> None:
    sent = request(stack, "GET", LIST)
    refused(stack, sent.replace(b"Host: test\r\n", b""), 400)
    (answer,) = talk(stack, sent.replace(b"Host: test\r\n", b"").replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert answer.status == 200
    refused(stack, sent.replace(b"Host: test", b"Host: a b/../?#"), 400)


# ---- by lot ----


def _mutant(lot: random.Random, good: bytes) -> bytes:
    """One of a few ways to spoil a request."""
    data = bytearray(good)
    for _ in range(lot.randint(1, 4)):
        at = lot.randrange(len(data))
        how = lot.randrange(5)
        if how == 0:
            data[at] = lot.randrange(256)
        elif how == 1:
            del data[at:at + lot.randint(1, 20)]
        elif how == 2:
            data[at:at] = lot.randbytes(lot.randint(1, 8))
        elif how == 3:
            data[at:at] = data[at:at + lot.randint(1, 60)]
        else:
            data[at:at] = lot.choice([b"%00", b"%", b"\r\n", b"..", b"/", b"?", b"&", b"=", b"\0",
                                      b"9" * 30, b"-1", b"\xff\xfe", b"'", b'"', b"\r\n\r\n"])
        if not data:
            break
    return bytes(data)


@pytest.mark.parametrize("first", range(0, MUTANTS, EACH))
def test_mutants(stack: Stack, first: int) -> None:
    """Good requests with random damage, the same in every run."""
    form = b"CallSid=CA" + b"1" * 32 + b"&AccountSid=AC" + b"2" * 32 + b"&CallStatus=ringing"
    good = [
        request(stack, "GET", "/api/calls?limit=5&search=%D7%A9&direction=inbound"),
        request(stack, "GET", "/api/recordings/file/CA" + "0" * 32, "Range: bytes=0-5,7-9",
                'If-Range: "x"'),
        request(stack, "GET", "/media/1/CA" + "0" * 32 + ".wav?exp=99&sig=abc"),
        request(stack, "POST", "/webhook/call_status?business_id=1",
                f"Content-Length: {len(form)}", "X-Twilio-Signature: abc",
                "Content-Type: application/x-www-form-urlencoded", body=form),
    ]
    for number in range(first, first + EACH):
        lot = random.Random(number)
        sent = _mutant(lot, lot.choice(good))
        for answer in talk(stack, sent):
            assert answer.status < 500 or answer.status in {*CLIENTS, *cut_short(stack)}, sent
