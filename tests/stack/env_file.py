"""Configuration as files: tapedeck.env for our binaries, and `env` for a shell to source."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from .errors import StackError

# Says, inside a shell that sourced an `env`, which values came from there: they are not choices
# of the caller's, and must not tie the next stack to the one before.
SOURCED = "TAPEDECK_SOURCED"


def caller_choices(environ: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """The configuration that the caller's environment sets on purpose; empty means not set."""
    sourced = set(environ.get(SOURCED, "").split())
    chosen = {
        name: environ[name]
        for name in names
        if environ.get(name) and _fingerprint(name, environ[name]) not in sourced
    }
    if "TWILIO_API_BASE" not in chosen:
        # The key of a real account opens nothing at the fake provider.
        chosen = {name: chosen[name] for name in chosen if not name.startswith("TWILIO_API_")}
    return chosen


def fresh_secrets() -> dict[str, str]:
    """An account of one's own at the fake provider, and keys nobody else has."""
    return {
        "JWT_SECRET": secrets.token_hex(32),
        "MEDIA_SECRET": secrets.token_hex(32),
        "METRICS_TOKEN": secrets.token_hex(16),
        "TWILIO_ACCOUNT_SID": "AC" + secrets.token_hex(16),
        "TWILIO_AUTH_TOKEN": secrets.token_hex(16),
    }


def write_config(path: Path, values: Mapping[str, str]) -> None:
    _write_private(path, "".join(f"{name}={_quoted(name, values[name])}\n" for name in values))


def write_exports(
    path: Path, values: Mapping[str, str], bin_dir: Path, own: Iterable[str]
) -> None:
    """What a shell sources; `own` names the values that were made up here, not given."""
    lines = [f"export {name}={_shell_quoted(values[name])}" for name in values]
    marks = " ".join(_fingerprint(name, values[name]) for name in own if name in values)
    lines.append(f"export {SOURCED}={_shell_quoted(marks)}")
    lines.append(f'export PATH={_shell_quoted(str(bin_dir))}:"$PATH"')
    _write_private(path, "\n".join(lines) + "\n")


def read_exports(path: Path) -> dict[str, str]:
    """The values of an `env` file; nothing when there is none."""
    try:
        words = shlex.split(path.read_text())
    except OSError:
        return {}
    return dict(word.split("=", 1) for word in words if re.match(r"[A-Z_]+=", word))


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _quoted(name: str, value: str) -> str:
    if any(character in value for character in '"\n\r\0'):
        raise StackError(f"{name} cannot hold quotes or line ends")
    return value if re.fullmatch(r"[^\s#'\\]*", value) else f'"{value}"'


def _shell_quoted(value: str) -> str:
    return "'" + value.replace("'", "'\\''") + "'"


def _fingerprint(name: str, value: str) -> str:
    return hashlib.sha256(f"{name}={value}".encode()).hexdigest()[:16]
