"""A rehearsal file that says something impossible is refused, with line, column and what to do; every key has an example in the docs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from pydantic import BaseModel

from orchestrator.language.rehearsal import Answers, Comes, Ended, Ends, OptsOut, Person, Rehearsal, RehearsalFile, Touched
from orchestrator.language.schema import json_schema
from orchestrator.language.source import read_yaml
from orchestrator.rehearsal.everything import run_text
from orchestrator.rehearsal.stage import Stage
from tests.rehearsal.conftest import STARTERS
from tests.rehearsal.stories import HEAD, SENT, THANKS, outcome_of, shown, story

DOCS = STARTERS.parent / "docs" / "rehearsals.md"
EXAMPLES = [
    pytest.param(m[1], id=f"{path.name}-{text.count(chr(10), 0, m.start()) + 1}")
    for path in (DOCS, STARTERS / "README.md")
    for text in [path.read_text(encoding="utf-8")]
    for m in re.finditer(r"```ya?ml\n(.*?)```", text, re.DOTALL)
    if "\nrehearsals:" in m[1]
]
CALL = "{touchpoint: quote-check-in, ends: completed}"


def problems(stage: Stage, text: str) -> list[str]:
    return [str(p) for p in outcome_of(stage, text).problems]


@pytest.mark.parametrize(
    ("text", "place", "problem", "hint"),
    [
        (story([SENT]).replace("quote-follow-up", "quote-folow-up"), "1:11", "there is no playbook 'quote-folow-up'", "did you mean 'quote-follow-up'?"),
        (story([SENT.replace("quote.sent", "quote.snt")]), "9:43", "lifecycle.yaml has no event 'quote.snt'", "did you mean 'quote.sent'?"),
        (story([SENT.replace("Tue", "Wed")]), "9:14", "2026-03-10 is a Tuesday"[:16], "another date"),
        (story(["{at: 10:00, event: quote.sent}"]), "9:14", "'10:00' needs a date", "Tue 2026-03-03 10:10"),
        (story([SENT.replace("10:00", "10.00")]), "9:14", "'Tue 2026-03-10 10.00' is no moment", "Tue 2026-03-03 10:10"),
        (story([SENT, CALL.replace("check-in", "chek-in")]), "10:22", "has no touchpoint 'quote-chek-in'", "did you mean 'quote-check-in'?"),
        (story([SENT, CALL.replace("completed", "complete")]), "10:44", "a call cannot end with 'complete'", "did you mean 'completed'?"),
        (story([SENT, CALL.replace("completed", "sent")]), "10:44", "a call cannot end with 'sent'", ""),
        (story([SENT, "{touchpoint: quote-thanks, ends: declined}"]), "10:42", "an e-mail cannot end with 'declined'", ""),
        (story([SENT, "{touchpoint: quote-thanks, ends: failed, waits: 2 days}"]), "10:50", "'waits' is for calls that staff make", "delete it"),
        (story([SENT, CALL, CALL]), "11:9", "how 'quote-check-in' ends is said twice", "line 10 says it too"),
        (story([SENT, CALL.replace("}", ", try: 4}")]), "10:60", "'quote-check-in' is tried 3 times at most", ""),
        (story([SENT, CALL.replace("}", ", answers: {mood: good}}")]), "10:65", "scripts/quote-check-in.md asks no question 'mood'", "feeling"),
        (story([SENT, CALL.replace("}", ", answers: {feeling: great}}")]), "10:74", "this is none of the choices", "good, too much money"),
        (story([SENT, "{touchpoint: quote-check-in, ends: call_back}"]), "10:44", "go together", ""),
        (story([SENT, "{at: Mon 2026-03-09 10:00, opts_out: all}"]), "10:14", "is before the line above it", "in its order"),
        (story([SENT, "{at: Tue 11:00, does: nothing}"]), "10:9", "says nothing that can be", "it needs one of event, touchpoint, opts_out, survey"),
        (story([SENT], [THANKS.replace("sent", "send")]), "11:66", "'send' is nothing that becomes of a touch", "did you mean 'sent'?"),
        (story([SENT], ["{at: Tue 2026-03-10 10:00, becomes: quiet}"]), "11:9", "says nothing that can be", "it needs one of touchpoint, ends"),
        (story([SENT], [THANKS.replace("}", ", until: Wed 10:00}")]), "11:72", "'until' is for what is deferred", "is: deferred"),
        (story([SENT], more="until: Tue 2026-03-10 09:00"), "8:12", "time stops before anything happens", "Tue 2026-03-10 10:00"),
        (story(["{at: Tue 2026-03-10 10:00, opts_out: all}"]), "9:7", "no event begins it", "event: …"),
        (story([SENT, "{at: Wed 10:00, event: quote.accepted}"], more="until: Tue 2026-03-10 12:00"), "8:12", "time stops before all has happened", "Wed 2026-03-11 10:00"),
        (story([CALL]), "9:7", "no event begins it", "event: …"),
        (story([SENT], head=HEAD.replace("America/Chicago", "Chicago")), "3:49", "no time zone is called 'Chicago'", "America/Chicago"),
        (story([SENT], head=HEAD.replace("consent: service", "consent: maybe")), "3:123", "'maybe' is not possible here", "known"),
        (story([SENT], head=HEAD.replace(", consent: service", "")), "3:", "the customer's consent is not said", "consent: service"),
        (story([SENT], head=HEAD.replace("amount: 1850", "amount: a lot")), "5:24", "'amount' is not a number", "it is 'a lot'"),
        (story([SENT], head=HEAD.replace("amount: 1850, ", "")), "9:43", "quote.sent: 'amount' is missing", "under fields:"),
        (story([SENT], head=HEAD.replace("quote.sent:", "quote.gone:")), "5:3", "lifecycle.yaml has no event 'quote.gone'", ""),
        (story([SENT]).replace("nothing", "notin"), "10:11", "'notin' is not possible here", "nothing"),
        (story(["{at: Sun 2026-03-08 02:30, event: quote.sent}"]), "9:14", "the clock skips it", "another time"),
        (story([SENT], more="show: night"), "8:5", "'show' is not known here", "did you mean 'shows'?"),
        (story([SENT], more="shows: evening"), "8:12", "'evening' is not possible here", "known"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_its_place(stage: Stage, text: str, place: str, problem: str, hint: str) -> None:
    found = problems(stage, text)

    assert any(one.startswith(f"story.yaml:{place}") and problem in one and hint in one for one in found), found


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(stage: Stage) -> None:
    found = problems(
        stage, story([SENT.replace("quote.sent", "x.y"), CALL.replace("completed", "sent")], [THANKS.replace("sent", "send")])
    )

    assert [one.split(":")[1] for one in found] == ["9", "10", "12"]


def test_a_file_that_is_no_yaml_stops_only_itself(stage: Stage) -> None:
    outcomes = [o for text in ("rehearsals: [", story([SENT])) for o in run_text(stage, "x.yaml", text)]

    assert outcomes[0].problems
    assert not outcomes[0].agrees
    assert outcomes[1].result is not None


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_of_the_docs_is_a_story_that_comes_true(stage: Stage, text: str) -> None:
    outcomes = list(run_text(stage, "docs", text))

    assert [shown(o) for o in outcomes if not o.agrees] == []


def keys() -> Iterator[tuple[str, str]]:
    models: tuple[type[BaseModel], ...] = (RehearsalFile, Rehearsal, Person, Comes, Ends, OptsOut, Answers, Touched, Ended)
    for model in models:
        for name, info in model.model_fields.items():
            yield model.__name__, info.alias or name


@pytest.mark.parametrize(("model", "key"), [pytest.param(m, k, id=f"{m}-{k}") for m, k in keys()])
def test_every_key_has_an_example_in_the_docs(model: str, key: str) -> None:
    examples = "\n".join(str(e.values[0]) for e in EXAMPLES)

    assert re.search(rf"(^|[\s{{]){key}:", examples), f"no example says {key}"


@pytest.mark.parametrize("path", sorted((STARTERS / "rehearsals").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_schema_that_editors_use_fits_the_files(path: Path) -> None:
    schema = json_schema("rehearsal")
    data = read_yaml(path.read_text(encoding="utf-8"), path.name).data

    jsonschema.validate(data, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**data, "reharsals": []}, schema)
