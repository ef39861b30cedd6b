"""The fake counts exactly, holds whom it is told to, and tells a test when something happens."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from twilio.asking import Reply
from twilio.client import fault


def test_hold_counts_the_held_and_lets_them_go_one_by_one(provider, control):
    control.account_faults(fault("hold"))
    added = [control.add_recording(seed=seed, seconds=1, group=str(seed % 2)) for seed in range(10)]
    with ThreadPoolExecutor(10) as pool:
        replies = [provider.in_background(pool, one.path) for one in added]
        assert control.wait("held", equals=10) == 10
        assert control.stats().group("1").held == 5
        assert control.stats().total.bytes_sent == 0
        control.release(added[0].sid)
        assert replies[0].result().body == control.source(added[0].sid)
        assert control.wait("held", equals=9) == 9
        assert provider.ask(added[0].path).status == 200
        control.release()
        assert [reply.result().status for reply in replies] == [200] * 10
    total = control.stats().total
    assert (total.in_flight, total.max_in_flight, total.completed) == (0, 10, 11)
    assert control.stats().group("0").max_in_flight == 5


def test_three_hundred_at_once(provider, control, recording):
    control.account_faults(fault("hold"))
    with ThreadPoolExecutor(300) as pool:
        replies = [provider.in_background(pool, recording.path) for _ in range(300)]
        control.wait("held", equals=300)
        control.release()
        assert {len(reply.result().body) for reply in replies} == {recording.sizes["asis"]}
    assert control.stats().recording(recording.sid).max_in_flight == 300


def test_in_flight_never_counts_one_who_has_all_or_has_left(provider, control, recording):
    for _ in range(50):
        assert provider.ask(recording.path).status == 200
    control.faults(recording.sid, fault("stall"))
    for _ in range(50):
        connection = provider.open(recording.path)
        answer = connection.getresponse()
        answer.read(10)
        answer.close()
        connection.close()
    counts = control.stats().recording(recording.sid)
    assert (counts.max_in_flight, counts.in_flight, counts.requests) == (1, 0, 100)


def test_a_client_that_hangs_can_be_disowned(provider, control, recording):
    control.faults(recording.sid, fault("hold"))
    hanging, alive = provider.open(recording.path), provider.open(recording.path)
    control.wait("held", equals=2)
    ports = [hanging.sock.getsockname()[1]]
    assert (control.disown(ports), control.disown(ports), control.disown([])) == (1, 0, 0)
    counts = control.stats().group("7")
    assert (counts.in_flight, counts.max_in_flight, counts.held) == (1, 2, 2)
    control.release()
    assert {hanging.getresponse().status, alive.getresponse().status} == {200}
    control.wait("in_flight", equals=0)


def test_the_log(provider, control, recording):
    provider.ask(recording.path + ".wav?RequestedChannels=2")
    entry = control.stats().log[-1]
    assert entry.pop("t") > 0
    assert entry == {
        "method": "GET", "path": recording.path + ".wav", "query": "RequestedChannels=2",
        "sid": recording.sid, "format": "wav2", "status": 200, "auth_sent": True, "auth_ok": True,
        "bytes_sent": recording.sizes["wav2"], "completed": True,
    }


def test_what_cannot_be_answered_is_counted_too(provider, control, recording):
    assert provider.ask(recording.path + "?Color=red").status == 400
    assert provider.ask("/2010-04-01/Accounts/x/Recordings.json").status == 400
    stats = control.stats()
    assert stats.recording(recording.sid).statuses == {"400": 1}
    assert (stats.total.requests, list(stats.by_recording)) == (2, [recording.sid])


def test_credentials_that_leak_elsewhere_are_seen(provider, control):
    assert provider.ask("/elsewhere").status == 404
    assert provider.ask("/elsewhere", auth=None).status == 404
    stats = control.stats()
    assert [entry["auth_sent"] for entry in stats.log] == [True, False]
    assert stats.total.auth_failures == 0


def test_waiting_for_what_comes_later_and_for_what_never_comes(provider, control, recording):
    with ThreadPoolExecutor() as pool:
        waited = pool.submit(control.wait, "requests", at_least=1, sid=recording.sid)
        provider.ask(recording.path)
        assert waited.result() == 1
    assert control.wait("completed", equals=1, group="7") == 1
    with pytest.raises(TimeoutError, match="held was 0, not at least 1"):
        control.wait("held", at_least=1, timeout=0)


def test_reset_forgets_and_cuts_off(provider, control, recording):
    control.faults(recording.sid, fault("hold"))
    connection = provider.open(recording.path)
    control.wait("held", equals=1)
    control.reset()
    assert Reply(connection.getresponse()).broken
    stats = control.stats()
    assert (stats.total.requests, stats.log, stats.by_recording) == (0, [], {})
    assert provider.ask(recording.path).status == 404
