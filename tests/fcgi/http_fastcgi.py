"""Asks a responder by FastCGI, as a web server does, to see the headers meant for it alone."""

from __future__ import annotations

import email.message
import email.parser
import socket
import struct
from collections.abc import Mapping

from stack.stack import Stack

BEGIN, END, PARAMS, STDIN, STDOUT = 1, 3, 4, 5, 6
RECORD = 32768
RESPONDER = struct.pack(">HB5x", 1, 0)


def ask(
    stack: Stack, target: str, variables: Mapping[str, str], body: bytes = b""
) -> email.message.Message:
    """The CGI headers of one answer; `variables` are CGI's, HTTP_RANGE and so on. All is sent
    before any of the answer is read."""
    params = {
        "REQUEST_METHOD": "GET", "REQUEST_URI": target, "SERVER_PROTOCOL": "HTTP/1.1", **variables,
    }
    request = (_record(BEGIN, RESPONDER) + _record(PARAMS, b"".join(map(_pair, params.items())))
               + _record(PARAMS, b"")
               + b"".join(_record(STDIN, body[at:at + RECORD]) for at in range(0, len(body), RECORD))
               + _record(STDIN, b""))
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(120)
        # The name may be too long for a socket's address; the link's target is not.
        path = (stack.run_dir / "sockets" / "responders.sock").resolve()
        connection.connect(str(path))
        connection.sendall(request)
        output = _read(connection)
    return email.parser.BytesHeaderParser().parsebytes(output.partition(b"\r\n\r\n")[0])


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBHHBx", 1, kind, 1, len(content), 0) + content


def _pair(item: tuple[str, str]) -> bytes:
    name, value = (text.encode() for text in item)
    lengths = b"".join(struct.pack(">I", len(text) | 1 << 31) for text in (name, value))
    return lengths + name + value


def _read(connection: socket.socket) -> bytes:
    """What it wrote, up to the record that ends the request."""
    output = b""
    with connection.makefile("rb") as stream:
        while head := stream.read(8):
            _, kind, _, length, padding = struct.unpack(">BBHHBx", head)
            content = stream.read(length + padding)[:length]
            if kind == STDOUT:
                output += content
            elif kind == END:
                break
    return output
