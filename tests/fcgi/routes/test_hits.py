"""Of a search, where it hit: the sentence, who said it, when, and which words."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Callable
from typing import Any

import pytest

from http_given import Given
from stack.processes import wait_until

MOST, SOON = 5, 60.0


def sentences(*texts: str) -> str:
    return json.dumps([{"speaker": "agent" if n % 2 else "customer", "start": n * 1.5,
                        "end": n * 1.5 + 1, "text": text} for n, text in enumerate(texts)])


def hits_of(given: Given, business: int, wanted: str) -> list[dict[str, Any]]:
    """Of all rows; asked again where a busy machine had no time for all of them."""
    rows: list[dict[str, Any]] = []

    def are_all_there() -> bool:
        rows[:] = given.api(business).calls(urllib.parse.urlencode({"search": wanted}))
        return not any(row["hits_more"] and len(row["hits"]) < MOST for row in rows)

    assert wait_until(are_all_there, SOON), rows
    return rows


def in_utf16(text: str, start: int, end: int) -> str:
    units = text.encode("utf-16-le")
    return units[2 * start:2 * end].decode("utf-16-le")


# What was said, what is looked for, the words that are marked.
MARKED = [
    ("קבענו את הפגישה", "פגישה", ["הפגישה"]),
    ("נקבעה פגישה, והפגישה תהיה", "הפגישה", ["פגישה", "והפגישה"]),
    ("דיברנו על החשבונית", "לחשבונית", ["החשבונית"]),
    ("אמר שָׁלוֹם לְכוּלָּם", "שלום", ["שָׁלוֹם"]),
    ("הלכנו לבית־ספר", "ספר", ["ספר"]),
    ("The INVOICE (invoices)", "invoice", ["INVOICE", "invoices"]),
    ("😀 the price 😀 is 45", "price 45", ["price", "45"]),
    ("it's 100% sure", "it's", ["it", "s", "sure"]),
    ("Çok güzel", "güz", ["güzel"]),
]


@pytest.mark.parametrize("said, wanted, marked", MARKED)
def test_words_are_marked(
    given: Given, new_business: Callable[[], int], said: str, wanted: str, marked: list[str]
) -> None:
    business = new_business()
    call = given.recorded(business, transcript_segments=sentences("nothing", said),
                          final_transcript=f"nothing {said}")
    (row,) = hits_of(given, business, wanted)
    (hit,) = row["hits"]
    assert (hit["recording"], hit["at"], hit["speaker"], hit["text"]) == (call, 1.5, "agent", said)
    assert [in_utf16(said, *mark) for mark in hit["marks"]] == marked
    assert row["hits_more"] is False


def test_no_word_is_marked_in_its_middle(given: Given, new_business: Callable[[], int]) -> None:
    business = new_business()
    given.recorded(business, transcript_segments=sentences("חשבונית 1234", "בונית 123"),
                   final_transcript="חשבונית 1234 בונית 123")
    for wanted in ("בונית", "123"):
        (row,) = hits_of(given, business, wanted)
        assert [hit["text"] for hit in row["hits"]] == ["בונית 123"]


def test_no_more_than_five_of_all_recordings(
    given: Given, new_business: Callable[[], int]
) -> None:
    business = new_business()
    few = given.recorded(business, created_at="2024-01-01", final_transcript="word word",
                         transcript_segments=sentences("word", "word"))
    other = given.further(business, few, transcript_segments=sentences("x", "a word"),
                          final_transcript="x a word")
    many = given.recorded(business, created_at="2024-01-02", final_transcript="word",
                          transcript_segments=sentences(*["word"] * 40))
    newest, oldest = hits_of(given, business, "word")
    assert (newest["call_sid"], oldest["call_sid"]) == (many, few)
    assert [hit["at"] for hit in newest["hits"]] == [0, 1.5, 3, 4.5, 6] and newest["hits_more"]
    assert [(hit["recording"], hit["at"]) for hit in oldest["hits"]] == [
        (few, 0), (few, 1.5), (other, 1.5)]
    assert not oldest["hits_more"]


def test_the_first_call_has_its_own_however_late_it_is(
    given: Given, new_business: Callable[[], int]
) -> None:
    business = new_business()
    oldest, newest = (given.recorded(business, created_at=day, final_transcript="a word",
                                     transcript_segments=sentences("a word"))
                      for day in ("2024-01-01", "2024-01-02"))
    rows = given.db.execute("SELECT sid, said FROM tapedeck_hits(%s, %s, 'word', 5, '0')",
                            (business, [newest, oldest])).fetchall()
    assert rows == [(newest, "a word"), (oldest, None)]


@pytest.mark.parametrize("columns, wanted", [
    ({"final_transcript": "word"}, "word"),                       # a CRM's own, without segments
    ({"ai_summary": "word", "transcript_segments": sentences("other")}, "word"),
    ({"from_number": "+97250123456", "transcript_segments": sentences("other")}, "50123456"),
    ({"final_transcript": "100%", "transcript_segments": sentences("100%")}, "%"),
    ({"final_transcript": "word", "transcript_segments": '{"word": 1}'}, "word"),
    ({"final_transcript": "word", "transcript_segments": '[1, {"text": "word"}, {"start": 1}]'}, "word"),
])
def test_where_there_are_none(
    given: Given, new_business: Callable[[], int], columns: dict[str, Any], wanted: str
) -> None:
    business = new_business()
    given.recorded(business, **columns)
    (row,) = hits_of(given, business, wanted)
    assert (row["hits"], row["hits_more"]) == ([], False)


def test_a_list_has_none(given: Given, new_business: Callable[[], int]) -> None:
    business = new_business()
    given.recorded(business, final_transcript="word")
    assert "hits" not in given.api(business).get("/api/calls").json["calls"][0]
