"""The desktop's side of a keyboard's and a headset's media keys: what browsers tell it, and the presses.

Browsers speak MPRIS (https://specifications.freedesktop.org/mpris-spec/) on the session's message bus;
here they have one of their own, that starts no services.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from browser_kit import until

PROGRAM = "dbus-daemon"
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>"""
DESKTOP = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
PLAYER = ("/org/mpris/MediaPlayer2", "org.mpris.MediaPlayer2.Player")


class MediaKeys:
    """Of a machine on which one browser at most has something to play."""

    def __init__(self, folder: Path) -> None:
        self._address = f"unix:path={folder / 'bus'}"
        self.environment = {"DBUS_SESSION_BUS_ADDRESS": self._address}

    @property
    def shown(self) -> dict[str, str] | None:
        """The entry of what plays or is paused: its title and its status; None when there is none."""
        [names] = self._busctl("call", *DESKTOP, "ListNames")
        for name in names:
            if name.startswith("org.mpris.MediaPlayer2."):
                status, about = (self._busctl("get-property", name, *PLAYER, one)
                                 for one in ("PlaybackStatus", "Metadata"))
                title = about.get("xesam:title", {}).get("data", "")
                if status != "Stopped":
                    return {"title": title, "status": status}
        return None

    def press(self, key: str) -> None:
        """Play, Pause, Next, Previous, …"""
        [names] = self._busctl("call", *DESKTOP, "ListNames")
        for name in names:
            if name.startswith("org.mpris.MediaPlayer2."):
                self._busctl("call", name, *PLAYER, key)

    def _busctl(self, *command: str) -> Any:
        done = subprocess.run(["busctl", f"--address={self._address}", "--json=short", *command],
                              capture_output=True, text=True, check=True)
        return json.loads(done.stdout)["data"] if done.stdout.strip() else None


@contextmanager
def desktop(folder: Path) -> Iterator[MediaKeys]:
    """For programs that are started with its `environment`."""
    (folder / "bus.conf").write_text(BUS.format(path=folder / "bus"))
    server = subprocess.Popen([PROGRAM, f"--config-file={folder / 'bus.conf'}", "--nofork"],
                              env=os.environ)
    try:
        until(lambda: (folder / "bus").exists() or server.poll() is not None, "its socket")
        yield MediaKeys(folder)
    finally:
        server.terminate()
        server.wait(30)
