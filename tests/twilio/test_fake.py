"""The fake Twilio is as strict as the real one, and so is its control side."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import sys
import threading
import urllib.parse

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from twilio import fake
from twilio.asking import ACCOUNT, BASIC, LIST, TOKEN, Provider, Reply
from twilio.client import Control, ControlFailed, fault
from twilio.fake import FakeTwilio


@pytest.mark.parametrize(
    ("suffix", "label", "content_type"),
    [
        ("", "asis", "audio/x-wav"),
        (".wav", "wav", "audio/x-wav"),
        (".wav?RequestedChannels=1", "wav1", "audio/x-wav"),
        (".wav?RequestedChannels=2", "wav2", "audio/x-wav"),
        ("?RequestedChannels=2", "wav2", "audio/x-wav"),
        (".mp3", "mp3", "audio/mpeg"),
        (".mp3?RequestedChannels=2", "mp32", "audio/mpeg"),
    ],
)
def test_media(provider, control, recording, suffix, label, content_type):
    reply = provider.ask(recording.path + suffix)
    assert (reply.status, reply.headers["Content-Type"]) == (200, content_type)
    assert reply.body == control.source(recording.sid, label)
    assert int(reply.headers["Content-Length"]) == len(reply.body)
    assert control.stats().recording(recording.sid).by_format == {label: 1}


def test_the_formats_are_what_they_say(control, recording):
    sizes = recording.sizes
    assert sizes["wav2"] == sizes["asis"] == 44 + 2 * 8000 * 4 and sizes["wav1"] == 44 + 2 * 8000 * 2
    assert control.source(recording.sid, "mp3")[:2] == b"\xff\xf3"


def test_head_has_the_headers_only(provider, recording):
    reply = provider.ask(recording.path + ".wav", "HEAD")
    assert (reply.status, reply.body) == (200, b"")
    assert int(reply.headers["Content-Length"]) == recording.sizes["wav"]


def test_a_recording_made_as_mono_stays_mono_unless_two_channels_are_asked_for(provider, control):
    added = control.add_recording(channels=2, default_channels=1)
    assert len(provider.ask(added.path).body) == added.sizes["wav1"]
    assert len(provider.ask(added.path + "?RequestedChannels=2").body) == added.sizes["wav2"]


def test_one_connection_serves_many_requests(provider, recording):
    connection = provider.open(recording.path)
    connection.auto_open = 0
    assert len(Reply(connection.getresponse()).body) == recording.sizes["asis"]
    for path, status in [(recording.path + ".json", 200), (recording.path + ".mp4", 404)]:
        connection.request("GET", path, headers={"Authorization": BASIC})
        assert Reply(connection.getresponse()).status == status
    connection.close()


@pytest.mark.parametrize(
    "auth",
    [
        None,
        "Basic",
        "Basic !!!",
        "Bearer " + TOKEN,
        "Basic " + base64.b64encode(f"{ACCOUNT}:wrong".encode()).decode(),
    ],
)
def test_credentials_are_checked(provider, control, recording, auth):
    reply = provider.ask(recording.path, auth=auth)
    assert (reply.status, reply.code) == (401, 20003)
    stats = control.stats()
    assert stats.total.auth_failures == 1
    assert stats.log[-1]["auth_sent"] is (auth is not None) and stats.log[-1]["auth_ok"] is False


def test_an_encrypted_recording(provider, control):
    """As it is alone, and only whoever has the private key can hear it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(serialization.Encoding.PEM,
                                           serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    added = control.add_recording(seconds=2, public_key=public)
    details = added.encryption
    sha256 = hashes.SHA256()
    cek = key.decrypt(base64.b64decode(details["encryption_cek"]),
                      padding.OAEP(padding.MGF1(sha256), sha256, None))
    content = provider.ask(added.path + ".wav").body
    plain = AESGCM(cek).decrypt(base64.b64decode(details["encryption_iv"]), content, None)
    assert plain == control.source(added.sid, "asis")
    listed = json.loads(provider.ask(added.path + ".json").body)["encryption_details"]
    assert listed == details
    for suffix in (".mp3", ".wav?RequestedChannels=1"):
        reply = provider.ask(added.path + suffix)
        assert (reply.status, reply.code) == (400, 16109)
    with pytest.raises(ControlFailed):
        control.add_recording(public_key="no key")


def basic(token):
    return "Basic " + base64.b64encode(f"{ACCOUNT}:{token}".encode()).decode()


def test_two_tokens_while_one_is_changed(provider, control, recording):
    """Both sign in until the secondary one is promoted; then the old one is nothing."""
    control.tokens(TOKEN, "secondary")
    assert provider.ask(recording.path).status == 200
    assert provider.ask(recording.path, auth=basic("secondary")).status == 200
    control.tokens("secondary")
    assert provider.ask(recording.path).status == 401
    assert provider.ask(recording.path, auth=basic("secondary")).status == 200
    for wrong in ((), ("a", "a"), ("a", "b", "c"), ("",)):
        with pytest.raises(ControlFailed):
            control.tokens(*wrong)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("Accounts/AC" + "2" * 32 + "/Recordings/RE" + "0" * 32, 404, 20404),
        (f"Accounts/{ACCOUNT}/Recordings/RE" + "0" * 32, 404, 20404),
        (f"Accounts/{ACCOUNT}/Recordings/RE" + "0" * 31, 400, 20001),
        (f"Accounts/{ACCOUNT}/Recordings/CA" + "0" * 32, 400, 20001),
        ("Accounts/nobody/Recordings/RE" + "0" * 32, 400, 20001),
        (f"Accounts/{ACCOUNT}/Calls", 404, 20404),
    ],
)
def test_unknown_and_malformed_names(provider, path, status, code):
    reply = provider.ask("/2010-04-01/" + path)
    assert (reply.status, reply.code) == (status, code)


@pytest.mark.parametrize(
    "query",
    ["?Download=true", "?RequestedChannels=3", "?RequestedChannels=", "?RequestedChannels",
     "?RequestedChannels=1&RequestedChannels=2", "?requestedchannels=2", "?x", ".json?RequestedChannels=1"],
)
def test_unknown_queries(provider, recording, query):
    assert provider.ask(recording.path + query).status == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_other_methods(provider, recording, method):
    assert provider.ask(recording.path, method).status == 405


def test_two_channels_of_a_mono_recording(provider, control):
    added = control.add_recording(channels=1, seconds=1)
    for suffix in ("?RequestedChannels=2", ".wav?RequestedChannels=2", ".mp3?RequestedChannels=2"):
        reply = provider.ask(added.path + suffix)
        assert (reply.status, reply.code) == (400, 16113)
    assert len(provider.ask(added.path + ".wav").body) == added.sizes["wav"] == 44 + 16000


def test_mp3_of_an_encrypted_recording(provider, control):
    added = control.add_recording(encrypted=True, seconds=1)
    reply = provider.ask(added.path + ".mp3")
    assert (reply.status, reply.code) == (400, 16109)
    assert provider.ask(added.path + ".wav").status == 200


def test_metadata_and_deletion(provider, control, recording):
    described = json.loads(provider.ask(recording.path + ".json").body)
    assert described["sid"] == recording.sid and described["call_sid"] == recording.call_sid
    assert (described["status"], described["duration"], described["channels"]) == ("completed", "2", 2)
    assert provider.ask(recording.path + ".json", "DELETE").status == 204
    assert provider.ask(recording.path + ".json", "DELETE").status == 404
    assert provider.ask(recording.path).code == 20404
    assert control.stats().recording(recording.sid).statuses == {"200": 1, "204": 1, "404": 2}


def test_only_completed_recordings_have_media_and_can_be_deleted(provider, control):
    added = control.add_recording(status="processing")
    assert provider.ask(added.path + ".json", "DELETE").status == 400
    assert provider.ask(added.path).status == 404


def test_list_in_pages(provider, control):
    days = [f"2024-05-0{day}" for day in range(1, 8)]
    sids = [control.add_recording(seconds=1, date_created=day).sid for day in days]
    path = LIST + "?DateCreated>=2024-05-03&PageSize=2"
    seen, pages = [], 0
    while path:
        page = json.loads(provider.ask(path).body)
        seen += [one["sid"] for one in page["recordings"]]
        path, pages = page["next_page_uri"], pages + 1
        control.add_recording(seconds=1)
    assert (seen, pages) == (sids[:1:-1], 3)


@pytest.mark.parametrize("query", ["PageSize=0", "PageSize=1001", "DateCreated>=soon", "Color=red"])
def test_list_is_strict(provider, query):
    reply = provider.ask(f"{LIST}?{query}")
    assert reply.status == 400


CONFERENCE = "CF" + "2" * 32
CONFERENCES = f"/2010-04-01/Accounts/{ACCOUNT}/Conferences/"


def test_who_is_in_a_conference_is_told_while_it_goes_on(provider, control):
    calls = ["CA" + digit * 32 for digit in "123"]
    path = f"{CONFERENCES}{CONFERENCE}"
    assert control.put_conference(CONFERENCE, calls=calls) == CONFERENCE
    conference = json.loads(provider.ask(f"{path}.json").body)
    assert (conference["sid"], conference["status"]) == (CONFERENCE, "in-progress")
    assert conference["call_sid_ending_conference"] is None
    seen, following = [], f"{path}/Participants.json?PageSize=2"
    while following:
        page = json.loads(provider.ask(following).body)
        seen += [(one["conference_sid"], one["call_sid"]) for one in page["participants"]]
        following = page["next_page_uri"]
    assert seen == [(CONFERENCE, call) for call in calls]
    control.put_conference(CONFERENCE, status="completed", calls=calls, ended_by=calls[1])
    conference = json.loads(provider.ask(f"{path}.json").body)
    assert (conference["status"], conference["call_sid_ending_conference"]) == ("completed", calls[1])
    assert json.loads(provider.ask(f"{path}/Participants.json").body)["participants"] == []


@pytest.mark.parametrize(("path", "status"), [
    (f"{CONFERENCE}.json?PageSize=1", 400), (f"{CONFERENCE}/Participants.json?PageSize=0", 400),
    (f"{CONFERENCE}/Participants.json?Colour=red", 400), ("CF1.json", 400), (CONFERENCE, 404),
    (f"{CONFERENCE}/Participants", 404), (f"{CONFERENCE}/Recordings.json", 404),
    (f"CF{'3' * 32}.json", 404), (f"CF{'3' * 32}/Participants.json", 404),
])
def test_conferences_are_strict(provider, control, path, status):
    control.put_conference(CONFERENCE)
    assert provider.ask(CONFERENCES + path).status == status
    assert provider.ask(CONFERENCES + path, auth=None).status in (401, 404)
    assert provider.ask(f"{CONFERENCES}{CONFERENCE}.json", "POST").status == 405


@pytest.mark.parametrize("wrong", [
    {"sid": "CF1"}, {"status": "over"}, {"calls": ["CA1"]}, {"ended_by": "CA" + "1" * 32},
    {"status": "completed", "ended_by": "CA1"},
])
def test_control_refuses_conferences_that_make_no_sense(control, wrong):
    with pytest.raises(ControlFailed, match="400"):
        control.put_conference(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [{"channels": 3}, {"seconds": 0}, {"sid": "RE1"}, {"seed": -1}, {"date_created": "soon"},
     {"status": "lost"}, {"channels": 1, "default_channels": 2},
     {"faults": [fault("status")]}, {"faults": [fault("stall", bytes=1)]}, {"faults": [fault("rain")]},
     {"faults": [fault("html", first=0)]}, {"faults": [fault("html", formats=["ogg"])]},
     {"faults": [fault("redirect", location="/a\r\nb")]}],
)
def test_control_refuses_what_makes_no_sense(control, wrong):
    with pytest.raises(ControlFailed, match="400"):
        control.add_recording(**wrong)


def test_control_knows_what_is_there(control, recording):
    with pytest.raises(ControlFailed, match="is there already"):
        control.add_recording(sid=recording.sid)
    for act in (control.release, control.source, control.faults):
        with pytest.raises(ControlFailed, match="404"):
            act("RE" + "0" * 32)


def test_stop_ends_open_connections(cache):
    running = FakeTwilio(ACCOUNT, TOKEN, cache).start()
    with socket.create_connection(urllib.parse.urlsplit(running.base_url).netloc.split(":")) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(100).startswith(b"HTTP/1.1 404")
        running.stop()
        while idle.recv(4096):
            pass
    running.stop()


def test_as_a_program(tmp_path, cache):
    announced = tmp_path / "url"
    command = [sys.executable, fake.__file__, "--account", ACCOUNT, "--token", TOKEN,
               "--announce", str(announced), "--cache", str(cache)]
    with subprocess.Popen(command, cwd=tmp_path) as program:
        watcher = threading.Event()
        while not announced.exists() and program.poll() is None:
            watcher.wait(0.01)
        base_url = announced.read_text().strip()
        added = Control(base_url).add_recording(seconds=1)
        assert len(Provider(base_url).ask(added.path).body) == added.sizes["asis"]
        program.terminate()
        assert program.wait(120) == 0


def test_a_program_that_cannot_start_says_why(twilio, tmp_path):
    port = urllib.parse.urlsplit(twilio.base_url).port
    command = [sys.executable, fake.__file__, "--token", "x", "--announce", str(tmp_path / "url")]
    for account, extra, why in [(ACCOUNT, ["--port", str(port)], "in use"), ("AC1", [], "account SID")]:
        ended = subprocess.run([*command, "--account", account, *extra], capture_output=True, text=True)
        assert ended.returncode == 2 and why in ended.stderr and ended.stderr.count("\n") == 1
