"""How the calls page looks with a day's work on it: every width and scheme, in both languages. The pictures in
build/screenshots are for people to look at; what can be measured is measured."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from browser_kit import Browser, until
from browser_stub import Reply, Stub, peaks_of, ready
from test_calls_page import call_json
from test_found import TOTALS

PEOPLE = [("Noa Levi", "נועה לוי"), (None, None), ("Yossi Mizrahi", "יוסי מזרחי"), (None, None), ("Ruth Cohen", "רות כהן")]
AGENTS = [("Dana", "דנה"), ("Omer", "עומר"), (None, None)]
SUMMARIES = [("The invoice never arrived; it was sent again while she waited.", "החשבונית לא הגיעה; היא נשלחה שוב בזמן השיחה."),
             ("Moved the visit to Monday at nine.", "הפגישה נדחתה ליום שני בתשע."), (None, None)]
SAID = ("I never got the invoice for March, and the one before it came twice.",
        "לא קיבלתי את החשבונית של מרץ, והקודמת הגיעה פעמיים.")
MARKED = ([[16, 23]], [[13, 21]])


def call_of(number: int, lang: int) -> dict[str, Any]:
    at = datetime.now().astimezone().replace(hour=16, minute=30) - timedelta(hours=7 * number, minutes=13 * number)
    missed = number % 5 == 3
    found = {"recording": f"CA{number:032x}", "at": 12.5, "speaker": "customer", "text": SAID[lang], "marks": MARKED[lang]}
    return call_json(
        number, created_at=at.isoformat(), direction="outbound-dial" if number % 4 == 2 else "inbound",
        from_number=f"+9725{number % 5}1234{567 - number}", to_number="+97235550001", line="+97235550001",
        status="no-answer" if missed else "completed", has_recording=not missed, duration=0 if missed else 41 * number + 32,
        recording_status="no_recording" if missed else "ready", summary=None if missed else SUMMARIES[number % 3][lang],
        contact_name=PEOPLE[number % 5][lang], agent_name=AGENTS[number % 3][lang], heard=number % 2 == 0,
        starred="me" if number == 4 else None, tags=[{"tag": ("refund", "החזר")[lang], "for": "all"}] if number in (1, 6) else [],
        expires_at=(datetime.now().astimezone() + timedelta(hours=30)).isoformat() if number == 2 else None,
        hits=[found] if number in (1, 4) else [], hits_more=False)


@pytest.mark.engines("chromium")  # for the eye; the panels' sizes are measured in both (test_filter_bar.py)
@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", ["en", "he"])
def test_a_day_of_work_fits(browser: Browser, stub: Stub, lang: str, scheme: str, width: int) -> None:
    """Nothing sticks out, the bar stays in sight, and what plays does not hide the last row for good."""
    place = ("en", "he").index(lang)
    calls = [call_of(number, place) for number in range(1, 15)]
    stub.answers["calls"] = [Reply(200, {"calls": calls, "next_cursor": "x"})]
    stub.answers["totals"] = [Reply(200, TOTALS)]
    stub.answers["prepare"] = [ready()]
    stub.answers["peaks"] = [Reply(200, peaks_of(stub.audio))]
    stub.answers["call"] = [Reply(200, {**calls[0], "runs": [], "recordings": []})]
    browser.language(lang)
    browser.media(prefers_color_scheme=scheme)
    browser.size(width, 900 if width > 400 else 800)
    browser.open(f"{stub.url}/?when=30d&search={'invoice' if lang == 'en' else 'חשבונית'}")
    until(lambda: len(browser.all(".call")) == 14, "the calls")
    until(lambda: browser.find("#totals").text, "the totals")
    browser.shot(f"page-idle-{lang}-{scheme}-{width}")
    browser.find(".hit").click()
    player = browser.player("#deck recording-player")
    player.await_sound(past=12)
    until(lambda: player.attribute(".box", "data-lanes") == "2", "the waveform is there")
    browser.shot(f"page-{lang}-{scheme}-{width}")
    assert browser.js("return document.documentElement.scrollWidth") <= width
    browser.js("scrollTo(0, document.documentElement.scrollHeight)")
    until(lambda: browser.js("""const deck = document.getElementById("deck").getBoundingClientRect();
        const more = document.getElementById("more").getBoundingClientRect();
        const bar = document.getElementById("filters").getBoundingClientRect();
        return more.bottom <= deck.top && bar.top >= 0 && bar.bottom > 0"""), "the last button stands above the player")
    browser.shot(f"page-end-{lang}-{scheme}-{width}")
