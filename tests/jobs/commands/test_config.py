"""The configuration, as `tapedeck` reads, checks and shows it: right, or one line and exit 2."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from stack.stack import Stack

Tool = Callable[..., subprocess.CompletedProcess[str]]

AC = "AC" + "0" * 32
SECRETS = {
    "DATABASE_URL": "postgresql://u:hunter1@h/d",
    "REDIS_URL": "redis://:hunter2@h/0",
    "JWT_SECRET": "hunter3" * 5,
    "MEDIA_SECRET": "hunter4" * 5,
    "TWILIO_AUTH_TOKEN": "hunter5",
    "TWILIO_API_SECRET": "hunter6",
    "OPENAI_API_KEY": "hunter7",
    "S3_SECRET_KEY": "hunter8",
}
PLAIN = {
    "RECORDINGS_DIR": "/var/lib/tapedeck",
    "PUBLIC_BASE_URL": "https://calls.example",
    "TWILIO_ACCOUNT_SID": AC,
    "RETRY_DELAYS": "1ms,2s,3s",
    "RECORDING_FORMATS": "mp3,asis",
    "SENDFILE": "x-accel-redirect",
    "ENABLE_SCHEDULERS": "false",
    "RUN_ATTEMPTS": "20",
}


def values_of(tool: Tool, **settings: str) -> dict[str, str]:
    """The effective configuration, as printed."""
    done = tool("config", **settings)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line for line in done.stdout.splitlines() if not line.startswith("# ")]
    return dict(line.split("=", 1) for line in lines)


def assert_refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """One clear line, and exit 2."""
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"tapedeck: configuration: [ -~]+\n", done.stderr), done.stderr
    for word in words:
        assert word in done.stderr


# What is shown.


def test_every_name_is_there_once_with_its_meaning(tool: Tool) -> None:
    names = tool("config", "--names").stdout.splitlines()
    lines = tool("config").stdout.splitlines()
    assert len(names) == len(set(names)) > 40
    assert [line.split("=")[0] for line in lines[1::2]] == names
    assert all(re.fullmatch(r"# [^ ].{4,}", line) for line in lines[::2])


def test_secrets_are_masked(tool: Tool) -> None:
    done = tool("config", **SECRETS, TWILIO_API_KEY="SK1")
    assert done.returncode == 0 and "hunter" not in done.stdout + done.stderr
    shown = values_of(tool, **SECRETS, TWILIO_API_KEY="SK1")
    assert {name: shown[name] for name in SECRETS} == dict.fromkeys(SECRETS, "********")
    assert values_of(tool)["JWT_SECRET"] == "", "what is not set is not masked"


def test_what_is_shown_can_be_read_again(tool: Tool, tmp_path: Path) -> None:
    shown = tool("config", **PLAIN).stdout
    (tmp_path / "again.env").write_text(shown)
    (tmp_path / "again.env").chmod(0o600)
    assert tool("config", TAPEDECK_ENV=str(tmp_path / "again.env")).stdout == shown


DURATIONS = {
    "90": "90s", "90s": "90s", "1ms": "1ms", "1500ms": "1500ms", "2min": "120s", "8h": "28800s",
    "7d": "604800s", "366d": "31622400s", "": "30s", "007": "7s",
}


@pytest.mark.parametrize("given, shown", DURATIONS.items())
def test_durations(given: str, shown: str, tool: Tool) -> None:
    assert values_of(tool, STALL_TIMEOUT=given)["STALL_TIMEOUT"] == shown


@pytest.mark.parametrize("given, shown", [
    ("true", "true"), ("TRUE", "true"), ("yes", "true"), ("1", "true"), ("", "true"),
    ("false", "false"), ("No", "false"), ("0", "false"),
])
def test_flags(given: str, shown: str, tool: Tool) -> None:
    assert values_of(tool, ENABLE_SCHEDULERS=given)["ENABLE_SCHEDULERS"] == shown


# What is refused.

WRONG = [
    ("PG_TIMEOUT", "soon"), ("PG_TIMEOUT", "5 s"), ("PG_TIMEOUT", "-1s"), ("PG_TIMEOUT", "0"),
    ("PG_TIMEOUT", "1.5s"), ("PG_TIMEOUT", "5m"), ("PG_TIMEOUT", "367d"),
    ("PG_TIMEOUT", "99999999999999999999s"), ("PG_TIMEOUT", "s"),
    ("RUN_ATTEMPTS", "0"), ("RUN_ATTEMPTS", "21"), ("RUN_ATTEMPTS", "3x"), ("RUN_ATTEMPTS", "+3"),
    ("RETRY_DELAYS", "5s,,30s"), ("RETRY_DELAYS", "5s,"), ("RETRY_DELAYS", "5s;30s"),
    ("RETRY_DELAYS", "1,2,3,4,5,6,7,8,9"), ("RETRY_DELAYS", "2d"),
    ("RECORDING_FORMATS", "flac"), ("RECORDING_FORMATS", "wav,wav2,mp3,asis,wav"),
    ("SENDFILE", "on"), ("SENDFILE", "X-Sendfile"), ("ENABLE_SCHEDULERS", "maybe"),
    ("TWILIO_ACCOUNT_SID", "AC123"), ("TWILIO_ACCOUNT_SID", "CA" + "0" * 32),
    ("RECORDINGS_DIR", "recordings"), ("RECORDINGS_DIR", "/a%20b"), ("RECORDINGS_DIR", "/a/../b"),
    ("RECORDINGS_DIR", "/a\nb"),
    ("PUBLIC_BASE_URL", "calls.example"), ("PUBLIC_BASE_URL", "ftp://calls.example"),
    ("PUBLIC_BASE_URL", "https://"), ("PUBLIC_BASE_URL", "https://a?b"),
    ("TWILIO_API_BASE", "https://a b"), ("ACCEL_PREFIX", "recordings"),
    ("MIN_RECORDING_BYTES", "0"), ("MAX_RECORDING_BYTES", "1000"), ("SLOTS_PER_BUSINESS", "0"),
    ("INFLIGHT_TTL", "1999ms"), ("RUNNER_TRANSFERS", "2001"),
    ("ALLOWED_ORIGINS", "https://a.example/crm"), ("DATABASE_URL", "x" * 5000),
]


@pytest.mark.parametrize("name, value", WRONG, ids=[f"{name}={v[:24]}" for name, v in WRONG])
def test_a_wrong_value_is_one_line(name: str, value: str, tool: Tool) -> None:
    assert_refused(tool("config", **{name: value}), name)


@pytest.mark.parametrize("name, value, wanted", [
    ("PLAY_LINK_TTL", "1hour", "15min"), ("RUN_ATTEMPTS", "0", "1 to 20"),
    ("RETRY_DELAYS", "x", "5s,30s"), ("SENDFILE", "xyz", "off,x-sendfile,x-accel-redirect"),
    ("SANDBOX", "maybe", "true or false"), ("PUBLIC_BASE_URL", "calls", "https://"),
    ("ALLOWED_ORIGINS", "calls", "https://"), ("JWT_SECRET", "hunter2", "32 bytes"),
    ("RECORDING_FORMATS", "ogg", "wav2,wav,mp3,asis"), ("TWILIO_ACCOUNT_SID", "AC1", "32"),
    ("RECORDINGS_DIR", "here", "from / on"), ("REDIS_URL", "localhost:6379", "redis://"),
    ("DATABASE_URL", "postgresql://u@h/%zz", "postgresql://"),
])
def test_what_is_wanted_is_said(name: str, value: str, wanted: str, tool: Tool) -> None:
    command = ["token", "--business", "7"] if name != "DATABASE_URL" else ["migrate"]
    done = tool(*command, **{"JWT_SECRET": "x" * 32, name: value})
    assert_refused(done, name, wanted)
    assert value not in done.stderr.replace(wanted, "")


INSTALLED = """
mount -t tmpfs tmpfs /etc && mkdir /etc/tapedeck
echo RUN_ATTEMPTS=7 >/etc/tapedeck/tapedeck.env && chmod 600 /etc/tapedeck/tapedeck.env
exec "$0" config
"""


def test_the_installed_settings_are_found(stack: Stack, tmp_path: Path) -> None:
    """By root, say, who names none: but those beside the program go before them."""
    program = tmp_path / "tapedeck"
    program.symlink_to(stack.tapedeck)
    environment = {name: value for name, value in os.environ.items() if name != "TAPEDECK_ENV"}
    done = subprocess.run(["unshare", "--mount", "sh", "-ec", INSTALLED, str(program)],
                          env=environment, capture_output=True, text=True)
    if "mount" in done.stderr or "unshare" in done.stderr:
        pytest.skip("a mount of one's own takes root")
    assert "RUN_ATTEMPTS=7\n" in done.stdout, done.stderr


@pytest.mark.parametrize("name", ["JWT_SECRET", "MEDIA_SECRET"])
def test_a_short_secret_is_refused_and_not_shown(name: str, tool: Tool) -> None:
    done = tool("config", **{name: "hunter2" + "x" * 24})
    assert_refused(done, name)
    assert "hunter2" not in done.stderr
    assert tool("config", **{name: "x" * 32}).returncode == 0


def test_a_key_needs_its_secret(tool: Tool) -> None:
    assert_refused(tool("config", TWILIO_API_KEY="SK1"), "TWILIO_API_KEY", "TWILIO_API_SECRET")
    assert_refused(tool("config", TWILIO_API_SECRET="hunter2"), "TWILIO_API_KEY")


@pytest.mark.parametrize("url", [
    "http://h", "redis://", "redis://h:0", "redis://h:99999", "redis://h/x", "unix://relative",
    "unix:///s?db=x", "h:6379",
])
def test_a_redis_address_is_checked_before_it_is_used(url: str, tool: Tool) -> None:
    assert_refused(tool("config", REDIS_URL=url), "REDIS_URL")


@pytest.mark.parametrize("url", [
    "postgresql://u:hunter2@[", "postgresql://u:hunter2@h/%zz", "password=hunter2 nonsense=1",
])
def test_a_database_address_is_checked_and_not_repeated(url: str, tool: Tool) -> None:
    assert_refused(tool("migrate", DATABASE_URL=url), "DATABASE_URL: this value")


COMPLETE = {
    "DATABASE_URL": "postgresql://h/d", "REDIS_URL": "redis://h", "RECORDINGS_DIR": "/r",
    "JWT_SECRET": "x" * 32, "MEDIA_SECRET": "x" * 32, "PUBLIC_BASE_URL": "https://calls.example",
    "TWILIO_AUTH_TOKEN": "t", "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
}


def test_a_complete_configuration_is_checked_without_a_server(tool: Tool) -> None:
    done = tool("config", "--check", **COMPLETE)
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)
    for name in COMPLETE:
        assert_refused(tool("config", "--check", **{**COMPLETE, name: ""}), name)
    assert_refused(tool("config", "--check", **COMPLETE, PLAY_LINK_TTL="1hour"), "PLAY_LINK_TTL")


COMMANDS = {
    "drain": ["DATABASE_URL", "REDIS_URL", "RECORDINGS_DIR", "TWILIO_ACCOUNT_SID",
              "TWILIO_AUTH_TOKEN"],
    "cleanup": ["DATABASE_URL", "REDIS_URL", "RECORDINGS_DIR"],
    "migrate": ["DATABASE_URL"],
    "token": ["JWT_SECRET"],
    "status": ["DATABASE_URL", "REDIS_URL", "RECORDINGS_DIR"],
}
NEEDS = [(command, name) for command, names in COMMANDS.items() for name in names]


@pytest.mark.parametrize("command, missing", NEEDS)
def test_a_command_says_what_it_needs(command: str, missing: str, tool: Tool) -> None:
    enough = {**SECRETS, **PLAIN, "TWILIO_API_KEY": "SK1"}
    del enough[missing]
    assert_refused(tool(command, **enough), f"{missing} is not set, and `{command}` needs it")


@pytest.mark.parametrize("command", [*COMMANDS, "config"])
def test_every_command_refuses_a_wrong_value(command: str, tool: Tool) -> None:
    assert_refused(tool(command, **SECRETS, TWILIO_API_KEY="SK1", PG_TIMEOUT="soon"), "PG_TIMEOUT")


# The env file.


@pytest.fixture
def env_file(tmp_path: Path) -> Callable[[str | bytes], str]:
    def write(text: str | bytes) -> str:
        path = tmp_path / "tapedeck.env"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        path.chmod(0o600)
        return str(path)

    return write


EnvFile = Callable[[str | bytes], str]

GOOD_LINES = [
    "RUN_ATTEMPTS=7", "  RUN_ATTEMPTS = 7\t", "export RUN_ATTEMPTS=7", 'RUN_ATTEMPTS="7"',
    "RUN_ATTEMPTS='7'", "RUN_ATTEMPTS=7\r", "# RUN_ATTEMPTS=9\n\n  # x\nRUN_ATTEMPTS=7\n",
]


@pytest.mark.parametrize("text", GOOD_LINES)
def test_lines_of_the_env_file(text: str, tool: Tool, env_file: EnvFile) -> None:
    assert values_of(tool, TAPEDECK_ENV=env_file(text))["RUN_ATTEMPTS"] == "7"


def test_the_environment_wins_over_the_file(tool: Tool, env_file: EnvFile) -> None:
    path = env_file("RUN_ATTEMPTS=7\nBREAKER_FAILURES=7\n")
    shown = values_of(tool, TAPEDECK_ENV=path, RUN_ATTEMPTS="8")
    assert (shown["RUN_ATTEMPTS"], shown["BREAKER_FAILURES"]) == ("8", "7")


BAD_FILES: dict[str, tuple[str | bytes, str]] = {
    "an unknown name": ("RUN_ATEMPTS=3\n", "RUN_ATEMPTS"),
    "a name in small letters": ("run_attempts=3\n", "run_attempts"),
    "a name twice": ("RUN_ATTEMPTS=3\nRUN_ATTEMPTS=3\n", "RUN_ATTEMPTS"),
    "no equals sign": ("hunter2\n", "TAPEDECK_ENV"),  # half of a secret, perhaps
    "no name": ("=3\n", "configuration"),
    "a wrong value": ("RUN_ATTEMPTS=0\n", "RUN_ATTEMPTS"),
    "a terminal's signs": ("\x1b[31mRED\x07=1\n", "RED"),
    "a NUL": (b"RUN_ATTEMPTS=3\n\0SECRET=1\n", "TAPEDECK_ENV"),
    "too long": ("# " + "x" * 70_000, "TAPEDECK_ENV"),
}


@pytest.mark.parametrize("text, word", BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_env_file_is_one_line(
    text: str | bytes, word: str, tool: Tool, env_file: EnvFile
) -> None:
    done = tool("config", TAPEDECK_ENV=env_file(text))
    assert_refused(done, word)
    assert "hunter" not in done.stderr


@pytest.mark.parametrize("mode", [0o604, 0o646, 0o602, 0o666])
def test_an_env_file_for_everybody_is_refused(mode: int, tool: Tool, env_file: EnvFile) -> None:
    path = Path(env_file("RUN_ATTEMPTS=7\n"))
    path.chmod(mode)
    assert_refused(tool("config", TAPEDECK_ENV=str(path)), "TAPEDECK_ENV", "chmod")
    path.chmod(mode & 0o660)
    assert values_of(tool, TAPEDECK_ENV=str(path))["RUN_ATTEMPTS"] == "7"


def test_an_env_file_that_is_not_there(tool: Tool, tmp_path: Path) -> None:
    """One that was named must be there; a folder is none."""
    for path in (tmp_path / "nowhere.env", tmp_path, tmp_path / ("x" * 5000)):
        assert_refused(tool("config", TAPEDECK_ENV=str(path)), "TAPEDECK_ENV")


def test_the_file_beside_the_binary_is_read(build_dir: Path, tmp_path: Path) -> None:
    """Shared hosting gives no other way; it need not be there."""
    shutil.copy(build_dir / "tapedeck", tmp_path)
    for text, attempts in (None, "3"), ("RUN_ATTEMPTS=7\n", "7"):
        if text:
            (tmp_path / "tapedeck.env").write_text(text)
            (tmp_path / "tapedeck.env").chmod(0o640)
        done = subprocess.run([str(tmp_path / "tapedeck"), "config"], capture_output=True,
                              text=True, cwd="/", env={"PATH": "/usr/bin"}, timeout=120)
        assert f"\nRUN_ATTEMPTS={attempts}\n" in done.stdout
