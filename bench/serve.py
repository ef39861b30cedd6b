"""Requests a second: a static file, the file route, and a play link, in one run.

    python3 bench/serve.py [SECONDS]     after make all; needs wrk; prints a table

A 1 MB recording is asked for in 64 KiB ranges and whole, over 32 connections, from one lighttpd
process with the repository's own lighttpd.conf. The static file is served by a second one with the
same configuration, so that each has its own caches.
"""

from __future__ import annotations

import re
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from stack import front, ports  # noqa: E402
from stack.stack import ROOT, Stack  # noqa: E402

CONNECTIONS, THREADS = 32, 2
SIZE = 1_000_000
RANGE = {"Range": "bytes=131072-196607"}


def load(url: str, seconds: int, headers: dict[str, str]) -> tuple[float, str]:
    """Requests a second and the 99th percentile, by wrk."""
    command = ["wrk", "-t", str(THREADS), "-c", str(CONNECTIONS), "-d", f"{seconds}s", "--latency"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    said = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in said, said
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    p99 = re.search(r"99%\s+(\S+)", said)
    assert rate and p99, said
    return float(rate[1]), p99[1]


def static_server(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """lighttpd with our configuration, and `folder` as its pages."""
    service = front.lighttpd_service(ROOT, folder, folder, port, {"PATH": "/usr/bin:/usr/sbin"})
    server = subprocess.Popen(service.argv, env={**service.env, "WEB_DIR": str(folder)})
    while not service.ready():
        if server.poll() is not None:
            raise SystemExit("the static server did not start")
    return server


def compare(stack: Stack, static_url: str, seconds: int) -> None:
    sid = "CA" + secrets.token_hex(16)
    folder = stack.recordings_dir / "1"
    folder.mkdir(exist_ok=True)
    (folder / f"{sid}.wav").write_bytes(secrets.token_bytes(SIZE))
    bearer = {"Authorization": f"Bearer {stack.token}"}
    from stack.api import Api

    api = Api(stack.base_url, stack.token)
    link = api.post(f"/api/recordings/{sid}/prepare").json["play_url"]
    ways = {
        "static file": (static_url, {}),
        "file route": (f"{stack.base_url}/api/recordings/file/{sid}", bearer),
        "play link": (link, {}),
    }
    print(f"{'':14}{'64 KiB range':>16}{'p99':>10}{'1 MB whole':>16}{'p99':>10}")
    for name, (url, headers) in ways.items():
        part, part_p99 = load(url, seconds, {**headers, **RANGE})
        whole, whole_p99 = load(url, seconds, headers)
        print(f"{name:14}{part:16.0f}{part_p99:>10}{whole:16.0f}{whole_p99:>10}")


def main() -> None:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        (folder / "web").mkdir()
        (folder / "web" / "static.wav").write_bytes(secrets.token_bytes(SIZE))
        port = ports.choose_port(0)
        server = static_server(folder / "web", port)
        try:
            with Stack(folder / "run") as stack:
                compare(stack, f"http://127.0.0.1:{port}/static.wav", seconds)
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
