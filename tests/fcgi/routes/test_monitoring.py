"""What comes for Prometheus and Grafana: promtool takes it, and it asks for nothing we do not tell."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from http_given import given_in
from stack.api import Api
from stack.calls import new_call
from stack.stack import ROOT, Stack
from twilio.client import fault

FOLDER = ROOT / "contrib" / "monitoring"
RULES, TRIALS = FOLDER / "tapedeck.rules.yml", FOLDER / "tapedeck.rules.test.yml"
DASHBOARD, SCRAPING = FOLDER / "grafana.json", FOLDER / "prometheus.yml"
PAGE = ROOT / "docs" / "monitoring.md"
NAME = re.compile(r"\btapedeck_[a-z_]+\b")
SELECTOR = re.compile(r"\b(tapedeck_[a-z_]+)(?:\{([^}]*(?:\{call\}[^}]*)*)\})?")
LABEL = re.compile(r"([a-z]+)\s*(?:=~|!~|!=|=)")


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *map(str, arguments)], cwd=FOLDER, capture_output=True,
                          text=True)


@pytest.fixture(scope="module")
def told(
    sanitizer_reports: Path, build_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A scrape of a stack on which a little of everything has happened."""
    run_dir = tmp_path_factory.mktemp("monitoring") / "run"
    with Stack(run_dir, build_dir=build_dir, responders=1, fast=True, bound=True) as stack:
        with given_in(stack):
            new_call(stack, 1)
            new_call(stack, 1, faults=[fault("html")])
        assert stack.run("drain", "--once", RUN_ATTEMPTS="1").returncode == 0
        answer = Api(stack.base_url, stack.config["METRICS_TOKEN"]).get("/metrics")
        assert answer.status == 200
        yield answer.body.decode()


def expressions() -> list[str]:
    """Every question that the rules and the dashboard ask."""
    rules = re.findall(r"^ +expr: (?:>-\n((?:^ {10}.*\n)+)|(.*))", RULES.read_text(), re.MULTILINE)
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return ["".join(pair) for pair in rules] + [
        target["expr"] for panel in panels for target in panel["targets"]]


def labels_told(told: str) -> dict[str, set[str]]:
    """The labels of every sample's name."""
    found: dict[str, set[str]] = {}
    for line in told.splitlines():
        if not line.startswith("#"):
            name, _, rest = line.partition("{")
            name = name.split(" ")[0]
            found.setdefault(name, set()).update(re.findall(r'(?:^|,)([a-z]+)="', rest))
    return found


def unknown(told: str, asked: list[str]) -> Iterator[str]:
    """Names and labels that are asked for and never told."""
    known = labels_told(told)
    for question in asked:
        for name, selector in SELECTOR.findall(question):
            if name not in known:
                yield name
            else:
                yield from (f"{name}{{{label}}}" for label in LABEL.findall(
                    re.sub(r'"[^"]*"', "", selector)) if label not in known[name])


def test_promtool_takes_the_rules() -> None:
    done = promtool("check", "rules", RULES)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{RULES.read_text().count('- alert:')} rules found" in done.stdout


def test_the_rules_do_what_they_say() -> None:
    done = promtool("test", "rules", TRIALS)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("broken", [("> 120", "== 120"), ("> 0.1\n", "> 0.9\n"),
                                    ('{route!~".*(prepare|status)"}', "")])
def test_the_trials_can_fail(tmp_path: Path, broken: tuple[str, str]) -> None:
    text = RULES.read_text()
    assert broken[0] in text
    (tmp_path / RULES.name).write_text(text.replace(*broken))
    (tmp_path / TRIALS.name).write_text(TRIALS.read_text())
    assert promtool("test", "rules", tmp_path / TRIALS.name).returncode != 0


def test_promtool_takes_the_configuration() -> None:
    done = promtool("check", "config", "--syntax-only", SCRAPING)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_is_asked_that_is_not_told(told: str) -> None:
    asked = expressions()
    assert len(asked) >= 20
    assert list(unknown(told, asked)) == []


def test_what_is_not_told_is_found(told: str) -> None:
    wrong = ['rate(tapedeck_nothing_total[5m])', 'tapedeck_up{server="redis"} == 0',
             'tapedeck_queue_runs{lane="click",size!="x"}']
    assert list(unknown(told, wrong)) == [
        "tapedeck_nothing_total", "tapedeck_up{server}", "tapedeck_queue_runs{size}"]
    assert list(unknown(told, ['sum by (le) (tapedeck_up{part=~"a|b"})'])) == []


def test_promtool_reads_every_question(tmp_path: Path) -> None:
    """The dashboard's, as rules: Grafana itself is not asked."""
    rules = "".join(f"      - record: a:b{number}\n        expr: {json.dumps(question)}\n"
                    for number, question in enumerate(expressions()))
    path = tmp_path / "questions.yml"
    path.write_text(f"groups:\n  - name: all\n    rules:\n{rules}")
    done = promtool("check", "rules", path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_page_names_what_is_told(told: str) -> None:
    """Each metric and each alert has its line in the documentation, and none is there that is not."""
    families = set(re.findall(r"^# TYPE (\S+)", told, re.MULTILINE))
    page = PAGE.read_text()
    rows = set(re.findall(r"^\| `(tapedeck_[a-z_]+)", page, re.MULTILINE))
    assert rows == families
    alerts = set(re.findall(r"- alert: (\w+)", RULES.read_text()))
    assert set(re.findall(r"^\| `(Tapedeck\w+)`", page, re.MULTILINE)) == alerts


def test_the_dashboard_is_whole() -> None:
    board = json.loads(DASHBOARD.read_text())
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels) >= 12
    assert all(panel["targets"] and panel["title"] for panel in panels)
    places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in panels]
    assert len(set(places)) == len(places)
    assert all(p["gridPos"]["x"] + p["gridPos"]["w"] <= 24 for p in panels)
    assert {target["datasource"]["uid"] for panel in panels for target in panel["targets"]} == {
        "${" + board["templating"]["list"][0]["name"] + "}"}
