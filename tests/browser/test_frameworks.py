"""The player in pages of React 19, Vue 3 and Svelte 5, as one file from another origin, and its types."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

import browser_npm
from browser_kit import Browser, Player, until
from browser_stub import Reply, Stub, ready
from stack.stack import ROOT

CALL = f"CA{0:032x}"
REACT = ("react@19.2.0", "react-dom@19.2.0", "scheduler@0.27.0")
VUE = ("vue@3.5.22",)
SVELTE = ("svelte@5.57.3",)
TYPES = ("typescript@5.9.3", "@types/react@19.2.2", "csstype@3.1.3")

# React comes as CommonJS: a page of it needs that much of a loader.
REACT_PAGE = """<!doctype html><html lang="en"><title>CRM</title><div id="root"></div>
<script type="module" src="/recording-player.js"></script>
<script type="module">
const files = { react: "/npm/react", "react-dom": "/npm/react-dom", scheduler: "/npm/scheduler",
                "react-dom/client": "/npm/client" };
const sources = Object.fromEntries(await Promise.all(Object.entries(files).map(
    async ([name, url]) => [name, await (await fetch(url)).text()])));
const made = {};
const require = (name) => {
    if (!made[name]) {
        const module = made[name] = { exports: {} };
        new Function("module", "exports", "require", "process", sources[name])(
            module, module.exports, require, { env: { NODE_ENV: "production" } });
    }
    return made[name].exports;
};
const { createElement: h, useState } = require("react");
function Page() {
    const [seconds, set] = useState(63);
    window.turn = set;
    window.states ??= [];
    return h("main", null, h("h1", null, `It is ${seconds}`), h("recording-player", {
        callSid: "CALL", duration: seconds, label: "050", lanes: ["agent", "customer"], part: undefined,
        playbackRate: 1.25, "onrecording-state": (event) => window.states.push(event.detail.state) }));
}
require("react-dom/client").createRoot(document.querySelector("#root")).render(h(Page));
</script></html>""".replace("CALL", CALL)
REACT_FILES = {
    "/npm/react": "react/cjs/react.production.js",
    "/npm/react-dom": "react-dom/cjs/react-dom.production.js",
    "/npm/client": "react-dom/cjs/react-dom-client.production.js",
    "/npm/scheduler": "scheduler/cjs/scheduler.production.js",
}

VUE_PAGE = """<!doctype html><html lang="en"><title>CRM</title><div id="root"></div>
<script type="module" src="/recording-player.js"></script>
<script type="module">
import { createApp, h, ref } from "/npm/vue";
const rows = ref(["CALL", "OTHER"]);
window.reverse = () => { rows.value = [...rows.value].reverse(); };
window.states = [];
createApp({
    template: `<main><h1>Calls</h1><recording-player v-for="sid in rows" :key="sid" :call-sid="sid"
        :duration="30" label="050" @recording-state="said"></recording-player></main>`,
    setup: () => ({ rows, said: (event) => window.states.push(event.detail.state) }),
}).mount("#root");
</script></html>""".replace("CALL", CALL).replace("OTHER", f"CA{1:032x}")

# Compiled as a CRM's build does it; its run-time is served as the modules that it consists of.
SVELTE_PAGE = """<script>
    let rows = $state(["CALL", "OTHER"]);
    let seconds = $state(30);
    window.states = [];
    window.reverse = () => { rows = rows.toReversed(); };
    window.turn = (to) => { seconds = to; };
    const said = ({ detail }) => { window.states.push(detail.state); };
</script>
<main><h1>It is {seconds}</h1>
    {#each rows as sid (sid)}
        <recording-player call-sid={sid} duration={seconds} label="050" lanes={["agent", "customer"]}
            playbackRate={1.25} onrecording-state={said}></recording-player>
    {/each}
</main>""".replace("CALL", CALL).replace("OTHER", f"CA{1:032x}")
SVELTE_COMPILE = """import { compile } from "svelte/compiler";
import { readFileSync } from "node:fs";
console.log(compile(readFileSync(0, "utf8"), { generate: "client", name: "Page" }).js.code);
"""
SVELTE_MODULES = {
    "svelte": "svelte/src/index-client.js", "svelte/internal/client": "svelte/src/internal/client/index.js",
    "svelte/internal/disclose-version": "svelte/src/internal/disclose-version.js",
    "svelte/reactivity": "svelte/src/reactivity/index-client.js",
    "#client/constants": "svelte/src/internal/client/constants.js",
    "clsx": "clsx/dist/clsx.mjs", "esm-env": "esm-env/index.js", "esm-env/browser": "esm-env/true.js",
    "esm-env/development": "esm-env/false.js", "esm-env/node": "esm-env/false.js",
}
SVELTE_SHELL = """<!doctype html><html lang="en"><title>CRM</title>
<script type="importmap">IMPORTS</script><div id="root"></div>
<script type="module" src="/recording-player.js"></script>
<script type="module">
import { mount } from "svelte";
import Page from "/npm/page.js";
mount(Page, { target: document.querySelector("#root") });
</script></html>""".replace("IMPORTS", json.dumps(
    {"imports": {name: f"/npm/{path}" for name, path in SVELTE_MODULES.items()}}))


def serve(stub: Stub, page: str, files: dict[str, Path]) -> None:
    stub.answers["prepare"] = [ready()]
    stub.pages["/crm"] = Reply(200, page.encode())
    for path, file in files.items():
        stub.pages[path] = Reply(200, file.read_bytes(), {"Content-Type": "text/javascript"})


def sounds_where_it_was_moved(browser: Browser, player: Player) -> None:
    """The page sorts its list anew while the first one plays."""
    player.click()
    player.await_sound()
    at = player.time
    browser.js("window.reverse()")
    until(lambda: browser.js("return document.querySelector('recording-player').callSid") != CALL,
          "it is the second now")
    player.await_sound(past=at)
    assert browser.js("return window.states")[-1] == "playing"


def test_react_19(browser: Browser, stub: Stub) -> None:
    """Numbers, lists and functions, and many renderings while it plays."""
    modules = browser_npm.fetch(*REACT)
    if modules is None:
        pytest.skip("React is not here, and npm could not fetch it")
    serve(stub, REACT_PAGE, {path: modules / name for path, name in REACT_FILES.items()})
    browser.open(stub.url + "/crm")
    player = browser.player()
    assert (player.get("duration"), player.get("playbackRate")) == (63, 1.25)
    player.click()
    player.await_sound()
    at = player.time
    for seconds in (64, 65):
        browser.js("window.turn(arguments[0])", seconds)
        browser.see(f"It is {seconds}")
    player.await_sound(past=at)
    assert browser.js("return window.states")[-1] == "playing"
    assert player.get("playbackRate") == 1.25 and browser.complaints() == []


def test_vue_3(browser: Browser, stub: Stub) -> None:
    """A list that is sorted anew takes its players along."""
    modules = browser_npm.fetch(*VUE)
    if modules is None:
        pytest.skip("Vue is not here, and npm could not fetch it")
    serve(stub, VUE_PAGE, {"/npm/vue": modules / "vue/dist/vue.esm-browser.prod.js"})
    browser.open(stub.url + "/crm")
    player = browser.player(f"[call-sid={CALL}]")
    assert player.part(".all").text == "0:30"
    sounds_where_it_was_moved(browser, player)


def test_svelte_5(browser: Browser, stub: Stub, tmp_path: Path) -> None:
    """Attributes and properties that are bound, events, a list that is sorted anew."""
    modules = browser_npm.fetch(*SVELTE)
    if modules is None:
        pytest.skip("Svelte is not here, and npm could not fetch it")
    made = subprocess.run(["node", "--input-type=module", "-e", SVELTE_COMPILE], cwd=modules,
                          input=SVELTE_PAGE, capture_output=True, text=True, check=True)
    (tmp_path / "page.js").write_text(made.stdout)
    files = [modules / "clsx/dist/clsx.mjs", *(modules / "esm-env").glob("*.js")]
    files += [one for one in (modules / "svelte/src").rglob("*.js") if "compiler" not in one.parts]
    serve(stub, SVELTE_SHELL, {"/npm/page.js": tmp_path / "page.js",
                               **{f"/npm/{one.relative_to(modules)}": one for one in files}})
    browser.open(stub.url + "/crm")
    player = browser.player(f"[call-sid={CALL}]")
    assert (player.part(".all").text, player.get("lanes")) == ("0:30", "agent,customer")
    assert player.get("playbackRate") == 1.25
    browser.js("window.turn(40)")
    browser.see("It is 40")
    until(lambda: player.part(".all").text == "0:40", "the bound number")
    sounds_where_it_was_moved(browser, player)
    assert browser.complaints() == []


@pytest.fixture(scope="module")
def built() -> Path:
    """What `make player` makes."""
    subprocess.run(["make", "-s", "player", "BUILD=build"], cwd=ROOT, check=True, capture_output=True)
    return ROOT / "build" / "player"


def test_one_file_with_a_hash(browser: Browser, stub: Stub, friend: Stub, built: Path) -> None:
    """From another origin, whole or not at all."""
    one = next(built.glob("recording-player-*.js"))
    integrity = one.with_name(one.name + ".sri").read_text().strip()
    friend.pages["/one.js"] = Reply(200, one.read_bytes(), {
        "Content-Type": "text/javascript", "Access-Control-Allow-Origin": "*"})
    stub.answers["prepare"] = [ready()]
    for hashed, there in ((integrity, True), ("sha384-" + "A" * 64, False)):
        stub.pages["/crm"] = Reply(200, f"""<!doctype html><html lang="en"><title>CRM</title>
            <script>window.failed = false</script>
            <script type="module" src="{friend.url}/one.js" crossorigin integrity="{hashed}"
             onerror="window.failed = true"></script>
            <recording-player call-sid="{CALL}" api-base="/" transcript></recording-player>"""
                                   .encode())
        browser.open(stub.url + "/crm")
        until(lambda: browser.js("return Boolean(window.failed || document.querySelector("
                                 "'recording-player').shadowRoot)"), "it is here or refused")
        assert browser.js("return window.failed") is not there
        if there:
            player = browser.player()
            player.click()
            player.await_sound()
            until(lambda: player.shows(".unfold"), "also what is loaded later is in it")


def test_the_package_can_be_packed(built: Path) -> None:
    npm = shutil.which("npm")
    if not npm:
        pytest.skip("npm is not here")
    done = subprocess.run([npm, "pack", "--dry-run", "--json"], cwd=built / "npm",
                          capture_output=True, text=True, check=True)
    [pack] = json.loads(done.stdout)
    assert {one["path"] for one in pack["files"]} == {
        "README.md", "package.json", "react.d.ts", "recording-player.d.ts", "recording-player.js"}
    one = next(built.glob("recording-player-*.js"))
    assert one.name == f"recording-player-{pack['version']}.js"


USES = """
import type { RecordingPlayer } from "recording-player";
import type {} from "recording-player/react";
const one = document.createElement("recording-player");
one.duration = 63;
one.token = async () => "secret";
one.addEventListener("recording-time", ({ detail }) => detail.partTime.toFixed());
// @ts-expect-error a state is not set
one.state = "idle";
const player: RecordingPlayer = one;
export const page = <recording-player callSid="CA1" duration={63} transcript
  onrecording-state={({ detail }) => detail.state} ref={(it) => { it?.play(); }} />;
// @ts-expect-error a number is wanted
export const wrong = <recording-player duration="long" />;
"""


def test_types(built: Path, tmp_path: Path) -> None:
    modules = browser_npm.fetch(*TYPES)
    if modules is None:
        pytest.skip("TypeScript is not here, and npm could not fetch it")
    (tmp_path / "node_modules" / "@types").mkdir(parents=True)
    for name, place in (("recording-player", built / "npm"), ("@types/react", modules / "@types/react"),
                        ("csstype", modules / "csstype")):
        (tmp_path / "node_modules" / name).symlink_to(place)
    (tmp_path / "page.tsx").write_text(USES)
    done = subprocess.run(
        ["node", str(modules / "typescript/bin/tsc"), "--noEmit", "--strict", "--jsx", "react-jsx",
         "--module", "nodenext", "--target", "es2022", "--preserveSymlinks", "page.tsx"],
        cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
