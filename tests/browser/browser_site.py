"""The site under test: a real stack with a runner, calls, and what its web server was asked."""

from __future__ import annotations

import re
import secrets
import signal
from dataclasses import dataclass
from typing import Any

import psycopg

from browser_kit import Browser, until
from stack import calls
from stack.api import Api
from stack.calls import Call
from stack.stack import Stack


@dataclass(frozen=True)
class Asked:
    """One line of the web server's log."""

    method: str
    path: str
    status: int
    size: int


class Site:
    """One business of its own on a stack that all tests of a worker share."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.business = stack.new_business()
        self._begun = 0
        self.forget_asked()

    @property
    def url(self) -> str:
        return self.stack.base_url

    @property
    def token(self) -> str:
        return calls.token_for(self.stack, self.business)

    def call(self, *, created: str = "now()", **wishes: Any) -> Call:
        """A call whose recording the provider has, and nobody has fetched; columns of call_log
        and wishes of add_recording."""
        columns = {name: wishes.pop(name) for name in list(wishes) if name in COLUMNS}
        call = calls.new_call(self.stack, self.business, announced=False, **wishes)
        seconds = round(call.recording.seconds) if call.recording else None
        row = {
            "business_id": self.business, "call_sid": call.call_sid, "direction": "inbound",
            "from_number": call.from_number, "to_number": call.to_number, "status": "completed",
            "account_sid": self.stack.account_sid, "duration": seconds,
            "recording_duration": seconds, "channels": 2 if seconds else None,
            "recording_url": call.recording_url if call.recording else None,
            "recording_sid": call.recording_sid if call.recording else None, **columns,
        }
        self.sql(f"INSERT INTO call_log ({', '.join(row)}, created_at) VALUES"
                 f" ({', '.join(['%s'] * len(row))}, {created})", *row.values())
        return call

    def sql(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.stack.database_url, autocommit=True) as db:
            cursor = db.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    def fetched(self, call: Call) -> Call:
        """The same call, its recording on this disk."""
        assert call.api.post(call.prepare_path).status in (200, 202)
        until(lambda: call.finished_file, "the recording is here")
        until(lambda: call.api.post(call.prepare_path).status == 200, "it is ready")
        return call

    # What was asked.

    def asked(self, pattern: str = "") -> list[Asked]:
        """What the web server answered since this site began and the pattern finds."""
        mark = f"/mark-{secrets.token_hex(8)}"
        Api(self.url).get(mark)
        until(lambda: self._flushed(mark), "the web server writes its log")
        lines = self._log()[self._begun:]
        found = [Asked(m, path, int(status), int(size))
                 for m, path, status, size in (line.split(" ") for line in lines)]
        return [one for one in found if re.search(pattern, f"{one.method} {one.path}")
                and not one.path.startswith("/mark-")]

    def forget_asked(self) -> None:
        self.asked()
        self._begun = len(self._log())

    def _flushed(self, mark: str) -> bool:
        self.stack.signal("lighttpd", signal.SIGHUP)
        return any(mark in line for line in self._log())

    def _log(self) -> list[str]:
        path = self.stack.run_dir / "log" / "access.log"
        return path.read_text().splitlines() if path.exists() else []

    # As somebody in a browser.

    def sign_in(self, browser: Browser, path: str = "/") -> None:
        """Opens a page of the site with the session's cookie."""
        browser.open(f"{self.url}/nothing-here")
        browser.driver.add_cookie({"name": "session", "value": self.token, "httpOnly": True,
                                   "sameSite": "Lax"})
        browser.open(self.url + path)

    def embed(self, browser: Browser, *players: Call | str, lang: str = "en", **attributes: str
              ) -> None:
        """A page of the site, signed in, with nothing on it but players."""
        self.sign_in(browser, "/errors/")
        sids = [one if isinstance(one, str) else one.call_sid for one in players]
        browser.js(PLAYERS, sids, lang, attributes)
        browser.find("recording-player")


COLUMNS = frozenset({"direction", "status", "duration", "from_number", "to_number", "ai_summary",
                     "final_transcript", "recording_expires_at", "recording_status",
                     "recording_deleted_at", "recording_reason"})
PLAYERS = """
const [sids, lang, attributes] = arguments;
document.documentElement.lang = lang;
document.documentElement.dir = lang === "he" ? "rtl" : "ltr";
document.title = "CRM";
const script = Object.assign(document.createElement("script"),
    { type: "module", src: "/recording-player.js" });
document.head.append(script);
const main = document.createElement("main");
main.append(Object.assign(document.createElement("h1"), { textContent: "CRM" }));
for (const sid of sids) {
    const one = document.createElement("recording-player");
    for (const [name, value] of Object.entries(attributes)) one.setAttribute(name, value);
    one.setAttribute("call-sid", sid);
    main.append(one);
}
document.body.replaceChildren(main);
"""
