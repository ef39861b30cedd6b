"""Apache as a front end: fcgi/front/apache.conf, within the least server that it can live in.

Apache starts the responders itself. It refuses to serve as root; where the stack runs as root,
Apache runs as nobody, with the one privilege to read what root's stack has made.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from .front import Place, listens, program
from .processes import MARK, Service

MODULES = Path("/usr/lib/apache2/modules")
LOADED = ("mpm_event", "authz_core", "authz_host", "alias", "dir", "mime", "headers", "rewrite",
          "setenvif", "log_config", "reqtimeout", "deflate", "filter", "fcgid", "xsendfile")
NOBODY = "65534"
# It closes its connections first, and lets its responders finish.
STOP_SECONDS = 15.0

SERVER = """\
ServerRoot "{home}"
DefaultRuntimeDir "{home}"
PidFile "{home}/apache.pid"
Mutex file:{home} default
ErrorLog "{log}"
LogLevel warn
ServerName localhost
TypesConfig /dev/null
Listen 127.0.0.1:{port}
Listen [::1]:{port}
LogFormat "%v:%p %h %t \\"%r\\" %>s \\"%{{Referer}}i\\"" others
CustomLog "{others}" others
StartServers 1
{modules}
FcgidIPCDir "{home}"
FcgidProcessTableFile "{home}/processes"
<Directory />
    Require all denied
    AllowOverride None
</Directory>
"""

SITE = """\
Define TAPEDECK_PORT {port}
Define TAPEDECK_WEB "{web}"
Define TAPEDECK_FCGI "{wrapper}"
Define TAPEDECK_ENV_FILE "{env_file}"
Define TAPEDECK_RECORDINGS "{recordings}"
Define TAPEDECK_LOG "{log}"
Define TAPEDECK_RESPONDERS {responders}
Include "{site}"
"""


def service(place: Place, program_env: Mapping[str, str], env: Mapping[str, str]) -> Service:
    home = (place.sockets / "apache").resolve()
    home.mkdir(mode=0o700)
    wrapper = home / "tapedeck.fcgi"
    write_wrapper(wrapper, place, program_env)
    config = home / "apache.conf"
    config.write_text(server(home, place, LOADED) + SITE.format(
        port=place.port, web=place.web, wrapper=wrapper,
        env_file=program_env["TAPEDECK_ENV"], recordings=place.recordings.resolve(),
        responders=place.responders, log=place.run_dir / "log" / "apache-site.log", site=place.root / "fcgi" / "front" / "apache.conf",
    ))
    return Service(
        name="apache",
        argv=[*as_ordinary_user(), program("apache2", env), "-D", "FOREGROUND", "-f", str(config)],
        env=env, ready=listens(place.port), stop_seconds=STOP_SECONDS,
    )


def server(home: Path, place: Place, modules: tuple[str, ...]) -> str:
    """What a distribution's apache2.conf brings along; mod_xsendfile only where it is there."""
    lines = [f'LoadModule {name}_module "{MODULES}/mod_{name}.so"'
             for name in modules if (MODULES / f"mod_{name}.so").exists()]
    return SERVER.format(home=home, port=place.port, log=place.run_dir / "log" / "apache.log",
                         others=place.run_dir / "log" / "apache-others.log", modules="\n".join(lines))


def write_wrapper(path: Path, place: Place, env: Mapping[str, str]) -> None:
    """The responder as mod_fcgid starts it, which hands on no environment and one log for all."""
    log = place.run_dir / "log" / "responders.log"
    log.unlink(missing_ok=True)
    marked = {**env, MARK: str(place.run_dir)}
    exports = [f"export {name}={shlex.quote(marked[name])}" for name in marked
               if name.isidentifier()]
    path.write_text("\n".join([
        "#!/bin/sh", *exports, f"exec {shlex.quote(str(place.binary))} 2>>{shlex.quote(str(log))}",
        ""]))
    path.chmod(0o700)


def as_ordinary_user() -> list[str]:
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
            "--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--"]
