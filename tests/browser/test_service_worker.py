"""The service worker: notifications and a page for when there is no network, and nothing else."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from browser_chromium import Chromium
from browser_kit import Browser, until
from browser_site import Site
from browser_stub import WEB, Stub
from test_calls_page import play

PERMIT = {"permission": {"name": "notifications"}, "setting": "granted"}
STORED = """
const done = arguments[0];
caches.keys().then((names) => Promise.all(names.map(async (name) =>
    (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname))))
    .then((all) => done(all.flat()));
"""
SHOWN = """
const done = arguments[0];
navigator.serviceWorker.ready.then((one) => one.getNotifications()).then((all) =>
    done(all.map(({ title, body, lang, dir, tag, data }) =>
        ({ title, body, lang, dir, tag, data }))));
"""


def installed(site: Site, browser: Browser) -> str:
    """The page with its worker in charge of it; the worker's registration."""
    site.sign_in(browser)
    browser.wait_js(
        "navigator.serviceWorker.ready.then(() => arguments[0]())")
    until(lambda: browser.js("return Boolean(navigator.serviceWorker.controller)"), "in charge")
    return browser.js("return location.origin")


def shown(browser: Browser) -> list[dict[str, Any]]:
    return browser.wait_js(SHOWN)


def test_without_a_network_there_is_a_page(site: Site, browser: Browser) -> None:
    installed(site, browser)
    browser.offline()
    site.stack.halt("lighttpd")
    try:
        browser.open(site.url)
        browser.see("There is no connection.")
        browser.see("אין חיבור.")
        assert browser.js("return getComputedStyle(document.body).display") == "grid"
        browser.shot("offline")
    finally:
        site.stack.revive("lighttpd")
        browser.online()
    browser.find("a").click()
    browser.see("No calls yet")


def test_it_keeps_its_own_pages_only(site: Site, browser: Browser) -> None:
    """After a recording has played, nothing of it is stored; a lost API is an error, not a page."""
    call = site.fetched(site.call(seconds=5))
    installed(site, browser)
    play(browser, call.call_sid).await_sound()
    assert sorted(browser.wait_js(STORED)) == [
        "/icon.svg", "/offline.html", "/page.css"]
    browser.offline()
    failed = browser.wait_js(
        "fetch('/api/calls').then((a) => arguments[0](a.status), () => arguments[0]('lost'))")
    browser.online()
    assert failed == "lost"


# ---- the worker's own code, in a world of ours ----


def test_api_and_media_are_left_alone(browser: Browser, stub: Stub) -> None:
    """Which requests it answers at all: (address, method, mode) by turns."""
    asked = [("/", "GET", "navigate"), ("/index.html", "GET", "navigate"),
             ("/page.css", "GET", "no-cors"), ("/api/calls", "GET", "cors"),
             ("/api/calls", "GET", "navigate"), ("/media/1/CA1.wav", "GET", "no-cors"),
             ("/media/1/CA1.wav", "GET", "navigate"), ("/", "POST", "navigate"),
             ("/webhook/call_status", "GET", "navigate"), ("/calls.js", "GET", "cors"),
             ("https://elsewhere.example/", "GET", "navigate"),
             ("chrome-extension://abc/x.js", "GET", "no-cors")]
    answered = world(browser, stub, """
        return args.map(([address, method, mode]) => {
            let answered = false;
            const url = new URL(address, location.origin).href;
            handlers.fetch({ request: { url, method, mode }, respondWith(one) {
                answered = true;
                one.catch(() => {});
            } });
            return answered;
        });""", *asked)
    assert answered == [True] * 3 + [False] * (len(asked) - 3)


def test_a_click_focuses_or_opens(browser: Browser, stub: Stub) -> None:
    clicked = world(browser, stub, """
        const home = location.origin, did = [];
        const page = (url) => ({ url, focus: () => did.push("focus"),
            postMessage: ({ open }) => did.push(`go to ${open}`) });
        self.clients.openWindow = (url) => did.push(`open ${url.replace(home, "")}`);
        const click = (url, ...pages) => {
            self.clients.matchAll = async () => pages;
            let done;
            handlers.notificationclick({ waitUntil: (one) => { done = one; },
                notification: { data: { url }, close: () => did.push("close") } });
            return done;
        };
        await click("/#CA1", page(`${home}/offline.html`), page(`${home}/?search=x`));
        await click("/#CA2", page(`${home}/page.css`));
        await click("https://elsewhere.example/");
        await click("/api/calls");
        await click(undefined);
        return did;""")
    assert clicked == ["close", "go to #CA1", "focus", "close", "open /#CA2",
                       *["close", "open /"] * 3]


def test_no_error_goes_further(browser: Browser, stub: Stub) -> None:
    ended = world(browser, stub, """
        const broken = () => { throw new Error("an extension was here"); };
        self.registration = { showNotification: broken };
        self.clients = { matchAll: broken, openWindow: broken, claim: broken };
        const ends = [];
        for (const name of ["install", "activate", "push", "notificationclick"]) {
            const waitUntil = (one) => ends.push(one.then(() => name, () => `${name} failed`));
            handlers[name]({ waitUntil, data: null, notification: { close: broken } });
        }
        return Promise.all(ends);""")
    assert ended == ["install", "activate", "push", "notificationclick"]


def world(browser: Browser, stub: Stub, script: str, *values: Any) -> Any:
    """Runs the worker's code where `self` is ours, then an async function body about it."""
    browser.open(stub.page(count=0))
    answer = browser.wait_js("""
        const [code, args, done] = arguments, handlers = {};
        const broken = async () => { throw new Error("no such thing here"); };
        const self = { location, clients: {}, skipWaiting: broken, caches: null,
            addEventListener: (name, act) => { handlers[name] = act; } };
        const AsyncFunction = (async () => {}).constructor;
        new AsyncFunction("self", "caches", "handlers", "args", code)(
            self, { open: broken, keys: broken, match: broken }, handlers, args)
            .then((value) => done({ value }), (error) => done({ error: String(error) }));""",
        f"{(WEB / 'service-worker.js').read_text()}\n{{ {script} }}", list(values))
    assert "error" not in answer, answer["error"]
    return answer["value"]


# ---- and in the browser's ----


@pytest.mark.engines("chromium")  # only its protocol delivers a push without a push server
def test_a_push_is_shown_whatever_it_carries(site: Site, browser: Chromium) -> None:
    browser.cdp("ServiceWorker.enable")
    origin = installed(site, browser)
    browser.cdp("Browser.setPermission", **PERMIT, origin=origin)
    worker = registration(browser)
    full = {"title": "New call", "body": "From 050", "lang": "en", "dir": "ltr", "tag": "a",
            "url": "/#CA" + "1" * 32}
    odd = (json.dumps({"tag": "b", "title": 7}), "not json at all", "", "null", "[1]",
           json.dumps({"tag": "c", "dir": "up", "lang": "xx-not-a-language-at-all"}))
    for count, data in enumerate((json.dumps(full), *odd), 1):
        push(browser, worker, data, count)
    found = {one["tag"]: one for one in shown(browser)}
    assert found["a"]["title"] == "New call" and found["a"]["data"]["url"] == full["url"]
    assert found["b"]["title"] == "טייפדק" and found["b"]["dir"] == "rtl"
    assert found["b"]["body"] == "יש שיחה חדשה להאזנה." and found["b"]["lang"] == "he"


def push(browser: Chromium, worker: str, data: str, count: int) -> None:
    """Delivers a message, after which so many notifications are there. Chromium forgets one that
    it is asked about while it puts it up: then the message comes again."""

    def delivered() -> bool:
        browser.cdp("ServiceWorker.deliverPushMessage", registrationId=worker, data=data,
                    origin=browser.js("return location.origin"))
        for _ in range(10):
            browser.wait_js("setTimeout(arguments[0], 100)")
            if len(shown(browser)) == count:
                return True
        return False

    until(delivered, lambda: f"{data!r} is shown, not only {shown(browser)}")


def registration(browser: Browser) -> str:
    """The number by which the browser knows the worker of the page that is open."""
    page = browser.js("return location.href")
    browser.open("chrome://serviceworker-internals")
    browser.see(page)
    found = re.findall(r"Scope: (\S+).*?Registration ID: (\d+)",
                       browser.js("return document.body.innerText"), re.DOTALL)
    browser.open(page)
    return dict(found)[page]
