"""What goes wrong, one method a kind; each returns at once or says when it has to be undone."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import redis

from stack import processes
from twilio.client import fault

from .fleet import Fleet
from .plan import LEASE_SECONDS
from .recoveries import Recoveries
from .runner import Runner
from .world import World

TERM_SECONDS = 15.0
ACCOUNT_CODES = (401, 403, 429, 503)


@dataclass
class Blows:
    """All kinds of blows, dealt by one thread, which undoes them, too."""

    world: World
    fleet: Fleet
    recoveries: Recoveries
    rng: random.Random
    _undo: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    _down: set[str] = field(default_factory=set)

    def deal(self) -> None:
        """One random blow."""
        kinds: list[tuple[Callable[[], None], int]] = [
            (self.kill_runner, 8), (self.terminate_runner, 4), (self.freeze_runner, 4),
            (self.kill_responders, 5), (self.flush_redis, 6), (self.restart_redis, 4),
            (self.lose_redis, 3), (self.hang_redis, 2), (self.restart_postgres, 4),
            (self.hang_postgres, 3), (self.spoil_account, 1),
        ]
        self.rng.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]()

    def undo_due(self) -> None:
        now = time.monotonic()
        due = [undo for at, undo in self._undo if at <= now]
        self._undo = [one for one in self._undo if one[0] > now]
        for undo in due:
            undo()

    def undo_all(self) -> None:
        """All servers are up again, nobody is frozen, and the provider is well."""
        while self._undo:
            due, self._undo = self._undo, []
            for _, undo in due:
                undo()
            time.sleep(0.01)
        for case in self.world.cases:
            self.world.stack.twilio.faults(case.call.recording_sid)

    def _later(self, seconds: float, undo: Callable[[], None]) -> None:
        self._undo.append((time.monotonic() + seconds, undo))

    def _note(self, kind: str, text: str = "") -> None:
        self.world.count(f"blows {kind}")
        self.world.timeline.note("BLOW", f"{kind} {text}")

    # Our own processes.

    def kill_runner(self) -> None:
        runner = self.fleet.choose(self.rng, frozen=self.rng.random() < 0.1)
        if runner is not None:
            held = self.fleet.kill(runner)
            self._note("runner killed", f"{runner.name}, which had {len(held)}")
            self.world.count("transfers cut by a kill", len(held))
            self.recoveries.calls_hit("runner killed", self._unfinished(held))

    def _unfinished(self, sids: list[str]) -> list[str]:
        """A runner may die between the last step of a run and its line in the log."""
        return [sid for sid in sids if not any(case.finished() for case in self.world.called(sid))]

    def terminate_runner(self) -> None:
        if runner := self.fleet.choose(self.rng):
            self._note("runner terminated", runner.name)
            runner.terminate(TERM_SECONDS)

    def freeze_runner(self) -> None:
        """It hangs for longer than its lease; its connections do, too, and are not in flight."""
        runner = self.fleet.choose(self.rng)
        if runner is None or "freeze" in self._down:
            return
        self._down.add("freeze")
        self.world.weather.begins("freeze")
        runner.freeze()
        tokens = self._tokens()
        self._note("runner frozen", f"{runner.name}, which has {len(runner.held)}")
        self.recoveries.calls_hit("runner frozen", sorted(runner.held))
        self._disown(runner)
        self._later(0.5, lambda: self._disown(runner))
        self._later(LEASE_SECONDS + self.rng.uniform(0.3, 3.0), lambda: self._thaw(runner, tokens))

    def _disown(self, runner: Runner) -> None:
        if runner.frozen and runner.status() is None:
            self.world.stack.twilio.disown(runner.ports())

    def _thaw(self, runner: Runner, tokens: dict[str, str | None]) -> None:
        self._down.discard("freeze")
        self.world.weather.ends("freeze")
        if runner.status() is not None:
            return
        now = self._tokens()
        known = tokens and now  # PostgreSQL answered both times
        lost = {sid for sid in runner.held if known and now.get(sid) != tokens.get(sid)}
        self.fleet.claimed_meanwhile(runner, lost)
        runner.thaw()
        self.world.timeline.note("BLOW", f"thawed {runner.name}; {len(lost)} were taken from it")

    def _tokens(self) -> dict[str, str | None]:
        """Who holds which call, as PostgreSQL has it; nothing while that is away."""
        try:
            with self.world.db() as db:
                rows = db.execute("SELECT call_sid, lease_token FROM recording_runs"
                                  " WHERE status IN ('queued', 'running')").fetchall()
        except Exception:  # it is down, or hangs: then nothing is known
            return {}
        return dict(rows)

    def kill_responders(self) -> None:
        if "responders" in self._down:
            return
        leader = self.world.stack.pid("responders")
        pids = [pid for pid in processes.all_pids()
                if (stat := processes.read_stat(pid)) and stat.session == leader
                and _program(pid) == "tapedeck.fcgi"]
        chosen = self.rng.sample(pids, self.rng.randint(1, len(pids))) if pids else []
        self._note("responders killed", str(len(chosen)))
        self._down.add("responders")
        self.world.weather.begins("responders")
        for pid in chosen:
            processes.send(pid, signal.SIGKILL)
        self._later(0.05, lambda: self._see_dead(chosen))

    def _see_dead(self, pids: list[int]) -> None:
        """A busy machine takes its time to end a process."""
        if any(_program(pid) == "tapedeck.fcgi" for pid in pids):
            self._later(0.05, lambda: self._see_dead(pids))
        else:
            self._down.discard("responders")
            self.world.weather.ends("responders")

    # Redis.

    def flush_redis(self) -> None:
        if "redis" in self._down:
            return
        self._note("redis flushed")
        self.world.weather.strikes("redis")
        with self.world.rds() as rds:
            try:
                rds.flushall()
                if self.rng.random() < 0.3:
                    time.sleep(self.rng.uniform(0, 0.05))
                    rds.flushall()
            except redis.RedisError as error:
                self.world.complain(f"the test could not flush Redis: {error}")
        self.recoveries.all_hit("redis flushed")

    def restart_redis(self) -> None:
        self._lose_redis("redis restarted", 0.0)

    def lose_redis(self) -> None:
        self._lose_redis("redis absent", self.rng.uniform(0.5, 4.0))

    def _lose_redis(self, kind: str, seconds: float) -> None:
        if "redis" in self._down:
            return
        self._down.add("redis")
        self._note(kind, f"for {seconds:.1f} s")
        self.world.weather.begins("redis")
        self.world.stack.halt("redis", signal.SIGKILL)

        def back() -> None:
            self.world.stack.revive("redis")
            self._redis_is_back(kind)

        self._later(seconds, back)

    def hang_redis(self) -> None:
        """It keeps its memory, but leases lapse in it while nobody can renew them."""
        if "redis" in self._down:
            return
        self._down.add("redis")
        seconds = self.rng.choice((0.4, 1.5, LEASE_SECONDS + 1))
        self._note("redis hung", f"for {seconds:.1f} s")
        self.world.weather.begins("redis")
        self.world.stack.signal("redis", signal.SIGSTOP)

        def back() -> None:
            self.world.stack.signal("redis", signal.SIGCONT)
            self._redis_is_back("redis hung")

        self._later(seconds, back)

    def _redis_is_back(self, kind: str) -> None:
        self._down.discard("redis")
        self.world.weather.ends("redis")
        self.world.timeline.note("BLOW", "redis is back")
        self.recoveries.all_hit(kind)

    # PostgreSQL.

    def restart_postgres(self) -> None:
        fast = self.rng.random() < 0.5
        kind = "postgres restarted fast" if fast else "postgres restarted immediately"
        if "postgres" in self._down:
            return
        self._note(kind)
        self.world.weather.begins("postgres")
        self.world.stack.halt("postgres", signal.SIGINT if fast else signal.SIGQUIT)
        time.sleep(self.rng.choice((0.0, 0.0, 0.7)))
        self.world.stack.revive("postgres")
        self.world.weather.ends("postgres")
        self.world.timeline.note("BLOW", "postgres is back")
        self.recoveries.all_hit(kind)

    def hang_postgres(self) -> None:
        if "postgres" in self._down:
            return
        self._down.add("postgres")
        seconds = self.rng.uniform(0.1, 1.2)
        self._note("postgres hung", f"for {seconds:.1f} s")
        self.world.weather.begins("postgres")
        self._signal_postgres(signal.SIGSTOP)

        def back() -> None:
            self._signal_postgres(signal.SIGCONT)
            self._down.discard("postgres")
            self.world.weather.ends("postgres")
            self.world.timeline.note("BLOW", "postgres goes on")
            self.recoveries.all_hit("postgres hung")

        self._later(seconds, back)

    def _signal_postgres(self, number: int) -> None:
        """Its backends are sessions of their own: they are found by their parent."""
        leader = self.world.stack.pid("postgres")
        children = [pid for pid in processes.all_pids()
                    if (stat := processes.read_stat(pid)) and stat.parent == leader]
        for pid in [leader, *children]:
            processes.send(pid, number)

    # The provider.

    def spoil_account(self) -> None:
        """It refuses everybody for a while."""
        if "account" in self._down:
            return
        self._down.add("account")
        code = self.rng.choice(ACCOUNT_CODES)
        self._note("account refused", str(code))
        self.world.weather.begins("account")
        self.world.stack.twilio.account_faults(fault("status", code=code))

        def heal() -> None:
            self.world.stack.twilio.account_faults()
            self._down.discard("account")
            self.world.weather.ends("account")
            self.world.timeline.note("BLOW", "the account is well")
            self.recoveries.all_hit("account refused")

        self._later(self.rng.uniform(0.3, 1.5), heal)


def _program(pid: int) -> str:
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        return ""
