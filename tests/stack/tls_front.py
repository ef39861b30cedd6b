"""TLS in front of a server that has none, with a certificate that an authority of its own has signed."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def certificate(folder: Path) -> tuple[Path, Path]:
    """Of 127.0.0.1, and its key; it is its own authority."""
    signed, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", "/CN=here", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2",
                    "-keyout", str(key), "-out", str(signed)], check=True, capture_output=True)
    return signed, key


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    """Until either side has enough."""
    try:
        with source.makefile("rb", 0) as reader, target.makefile("wb", 0) as writer:
            shutil.copyfileobj(reader, writer)
        target.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def _serve(listening: socket.socket, context: ssl.SSLContext, port: int) -> None:
    while True:
        try:
            client, _ = listening.accept()
        except OSError:
            return
        try:
            secured = context.wrap_socket(client, server_side=True)
            behind = socket.create_connection(("127.0.0.1", port))
        except OSError:  # who does not trust us says so, and goes
            continue
        for one, other in ((secured, behind), (behind, secured)):
            threading.Thread(target=_pass_on, args=(one, other), daemon=True).start()


@contextmanager
def before(port: int, signed: Path, key: Path) -> Iterator[str]:
    """Its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(signed, key)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_serve, args=(listening, context, port), daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
