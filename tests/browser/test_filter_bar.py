"""Finding a call: the filters of the list, their address, and what says that they are there."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import parse_qs

import pytest
from selenium.webdriver import Keys

from browser_kit import Browser, until
from browser_stub import Reply, Stub, error
from test_calls_page import call_json

AGENTS = [{"agent_id": "7", "agent_name": "Dana"}, {"agent_id": "8", "agent_name": "Omer"}]


def listing(stub: Stub, *calls: dict[str, object]) -> None:
    stub.answers["calls"] = [Reply(200, {"calls": list(calls or [call_json(1)]), "next_cursor": None})]


def asked(stub: Stub) -> dict[str, str]:
    """What the list was asked for last."""
    seen = until(lambda: stub.requests("GET /api/calls$"), "the list is asked for")
    return {name: values[0] for name, values in parse_qs(seen[-1].query).items()}


def await_asked(stub: Stub, **wanted: str) -> None:
    until(lambda: asked(stub) == wanted, lambda: f"{wanted}, not {asked(stub)}")


def chips(browser: Browser) -> list[str]:
    return browser.texts(".filter-chip")


def await_chips(browser: Browser, *wanted: str) -> None:
    until(lambda: chips(browser) == list(wanted), lambda: f"{wanted}, not {chips(browser)}")


def search_of(browser: Browser) -> str:
    return browser.js("return location.search")


def midnight(browser: Browser, days: int) -> str:
    """So many days from today, where the browser is, as the API is told."""
    return browser.js("""const now = new Date();
        const day = new Date(now.getFullYear(), now.getMonth(), now.getDate() + arguments[0]);
        return day.toISOString().replace(/\\.\\d+/, "")""", days)


def test_a_call_of_three_weeks_ago_is_two_clicks_away(browser: Browser, stub: Stub) -> None:
    listing(stub)
    browser.open(stub.url)
    browser.see("A visit was moved.")
    browser.find("#when").click()
    day = (datetime.now() - timedelta(days=21)).date().isoformat()
    browser.find(f"[data-day='{day}']").click()
    await_asked(stub, **{"from": midnight(browser, -21), "to": midnight(browser, -20)})
    assert search_of(browser) == f"?when={day}"
    assert not browser.find("#when-panel").is_displayed()


@pytest.mark.parametrize("place, name, days", [
    (2, "today", (0, None)), (3, "yesterday", (-1, 0)), (4, "7d", (-6, None)), (5, "30d", (-29, None))])
def test_days_have_names(browser: Browser, stub: Stub, place: int, name: str,
                         days: tuple[int, int | None]) -> None:
    listing(stub)
    browser.open(stub.url)
    browser.see("A visit was moved.")
    browser.find("#when").click()
    browser.find(f".choices button:nth-of-type({place})").click()
    first, end = days
    wanted = {"from": midnight(browser, first)} | (
        {"to": midnight(browser, end)} if end is not None else {})
    await_asked(stub, **wanted)
    assert search_of(browser) == f"?when={name}"


def test_from_one_day_to_another(browser: Browser, stub: Stub) -> None:
    """Both are included; the panel stays open for the second one."""
    listing(stub)
    browser.open(stub.url)
    browser.see("A visit was moved.")
    browser.find("#when").click()
    for field, day in ((1, "2026-03-01"), (2, "2026-03-09")):
        browser.js("""const [n, day] = arguments;
            const field = document.querySelectorAll(".ends input")[n - 1];
            field.value = day;
            field.dispatchEvent(new Event("change", { bubbles: true }));""", field, day)
    until(lambda: search_of(browser) == "?when=2026-03-01..2026-03-09", "the address")
    local = browser.js("""return [[2026, 2, 1], [2026, 2, 10]].map((day) =>
        new Date(...day).toISOString().replace(/\\.\\d+/, ""))""")
    await_asked(stub, **{"from": local[0], "to": local[1]})
    await_chips(browser, "1 Mar – 9 Mar")
    browser.press(Keys.ESCAPE)
    until(lambda: not browser.find("#when-panel").is_displayed(), "it is closed")


def test_every_filter_is_asked_for_and_is_in_the_address(browser: Browser, stub: Stub) -> None:
    listing(stub)
    stub.answers["agents"] = [Reply(200, {"agents": AGENTS})]
    stub.answers["lines"] = [Reply(200, {"lines": ["+97235550001"]})]
    stub.answers["tags"] = [Reply(200, {"tags": [{"tag": "refund", "calls": 3}]})]
    browser.open(stub.url)
    browser.see("A visit was moved.")
    for pill in browser.all(".pills label"):
        pill.click()
    browser.find("#filters > fieldset label:nth-of-type(2)").click()
    await_asked(stub, status="missed", heard="false", starred="true", direction="inbound")
    browser.find("#rare").click()
    browser.find("#rare-panel option[value='refund']")
    for name, value in (("agent", "7"), ("line", "+97235550001"), ("tag", "refund"), ("min_duration", "60"),
                        ("max_duration", "600"), ("recording_status", "absent")):
        browser.find(f"#rare-panel [name={name}] option[value='{value}']").click()
    browser.find("[name=party]").send_keys("050-123-4567", Keys.TAB)
    browser.find("[name=has_recording]").click()
    wanted = {"status": "missed", "heard": "false", "starred": "true", "direction": "inbound",
              "agent": "7", "line": "+97235550001", "tag": "refund", "min_duration": "60",
              "max_duration": "600", "recording_status": "absent", "party": "+972501234567",
              "has_recording": "true"}
    await_asked(stub, **wanted)
    address = browser.js("return location.href")
    browser.press(Keys.ESCAPE)
    said = {"Missed", "Incoming", "Dana", "#refund", "At least 1 min", "At most 10 min",
            "Other number: 050-123-4567", "Line: 03-555-0001", "Starred", "Not listened to",
            "Not fetched yet"}
    until(lambda: set(chips(browser)) >= said, lambda: f"{said}, not {chips(browser)}")
    browser.driver.get("about:blank")
    stub.seen.clear()
    browser.open(address)
    await_asked(stub, **wanted)
    until(lambda: len(browser.all(".pills :checked")) == 3, "all three")


def test_a_chip_takes_its_filter_away(browser: Browser, stub: Stub) -> None:
    listing(stub)
    browser.open(f"{stub.url}/?search=invoice&when=7d&status=missed&nonsense=1&recording_status=ready")
    await_chips(browser, "“invoice”", "Last 7 days", "Missed", "Ready to play")
    browser.all(".filter-chip")[0].click()
    await_chips(browser, "Last 7 days", "Missed", "Ready to play")
    assert browser.find("[name=search]").get_attribute("value") == ""
    browser.find("#chips .clear").click()
    await_chips(browser)
    await_asked(stub)
    assert search_of(browser) == ""


def test_back_and_forward_go_through_filters(browser: Browser, stub: Stub) -> None:
    """What was typed is one step, not one for each letter."""
    listing(stub)
    browser.open(stub.url)
    browser.see("A visit was moved.")
    browser.find(".pills label").click()
    await_asked(stub, status="missed")
    for letters in ("inv", "oice"):
        browser.find("[name=search]").send_keys(letters)
        until(lambda: asked(stub).get("search", "").endswith(letters), letters)
    browser.driver.back()
    await_asked(stub, status="missed")
    browser.driver.back()
    await_asked(stub)
    browser.driver.forward()
    await_asked(stub, status="missed")
    browser.driver.forward()
    await_asked(stub, status="missed", search="invoice")
    until(lambda: browser.find("[name=search]").get_attribute("value") == "invoice", "in the field")


def test_what_is_no_day_is_no_filter(browser: Browser, stub: Stub) -> None:
    listing(stub)
    browser.open(f"{stub.url}/?when=2026-02-31&search=x")
    await_chips(browser, "“x”")
    await_asked(stub, search="x")


@pytest.mark.parametrize("lang", ["en", "he"])
@pytest.mark.parametrize("width", [390, 1400])
def test_the_panels_fit(browser: Browser, stub: Stub, lang: str, width: int) -> None:
    listing(stub, *(call_json(n) for n in range(1, 9)))
    browser.language(lang)
    browser.size(width, 800)
    browser.open(f"{stub.url}/?when=7d&status=missed&min_duration=60")
    browser.see("A visit was moved.")
    browser.shot(f"filters-{lang}-{width}")
    for panel in ("when", "rare"):
        browser.find(f"#{panel}").click()
        browser.find(f"#{panel}-panel :is(select, button)")
        until(lambda: browser.find(f"#{panel}-panel").is_displayed(), "open")
        until(lambda: browser.js("""const { left, right, top, bottom } =
            document.getElementById(arguments[0]).getBoundingClientRect();
            return left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight""",
            f"{panel}-panel"), f"{panel} is within the window")
        browser.shot(f"filters-{panel}-{lang}-{width}")
        browser.press(Keys.ESCAPE)
    assert browser.js("return document.documentElement.scrollWidth") <= width


def test_a_lost_sign_in_keeps_the_filter(browser: Browser, stub: Stub) -> None:
    """And says where to sign in; whoever comes back by the CRM's link sees the same calls again."""
    crm = f"{stub.url}/offline.html"
    token = "e30.eyJidXNpbmVzc19pZCI6MSwic3ViIjoiZGFuYSJ9.x"
    stub.routes["POST /api/session"] = lambda: Reply(200, {"ok": True})
    stub.routes["DELETE /api/session"] = lambda: Reply(200, {"ok": True})
    listing(stub)
    browser.open(f"{stub.url}/#token={token}")
    browser.see("A visit was moved.")
    browser.find(".pills label").click()
    await_asked(stub, status="missed")
    lost = error(401, "unauthorized")
    lost.body["login_url"] = crm
    stub.answers["calls"] = [lost]
    browser.find("#refresh").click()
    browser.see("Get a link from your system")
    browser.shot("signin-lost")
    browser.find("#login").click()
    until(lambda: browser.js("return location.href") == crm, "the CRM")
    listing(stub)
    browser.driver.get(f"{stub.url}/#token={token}")
    await_chips(browser, "Missed")
    await_asked(stub, status="missed")
    assert browser.js("return location.search + location.hash") == "?status=missed"
    browser.find("#leave").click()
    browser.see("Open the link from your system")
    browser.driver.get(crm)
    browser.driver.get(f"{stub.url}/#token={token}")
    browser.see("A visit was moved.")
    assert chips(browser) == [], "who has signed out comes back to nothing"
