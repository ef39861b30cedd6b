"""The queue's real scripts, called in Redis as the C code calls them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import redis
from stack.stack import ROOT

from queue_model import Answer, State

LEASE_MS = 3_600_000  # nothing lapses but by a test's own hand
LINE_MS = 3_600_000

# All that Redis holds of one business, and of the jobs, in one look.
SNAPSHOT = """
local leases = {}
local members = redis.call('SMEMBERS', KEYS[1])
for i, sid in ipairs(members) do
    local key = 'rec_inflight:' .. ARGV[1] .. ':' .. sid
    leases[i] = redis.call('GET', key)
    if leases[i] and redis.call('PTTL', key) <= 0 then
        leases[i] = leases[i] .. ' without end'
    end
end
local endless = {}
for i = 2, 4 do
    if redis.call('PTTL', KEYS[i]) == -1 then endless[#endless + 1] = KEYS[i] end
end
return { members, leases,
    redis.call('LRANGE', KEYS[2], 0, -1), redis.call('LRANGE', KEYS[3], 0, -1),
    redis.call('SMEMBERS', KEYS[4]), redis.call('LRANGE', 'rec_jobs', 0, -1), endless,
    redis.call('EXISTS', 'rec_ready'), redis.call('SMEMBERS', 'rec_slots_later:' .. ARGV[1]),
    redis.call('SISMEMBER', 'rec_taken', ARGV[1]) }
"""


class Scripts:
    """The scripts on one Redis; a verb and a look at what it left are one round trip."""

    def __init__(self, client: redis.Redis) -> None:
        self.client = client
        folder = ROOT / "db" / "queue"
        self._sha = {
            name: client.script_load((folder / f"{name}.lua").read_text())
            for name in ("dispatch", "take", "renew", "restore", "ready", "peek", "mark",
                         "absent")
        }
        self._sha["snapshot"] = client.script_load(SNAPSHOT)

    def dispatch(
        self, business: int, limits: tuple[int, int], nonce: str, *words: str
    ) -> tuple[Answer, State]:
        """`words`: the verb, and for all but fill a SID and what goes with it."""
        args = [business, *limits, LEASE_MS, LINE_MS, nonce, *words]
        raw, state = self._call(business, "dispatch", [*_lines(business), "rec_jobs"], args)
        return Answer(*raw), state

    def take(self, business: int, sid: str, token: str) -> tuple[int, State]:
        """One that was handed to a runner; its token ends in .1."""
        nonce = token.removesuffix(".1")
        jobs, state = self._call(business, "take", ["rec_jobs"],
                                 [1, nonce, LEASE_MS, f"{business}:{sid}"])
        assert jobs in ([[f"{business}:{sid}", token]], [[f"{business}:{sid}", ""]])
        return int(jobs[0][1] != ""), state

    def renew(self, business: int, sid: str, token: str, limit: int) -> tuple[int, State]:
        lost, state = self.renew_all(business, [(sid, token)], limit)
        return int(lost == []), state

    def renew_all(
        self, business: int, leases: Sequence[tuple[str, str]], limit: int
    ) -> tuple[list[int], State]:
        """`leases`: SIDs and tokens. Gives which are lost, from 1."""
        words = "".join(f"{business} {sid} {token}\n" for sid, token in leases)
        return self._call(business, "renew", ["rec_taken"], [words, LEASE_MS, limit])

    def take_next(self, most: int, nonce: str, handed: str = "") -> list[list[str]]:
        """Jobs, and the tokens that hold them."""
        jobs: list[list[str]] = self._eval(self.client, "take", ["rec_jobs"],
                                           [most, nonce, LEASE_MS, handed])
        return jobs

    def restore(self, business: int, sid: str, token: str, lane: str) -> tuple[int, State]:
        keys = [_lease(business, sid), *_lines(business), "rec_taken",
                f"rec_slots_later:{business}"]
        return self._call(business, "restore", keys, [token, LEASE_MS, sid, business, lane])

    def begin_restore(self, who: str) -> None:
        self.client.set(f"rec_restoring:{who}", "1")

    def end_restore(self, who: str) -> int:
        answer: int = self._eval(self.client, "ready", ["rec_ready", f"rec_restoring:{who}"],
                                 [LEASE_MS // 2])
        return answer

    def set_ready(self) -> None:
        self.begin_restore("model")
        assert self.end_restore("model") == 1

    def peek(self, business: int, sid: str) -> tuple[list[Any], State]:
        slots, queue, later, _ = _lines(business)
        keys = [slots, queue, later, f"rec_progress:{business}:{sid}", "rec_runner"]
        return self._call(business, "peek", keys, [sid])

    def absent(self, business: int, calls: Sequence[tuple[str, str]]) -> tuple[list[int], State]:
        """`calls`: SIDs, and the line that each belongs in."""
        page = "".join(f"{business} {sid} {lane}\n" for sid, lane in calls)
        return self._call(business, "absent", [], [page])

    def mark(self, started_ms: int) -> int:
        keys = ["rec_runner", "rec_newest", "rec_ready"]
        answer: int = self._eval(self.client, "mark", keys, [started_ms, LEASE_MS, LEASE_MS // 2])
        return answer

    def look(self, business: int) -> State:
        return _state(self._eval(self.client, "snapshot", _lines(business), [business]))

    def pop_job(self) -> str | None:
        job: str | None = self.client.lpop("rec_jobs")
        return job

    def lapse(self, business: int, sid: str) -> None:
        self.client.delete(_lease(business, sid))

    def lose_lines(self, business: int) -> None:
        self.client.delete(f"rec_queue:{business}", f"rec_later:{business}")

    def lose_set(self, business: int) -> None:
        self.client.delete(f"rec_queued:{business}")

    def _call(
        self, business: int, name: str, keys: Sequence[str], args: Sequence[Any]
    ) -> tuple[Any, State]:
        with self.client.pipeline(transaction=False) as pipe:
            self._eval(pipe, name, keys, args)
            self._eval(pipe, "snapshot", _lines(business), [business])
            answer, raw = pipe.execute()
        return answer, _state(raw)

    def _eval(
        self, client: redis.Redis, name: str, keys: Sequence[str], args: Sequence[Any]
    ) -> Any:
        return client.evalsha(self._sha[name], len(keys), *keys, *args)


def _state(raw: list[Any]) -> State:
    members, leases, queue, later, queued, jobs, endless, ready, slots_later, taken = raw
    assert taken == bool(members), "a business with a slot taken is found, and no other"
    assert not endless, f"these keys never expire: {endless}"
    slots = dict(zip(members, leases, strict=True))
    return State(slots, set(slots_later), queue, later, set(queued), jobs, ready == 1)


def _lines(business: int) -> list[str]:
    return [f"rec_{name}:{business}" for name in ("slots", "queue", "later", "queued")]


def _lease(business: int, sid: str) -> str:
    return f"rec_inflight:{business}:{sid}"
