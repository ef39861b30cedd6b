"""The player in other people's pages: frameworks, strict policies, components in components, moves."""

from __future__ import annotations

from typing import Any

import pytest

from browser_kit import Browser, Player, until
from browser_site import Site
from browser_stub import Reply, Stub, peaks_of, ready, waiting

CALL = f"CA{0:032x}"
STRICT = ("default-src 'none'; script-src 'self'; connect-src 'self'; media-src 'self';"
          " img-src *; require-trusted-types-for 'script'; trusted-types 'none'")
PAGE = """<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>CRM</title>
<script type="module" src="/recording-player.js"></script></head><body>{body}</body></html>"""


def page(stub: Stub, browser: Browser, body: str, lang: str = "en", **headers: str) -> None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    stub.pages["/crm"] = Reply(200, PAGE.format(lang=lang, body=body).encode(), named)
    browser.open(stub.url + "/crm")


def playing(stub: Stub, browser: Browser, **changes: Any) -> Player:
    stub.answers["prepare"] = [ready()]
    browser.open(stub.page(**changes))
    player = browser.player()
    player.click()
    player.await_sound()
    return player


# ---- attributes are properties ----

# A property, what a framework sets it to, the attribute that reflects it, and what that then is.
PROPERTIES = [
    ("callSid", CALL, "call-sid", CALL), ("recordingSid", "RE1", "recording-sid", "RE1"),
    ("lang", "he", "lang", "he"), ("label", "050", "label", "050"),
    ("duration", 63, "duration", "63"), ("start", 7, "start", "7"), ("part", "RE1", "part", "RE1"),
    ("lanes", ["customer", "agent"], "lanes", "customer,agent"),
    ("apiBase", "/x/", "api-base", "/x/"), ("transcript", "open", "transcript", "open"),
    ("download", True, "download", ""), ("agentName", "Dana", "agent-name", "Dana"), ("customerName", "Rut", "customer-name", "Rut"),
]


@pytest.mark.parametrize("name, value, attribute, reflected", PROPERTIES)
def test_attributes_are_properties(browser: Browser, stub: Stub, name: str, value: Any,
                                   attribute: str, reflected: str) -> None:
    """React 19 and Vue 3 set a property where the element has one of that name."""
    page(stub, browser, "")
    found = browser.module("/recording-player.js", """
        const one = document.createElement("recording-player");
        one[args[0]] = args[1];
        return [one.getAttribute(args[2]), String(one[args[0]])];""", name, value, attribute)
    assert found == [reflected, reflected]


def test_every_attribute_is_one(browser: Browser, stub: Stub) -> None:
    page(stub, browser, "")
    observed = browser.module("/recording-player.js", "return m.RecordingPlayer.observedAttributes")
    assert set(observed) <= {attribute for _, _, attribute, _ in PROPERTIES}


def test_none_takes_an_attribute_away(browser: Browser, stub: Stub) -> None:
    page(stub, browser, "")
    assert browser.module("/recording-player.js", """
        const one = document.createElement("recording-player");
        one.label = "050"; one.duration = 3; one.label = null; one.duration = undefined;
        one.recordings = null; one.place = undefined;
        return [one.getAttributeNames(), one.label, one.duration];""") == [[], "", 0]


def test_what_was_set_before_the_script_came_counts(browser: Browser, stub: Stub) -> None:
    browser.open(stub.url + "/offline.html")
    assert browser.js("""
        const one = document.createElement("recording-player");
        Object.assign(one, { duration: 63, callSid: arguments[0], label: "050" });
        document.body.append(one);
        const script = document.createElement("script");
        script.type = "module"; script.src = "/recording-player.js";
        document.head.append(script); return true""", CALL)
    player = browser.player()
    until(lambda: player.attribute(".box", "aria-label") == "Recording: 050", "its label")
    assert browser.js("return document.querySelector('recording-player').getAttribute('call-sid')"
                      ) == CALL
    assert player.part(".all").text == "1:03"


# ---- policies ----


def test_trusted_types_and_nothing_inline(browser: Browser, stub: Stub) -> None:
    stub.answers["prepare"] = [ready()]
    stub.answers["peaks"] = [Reply(200, peaks_of(stub.audio))]
    page(stub, browser, f'<recording-player call-sid="{CALL}"></recording-player>',
         Content_Security_Policy=STRICT)
    player = browser.player()
    player.click()
    player.await_sound()
    until(lambda: player.attribute(".box", "data-lanes") == "2", "the waveform is there")
    player.click("[data-value='1.5']")
    assert player.shows(".play") and browser.complaints() == []


def test_what_a_page_does_wrong_is_seen_here(browser: Browser, stub: Stub) -> None:
    """Or no test could say that a page does nothing wrong."""
    stub.pages["/wrong"] = Reply(200, b"<!doctype html><script>throw new Error('wrong')</script>")
    browser.open(stub.url + "/wrong")
    until(browser.complaints, "the error")
    assert browser.complaints() == []


def test_another_origin_with_a_token(site: Site, friend: Stub, browser: Browser) -> None:
    """Without a cookie, on an isolated page (COEP, COOP): what the real server allows is enough, and
    its sound may be made louder."""
    call = site.fetched(site.call(seconds=60))
    friend.pages["/crm"] = Reply(200, f"""<!doctype html><html lang="en"><title>CRM</title>
        <script type="module" crossorigin src="{site.url}/recording-player.js"></script>
        <recording-player call-sid="{call.call_sid}" transcript></recording-player>""".encode(), {
            "Cross-Origin-Embedder-Policy": "require-corp",
            "Cross-Origin-Opener-Policy": "same-origin"})
    browser.open(friend.url + "/crm")
    player = browser.player()
    assert browser.js("return crossOriginIsolated")
    player.click()
    player.await_words("Please sign in.")
    browser.js("document.querySelector('recording-player').token = arguments[0]", site.token)
    player.click(".again")
    player.await_sound()
    player.click("[data-act=boost][data-value='6']")
    assert player.attribute("[data-act=boost][data-value='6']", "disabled") is None
    player.await_sound(past=player.time)
    player.click(".unfold")
    until(lambda: player.part(".reading .hint").text == "No transcript yet.", "what was said")
    assert browser.complaints() == []


def test_five_hundred_on_a_page(browser: Browser, stub: Stub) -> None:
    stub.answers["prepare"] = [ready()]
    browser.open(stub.page(count=500, duration="60"))
    until(lambda: len(browser.all("recording-player")) == 500, "all of them")
    last = browser.player("recording-player:nth-of-type(500)")
    assert stub.requests("/api/|/media/") == []
    browser.js("document.documentElement.lang = 'he'")
    until(lambda: last.attribute(".play", "aria-label") == "ניגון", "Hebrew")
    last.click()
    last.await_sound()
    assert len(stub.requests("/api/.*/prepare")) == 1


# ---- moves ----

MOVES = {
    "append": "place.append(one)",
    "reverse": "for (const it of [...main.children]) main.insertBefore(it, main.firstChild)",
    "moveBefore": "(main.moveBefore ?? main.insertBefore).call(main, one, main.firstChild)",
}


@pytest.mark.parametrize("move", MOVES)
def test_moved_in_the_page_it_plays_on(browser: Browser, stub: Stub, move: str) -> None:
    player = playing(stub, browser)
    player.await_sound(past=1)
    at = player.time
    browser.js("const one = document.querySelector('recording-player'), main = one.parentNode;"
               f"const place = document.body; {MOVES[move]}")
    assert player.time >= at
    player.await_sound(past=at)
    assert len(stub.requests("prepare")) == 1


def test_taken_out_it_is_silent(browser: Browser, stub: Stub) -> None:
    playing(stub, browser)
    assert browser.module("/recording-player.js", """
        const one = document.querySelector("recording-player");
        one.remove();
        await Promise.resolve();
        return [one.state, one.currentTime];""") == ["idle", 0]


def test_put_back_as_another_call_it_is_silent(browser: Browser, stub: Stub) -> None:
    player = playing(stub, browser)
    browser.js("const one = document.querySelector('recording-player'), main = one.parentNode;"
               "one.remove(); one.setAttribute('call-sid', arguments[0]); main.append(one)",
               f"CA{1:032x}")
    assert (player.state, player.time) == ("idle", 0)


# ---- languages ----


def test_components_speak_the_pages_language(browser: Browser, stub: Stub) -> None:
    """Also in a shadow root within another's, where it plays; and when the page turns to another language."""
    stub.answers["prepare"] = [ready()]
    page(stub, browser, "<crm-card></crm-card>", lang="he")
    label = browser.js("""
        const outer = document.querySelector("crm-card").attachShadow({ mode: "open" });
        const inner = document.createElement("crm-row");
        outer.append(inner);
        window.one = document.createElement("recording-player");
        window.one.setAttribute("call-sid", arguments[0]);
        inner.attachShadow({ mode: "open" }).append(window.one);
        return true""", CALL)
    assert label
    press = ("return window.one.shadowRoot?.querySelector('.play').ariaLabel")
    until(lambda: browser.js(press) == "ניגון", "Hebrew")
    browser.js("document.documentElement.lang = 'en'")
    until(lambda: browser.js(press) == "Play", "English")
    browser.js("return window.one.shadowRoot.querySelector('.play')").click()
    until(lambda: browser.js("return window.one.state === 'playing' && window.one.currentTime > 0.2"), "sound")


def test_messages_turn_with_the_language(browser: Browser, stub: Stub) -> None:
    stub.answers["prepare"] = [waiting("queued", position=2)]
    stub.answers["status"] = [waiting("queued", position=2, retry_after=30)]
    browser.open(stub.page())
    player = browser.player()
    player.click()
    player.await_words("number 2 in line")
    browser.js("document.documentElement.lang = 'he'")
    player.await_words("במקום 2")
    assert player.state == "waiting"
