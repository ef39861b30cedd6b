"""Requests as somebody makes them who means no good: by lot, and the same for the same seed.

Whoever sends them knows all there is to know about a recording but its business's token: its call,
its business, its path on the disk. Where a request holds a good token of another business, that
one is the sender's own.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

EVIL = "EVIL"  # marks what must not turn up in an answer or a log


@dataclass(frozen=True)
class Aim:
    """What is attacked, and what the attacker has."""

    business: int
    call: str
    path: str  # of the file on the disk
    link: str  # a play link, expired and signed
    stolen: str  # an expired token of the business
    own: str  # a good one of another
    owners: str  # a good one of the business: it stands only where nobody may read it


Make = Callable[[random.Random, Aim], bytes]

# ---- what requests are made of ----

STEPS = [
    "..", ".", "...", "%2e%2e", "%2E.", ".%2e", "..%2f", "%2f", "%2F..", "%5c", "\\", "..\\",
    "..%5c", "%252e%252e", "%252f", "%c0%ae%c0%ae", "%c0%af", "%e0%80%ae", "%u002e", "%00", "\0",
    "%0d%0a", "%0a", "\x01", "\x7f", ";", ";a=b", "", "~", "*", "%", "%zz", "%1", " ", "%20", "\t",
    "+", "\xff", "\xc3\xa9", "%ff", "{call}", "$HOME", "`id`", "'", '"', "<x>", "|", "^", "[1]",
    ":", "@", "-", "0", "1", "api", "media", "recordings", "errors", "x" * 300,
]
STARTS = ["/", "/api/", "/media/", "/media/{business}/", "/api/recordings/file/", "/api/calls/",
          "/api/recordings/", "/webhook/", "/errors/", "/_recordings/", "/recordings/",
          "/index.html/", "/healthz/", "", "//", "/.//", "{folder}/", "/proc/self/cwd/"]
ENDS = ["{call}.wav", "{business}/{call}.wav", "{path}", "{call}", ".{call}.part", "etc/passwd",
        "tapedeck.env", "{call}.wav/", "{call}.wav%00.html", "{call}.wav;x", "{call}.WAV", "",
        "status", "{link}", "{call}/download", "{call}/prepare"]
LINES = [
    "Host: evil.example", "Host:", "Host: a b", "Host: test:99999", "Host: [::1", "Host: test\0",
    "Content-Length: 0", "Content-Length: 5", "Content-Length: -1", "Content-Length: 0x10",
    "Content-Length: 99999999999999999999", "Content-Length: 5, 5", "Content-Length:",
    "Transfer-Encoding: chunked", "Transfer-Encoding: gzip", "Transfer-Encoding: chunked, chunked",
    "Transfer-Encoding:", "TE: trailers", "Trailer: Authorization", "Expect: 100-continue",
    "Expect: " + EVIL, "Connection: close", "Connection: keep-alive", "Connection: Authorization",
    "Connection: upgrade\r\nUpgrade: websocket", "Connection: Upgrade, HTTP2-Settings\r\n"
    "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__", "Upgrade: " + EVIL,
    "X-Sendfile: {path}", "X-Accel-Redirect: {path}", "X-LIGHTTPD-send-file: {path}",
    "X-Sendfile2: {path} 0-", "Location: {path}", "Status: 200 OK",
    "X-Original-URL: {link}", "X-Rewrite-URL: {link}", "X-HTTP-Method-Override: DELETE",
    "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Host: " + EVIL, "X-Forwarded-Proto: https",
    "X-Forwarded-Prefix: /../..", "Forwarded: for=127.0.0.1;host=" + EVIL, "X-Real-IP: 127.0.0.1",
    "Proxy: http://evil.example", "Remote_Addr: 127.0.0.1", "Script-Name: {path}",
    "Request_Uri: {link}", "Authorization: Bearer {stolen}", "Authorization: Bearer {own}",
    "Authorization: Basic {stolen}", "Authorization:", "Authorization: Bearer",
    "Cookie: session={stolen}", "Cookie: session={own}; session={stolen}", "Cookie: " + ";" * 500,
    "Range: bytes=0-", "Range: bytes=-1", "Range: " + EVIL, "If-Range: \"x\"", "If-Match: *",
    "If-None-Match: *", "If-Modified-Since: " + EVIL, "If-Unmodified-Since: \xff",
    "Origin: null", "Origin: " + EVIL, "Prefer: wait=99999999999", "Accept: \xff\xfe",
    "Accept-Encoding: gzip, br, " + "x" * 3000, "User-Agent: () {{ :; }}; echo " + EVIL,
    "Referer: {link}", "X-Twilio-Signature: " + EVIL, "Content-Type: " + EVIL,
    "Content-Type: multipart/form-data; boundary=" + "x" * 2000, "no colon", ": no name",
    "Bad Name: x", "Bad\0Name: x", "X: a\0b", "X: a\rb", "X: \x01", " folded: x", "X\t: y", "X : y",
    "X_Twilio_Signature: x", "Http-Proxy: x", "X: " + "y" * 20000, "Y" * 20000 + ": x",
    EVIL + ": x",
]
METHODS = ["GET", "GET", "GET", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "get", "GE",
           "PROPFIND", "CONNECT", "TRACK", "DEBUG", "G\0T", "X" * 200, ""]
VERSIONS = ["HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/0.9", "HTTP/1.2", "HTTP/2.0", "HTTP/3",
            "HTTP/1.1x", "http/1.1", "HTTP/11", "HTTP/1.", "HTP/1.1", "HTTP/ 1.1", "", EVIL]
ROUTES = ["/api/recordings/file/{call}", "{link}", "/api/calls/{call}", "/api/calls?limit=5",
          "/api/calls/{call}/download", "/api/recordings/{call}/status", "/healthz", "/readyz",
          "/api/recordings/runs/active", "/api/recordings/runs/1/status", "/", "/nothing"]
POSTED = ["/api/recordings/{call}/prepare", "/webhook/recording_status", "/webhook/call_status",
          "/recording_status_callback", "/api/session", "/api/recordings/runs/1/cancel"]


def filled(text: str, aim: Aim) -> str:
    """The braces that are names of ours are filled in; all others stay."""
    for name, value in (("business", str(aim.business)), ("call", aim.call), ("path", aim.path),
                        ("folder", aim.path.rpartition("/")[0]), ("link", aim.link),
                        ("stolen", aim.stolen), ("own", aim.own)):
        text = text.replace("{" + name + "}", value)
    return text.replace("{{", "{").replace("}}", "}")


def request(first: str, lines: list[str], body: bytes = b"", end: str = "\r\n") -> bytes:
    return end.join([first, *lines, "", ""]).encode("latin-1") + body


def some(lot: random.Random, pool: list[str], most: int) -> list[str]:
    return [lot.choice(pool) for _ in range(lot.randint(0, most))]


def own_lines(lot: random.Random, aim: Aim) -> list[str]:
    """What a sound request has, signed in as the attacker."""
    carrier = lot.choice([f"Authorization: Bearer {aim.own}", f"Cookie: session={aim.own}"])
    return ["Host: test", carrier]


# ---- the kinds ----


def paths(lot: random.Random, aim: Aim) -> bytes:
    steps = some(lot, STEPS, 8)
    joined = lot.choice(["/", "/", ""]).join(steps)
    target = lot.choice(STARTS) + joined + lot.choice(["/", ""]) + lot.choice(ENDS)
    return request(f"GET {filled(target, aim)} HTTP/1.1",
                   [*own_lines(lot, aim), "Connection: close"])


def headers(lot: random.Random, aim: Aim) -> bytes:
    lines = own_lines(lot, aim) + some(lot, LINES, 12)
    if lot.random() < 0.3:
        lines += [lot.choice(LINES)] * lot.randint(2, 60)
    lot.shuffle(lines)
    method, route = lot.choice([("GET", ROUTES), ("POST", POSTED)])
    end = lot.choice(["\r\n"] * 8 + ["\n", "\r"])
    first = f"{method} {filled(lot.choice(route), aim)} HTTP/1.1"
    body = lot.randbytes(lot.randint(0, 9))
    return request(first, [filled(line, aim) for line in lines], body, end)


def chunks(lot: random.Random, aim: Aim) -> bytes:
    sizes = ["5", "0", "-1", "0x5", "ffffffffffffffff", "7fffffffffffffff", "zz", "", " 5", "5 ",
             "5;x=y", "5;" + "x" * 5000, "05", "1" * 40, "A", "+5", "5\0", "80000"]
    body = b""
    for _ in range(lot.randint(1, 5)):
        body += (lot.choice(sizes) + lot.choice(["\r\n"] * 5 + ["\n", "", "\r"])).encode()
        body += lot.choice([b"hello", b"hell", b"hello!", b"", lot.randbytes(5)])
        body += lot.choice([b"\r\n"] * 5 + [b"\n", b"", b"X"])
    body += lot.choice([b"0\r\n\r\n", b"0\r\n", b"", b"0\r\nAuthorization: x\r\n\r\n", b"0\n\n"])
    lines = [*own_lines(lot, aim), "Transfer-Encoding: chunked", "Connection: close",
             "Content-Type: application/x-www-form-urlencoded"]
    return request(f"POST {filled(lot.choice(POSTED), aim)} HTTP/1.1", lines, body)


def smuggled(lot: random.Random, aim: Aim) -> bytes:
    """A request of the owner's inside what is a body by one reading or the other, or an error."""
    inner = request(f"GET /api/recordings/file/{aim.call} HTTP/1.1",
                    ["Host: test", f"Authorization: Bearer {aim.owners}", "Connection: close"])
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(inner), inner)
    early = b"0\r\n\r\n" + inner
    both = ["Transfer-Encoding: chunked", "Transfer-Encoding:\tchunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
            "transfer-encoding: Chunked"]
    broken = ["Transfer-Encoding: xchunked", "Transfer-Encoding : chunked", "TE: chunked",
              "Transfer_Encoding: chunked", "Transfer-Encoding: identity", "",
              " Transfer-Encoding: chunked", "X: y\rTransfer-Encoding: chunked",
              "Transfer-Encoding: chunked\0", "Transfer-Encoding: gzip, chunked",
              "X: y\n Transfer-Encoding: chunked", "Transfer-Encoding: \"chunked\""]
    ways: list[tuple[list[str], bytes]] = [
        ([f"Content-Length: {len(inner)}", lot.choice(broken)], inner),
        ([f"Content-Length: {len(early)}", lot.choice(both + broken)], early),
        ([lot.choice(both), "Content-Length: 0"], early),
        ([f"Content-Length: {lot.randint(0, 9)}", lot.choice(both)], early),
        ([lot.choice(both), f"Content-Length: {len(chunked)}"], chunked),
        ([f"Content-Length: {len(inner)}", "Content-Length: 0"], inner),
        (["Content-Length: 0", f"Content-Length: {len(inner)}"], inner),
        ([f"Content-Length: 0, {len(inner)}"], inner),
        ([lot.choice(["Content-Length: +0", "Content-Length: 0x0", "Content-Length: -0",
                      "Content-Length: 0 0", "Content-Length: 0\0", "Content-Length : 0"])], inner),
    ]
    lines, body = lot.choice(ways)
    method, pool = lot.choice([("POST", POSTED), ("POST", POSTED), ("GET", ROUTES)])
    first = f"{method} {filled(lot.choice(pool), aim)} HTTP/1.1"
    return request(first, [*own_lines(lot, aim), *(line for line in lines if line)], body)


def targets(lot: random.Random, aim: Aim) -> bytes:
    hosts = ["test", "evil.example", "user:pass@test", "127.0.0.1:1", "[::1]", "", "%74est",
             "test@evil.example", "test:x", "a" * 300, "\xff", "test\\@evil"]
    schemes = ["http://", "https://", "HTTP://", "ftp://", "file://", "http:/", "http:", "//",
               "\\\\", "javascript:", "unix:", "gopher://"]
    route = filled(lot.choice(ROUTES), aim)
    forms = [lot.choice(schemes) + lot.choice(hosts) + route, lot.choice(hosts) + ":443", "*",
             route + "#" + EVIL, "?" + route, "", " " + route, route + " " + route, "/" + route,
             route.replace("/", "\\"), filled("{path}", aim), filled("file://{path}", aim)]
    first = f"{lot.choice(METHODS)} {lot.choice(forms)} {lot.choice(VERSIONS)}"
    before = lot.choice([b""] * 8 + [b"\r\n", b"\r\n\r\n\r\n", b"\n", b"\0", b" "])
    if lot.random() < 0.15:  # HTTP/0.9: no version, no headers
        return before + f"GET {route}\r\n".encode("latin-1")
    return before + request(first, own_lines(lot, aim))


def pipelined(lot: random.Random, aim: Aim) -> bytes:
    """Sound ones and others behind each other on one connection."""
    sent = b""
    for _ in range(lot.randint(2, 6)):
        kind = lot.choice([sound, sound, paths, headers, chunks, targets, credentials])
        sent += kind(lot, aim)
    return sent


def sound(lot: random.Random, aim: Aim) -> bytes:
    return request(f"GET {filled(lot.choice(ROUTES), aim)} HTTP/1.1", own_lines(lot, aim))


def halves(lot: random.Random, aim: Aim) -> bytes:
    whole = lot.choice([paths, headers, chunks, targets, sound, forms])(lot, aim)
    return whole[:lot.randrange(len(whole))]


def credentials(lot: random.Random, aim: Aim) -> bytes:
    head, claims, mac = aim.owners.split(".")
    at = lot.randrange(40)  # the last digit of the signature has bits that say nothing
    spoilt = mac[:at] + ("A" if mac[at] != "A" else "B") + mac[at + 1:]
    tokens = [
        f"{head}.{claims}.{spoilt}", f"{head}.{claims}.", f"{head}.{claims}", f"{head}..{mac}",
        f".{claims}.{mac}", f"{head}.{claims}.{mac}.{mac}", f"{head}.{aim.own.split('.')[1]}.{mac}",
        f"{head}.{claims}.{aim.own.split('.')[2]}", f"eyJhbGciOiJub25lIn0.{claims}.",
        aim.stolen,
        f"{aim.owners}\0", f"\0{aim.owners}", f"{aim.owners},{aim.owners}", f'"{aim.owners}"',
        "." * 3000, "x" * 9000, EVIL, lot.randbytes(200).decode("latin-1").replace("\n", ""),
        f"s={aim.owners}", f"{head}=.{claims}.{mac}", f"{head}.abcde===.{mac}",
        f"{head}.{claims}=.{mac}",
        f"{head}.{claims}.a===", f"{head}.{claims}.{mac}=", f"{head}.{claims}.{mac[:2]}", "=.=.=",
        "eyJ" * 1000, "e30.e30.e30", "", "null", f"{aim.owners}%00", aim.owners.upper(),
    ]
    token = lot.choice(tokens)
    carriers = [f"Authorization: Bearer {token}", f"Authorization: bearer\t{token}",
                f"Authorization: Basic {token}", f"Authorization: {token}",
                f"Cookie: session={token}",
                f"Cookie: a=b; session={token}; session={token}", f"Cookie: xsession={token}",
                f"Cookie: session ={token}", f"Cookie: $Version=1; session={token}",
                f"Cookie: session={token[:1]}; path=/", f"Proxy-Authorization: Bearer {token}"]
    lines = ["Host: test", *(lot.choice(carriers) for _ in range(lot.randint(1, 3)))]
    first = f"GET {filled(lot.choice(ROUTES), aim)} HTTP/1.1"
    return request(first, lines)


def ranges(lot: random.Random, aim: Aim) -> bytes:
    """Bombs; at a file that the sender may not have."""
    pool = ["0-", "-1", "0-0", "5-2", "-0", "99999999999999999999-", "0-1" * 50, "", "a-b",
            "1-18446744073709551615", " 0 - 1 ", "\xff", "-", "--1"]
    value = "bytes=" + ",".join(lot.choice(pool) for _ in range(lot.choice([1, 3, 20, 200])))
    value = lot.choice([value, value.replace("bytes", "Bytes"), value * 3, value + "\0"])
    lines = [*own_lines(lot, aim), f"Range: {value}"] + some(lot, [
        f"Range: {value}", "If-Range: \"x\"", "If-Range: " + EVIL, "Request-Range: " + value], 3)
    target = lot.choice(["/api/recordings/file/{call}", "{link}", "/api/calls/{call}/download"])
    return request(f"GET {filled(target, aim)} HTTP/1.1", lines)


def forms(lot: random.Random, aim: Aim) -> bytes:
    values = ["", "x", aim.call, "AC" + "0" * 32, "%00", "%zz", "%", "+", "\xff", "%F0%9F%98%80",
              "1" * 3000, "-1", EVIL, "'; DROP TABLE call_log; --", aim.path, "%0d%0aX: y",
              "&&&=", "=="]
    names = ["AccountSid", "CallSid", "RecordingSid", "RecordingStatus", "RecordingUrl", "From",
             "To", "CallStatus", "Direction", "", "x" * 500, "%00", "CallSid[]", "Call Sid", "\xff"]
    body = "&".join(f"{lot.choice(names)}={lot.choice(values)}" for _ in range(lot.randint(0, 30)))
    kinds = ["application/x-www-form-urlencoded"] * 5 + [
        "text/plain", "application/json", "", "x" * 999]
    query = lot.choice(["", "", "?business_id=1", "?bodySHA256=" + "0" * 64, "?x=%00",
                        "?business_id=%zz"])
    lines = ["Host: test", f"Content-Type: {lot.choice(kinds)}",
             f"X-Twilio-Signature: {lot.choice(['', 'x', 'A' * 27 + '=', EVIL, 'A' * 5000])}",
             f"Content-Length: {len(body) + lot.choice([0, 0, 0, 0, -1, 1])}"]
    path = lot.choice(POSTED[1:4]) + query
    return request(f"POST {path} HTTP/1.1", lines, body.encode("latin-1"))


KINDS: dict[str, Make] = {one.__name__: one for one in (
    paths, headers, chunks, smuggled, targets, pipelined, halves, credentials, ranges, forms)}


def damaged(lot: random.Random, sent: bytes) -> bytes:
    """The same with a few bytes of it spoilt."""
    data = bytearray(sent)
    for _ in range(lot.randint(1, 3)):
        at = lot.randrange(len(data) + 1)
        how = lot.randrange(3)
        if how == 0:
            data[at:at + 1] = lot.randbytes(1)
        elif how == 1:
            del data[at:at + lot.randint(1, 10)]
        else:
            data[at:at] = lot.choice([b"\0", b"\r\n", b"\n", b"%", b"/..", b" ", b"\xff", b":",
                                      b"9" * 20])
    return bytes(data)
