"""Weeks of calls for the demo's business: every state, people, marks, transcripts, and sound to play."""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import demo_sound
from .calls import new_sid
from .demo_sound import Sentence
from .demo_talk import LANGUAGES, Talk, Talks

if TYPE_CHECKING:
    import psycopg

    from .stack import Stack

BUSINESS = 1
WATCHER = "noa"  # who looks at the page
OTHERS = ("itay", "maya", "daniel")
DAYS = 56
KEPT_DAYS = 30
CUSTOMERS = 60
SOUNDS = 48  # so many files at most; more calls share them
LINES = ("+97235550100", "+97245550101", "+97225550102")
SEED = 20
# Of each 25 calls in a row; what an older one had is deleted.
KINDS = ["ready"] * 14 + ["not_fetched"] * 2 + ["failed", "unavailable", "unrecorded"] + ["unanswered"] * 6
UNANSWERED = ("no-answer", "busy", "no-answer", "canceled", "no-answer", "failed")
NAMES = {
    "he": ("דנה לוי", "אבי מזרחי", "שירה פרץ", "מוחמד חורי", "יעל בן דוד", "אורי שפירא", "תמר אוחיון", None),
    "en": ("Emma Clarke", "Jacob Weiss", "Olivia Stone", "Liam Murphy", "Sarah Klein", "Ethan Price", None),
}
TAGS = {"he": ("דחוף", "לחזור"), "en": ("VIP", "call back")}
NOTES = {"he": ("לבדוק מול המחסן", "כאן מובטח מועד, לוודא", "דוגמה טובה להדרכה"),
         "en": ("Check with the depot", "A promise was made here", "A good example for training")}

CALL = """
INSERT INTO call_log (business_id, call_sid, account_sid, direction, from_number, to_number, status, duration,
    created_at, agent_id, agent_name, contact_name, recording_url, recording_sid, channels,
    recording_duration, recording_status, recording_reason, recording_announced_at, recording_deleted_at,
    final_transcript, transcript_segments, transcript_source, ai_summary, summary_status,
    talk_agent_ms, talk_customer_ms, talk_silence_ms)
SELECT %(business)s, %(sid)s, %(account)s, %(direction)s, %(from)s, %(to)s, %(status)s, %(seconds)s, %(at)s,
    %(agent_id)s, %(agent_name)s, %(contact)s, %(url)s, %(recording)s, %(channels)s, %(length)s,
    %(provider_status)s, %(reason)s, %(announced)s, %(deleted)s, %(transcript)s, %(segments)s, %(model)s,
    %(summary)s, %(summary_status)s, talk.*
  FROM tapedeck_talk(%(segments)s::jsonb, %(length)s) talk
"""
RECORDINGS = """
INSERT INTO tapedeck_recordings (business_id, recording_sid, name, call_sid, account_sid, source, track,
    started_at, recording_url, recording_status, recording_reason, recording_duration, channels, announced_at)
SELECT business_id, recording_sid, call_sid, call_sid, account_sid, 'DialVerb', 'both', created_at,
    recording_url, recording_status, recording_reason, recording_duration, channels, recording_announced_at
  FROM call_log WHERE call_sid = ANY (%s) AND recording_url <> ''
"""
STEPS = """
INSERT INTO call_steps (business_id, call_sid, step, status, created_at, started_at, completed_at)
SELECT business_id, call_sid, step, 'done', created_at, created_at, created_at
  FROM call_log, unnest(ARRAY['transcribe', 'summarise']) step
 WHERE call_sid = ANY (%s) AND final_transcript <> ''
"""
RUN = """
INSERT INTO recording_runs (business_id, call_sid, job_type, lane, status, attempts, error_code, error, format,
    bytes_received, bytes_total, created_at, queued_at, started_at, heartbeat_at, completed_at)
SELECT %(business)s, %(sid)s, 'full', 'later', %(run)s, %(attempts)s, %(code)s, %(error)s, 'wav2', %(bytes)s,
    %(bytes)s, t, t, t, t, t FROM (SELECT %(run_at)s::timestamptz AS t) r
"""
STAR = "INSERT INTO tapedeck_stars VALUES (%s, %s, %s, %s)"
TAG = "INSERT INTO tapedeck_tags VALUES (%s, %s, '', %s, %s) ON CONFLICT DO NOTHING"
HEARD = "INSERT INTO tapedeck_heard VALUES (%s, %s, %s, %s, %s, %s)"
NOTE = """
INSERT INTO tapedeck_notes (business_id, call_sid, subject, author, at_seconds, text, created_at)
VALUES (%s, %s, '', %s, %s, %s, %s)
"""


@dataclass
class One:
    """A call, as far as it is made up."""

    sid: str
    kind: str
    status: str  # the provider's word
    at: datetime
    language: str
    talk: Talk
    heard: list[Sentence] = field(default_factory=list)
    file: Path | None = None

    @property
    def is_transcribed(self) -> bool:
        return self.kind in ("ready", "expired")


def fill(stack: Stack, calls: int) -> Counter[str]:
    """Fill the business; how many calls there are of each kind."""
    import psycopg

    dice, now = random.Random(SEED), datetime.now(timezone.utc)
    ones = list(_made_up(dice, now, calls))
    _record(stack, [one for one in ones if one.kind == "ready"])
    with psycopg.connect(stack.database_url) as db:
        db.execute("INSERT INTO business_retention VALUES (%s, %s) ON CONFLICT DO NOTHING",
                   [BUSINESS, KEPT_DAYS])
        rows = [_row(stack, one, dice, now) for one in ones]
        sids = [one.sid for one in ones]
        cursor = db.cursor()
        cursor.executemany(CALL, rows)
        db.execute(RECORDINGS, [sids])
        db.execute(STEPS, [sids])
        cursor.executemany(RUN, [row for row in rows if row["run"]])
        _mark(cursor, dice, now, [one for one in ones if one.is_transcribed])
    with psycopg.connect(stack.database_url, autocommit=True) as db:
        db.execute("ANALYZE")
    return Counter(one.kind for one in ones)


# ---- who calls, when, and how it went ----


def _made_up(dice: random.Random, now: datetime, calls: int) -> Iterator[One]:
    """Newest first, more of late than long ago."""
    talks, kinds, unanswered = Talks(SEED), [], cycle(UNANSWERED)
    times = sorted((_office_hour(dice, now, DAYS * ((i + 0.5) / calls) ** 1.6) for i in range(calls)),
                   reverse=True)
    for at in times:
        if not kinds:
            kinds = dice.sample(KINDS, len(KINDS))
        kind, language = kinds.pop(), dice.choice(LANGUAGES)
        if now - at > timedelta(days=KEPT_DAYS - 1) and kind not in ("unanswered", "unrecorded"):
            kind = "expired"
        status = next(unanswered) if kind == "unanswered" else "completed"
        yield One(new_sid("CA"), kind, status, at, language, talks.another(language))


def _office_hour(dice: random.Random, now: datetime, days_ago: float) -> datetime:
    """From six to sixteen, which is Israel's office time; never on a Saturday, nor in the future."""
    at = now - timedelta(days=days_ago + (1 if (now - timedelta(days=days_ago)).weekday() == 5 else 0))
    at = at.replace(hour=0, minute=0) + timedelta(hours=dice.triangular(6, 16, 9))
    return at if at < now - timedelta(minutes=5) else now - timedelta(minutes=dice.uniform(5, 300))


# ---- what is heard ----


def _record(stack: Stack, ready: list[One]) -> None:
    """A file for each: the first ones are recorded, the others are links to them."""
    folder = stack.recordings_dir / str(BUSINESS)
    folder.mkdir(mode=0o750, exist_ok=True)
    for one in ready:
        one.file = folder / f"{one.sid}.wav"
    recorded = ready[:max(1, min(SOUNDS, len(ready) // 2))]
    with ThreadPoolExecutor(os.cpu_count()) as some:
        for one, heard in zip(recorded, some.map(_sound_of, recorded)):
            one.heard = heard
    for number, one in enumerate(ready[len(recorded):]):
        same = recorded[number % len(recorded)]
        os.link(same.file, one.file)
        one.language, one.talk, one.heard = same.language, same.talk, same.heard


def _sound_of(one: One) -> list[Sentence]:
    first = "customer" if one.talk.inbound else "agent"
    return demo_sound.record(one.file, one.language, one.talk.lines, first, seed=len(one.talk.summary))


def _guessed(talk: Talk) -> list[Sentence]:
    """What was said in a call whose sound is gone."""
    at, heard = 0.5, []
    for speaker, text in talk.lines:
        end = at + len(text) / 15
        heard.append(Sentence(speaker, round(at, 2), round(end, 2), text))
        at = end + 0.6
    return heard


# ---- its rows ----


def _row(stack: Stack, one: One, dice: random.Random, now: datetime) -> dict[str, Any]:
    talk, heard = one.talk, one.heard or _guessed(one.talk)
    answered, recorded = one.kind != "unanswered", one.kind not in ("unanswered", "unrecorded")
    length = round(heard[-1].end + 1)
    number = dice.randrange(0, CUSTOMERS, 2) + LANGUAGES.index(one.language)
    names = NAMES[one.language]
    parties = (f"+97250555{number:04d}", LINES[number % len(LINES)])
    caller, called = parties if talk.inbound else reversed(parties)
    recording = _provider_has(stack, one, length) if recorded else None
    row: dict[str, Any] = dict.fromkeys(
        ("provider_status", "reason", "announced", "deleted", "transcript", "segments", "model", "summary",
         "summary_status", "run", "code", "error", "bytes"))
    row.update({
        "business": BUSINESS, "sid": one.sid, "account": stack.account_sid, "at": one.at,
        "direction": "inbound" if talk.inbound else "outbound-api", "from": caller, "to": called,
        "status": one.status,
        "seconds": length + dice.randrange(4) if answered else 0,
        "agent_id": talk.agent_id if answered or not talk.inbound else None,
        "agent_name": talk.agent_name if answered or not talk.inbound else None,
        "contact": names[number // 2 % len(names)], "recording": recording,
        "url": recording and f"https://api.twilio.com/2010-04-01/Accounts/{stack.account_sid}"
                             f"/Recordings/{recording}",
        "channels": 2 if recorded else None, "length": length if recorded else None, "attempts": 0,
        "run_at": one.at + timedelta(seconds=length + 5),
    })
    if recorded:
        row.update(provider_status="completed", announced=row["run_at"])
    if one.is_transcribed:
        row.update(_told(one, heard), run="completed",
                   bytes=one.file.stat().st_size if one.file else 32_000 * length)
    if one.kind == "expired":
        row.update(deleted=one.at + timedelta(days=KEPT_DAYS))
    elif one.kind == "unavailable":
        row.update(provider_status="absent", reason=dice.choice(("silent", "too_short")))
    elif one.kind == "failed":  # lately: an hour later it may be asked for again
        row.update(run="failed", attempts=3, code="provider_error",
                   error="The provider answered with an error.", run_at=now)
    return row


def _provider_has(stack: Stack, one: One, length: int) -> str:
    """The recording's SID; what may yet be fetched is there to be had."""
    if one.kind in ("not_fetched", "failed"):
        return stack.twilio.add_recording(seconds=length, call_sid=one.sid).sid
    return new_sid("RE")


def _told(one: One, heard: list[Sentence]) -> dict[str, Any]:
    """Transcript and summary, as the steps write them."""
    labels = {"he": {"agent": "נציג", "customer": "לקוח"},
              "en": {"agent": "Agent", "customer": "Customer"}}[one.language]
    text, before = "", ""
    for sentence in heard:
        turn = f"\n{labels[sentence.speaker]}: " if sentence.speaker != before else " "
        text, before = text + turn + sentence.text, sentence.speaker
    return {"transcript": text.strip(), "model": "whisper-1", "summary": one.talk.summary,
            "segments": json.dumps([vars(sentence) for sentence in heard]), "summary_status": "done"}


# ---- what people did with it ----


def _mark(cursor: psycopg.Cursor, dice: random.Random, now: datetime, ones: list[One]) -> None:
    some = [one for one in ones if dice.random() < 0.4]
    cursor.executemany(TAG, [(BUSINESS, one.talk.tag, one.sid, one.at) for one in some if one.talk.tag]
                       + [(BUSINESS, dice.choice(TAGS[one.language]), one.sid, one.at)
                          for one in some[::3]])
    cursor.executemany(STAR, [(BUSINESS, dice.choice(("", WATCHER)), one.sid, one.at)
                              for one in some[::5]])
    cursor.executemany(NOTE, [
        (BUSINESS, one.sid, dice.choice((WATCHER, *OTHERS)),
         dice.choice(one.heard or _guessed(one.talk)).start,
         dice.choice(NOTES[one.language]), min(now, one.at + timedelta(hours=2)))
        for one in some[::4]])
    listened = [(one, who) for one in ones for who in (WATCHER, *OTHERS)
                if dice.random() < (0.5 if who == WATCHER else 0.15)]
    cursor.executemany(HEARD, [
        (BUSINESS, who, one.sid, one.at, *[min(now, one.at + timedelta(hours=1))] * 2)
        for one, who in listened])
