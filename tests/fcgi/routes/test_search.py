"""Finding calls by what was said in them."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Callable
from typing import Any

import pytest

from http_given import Given
from stack.api import Api

# What was said, what is looked for, whether that finds it.
CASES = [
    ("פגישה ביום שני", "פגישה", True),
    ("קבענו את הפגישה", "פגישה", True),           # the
    ("אחרי הפגישה", "הפגישה", True),
    ("נקבעה פגישה", "הפגישה", True),              # and without it
    ("ושהפגישה בוטלה", "פגישה", False),           # three of them are not tried
    ("והפגישה בוטלה", "פגישה", True),             # two are
    ("דיברנו על החשבונית", "לחשבונית", True),     # another prefix on each side
    ("שָׁלוֹם לְכוּלָּם", "שלום", True),          # niqqud in the transcript
    ("שלום לכולם", "שָׁלוֹם", True),              # niqqud in the search
    ("בית־ספר", "ספר", True),                     # a maqaf parts words
    ("פגישה ביום שני", "פגישה שני", True),        # every word
    ("פגישה ביום שני", "פגישה שלישי", False),
    ("החשבונית", "חשבו", True),                   # the beginning of a word
    ("חשבונית", "בונית", False),                  # not its middle
    ("the Invoice was paid", "invoice", True),
    ("the Invoice was paid", "INV", True),
    ("the Invoice was paid", "receipt", False),
    ("it's 100% sure", "it's", True),
    ("a \\ b' c", "b' \\", True),
    ("anything", "' | !", False),
]


def query(words: str) -> str:
    return urllib.parse.urlencode({"search": words})


@pytest.mark.parametrize("column", ["final_transcript", "ai_summary"])
@pytest.mark.parametrize("said, wanted, found", CASES)
def test_words(
    given: Given, new_business: Callable[[], int], column: str, said: str, wanted: str, found: bool
) -> None:
    business = new_business()
    call = given.recorded(business, **{column: said})
    given.recorded(business, **{column: "משהו אחר לגמרי, something else"})
    assert pages(given.api(business), wanted, 50) == ([call] if found else [])


def test_another_business_finds_nothing(given: Given, new_business: Callable[[], int]) -> None:
    given.recorded(new_business(), final_transcript="סוד")
    assert pages(given.api(new_business()), "סוד", 50) == []


# More calls than are looked through before the indexes are asked.
MANY = 230


def test_old_calls_are_found(given: Given, new_business: Callable[[], int]) -> None:
    """What only an index finds: by a piece of a number, by words, by both but once, in order."""
    business = new_business()
    old = [given.call(business, from_number="+97250123456", created_at=at, **columns)
           for at, columns in (
               ("2020-01-03", {"final_transcript": "rarely 123456 and 1234567"}),
               ("2020-01-02", {"to_number": "sip:Alice@Example.com", "ai_summary": "rarely"}),
               ("2020-01-01", {}))]
    for n in range(MANY):
        given.call(business, from_number="+1", to_number="+2", final_transcript="often")
    api = given.api(business)

    def found(wanted: str, more: str = "") -> list[str]:
        return [row["call_sid"] for row in api.calls(query(wanted) + more)]

    assert found("123456") == old
    assert found("rarely") == old[:2]
    assert found("alice@EXAMPLE") == [old[1]]
    assert found("+97250", "&status=completed&direction=inbound") == old
    assert found("+97250", "&direction=outbound") == []
    assert found("50") == old, "two digits are part of a number, too"
    assert found("2345") == old and found("3245") == []
    assert found("7250123456") == old and found("9250123456") == [], "all of it, not its end alone"
    assert found("123456", "&limit=2") == old
    assert len(found("often", "&limit=100")) == MANY


def pages(api: Api, wanted: str, limit: int, more: str = "") -> list[str]:
    return [row["call_sid"] for row in api.calls(query(wanted) + more + f"&limit={limit}")]


@pytest.mark.parametrize("more", ["", "&status=completed"])
@pytest.mark.parametrize("caller, wanted, by_number", [
    ("+1", "often", False),                          # words alone
    ("sip:often@example.com", "often", True),        # and a number
    ("sip:w1@example.com", "w1", False),             # two letters are not looked for in numbers
    ("+97250123456", "0123456", True),
])
def test_every_way_finds_the_same(
    given: Given, new_business: Callable[[], int], caller: str, wanted: str, by_number: bool,
    more: str,
) -> None:
    """Small pages are filled from the newest calls; large ones are not, and are found by the
    indexes. Whichever it is, nothing is left out, or out of order."""
    business = new_business()
    expected = []
    for n in range(MANY + 90):
        at = f"2024-01-01T00:{n // 60:02}:{n % 60:02}Z"
        if 60 <= n < MANY + 60:  # more calls than are looked through, between those with words
            given.call(business, from_number="+1", to_number="+2", created_at=at)
            continue
        called = n % 3 == 0
        call = given.call(business, from_number=caller if called else "+1", created_at=at,
                          final_transcript="more" if called else f"{wanted} and more")
        if by_number or not called:
            expected.insert(0, call)
    api = given.api(business)
    for limit in (1, 12, 25, 100):
        assert pages(api, wanted, limit, more) == expected


MANY_MORE = 3000
READ = """SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables
    WHERE relname = 'tapedeck_search'"""


@pytest.mark.parametrize("f", ["{}", '{"direction": "inbound"}'])
@pytest.mark.parametrize("wanted", ["often", "555"])
def test_what_most_calls_hold_is_not_read_of_all(
    given: Given, new_business: Callable[[], int], wanted: str, f: str
) -> None:
    """A search for what most of a fortnight's calls hold took as long as there were calls."""
    business = new_business()
    given.db.execute("""INSERT INTO call_log (business_id, call_sid, direction, from_number, status,
            created_at, final_transcript)
        SELECT %s, 'CA' || md5(%s::text || n), 'inbound', '+15550001111', 'completed',
               timestamptz '2024-01-05' + n * interval '1 second', 'often'
          FROM generate_series(1, %s) n""", [business, business, MANY_MORE])
    with given.db.transaction():
        found = given.db.execute(FIND, [business, f, wanted, f"%{wanted}%", None, None]).fetchall()
        (read,) = given.db.execute(READ).fetchone()
    assert len(found) == 10 and all(is_call for _, _, is_call in found)
    assert 0 < read < MANY_MORE / 2


def test_a_very_long_transcript_is_no_trouble(
    given: Given, new_business: Callable[[], int]
) -> None:
    """PostgreSQL refuses to index too much; a CRM's own writing must never fail because of us."""
    business = new_business()
    words = " ".join(f"מילה{n}" for n in range(300_000))
    call = given.recorded(business, final_transcript="ראשונה " + words, ai_summary="א" * 50_000)
    assert pages(given.api(business), "ראשונה", 50) == [call]


def found(given: Given, business: int, words: str) -> set[str]:
    return set(pages(given.api(business), words, 50))


SAID_NOW = """CREATE OR REPLACE FUNCTION tapedeck_said(business bigint, transcript text, summary text)
RETURNS tsvector LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE 'words are computed'; END $$"""


def test_no_words_are_computed_by_a_search(given: Given, new_business: Callable[[], int]) -> None:
    """They were, of each of the newest calls: 25 ms of processor for an hour of talk."""
    business = new_business()
    call = given.recorded(business, final_transcript="שלום", from_number="+972500000001",
                          to_number="+1")
    (kept,) = given.db.execute("SELECT pg_get_functiondef('tapedeck_said'::regproc)").fetchone()
    try:
        given.db.execute(SAID_NOW)
        for words in ("שלום", "0000001", "+97250", "nowhere", "שלום nowhere", "1", "%"):
            assert found(given, business, words) <= {call}
        assert found(given, business, "שלום") == found(given, business, "000001") == {call}
    finally:
        given.db.execute(kept)


def test_what_changes_is_found_as_it_is(given: Given, new_business: Callable[[], int]) -> None:
    business, other = new_business(), new_business()
    call = given.recorded(business, final_transcript="before", from_number="+15550001111",
                          to_number="+1")
    given.db.execute("UPDATE call_log SET final_transcript = 'after', from_number = '+15552223333'"
                     " WHERE call_sid = %s", [call])
    assert found(given, business, "before") == found(given, business, "0001111") == set()
    assert found(given, business, "after") == found(given, business, "2223333") == {call}
    given.db.execute("UPDATE call_log SET business_id = %s, created_at = '2020-01-01'"
                     " WHERE call_sid = %s", [other, call])
    assert found(given, business, "after") == set()
    assert found(given, other, "after") == found(given, other, "2223333") == {call}
    given.db.execute("DELETE FROM call_log WHERE call_sid = %s", [call])
    assert found(given, other, "after") == set()
    assert given.rows("tapedeck_search", call_sid=call) == []


def test_what_an_older_release_wrote(given: Given, new_business: Callable[[], int]) -> None:
    """Its calls have no row of words: all is found while `cleanup` fills these in, and afterwards."""
    business = new_business()
    calls = [given.call(business, created_at=f"2024-01-01T00:{n // 60:02}:{n % 60:02}Z",
                        final_transcript="words" if n % 3 else "others", from_number="+1555777")
             for n in range(MANY)]
    given.db.execute("DELETE FROM tapedeck_search WHERE business_id = %s", [business])
    given.db.execute("INSERT INTO tapedeck_search_fill VALUES (%s, 'infinity', '')", [business])
    newer = given.call(business, final_transcript="words", from_number="+1555777")
    words = [newer, *(call for n, call in reversed(list(enumerate(calls))) if n % 3)]
    api = given.api(business)
    for _ in range(3):
        assert pages(api, "words", 40) == words
        assert pages(api, "555777", 100) == [newer, *calls[::-1]]
        given.db.execute("SELECT tapedeck_search_fill_some(100)")
    assert given.stack.run("cleanup").returncode == 0
    assert given.rows("tapedeck_search_fill", business_id=business) == []
    assert len(given.rows("tapedeck_search", business_id=business)) == MANY + 1
    assert pages(api, "words", 40) == words


FIND = """SELECT at, sid, is_call FROM tapedeck_find(%s, '', %s, %s, %s, %s, %s, 10, interval '0')"""


def every_page(given: Given, search: list[Any], status: str | None) -> tuple[list[str], int]:
    """All that is found where no page has any time, and how often it stopped for that."""
    place: tuple[Any, Any] = (None, None)
    got: list[str] = []
    stops = 0
    f = json.dumps({} if status is None else {"status": status})
    for _ in range(120):
        business, wanted, pattern = search
        rows = given.db.execute(FIND, [business, f, wanted, pattern, *place]).fetchall()
        got += [sid for _, sid, is_call in rows if is_call]
        if not rows or (rows[-1][2] and len(rows) < 10):
            return got, stops
        stops += not rows[-1][2]
        place = rows[-1][:2]
    raise AssertionError("there is no last page")


@pytest.mark.parametrize("status", [None, "busy"])
@pytest.mark.parametrize("wanted, pattern", [
    ("often", "%often%"), ("seldom", "%seldom%"), ("555", "%555%"), ("%", r"%\%%")])
def test_a_search_that_stops_goes_on(
    given: Given, new_business: Callable[[], int], wanted: str, pattern: str, status: str | None
) -> None:
    """Without any time it still goes a step further each time, and leaves nothing out."""
    business = new_business()
    every = [given.call(business, created_at=f"20{n:02}-05-05T00:00:00Z", from_number="+555",
                        status="busy" if n % 5 == 0 else "completed",
                        final_transcript="often%" + (" seldom" if n % 7 == 0 else ""))
             for n in range(30)]
    expected = [call for n, call in reversed(list(enumerate(every)))
                if (wanted != "seldom" or n % 7 == 0) and (status is None or n % 5 == 0)]
    got, stops = every_page(given, [business, wanted, pattern], status)
    assert got == expected and stops > 1


@pytest.mark.parametrize("wanted, pattern", [("often", "%often%"), ("555", "%555%")])
def test_a_search_that_stops_where_words_are_missing_yet(
    given: Given, new_business: Callable[[], int], wanted: str, pattern: str
) -> None:
    """It goes on with the next call, though the time was up within a fortnight that is filled in by half."""
    business = new_business()
    calls = [given.call(business, created_at=f"2024-05-05T00:00:{n:02}Z", from_number="+555",
                        final_transcript="often") for n in range(20)]
    given.db.execute("DELETE FROM tapedeck_search WHERE business_id = %s AND call_sid = ANY(%s)",
                     [business, calls[:15]])
    given.db.execute("""INSERT INTO tapedeck_search_fill SELECT business_id, created_at, call_sid
        FROM call_log WHERE call_sid = %s""", [calls[15]])
    assert every_page(given, [business, wanted, pattern], None)[0] == calls[::-1]


@pytest.mark.parametrize("index, condition", [
    ("tapedeck_search_words", "words @@ 'a:*'"),
    ("tapedeck_search_pieces", "tapedeck_pieces(business_id, fortnight, numbers) @> ARRAY['1.2:a']"),
])
def test_the_index_is_used(given: Given, db: Any, index: str, condition: str) -> None:
    """Or each search would read all that was ever said."""
    with db.transaction(force_rollback=True):
        db.execute("SET LOCAL enable_seqscan = off")
        plan = db.execute(f"EXPLAIN SELECT FROM tapedeck_search WHERE {condition}").fetchall()
    assert index in "".join(line for (line,) in plan)
