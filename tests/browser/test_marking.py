"""What a team does with calls while it listens: stars, tags, notes at a moment, and links for others."""

from __future__ import annotations

from selenium.webdriver import Keys

from browser_kit import Browser, Player, until
from browser_stub import Stub, error
from browser_work import Work
from test_deck import SIDS, page, press


def listening(browser: Browser, stub: Stub) -> tuple[Player, Work]:
    """The first of three calls plays."""
    work = Work(stub)
    player = page(browser, stub)
    press(browser, 1)
    player.await_sound(past=1)
    return player, work


def row(n: int, inside: str) -> str:
    return f"[id='{SIDS[n - 1]}'] {inside}"


def chips(browser: Browser, within: str) -> list[str]:
    return browser.texts(f"{within} .tag bdi")


def ticks(player: Player) -> int:
    return int(player.part(".noted").get_attribute("childElementCount") or 0)


def opened(browser: Browser, n: int = 1) -> None:
    browser.find(row(n, ".open")).click()
    until(lambda: browser.all(row(n, ".marks")), "its marks")


# ---- stars ----


def test_a_star_is_one_click(browser: Browser, stub: Stub) -> None:
    """In its row or at the foot, or one key; they are one star."""
    _, work = listening(browser, stub)
    browser.find(row(2, ".star")).click()
    until(lambda: work.starred(SIDS[1]) == "me", "it is told")
    browser.find(row(1, ".star")).click()
    until(lambda: browser.find("#deck .star").get_attribute("aria-pressed") == "true", "at the foot, too")
    browser.press("s")
    until(lambda: work.starred(SIDS[0]) is None, "it is taken away")
    until(lambda: browser.find(row(1, ".star")).get_attribute("aria-pressed") == "false", "in the row, too")


def test_a_star_that_fails_goes_again(browser: Browser, stub: Stub) -> None:
    listening(browser, stub)
    stub.routes = {"PUT .*star.*": lambda: error(503, "unavailable")}
    browser.find(row(2, ".star")).click()
    until(lambda: stub.requests("PUT"), "it is tried")
    until(lambda: browser.find(row(2, ".star")).get_attribute("aria-pressed") == "false", "and gone")
    browser.see("The server says unavailable.")


def test_a_star_for_everyone(browser: Browser, stub: Stub) -> None:
    _, work = listening(browser, stub)
    opened(browser)
    browser.press("s")
    until(lambda: work.stars.get(SIDS[0]) == {"me"}, "one's own")
    browser.find(row(1, ".marks .star")).click()
    until(lambda: work.stars[SIDS[0]] == {"all"}, "it becomes everybody's")
    until(lambda: browser.find(row(1, ".star")).get_attribute("title") == "Starred for everyone", "said")
    browser.find(row(1, ".star")).click()
    until(lambda: work.starred(SIDS[0]) is None, "one press takes it away")


# ---- tags ----


def test_tags_are_added_and_taken_away(browser: Browser, stub: Stub) -> None:
    """For all, or for oneself; in the language of whoever tags; suggested from those in use."""
    _, work = listening(browser, stub)
    browser.press("t")
    until(lambda: browser.js("return document.activeElement.name") == "tag", "the field")
    until(lambda: len(browser.all(".deck-panel option")) == 3, "suggestions")
    browser.press("to call", Keys.ENTER)
    until(lambda: work.tags.get(SIDS[0]) == [{"tag": "to call", "for": "all"}], "told")
    until(lambda: chips(browser, row(1, "h3")) == ["to call"], "in the row")
    browser.find(".deck-panel.for-tag [name=mine]").click()
    browser.find(".deck-panel.for-tag [name=tag]").send_keys("חיוב/ 1", Keys.ENTER)
    until(lambda: chips(browser, row(1, "h3")) == ["to call", "חיוב/ 1"], "both")
    assert work.tags[SIDS[0]][1]["for"] == "me"
    browser.find(".deck-panel.for-tag .tag button").click()
    until(lambda: chips(browser, row(1, "h3")) == ["חיוב/ 1"], "one is gone")


def test_a_tag_that_fails_is_kept_in_its_field(browser: Browser, stub: Stub) -> None:
    listening(browser, stub)
    stub.routes = {"PUT .*tags.*": lambda: error(413, "too_large"), **stub.routes}
    opened(browser)
    browser.find(row(1, "[name=tag]")).send_keys("x", Keys.ENTER)
    browser.see("The server says too_large.", row(1, ".tags"))
    assert browser.find(row(1, "[name=tag]")).get_attribute("value") == "x"


# ---- notes ----


def test_a_note_at_a_moment_is_one_key_and_its_words(browser: Browser, stub: Stub) -> None:
    """It is at the moment at which it was begun, whatever played meanwhile: a tick, and a line that plays."""
    player, work = listening(browser, stub)
    browser.js("document.querySelector('recording-player').currentTime = 30")
    player.await_sound(past=30)
    browser.press("m")
    until(lambda: browser.js("return document.activeElement.name") == "note", "the field")
    at = player.time
    browser.see("Note at 0:3", ".deck-panel.for-note")
    player.await_sound(past=at + 1)
    browser.press("She agrees to n", Keys.ENTER)
    until(lambda: work.notes.get(SIDS[0]), "told")
    note = work.notes[SIDS[0]][0]
    assert (note["text"], note["for"], note["recording"]) == ("She agrees to n", "all", None)
    assert 30 <= note["at"] <= at + 0.5
    until(lambda: ticks(player) == 1, "a tick")
    until(lambda: not browser.find(".deck-panel.for-note").is_displayed(), "the form is closed")
    player.await_sound()
    stub.answers["call"][0].body["notes"] = work.notes[SIDS[0]]
    opened(browser)
    assert browser.find(row(1, ".notes .text")).text == "She agrees to n"
    assert "dana" in browser.find(row(1, ".notes .by")).text
    browser.js("document.querySelector('recording-player').currentTime = 5")
    browser.find(row(1, ".notes .at")).click()
    player.await_sound(past=30)
    browser.find(row(1, ".notes .remove")).click()
    until(lambda: work.notes[SIDS[0]] == [], "it is gone")
    until(lambda: ticks(player) == 0 and not browser.all(row(1, ".notes .text")), "everywhere")


def test_notes_of_before_are_ticks_when_it_plays(browser: Browser, stub: Stub) -> None:
    work = Work(stub)
    player = page(browser, stub)
    body = stub.answers["call"][0].body
    body["notes"] = [{"id": 7, "recording": None, "at": 15, "text": "here", "by": "", "for": "me",
                      "mine": False, "created_at": "2026-11-20T10:00:00Z"}]
    press(browser, 1)
    player.await_sound()
    until(lambda: ticks(player) == 1, "a tick")
    opened(browser)
    assert "Only for me" in browser.find(row(1, ".notes .by")).text and work.notes == {}
    assert browser.all(row(1, ".notes .remove")) == [], "another's stays"


def test_who_listened_is_told(browser: Browser, stub: Stub) -> None:
    Work(stub)
    page(browser, stub)
    stub.answers["call"][0].body["heard_by"] = [
        {"subject": "yossi", "at": "2026-11-20T10:00:00Z", "seconds": 75}]
    opened(browser)
    told = browser.find(row(1, ".heard-by")).text
    assert [one in told for one in ("Listened", "yossi", "Friday 20 November", "1:15")] == [True] * 4


# ---- links for others ----


def test_a_minute_is_shared_with_two_clicks(browser: Browser, stub: Stub) -> None:
    """The minute around where it plays; the link is in the clipboard."""
    player, work = listening(browser, stub)
    browser.permit_clipboard(stub.url)
    browser.js("document.querySelector('recording-player').currentTime = 40")
    player.await_sound(past=40)
    browser.find("#deck .to-share").click()
    until(lambda: browser.find("#share").is_displayed(), "the dialog")
    browser.find("#share .main").click()
    browser.see("Copied.", "#share")
    (made,) = work.shares[SIDS[0]]
    assert (made["from"], made["to"], made["listenings"]) == (0, 60, None)
    copied = browser.wait_js(
        "navigator.clipboard.readText().then(arguments[0], (error) => arguments[0](`${error}`))")
    assert copied == f"{stub.url}/share.html#token1" == browser.find("#share [name=link]").get_attribute("value")
    browser.see("0:00–1:00", "#share .shares")


def test_what_is_shared_can_be_chosen_and_revoked(browser: Browser, stub: Stub) -> None:
    _, work = listening(browser, stub)
    browser.find("#deck .to-share").click()
    until(lambda: browser.find("#share").is_displayed(), "the dialog")
    for name, value in (("from", "0:50"), ("to", "0:20")):
        field = browser.find(f"#share [name={name}]")
        field.clear()
        field.send_keys(value)
    browser.find("#share .main").click()
    browser.see("The end must come after the beginning.", "#share")
    assert work.shares == {}
    browser.find("#share [value=whole]").click()
    browser.find("#share [name=days] option:last-of-type").click()
    browser.find("#share [name=times] option:nth-of-type(2)").click()
    browser.find("#share [name=label]").send_keys("Adv. Cohen")
    browser.find("#share .main").click()
    until(lambda: work.shares, "a link")
    (made,) = work.shares[SIDS[0]]
    assert (made["from"], made["to"], made["listenings"], made["label"]) == (None, None, 1, "Adv. Cohen")
    browser.see("0 of 1 listenings", "#share .shares")
    browser.find("#share .shares button").click()
    browser.see("Revoked.", "#share")
    until(lambda: made["revoked_at"], "told")
    until(lambda: not browser.all("#share .shares button"), "no more to revoke")
