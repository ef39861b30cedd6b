"""clients/s3.c against a real store: what it stores is there, and what is not there it does not
believe."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import secrets
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from stack.stack import ROOT

from . import ceph as ceph_module
from .ceph import Ceph
from .proxy import Proxy

PROGRAM = ROOT / "tests" / "s3" / "verbs.c"
RULE = "verbs: ; @echo $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(TESTABLE_O) $(SHARED_LIBS) $(JOBS_LIBS) $(DECODER_LIBS)"
MIB = 1 << 20
PUT, GET, HEAD = (rf"{verb} /.*\.wav" for verb in ("PUT", "GET", "HEAD"))


@pytest.fixture(scope="session")
def program(build_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The verbs, as a program: linked as the Makefile links a unit test."""
    sanitized = b"__asan_init" in (build_dir / "tapedeck").read_bytes()
    told = subprocess.run(
        ["make", "-s", "--no-print-directory", f"BUILD={build_dir}",
         f"SANITIZE={'yes' if sanitized else 'no'}", f"--eval={RULE}", "verbs"],
        cwd=ROOT, capture_output=True, text=True, check=True)
    words = [word for word in told.stdout.split() if word not in ("-MMD", "-MP")]
    output = tmp_path_factory.mktemp("verbs") / "verbs"
    done = subprocess.run([words[0], "-o", str(output), str(PROGRAM), *words[1:]], cwd=ROOT,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return output


@dataclass
class Verbs:
    """The program with settings, and the files it works on."""

    program: Path
    folder: Path
    settings: dict[str, str]

    def __call__(self, *words: str, **settings: str) -> list[str]:
        """What it printed, by words; the outcome comes last."""
        empty = self.folder / "empty.env"
        empty.touch(0o600)
        kept = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
        done = subprocess.run([str(self.program), *words], capture_output=True, text=True,
                              timeout=120, env={"TAPEDECK_ENV": str(empty), **kept,
                                                **self.settings, **settings})
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    def outcome(self, *words: str, **settings: str) -> str:
        return self(*words, **settings)[-1]

    def file(self, size: int) -> Path:
        """Of bytes that repeat nowhere near a part's size."""
        path = self.folder / secrets.token_hex(4)
        block = secrets.token_bytes(MIB + 7)
        with path.open("wb") as out:
            for at in range(0, size, len(block)):
                out.write(block[: min(len(block), size - at)])
        return path


@pytest.fixture
def verbs(program: Path, ceph: Ceph, store_proxy: Proxy, tmp_path: Path) -> Verbs:
    return Verbs(program, tmp_path, {
        "S3_ENDPOINT": store_proxy.endpoint, "S3_BUCKET": ceph_module.BUCKET,
        "S3_ACCESS_KEY": ceph_module.ACCESS_KEY, "S3_SECRET_KEY": ceph_module.SECRET_KEY,
        "STALL_TIMEOUT": "20s", "CONNECT_TIMEOUT": "20s",
    })


@pytest.fixture
def key() -> str:
    return f"{secrets.randbelow(10**9)}/CA{secrets.token_hex(16)}.wav"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def got(key: str, stored: Path, back: Path) -> tuple[str, ...]:
    """The words that get what should be the same as `stored`."""
    return "get", key, str(back), str(stored.stat().st_size), sha256(stored)


# ---- what goes well ----


@pytest.mark.parametrize("size", [0, 1, 300_000, 3 * MIB + 5])
def test_a_file_goes_and_comes_back(verbs: Verbs, ceph: Ceph, key: str, size: int) -> None:
    path, back = verbs.file(size), verbs.folder / "back"
    stored = verbs("put", key, str(path))
    assert (stored[0], stored[-2:]) == (str(size), [sha256(path), "ok"])
    assert ceph.client.get(key) == path.read_bytes()
    head = ceph.client.head(key)
    assert (head.headers["content-type"], head.headers["etag"]) == ("audio/x-wav", stored[1])
    assert verbs("head", key) == [str(size), stored[1], "ok"]
    assert verbs.outcome(*got(key, path, back)) == "ok"
    assert back.read_bytes() == path.read_bytes()
    assert verbs.outcome("delete", key) == "ok"
    assert ceph.client.get(key) is None
    assert verbs.outcome("delete", key) == "ok", "gone is gone"
    assert verbs.outcome("head", key) == "not_found"
    assert verbs.outcome(*got(key, path, back)) == "not_found"


@pytest.mark.parametrize("there", [b"", b"12345", b"1234567", b"12345x", None],
                         ids=["nothing", "shorter", "longer", "others", "gone"])
def test_other_bytes_than_were_stored_are_found_out(
    verbs: Verbs, ceph: Ceph, key: str, there: bytes | None
) -> None:
    path = verbs.folder / "stored"
    path.write_bytes(b"123456")
    if there is not None:
        ceph.client.put(key, there)
    assert verbs.outcome(*got(key, path, verbs.folder / "back")) == (
        "not_found" if there is None else "differs")
    back = (verbs.folder / "back").read_bytes()
    assert len(back) <= 6, "never more than was asked for"


def test_a_large_file_goes_in_parts(verbs: Verbs, ceph: Ceph, store_proxy: Proxy, key: str) -> None:
    path = verbs.file(64 * MIB + 1)
    stored = verbs("put", key, str(path))
    assert stored[-2:] == [sha256(path), "ok"] and stored[1].endswith('-5"')
    assert hashlib.sha256(ceph.client.get(key) or b"").hexdigest() == sha256(path)
    assert ceph.client.head(key).headers["content-type"] == "audio/x-wav"
    assert store_proxy.asked(r"PUT /.*\?partNumber=\d&uploadId=.*") == 5
    assert ceph.client.uploads() == 0
    assert verbs.outcome(*got(key, path, verbs.folder / "back")) == "ok"
    assert verbs.outcome("delete", key) == "ok"


def test_the_largest_that_goes_whole(verbs: Verbs, ceph: Ceph, store_proxy: Proxy, key: str) -> None:
    path = verbs.file(64 * MIB)
    assert verbs("put", key, str(path))[-2:] == [sha256(path), "ok"]
    assert store_proxy.asked(PUT) == 1
    ceph.client.delete(key)


def test_virtual_hosts(verbs: Verbs, ceph: Ceph, key: str) -> None:
    """The bucket in the host's name."""
    path, there = verbs.file(5000), {"S3_STYLE": "virtual"}
    there["S3_ENDPOINT"] = f"http://{ceph_module.DOMAIN}:{ceph.port}"
    assert verbs.outcome("put", key, str(path), **there) == "ok"
    assert ceph.client.get(key) == path.read_bytes()
    url, outcome = verbs("link", key, "60", **there)
    assert outcome == "ok"
    assert url.startswith(f"http://{ceph_module.BUCKET}.{ceph_module.DOMAIN}:{ceph.port}/{key}?")
    name, local = f"{ceph_module.BUCKET}.{ceph_module.DOMAIN}", f"127.0.0.1:{ceph.port}"
    answer = urllib.request.urlopen(urllib.request.Request(
        url.replace(f"{name}:{ceph.port}", local), headers={"Host": f"{name}:{ceph.port}"}))
    assert answer.read() == path.read_bytes()
    assert verbs.outcome("delete", key, **there) == "ok"


# ---- lists ----

ODD = "zz/ a+b%2F&<\u05d0>'.txt"


def listed(verbs: Verbs, after: str, **settings: str) -> tuple[dict[str, int], str, str, str]:
    """The keys of a page with their sizes, where it ended, whether all did, and how it went."""
    *rows, after, ended, outcome = verbs("list", after, **settings)
    return dict(zip(rows[::3], map(int, rows[1::3]))), after.removeprefix("="), ended, outcome


def test_a_list_goes_on_after_any_key(verbs: Verbs, ceph: Ceph) -> None:
    """Also one that our own keys never have: here it is the last of its page, and of all."""
    page = [ODD, *(f"zz/0{n:03}.wav" for n in range(999))]
    for name in (*page, "zz/1" + ODD, "zz/2.wav", "zz/\u05d0"):
        ceph.client.put(urllib.parse.quote(name), name.encode())
    try:
        keys, place, ended, outcome = listed(verbs, "zz%2F")
        assert (len(keys), keys["-"], ended, outcome) == (1000, len(ODD.encode()), "0", "ok")
        keys, place, ended, outcome = listed(verbs, place)
        assert (keys.keys(), ended, outcome) == ({"-", "zz/2.wav"}, "1", "ok")
        assert listed(verbs, place)[0] == {}
        assert listed(verbs, urllib.parse.quote("zz/1" + ODD, safe=""))[0].keys() == {
            "zz/2.wav", "-"}
    finally:
        for name in (*page, "zz/1" + ODD, "zz/2.wav", "zz/\u05d0"):
            ceph.client.delete(urllib.parse.quote(name))


def test_a_list_says_when(verbs: Verbs, ceph: Ceph) -> None:
    ceph.client.put("zz/when.wav", b"1")
    key, size, modified, *_ = verbs("list", "zz%2F")
    assert (key, size) == ("zz/when.wav", "1") and abs(time.time() - int(modified)) < 600
    ceph.client.delete("zz/when.wav")


def test_a_list_that_cannot_be_had(verbs: Verbs, store_proxy: Proxy) -> None:
    assert listed(verbs, "", S3_BUCKET="nosuch")[3] == "refused"
    assert listed(verbs, "", S3_SECRET_KEY="wrong")[3] == "denied"
    store_proxy.spoil(to_client=lambda data: data.replace(b"<IsTruncated>", b"<IsTruncatex>"))
    assert listed(verbs, "") == ({}, "", "0", "refused")
    store_proxy.down()
    assert verbs.outcome("list", "") == "unavailable"
    store_proxy.up()


# ---- links ----


def follow(url: str) -> tuple[bytes, dict[str, str]]:
    with urllib.request.urlopen(url, timeout=120) as answer:
        return answer.read(), {name.lower(): value for name, value in answer.getheaders()}


def test_a_link_opens_one_object_for_a_while(verbs: Verbs, ceph: Ceph, key: str) -> None:
    ceph.client.put(key, b"RIFF" * 1000)
    url, outcome = verbs("link", key, "60")
    assert outcome == "ok"
    body, headers = follow(url)
    assert body == b"RIFF" * 1000
    assert headers["content-type"] == "audio/x-wav"
    assert headers["content-disposition"] == 'attachment; filename="a b.wav"'
    ranged = urllib.request.Request(url, headers={"Range": "bytes=4-7"})
    with urllib.request.urlopen(ranged, timeout=120) as answer:
        assert (answer.status, answer.read()) == (206, b"RIFF")


@pytest.mark.parametrize("change", [
    lambda url: re.sub(r"(X-Amz-Signature=)(.)", lambda m: m[1] + ("1" if m[2] == "0" else "0"), url),
    lambda url: url.replace("audio%2Fx-wav", "text%2Fhtml"),
    lambda url: url.replace("Expires=60", "Expires=99"),
    lambda url: url.replace(".wav?", ".mp3?"),
], ids=["signature", "type", "expiry", "key"])
def test_a_changed_link_opens_nothing(
    verbs: Verbs, ceph: Ceph, key: str, change: Callable[[str], str]
) -> None:
    ceph.client.put(key, b"x")
    ceph.client.put(key.replace(".wav", ".mp3"), b"y")
    url = verbs("link", key, "60")[0]
    assert change(url) != url
    with pytest.raises(urllib.error.HTTPError) as refused:
        follow(change(url))
    assert refused.value.code == 403


def test_a_link_ends(verbs: Verbs, ceph: Ceph, key: str) -> None:
    ceph.client.put(key, b"x")
    with pytest.raises(urllib.error.HTTPError) as refused:
        follow(verbs("link", key, "-30")[0])
    assert refused.value.code == 403


# ---- what goes wrong ----


def test_the_wrong_secret(verbs: Verbs, key: str) -> None:
    wrong = {"S3_SECRET_KEY": "another secret"}
    path = verbs.file(10)
    assert verbs.outcome("put", key, str(path), **wrong) == "denied"
    assert verbs.outcome("head", key, **wrong) == "denied"
    assert verbs.outcome("delete", key, **wrong) == "denied"
    assert verbs.outcome(*got(key, path, verbs.folder / "back"), **wrong) == "denied"


def test_the_wrong_bucket_says_nothing_about_objects(verbs: Verbs, key: str) -> None:
    wrong = {"S3_BUCKET": "no-such-bucket"}
    path = verbs.file(10)
    for words in (("put", key, str(path)), ("head", key),
                  got(key, path, verbs.folder / "back"), ("delete", key)):
        assert verbs.outcome(*words, **wrong) == "refused", words


@pytest.mark.parametrize("size", [70_000, 65 * MIB])
def test_bytes_that_change_on_the_way_are_refused(
    verbs: Verbs, ceph: Ceph, store_proxy: Proxy, key: str, size: int
) -> None:
    path = verbs.file(size)
    probe = path.read_bytes()[60_000:60_016]
    store_proxy.spoil(to_store=lambda data: data.replace(probe, bytes(16)))
    assert verbs.outcome("put", key, str(path)) == "refused"
    assert ceph.client.get(key) is None and ceph.client.uploads() == 0


def test_the_sums_of_what_is_sent_are_sent(verbs: Verbs, store_proxy: Proxy, key: str) -> None:
    path, seen = verbs.file(70_000), bytearray()

    def see(data: bytes) -> bytes:
        seen.extend(data)
        return data

    store_proxy.spoil(to_store=see)
    assert verbs.outcome("put", key, str(path)) == "ok"
    md5 = base64.b64encode(hashlib.md5(path.read_bytes()).digest()).decode()
    head = bytes(seen).split(b"\r\n\r\n")[0].decode()
    assert f"x-amz-content-sha256: {sha256(path)}" in head and f"Content-MD5: {md5}" in head
    assert re.search("SignedHeaders=[a-z0-9;-]*content-md5;[a-z0-9;-]*x-amz-content-sha256", head)


def another_etag(data: bytes) -> bytes:
    return re.sub(rb'(ETag: "?)[0-9a-f]{8}', rb"\g<1>beefbeef", data)


def test_a_strange_etag_is_looked_into(
    verbs: Verbs, store_proxy: Proxy, key: str
) -> None:
    """As of a store that encrypts: the object is read back."""
    path = verbs.file(200_000)
    store_proxy.spoil(to_client=another_etag)
    stored = verbs("put", key, str(path))
    assert stored[-2:] == [sha256(path), "ok"] and stored[1].startswith('"beefbeef')
    assert store_proxy.asked(GET) == 1


def test_a_store_that_has_other_bytes_is_found_out(
    verbs: Verbs, store_proxy: Proxy, key: str
) -> None:
    path = verbs.file(200_000)
    probe = path.read_bytes()[1000:1016]
    store_proxy.spoil(
        to_client=lambda data: another_etag(data).replace(probe, bytes(16)))
    assert verbs.outcome("put", key, str(path)) == "differs"


def test_a_store_that_cuts_an_object_short_is_found_out(
    verbs: Verbs, store_proxy: Proxy, key: str
) -> None:
    store_proxy.spoil(to_client=lambda data: data.replace(
        b"Content-Length: 200000", b"Content-Length: 199999"))
    assert verbs.outcome("put", key, str(verbs.file(200_000))) == "differs"


def test_a_store_that_loses_it_at_once_is_found_out(
    verbs: Verbs, ceph: Ceph, store_proxy: Proxy, key: str
) -> None:
    def lose(data: bytes) -> bytes:
        if data.startswith(b"HEAD "):
            ceph.client.delete(key)
        return data

    store_proxy.spoil(to_store=lose)
    assert verbs.outcome("put", key, str(verbs.file(2000))) == "differs"


@pytest.mark.parametrize("words", ["put", "get", "head", "delete"])
def test_a_store_that_is_down_or_silent(
    verbs: Verbs, store_proxy: Proxy, key: str, words: str
) -> None:
    path = verbs.file(5 * MIB)
    arguments = {"put": ("put", key, str(path)), "get": got(key, path, verbs.folder / "back")}.get(
        words, (words, key))
    store_proxy.spoil(silent=True)
    assert verbs.outcome(*arguments, STALL_TIMEOUT="300ms") == "unavailable"
    store_proxy.down()
    assert verbs.outcome(*arguments) == "unavailable"


def test_an_upload_that_is_cut_off(
    verbs: Verbs, ceph: Ceph, store_proxy: Proxy, key: str
) -> None:
    path = verbs.file(70 * MIB)
    store_proxy.spoil(cut_after=20 * MIB)
    assert verbs.outcome("put", key, str(path), STALL_TIMEOUT="2s") == "unavailable"
    store_proxy.heal()
    assert ceph.client.get(key) is None
    assert verbs.outcome("put", key, str(path)) == "ok"
    ceph.client.delete(key)


@pytest.mark.parametrize("settings", [
    {"S3_ENDPOINT": "http://host/path"}, {"S3_ENDPOINT": "http://u@host"}, {"S3_BUCKET": ""},
    {"S3_BUCKET": "Upper"}, {"S3_BUCKET": "a/b"}, {"S3_REGION": "eu west"},
    {"S3_ACCESS_KEY": ""}, {"S3_SECRET_KEY": ""}, {"S3_STYLE": "other"},
    {"S3_ENDPOINT": "", "CACHE_MAX_BYTES": "1"},
])
def test_settings_that_make_no_sense(verbs: Verbs, settings: dict[str, str]) -> None:
    empty = verbs.folder / "empty.env"
    empty.touch(0o600)
    done = subprocess.run([str(verbs.program), "head", "x"], capture_output=True, text=True,
                          env={"TAPEDECK_ENV": str(empty), **verbs.settings, **settings})
    assert done.returncode == 2
    assert re.search(r"configuration: (S3_\w+|CACHE_MAX_BYTES): ", done.stderr)
