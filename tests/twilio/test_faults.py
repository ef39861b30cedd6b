"""The fake fails exactly as it is told to, for as long as it is told to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from twilio import speech
from twilio.asking import LIST
from twilio.client import fault


def test_not_ready_for_the_first_requests(provider, control):
    added = control.add_recording(faults=[fault("not_ready", first=2)])
    replies = [provider.ask(added.path) for _ in range(3)]
    assert [reply.status for reply in replies] == [404, 404, 200]
    assert replies[0].code == 20404


def test_not_ready_until_released(provider, control, recording):
    control.faults(recording.sid, fault("not_ready"))
    assert [provider.ask(recording.path).status for _ in range(3)] == [404, 404, 404]
    assert control.release(recording.sid) == 0
    assert provider.ask(recording.path).status == 200


@pytest.mark.parametrize(
    ("status", "code"), [(401, 20003), (403, 20403), (429, 20429), (500, 20500), (503, 20503)]
)
def test_status(provider, control, recording, status, code):
    control.faults(recording.sid, fault("status", code=status, first=1, retry_after=7))
    reply = provider.ask(recording.path)
    assert (reply.status, reply.code, reply.headers["Retry-After"]) == (status, code, "7")
    assert provider.ask(recording.path).status == 200
    assert control.stats().total.auth_failures == 0


def test_a_fault_of_one_format(provider, control, recording):
    control.faults(recording.sid, fault("status", code=500, formats=["wav2"]))
    assert provider.ask(recording.path + ".wav?RequestedChannels=2").status == 500
    assert provider.ask(recording.path + ".wav").status == 200


def test_a_fault_of_the_account(provider, control, recording):
    control.account_faults(fault("status", code=429, formats=["wav", "json", "list"]))
    assert provider.ask(recording.path + ".wav").code == 20429
    assert provider.ask(recording.path + ".json").code == 20429
    assert provider.ask(LIST).code == 20429
    control.account_faults()
    assert provider.ask(recording.path + ".wav").status == 200


@pytest.mark.parametrize(
    ("kind", "content_type"), [("html", "text/html; charset=utf-8"), ("html_as_audio", "audio/x-wav")]
)
def test_html(provider, control, recording, kind, content_type):
    control.faults(recording.sid, fault(kind))
    reply = provider.ask(recording.path)
    assert (reply.status, reply.headers["Content-Type"]) == (200, content_type)
    assert reply.body.startswith(b"<!DOCTYPE html>") and len(reply.body) > 1001


def test_redirect(provider, control, recording):
    control.faults(recording.sid, fault("redirect", location="http://127.0.0.1:9/x", code=307))
    reply = provider.ask(recording.path)
    assert (reply.status, reply.headers["Location"]) == (307, "http://127.0.0.1:9/x")


def test_silent_forever(provider, control, recording):
    control.faults(recording.sid, fault("silent_forever", first=1))
    connection = provider.open(recording.path)
    control.wait("waiting", equals=1, sid=recording.sid)
    assert control.stats().entries(recording.sid)[0]["status"] is None
    connection.close()
    control.wait("waiting", equals=0, sid=recording.sid)
    assert provider.ask(recording.path).status == 200


def test_stall_until_released(provider, control, recording):
    control.faults(recording.sid, fault("stall", after_bytes=500))
    answer = provider.open(recording.path).getresponse()
    assert int(answer.headers["Content-Length"]) == recording.sizes["asis"]
    first = answer.read(500)
    control.wait("waiting", equals=1, sid=recording.sid)
    assert control.stats().recording(recording.sid).bytes_sent == 500
    assert control.release(recording.sid) == 1
    assert first + answer.read() == control.source(recording.sid)


def test_stall_until_the_client_leaves(provider, control, recording):
    control.faults(recording.sid, fault("stall", after_bytes=0))
    connection = provider.open(recording.path)
    control.wait("waiting", equals=1)
    connection.close()
    control.wait("waiting", equals=0)
    control.wait("in_flight", equals=0)
    assert not control.stats().entries(recording.sid)[0]["completed"]


def test_trickle(provider, control, recording):
    control.faults(recording.sid, fault("trickle", bytes_per_second=100))
    answer = provider.open(recording.path).getresponse()
    first = answer.read(10)
    assert 5 <= control.stats().recording(recording.sid).bytes_sent < 1000
    control.release(recording.sid)
    assert first + answer.read() == control.source(recording.sid)


def test_trickle_keeps_its_pace(provider, control, recording):
    size = recording.sizes["asis"]
    control.faults(recording.sid, fault("trickle", bytes_per_second=size * 5))
    reply = provider.ask(recording.path)
    began = control.stats().entries(recording.sid)[0]["t"]
    provider.ask(recording.path)
    assert reply.body == control.source(recording.sid)
    assert control.stats().entries(recording.sid)[1]["t"] - began > 0.15


def test_latency(provider, control, recording):
    control.faults(recording.sid, fault("latency", ms=60_000))
    with ThreadPoolExecutor() as pool:
        reply = provider.in_background(pool, recording.path)
        control.wait("waiting", equals=1)
        assert control.stats().recording(recording.sid).statuses == {}
        control.release()
        assert reply.result().status == 200
    control.faults(recording.sid, fault("latency", ms=1))
    assert provider.ask(recording.path).status == 200


def test_truncate(provider, control, recording):
    control.faults(recording.sid, fault("truncate", after_bytes=1500))
    reply = provider.ask(recording.path)
    assert (reply.broken, len(reply.body)) == (True, 1500)
    assert int(reply.headers["Content-Length"]) == recording.sizes["asis"]
    assert not control.stats().entries(recording.sid)[0]["completed"]


@pytest.mark.parametrize("by", [100, -100])
def test_lie_length(provider, control, recording, by):
    control.faults(recording.sid, fault("lie_length", by=by))
    reply = provider.ask(recording.path)
    size = recording.sizes["asis"]
    assert int(reply.headers["Content-Length"]) == size + by
    assert (reply.broken, len(reply.body)) == (by > 0, min(size, size + by))


def test_no_length(provider, control, recording):
    control.faults(recording.sid, fault("no_length"))
    reply = provider.ask(recording.path)
    assert reply.headers["Content-Length"] is None
    assert reply.body == control.source(recording.sid)


def test_short(provider, control, recording):
    control.faults(recording.sid, fault("short"))
    reply = provider.ask(recording.path)
    assert len(reply.body) == int(reply.headers["Content-Length"]) == 844
    assert reply.body == speech.wav(control.source(recording.sid)[44:844], 2)


def test_shaping_faults_combine(provider, control, recording):
    control.faults(recording.sid, fault("no_length"), fault("truncate", after_bytes=10))
    reply = provider.ask(recording.path)
    assert (reply.broken, len(reply.body)) == (True, 10)
