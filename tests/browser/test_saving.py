"""A recording as a file: saved from a CRM's page, also where no cookie goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from browser_kit import Browser, Player, until
from browser_site import Site
from browser_stub import Reply, Stub, error, peaks_of, ready
from test_parts import CALL, SIDS, await_part, seek, three

SAVE = ".panel [data-act=download]"
UNFINISHED = (".part", ".crdownload")  # Firefox's and Chromium's, while they write


def saved(folder: Path, content: bytes) -> str:
    """The name of the file that is here by now."""

    def whole() -> str | None:
        return next((one.name for one in folder.iterdir()
                     if one.suffix not in UNFINISHED and one.read_bytes() == content), None)

    return until(whole, lambda: f"a file of {len(content)} bytes in {list(folder.iterdir())}")


def test_with_a_token_from_another_site(site: Site, friend: Stub, browser: Browser, tmp_path: Path) -> None:
    """Which stands in no address, and nobody has a cookie."""
    call = site.fetched(site.call(seconds=20))
    friend.pages["/crm"] = Reply(200, f"""<!doctype html><html lang="en"><title>CRM</title>
        <script type="module" src="{site.url}/recording-player.js"></script>
        <recording-player call-sid="{call.call_sid}" download></recording-player>""".encode())
    browser.open(friend.url + "/crm")
    browser.save_to(tmp_path)
    player = browser.player()
    browser.js("document.querySelector('recording-player').token = arguments[0]", site.token)
    site.forget_asked()
    player.click()
    player.await_sound()
    player.click(SAVE)
    assert call.finished_file is not None
    name = saved(tmp_path, call.finished_file.read_bytes())
    assert name.startswith("recording_") and name.endswith(".wav")
    [asked] = site.asked("GET /api/calls/.*/download")
    assert asked.status == 200 and asked.path == f"/api/calls/{call.call_sid}/download"
    assert not any(site.token in one.path for one in site.asked())


@pytest.mark.parametrize("lang, says, again", [
    ("en", "Download", "That did not work. Try again"), ("he", "הורדה", "ההורדה נכשלה. לנסות שוב")])
def test_a_refusal_is_said_where_it_was_pressed(browser: Browser, stub: Stub, tmp_path: Path, lang: str,
                                                says: str, again: str) -> None:
    """It does not take the page's place, and may be tried again."""
    stub.answers["prepare"] = [ready()]
    stub.answers["peaks"] = [Reply(200, peaks_of(stub.audio))]
    answers = [error(403, "forbidden"), Reply(200, stub.audio, {
        "Content-Type": "audio/wav", "Content-Disposition": 'attachment; filename="recording_1.wav"'})]
    stub.routes[f"GET /api/calls/{CALL}/download"] = lambda: answers.pop(0)
    browser.open(stub.page(lang=lang, download="", transcript=""))
    browser.save_to(tmp_path)
    player = browser.player()
    player.click()
    player.await_sound()
    until(lambda: player.part(SAVE).get_property("textContent") == says, "it can be had")
    player.click(SAVE)
    until(lambda: player.part(SAVE).text == again, "it is said")
    browser.shot(f"player-download-{lang}")
    player.click(SAVE)
    assert saved(tmp_path, stub.audio) == "recording_1.wav"
    until(lambda: player.part(SAVE).text == says, "done")
    assert player.state == "playing"


def test_the_part_that_it_stands_in(browser: Browser, stub: Stub, tmp_path: Path) -> None:
    three(stub)
    stub.routes[f"GET /api/calls/{CALL}/download[?]recording={SIDS[1]}"] = lambda: Reply(
        200, stub.sounds["/media/1.wav"], {"Content-Type": "audio/wav"})
    browser.open(stub.page(download=""))
    browser.save_to(tmp_path)
    player: Player = browser.player()
    player.click()
    await_part(player, 0)
    seek(player, 8)
    await_part(player, 1)
    assert browser.wait_js("document.querySelector('recording-player').save().then(arguments[0])") is True
    assert saved(tmp_path, stub.sounds["/media/1.wav"]).startswith(CALL)


def test_only_where_the_page_wants_it(browser: Browser, stub: Stub) -> None:
    stub.answers["prepare"] = [ready()]
    browser.open(stub.page())
    player = browser.player()
    player.click()
    player.await_sound()
    player.click(".menu")
    assert not player.shows(SAVE)
    browser.js("document.querySelector('recording-player').download = true")
    until(lambda: player.shows(SAVE), "it is there")
