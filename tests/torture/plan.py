"""How much of everything: the full form takes minutes, the short one is for `make test`."""

from __future__ import annotations

from dataclasses import dataclass

LEASE_SECONDS = 4.0
RUNNER_MARK_SECONDS = 5.0  # how often a runner says that it is there

# As short as they may be while a healthy runner on a busy machine never loses a lease: every wait
# that PostgreSQL or Redis can cost it, one after the other, ends well before LEASE_SECONDS.
SETTINGS = {
    "INFLIGHT_TTL": f"{LEASE_SECONDS:.0f}s",
    "STALE_AFTER": "6s",
    "RETRY_DELAYS": "200ms,400ms,800ms",
    "ACCOUNT_PAUSE": "300ms",
    "ACCOUNT_PAUSE_MAX": "1s",
    "STALL_TIMEOUT": "2s",
    "TRANSFER_TIMEOUT": "8s",
    "CONNECT_TIMEOUT": "2s",
    "LOCK_TIMEOUT": "8s",
    "NOT_READY_WINDOW": "8s",
    "RECOVERY_LIMIT": "100",
    "RECOVERY_WINDOW": "10s",
    "PG_TIMEOUT": "400ms",
    "REDIS_TIMEOUT": "300ms",
    "RUNNER_GRACE": "3s",
    # What comes after a recording is tried until it is done: a session is shorter than a day.
    "STEP_RETRIES": "100",
    "STEP_DELAY": "200ms",
    "STEP_DELAY_MAX": "1s",
    "WEBHOOK_DELAYS": "200ms,400ms,800ms,2s,4s,8s,16s,30s",
    "WEBHOOK_TIMEOUT": "2s",  # one that its runner died with is due again a while after that
    "WEBHOOK_PRIVATE": "true",
}


@dataclass(frozen=True)
class Plan:
    """One session: the same seed deals the same blows, in the same order."""

    seed: int
    businesses: int
    recordings: int
    seconds: float  # how long things go wrong
    quiet_seconds: float  # how long it may take afterwards until all is at rest
    runners: int
    clickers: int
    fsync: bool
    between_blows: tuple[float, float]
    losses_a_second: float  # finished files that go missing, or lose their tails
    taken_away_of_each: int  # calls that the CRM deletes, moves, and marks


def short(seed: int) -> Plan:
    """About half a minute, all of it; waits are as long as it takes to say that something hangs.
    A webhook that its runner died with is due again after WEBHOOK_TIMEOUT and a minute."""
    return Plan(seed, businesses=6, recordings=60, seconds=15, quiet_seconds=100, runners=3,
                clickers=3, fsync=False, between_blows=(0.1, 0.9), losses_a_second=2.0,
                taken_away_of_each=2)


def full(seed: int, minutes: float) -> Plan:
    """The promise of the issue: 200 recordings over 20 businesses, for minutes."""
    return Plan(seed, businesses=20, recordings=200, seconds=minutes * 60, quiet_seconds=120,
                runners=3, clickers=5, fsync=True, between_blows=(0.2, 2.0), losses_a_second=6.0,
                taken_away_of_each=8)
