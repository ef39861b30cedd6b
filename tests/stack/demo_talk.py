"""What people say in the demo's calls: cut together from demo_talk.txt, so that no two are the same."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

TEXT = Path(__file__).with_name("demo_talk.txt")
LANGUAGES = ("he", "en")
AGENTS = {"he": (("11", "נועה ברק"), ("12", "איתי כהן"), ("13", "רונית שחר")),
          "en": (("21", "Maya Levin"), ("22", "Daniel Adler"), ("23", "Tom Harris"))}
FILLED_IN = {
    "he": {"day": ("ראשון", "שני", "שלישי", "רביעי", "חמישי"),
           "hour": ("תשע", "עשר וחצי", "שתיים", "ארבע", "חמש וחצי"),
           "item": ("מקרר", "מדיח", "תנור", "מזגן", "מייבש כביסה"),
           "street": ("הרצל", "ביאליק", "ויצמן", "אבן גבירול", "הגפן")},
    "en": {"day": ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday"),
           "hour": ("nine", "half past ten", "two", "four", "half past five"),
           "item": ("dishwasher", "washing machine", "fridge", "coffee machine", "tumble dryer"),
           "street": ("King George", "Station", "Garden", "Mill", "Orchard")},
}
LABELS = {"he": ("נושא", "מה נדון", "תוצאה", "הצעד הבא"),
          "en": ("Subject", "Discussed", "Outcome", "Next step")}


@dataclass
class Block:
    """A piece of a call: who says what, and what a summary tells of it."""

    kind: str
    language: str
    way: str  # in or out; '': either
    tag: str
    summary: str = ""
    lines: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Talk:
    """A whole call."""

    language: str
    inbound: bool
    agent_id: str
    agent_name: str
    tag: str
    summary: str
    lines: list[tuple[str, str]]  # agent or customer, and a sentence


class Talks:
    """Makes calls up, always the same ones."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._blocks = list(_blocks())

    def another(self, language: str) -> Talk:
        dice = self._dice
        topic = self._one("topic", language)
        blocks = [self._one("opening", language, topic.way), topic]
        blocks += [self._one("aside", language)] if dice.random() < 0.5 else []
        blocks.append(self._one("closing", language))
        agent_id, agent_name = dice.choice(AGENTS[language])
        words = {name: dice.choice(choices) for name, choices in FILLED_IN[language].items()}
        words.update(agent=agent_name, sum=str(dice.randrange(90, 480) * 10),
                     order=str(dice.randrange(10_000, 99_999)))
        subject, discussed, outcome, following = topic.summary.split(" / ")
        told = " ".join([discussed, *(b.summary for b in blocks if b.kind == "aside")])
        parts = zip(LABELS[language], (subject, told, outcome, following))
        return Talk(language, topic.way == "in", agent_id, agent_name, topic.tag,
                    "\n".join(f"{label}: {part}" for label, part in parts).format(**words),
                    [(who, said.format(**words)) for b in blocks for who, said in b.lines])

    def _one(self, kind: str, language: str, way: str = "") -> Block:
        return self._dice.choice([
            block for block in self._blocks
            if (block.kind, block.language) == (kind, language) and way in ("", block.way)
        ])


def _blocks() -> Iterator[Block]:
    speakers = {"A": "agent", "C": "customer"}
    block = None
    for line in TEXT.read_text().splitlines():
        if line.startswith("== "):
            kind, language, way, tag = (line[3:].split(" ", 3) + ["", ""])[:4]
            block = Block(kind, language, way, tag)
            yield block
        elif block and line[:3] in ("A: ", "C: "):
            block.lines.append((speakers[line[0]], line[3:]))
        elif block and line.startswith("S: "):
            block.summary = line[3:]
