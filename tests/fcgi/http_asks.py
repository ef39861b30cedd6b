"""Requests for a file, drawn by lot from all that clients send and from what none should."""

from __future__ import annotations

import random
from dataclasses import dataclass

from http_given import MODIFIED_DATE

# Of the file that they are asked of.
SIZE = 3000
REQUESTS = 400

POSITIONS = ["0", "1", "5", "79", "80", "81", "500", "2998", "2999", "3000", "3001", "99999",
             "9223372036854775807", "9223372036854775808", "00012", "999999999999999999999"]
JUNK = ["", "-", "--", "-0", "5-2", "alpha", "1-2-3", "0x10-20", "1 - 2", "+1-2", "-1-2", "*",
        "1.5-2", "\x80-\xff", "0-1;2-3", '"0-1"', "0–1".encode().decode("latin-1")]
UNITS = ["bytes=", "bytes=", "bytes=", "bytes=", "Bytes=", "bytes =", " bytes=", "bytes= ",
         "lines=", "byte=", "bytess=", "", "bytes", "=", "bytes:"]
SEPARATORS = [",", ",", ", ", " ,", "\t,\t", ",,", ", ,", ";"]
CONDITIONS: dict[str, list[str]] = {
    "If-Match": ["{etag}", "*", '"x"', "W/{etag}", '"x", {etag}', "{etag", "", ","],
    "If-None-Match": ["{etag}", "*", '"x"', "W/{etag}", '"x" , {etag}', "{etag", ",", "x"],
    "If-Modified-Since": [MODIFIED_DATE, "Wed, 25 Jun 2014 17:12:17 GMT", "yesterday", "0",
                          "Wednesday, 25-Jun-14 17:12:18 GMT", "Wed Jun 25 17:12:18 2014"],
    "If-Unmodified-Since": [MODIFIED_DATE, "Wed, 25 Jun 2014 17:12:17 GMT", "tomorrow",
                            "Fri, 31 Feb 2014 17:12:18 GMT"],
    "If-Range": ["{etag}", "W/{etag}", '"x"', MODIFIED_DATE, "Wed, 25 Jun 2014 17:12:19 GMT",
                 "*", "{etag}, {etag}", "nonsense"],
}


@dataclass(frozen=True)
class Ask:
    """One request, but for whom it goes to."""

    method: str
    version: str
    headers: tuple[tuple[str, str], ...]

    def to(self, path: str, token: str, etag: str) -> bytes:
        lines = [f"{self.method} {path} {self.version}", "Host: test", "Connection: close",
                 f"Authorization: Bearer {token}"]
        lines += [f"{name}: {value.replace('{etag}', etag)}" for name, value in self.headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _element(lot: random.Random) -> str:
    shape = lot.random()
    if shape < 0.1:
        return lot.choice(JUNK)
    if shape < 0.25:
        return "-" + lot.choice(POSITIONS)
    if shape < 0.4:
        return lot.choice(POSITIONS) + "-"
    first = lot.randrange(SIZE + 50)
    return f"{first}-{first + lot.randrange(200)}"


def _range(lot: random.Random) -> str:
    count = lot.choice([1, 1, 1, 1, 2, 2, 3, 5, 10, 11, 40])
    elements = [_element(lot) for _ in range(count)]
    return lot.choice(UNITS) + lot.choice(SEPARATORS).join(elements)


def _ask(lot: random.Random) -> Ask:
    headers = [("Range", _range(lot))] if lot.random() < 0.9 else []
    for name in lot.sample(sorted(CONDITIONS), lot.choice([0, 0, 0, 1, 1, 2, 3])):
        headers.append((name, lot.choice(CONDITIONS[name])))
    lot.shuffle(headers)
    return Ask(lot.choice(["GET", "GET", "GET", "HEAD"]),
               lot.choice(["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0"]), tuple(headers))


def asks() -> list[Ask]:
    """The same ones in every run, so that a failure can be looked at."""
    lot = random.Random(20261120)
    plain = [Ask(method, version, ()) for method in ("GET", "HEAD")
             for version in ("HTTP/1.0", "HTTP/1.1")]
    twice = Ask("GET", "HTTP/1.1", (("Range", "bytes=0-1"), ("Range", "bytes=5-6")))
    return [*plain, twice, *(_ask(lot) for _ in range(REQUESTS))]
