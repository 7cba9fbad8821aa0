"""docs/lint.md has every code that lint knows, as lint knows it, and each code is one that somebody gives."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrator.errors import Problem
from orchestrator.lint.codes import CODES
from orchestrator.lint.lint import check
from orchestrator.lint.loading import code_of
from tests.lint.designs import STARTERS, files, surroundings

ROOT = Path(__file__).resolve().parents[2]


def rows() -> dict[str, list[str]]:
    text = (ROOT / "docs" / "lint.md").read_text(encoding="utf-8")
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| TP")]
    return {cells[0]: cells[1:] for cells in found}


def test_the_document_names_every_code_with_its_severity_and_what_it_means() -> None:
    assert {code: row[:2] for code, row in rows().items()} == {c.code: [c.severity, c.title] for c in CODES.values()}


def test_the_document_has_an_example_and_a_fix_for_every_code() -> None:
    assert all(len(row) == 4 and row[2] and row[3] for row in rows().values())


def test_every_code_is_given_by_some_check() -> None:
    given = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "orchestrator" / "lint").glob("*.py") if path.stem != "codes"
    )

    assert {code for code in CODES if f'"{code}"' not in given} == set()
    assert {code for code in re.findall(r'"(TP\d{3})"', given) if code not in CODES} == set()


GOOD = (STARTERS / "quote-follow-up.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("title: Follow", "\ttitle: Follow", "TP002"),
        ("title: Follow", "title: Again\ntitle: Follow", "TP002"),
        ("title: Follow", "tilte: Follow", "TP003"),
        ("after: 10 minutes", "after: soon", "TP004"),
        ("gives_up_after: 30 days", "gives_up_after: 3000 weeks", "TP004"),
        ("starts_on: quote.sent", "starts_on: quote.snt", "TP005"),
        ("event.amount >= 500", "event.amont >= 500", "TP005"),
        ("event.amount >= 500", "event.amount = 500", "TP006"),
        ("event.amount >= 500", "event.work == 'deck'", "TP007"),
        ("not_reached: continue", "not_reached: again", "TP009"),
        ("completed: continue", "complete: continue", "TP011"),
        ("email: quote-thanks", "email: quote-thank", "TP012"),
        ("quote.accepted: goal", "quote.sent: goal", "TP015"),
        ("queue: sales", "queue: sale", "TP016"),
    ],
)
def test_what_cannot_be_loaded_has_a_code_of_its_kind(old: str, new: str, code: str) -> None:
    assert old in GOOD

    assert code in {finding.code for finding in check(files(GOOD.replace(old, new, 1)))}


def test_a_word_file_that_cannot_be_said_has_its_code() -> None:
    broken = {**surroundings(), "quote-follow-up.yaml": GOOD, "texts/sorry-we-missed-you.md": "{% if event.work %}Sorry.\n"}

    assert [(f.code, f.file) for f in check(broken)] == [("TP013", "texts/sorry-we-missed-you.md")]


def test_house_rules_that_name_no_place_are_found_at_their_line() -> None:
    broken = {**files(GOOD), "house-rules.yaml": surroundings()["house-rules.yaml"].replace("America/Denver", "America/Denvr")}

    (finding,) = check(broken)

    assert (finding.code, finding.file) == ("TP005", "house-rules.yaml")
    assert "America/Denvr" in broken["house-rules.yaml"].splitlines()[finding.line - 1]


def test_a_name_that_the_system_has_is_found() -> None:
    ours = GOOD.replace("playbook: quote-follow-up", "playbook: promise")

    assert [(f.code, f.file, f.line) for f in check(files(ours))] == [("TP012", "promise.yaml", 1)]


def test_a_problem_of_no_kind_still_has_a_code() -> None:
    assert code_of(Problem("something new", place="x.yaml")) == "TP001"
    assert code_of(Problem("something new", place="emails/x.md")) == "TP013"
