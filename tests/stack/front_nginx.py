"""nginx as a front end: fcgi/front/nginx.conf with its places changed, within the least server."""

from __future__ import annotations

import os
from collections.abc import Mapping

from .errors import StackError
from .front import Place, listens, program
from .processes import Service

SERVER = """\
{user}daemon off;
worker_processes 1;
pid {home}/nginx.pid;
error_log {log} warn;
events {{
    worker_connections 1024;
}}
http {{
    access_log {log}-others;
    client_body_temp_path {home}/body;
    fastcgi_temp_path {home}/fastcgi;
    proxy_temp_path {home}/proxy;
    scgi_temp_path {home}/scgi;
    uwsgi_temp_path {home}/uwsgi;
{site}
}}
"""


def service(place: Place, _program_env: Mapping[str, str], env: Mapping[str, str]) -> Service:
    home = (place.sockets / "nginx").resolve()
    home.mkdir(mode=0o700)
    log = place.run_dir / "log" / "nginx.log"
    config = home / "nginx.conf"
    # As root it would hand its work to nobody, who may not read this stack's files.
    user = "user root;\n" if os.geteuid() == 0 else ""
    config.write_text(SERVER.format(home=home, log=log, user=user, site=site(place)))
    return Service(
        name="nginx",
        argv=[program("nginx", env), "-e", str(log), "-p", str(home), "-c", str(config)],
        env=env, ready=listens(place.port),
    )


def site(place: Place) -> str:
    """The file's own text, its places changed as its head says; each is there just once."""
    text = (place.root / "fcgi" / "front" / "nginx.conf").read_text()
    for theirs, ours in (
        ("listen 80 default_server;", f"listen 127.0.0.1:{place.port} default_server;"),
        ("listen [::]:80 default_server;", f"listen [::1]:{place.port} default_server;"),
        ("/usr/local/share/tapedeck/web", str(place.web)),
        ("/run/tapedeck/responders.sock", str(place.socket)),
        ("/var/log/nginx/tapedeck.log", str(place.run_dir / "log" / "nginx.log")),
        ("/var/lib/tapedeck/recordings/", f"{place.recordings.resolve()}/"),
    ):
        if text.count(theirs) != 1:
            raise StackError(f"fcgi/front/nginx.conf should say {theirs!r} just once")
        text = text.replace(theirs, ours)
    return text
