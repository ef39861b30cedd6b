"""`make up`, `make down` and `make demo`: the environment says where and how."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from . import demo, ports
from .errors import StackError
from .stack import ROOT, Stack

USAGE = ("usage: python3 tests/stack up|down|demo   "
         "(environment: PORT, RUN_DIR, TIMERS, FRONT, BUILD, DEMO_CALLS)")
DEMO_CALLS_MAX = 100_000


@dataclass(frozen=True)
class Wish:
    """What the environment asks for."""

    port: int
    run_dir: Path
    timers: bool
    build_dir: Path


def main(arguments: list[str]) -> int:
    commands = {"up": up, "down": down, "demo": show}
    if len(arguments) != 1 or arguments[0] not in commands:
        print(USAGE, file=sys.stderr)
        return 2
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _as_interrupt)
    try:
        return commands[arguments[0]](read_wish(os.environ))
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename or 'the stack'}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130


def read_wish(environ: Mapping[str, str]) -> Wish:
    timers = environ.get("TIMERS") or "on"
    if timers not in ("on", "off"):
        raise StackError(f"TIMERS is on or off, not {timers!r}")
    return Wish(
        port=ports.parse_port(environ.get("PORT") or "8080"),
        run_dir=Path(environ.get("RUN_DIR") or ROOT / "run"),
        timers=timers == "on",
        build_dir=Path(environ.get("BUILD") or ROOT / "build"),
    )


def up(wish: Wish) -> int:
    stack = Stack(wish.run_dir, wish.port, timers=wish.timers, speech=True,
                  build_dir=wish.build_dir, environ=os.environ)
    if stack.is_running():
        if stack.is_healthy():
            print(f"Already running: {stack.base_url}   (make down ends it)")
            return 0
        raise StackError(f"the stack in {stack.run_dir} runs only in part; end it with make down")
    began = time.monotonic()
    stack.start()
    print(f"Ready after {time.monotonic() - began:.1f} s: {stack.base_url}")
    print(f"In a shell: . {shlex.quote(str(stack.run_dir / 'env'))}   To end it: make down")
    return 0


def down(wish: Wish) -> int:
    stopped = Stack(wish.run_dir).stop()
    print(f"Stopped what ran in {wish.run_dir}." if stopped else f"Nothing runs in {wish.run_dir}.")
    return 0


def show(wish: Wish) -> int:
    stack = Stack(wish.run_dir, wish.port, timers=True, speech=True,
                  build_dir=wish.build_dir, environ=os.environ)
    return demo.tell(stack, os.environ.get("DEMO_ONCE") != "1", demo_calls_wanted(os.environ))


def demo_calls_wanted(environ: Mapping[str, str]) -> int:
    """How many calls the page of the demo is filled with; 0: none but the story's."""
    text = environ.get("DEMO_CALLS") or "40"
    if not (text.isascii() and text.isdigit() and len(text) < 9 and int(text) <= DEMO_CALLS_MAX):
        raise StackError(f"DEMO_CALLS is a number up to {DEMO_CALLS_MAX:,}, not {text!r}")
    return int(text)


def _as_interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
