"""Every example of playbooks/README.md is loaded and compiled, and every word of the language has one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from pydantic import BaseModel

from orchestrator.errors import PlaybookError
from orchestrator.language.design import Design, load_design
from orchestrator.language.dispositions import ALL, AUTOMATIC_ENDINGS, CALL_RESULTS, CLASSES, MESSAGE_RESULTS
from orchestrator.language.fronts import EmailWords, Question, ScriptWords, SurveyQuestion, VoicemailWords, VoiceWords
from orchestrator.language.house_rules import Cap, Desk, HouseRules, Shift
from orchestrator.language.lifecycle import KINDS, Lifecycle
from orchestrator.language.names import FIXED, SURVEY
from orchestrator.language.playbook import (
    Attempts,
    Branch,
    Escalates,
    Playbook,
    Repeat,
    Split,
    Touchpoint,
    Wait,
    WaitFor,
    Way,
)
from orchestrator.language.source import parse, read_yaml
from orchestrator.language.system_events import SYSTEM_EVENTS
from orchestrator.language.words import FOLDERS

FOLDER = Path(__file__).resolve().parents[2] / "playbooks"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
BLOCKS = [
    (m[1], m[2], README.count("\n", 0, m.start()) + 1) for m in re.finditer(r"```(yaml|markdown)\n(.*?)```", README, re.DOTALL)
]
HEAD = {"playbook": "example", "title": "Example", "stage": "quote", "owner": "ops", "gives_up_after": "60 days"}
BODY = "- touchpoint: example\n  email: example\n"
LIFECYCLE = (FOLDER / "lifecycle.yaml").read_text(encoding="utf-8")
HOUSE_RULES = (FOLDER / "house-rules.yaml").read_text(encoding="utf-8")
STUBS = {
    "email": "---\nsubject: Example\n---\nExample.\n",
    "call": "---\ntitle: Example\ngoal: Example.\n---\nExample.\n",
    "text": "Example.\n",
    "voice": "---\nkeys: {1: confirm, 2: call_back}\n---\nExample.\n",
    "voicemail": "Example.\n",
}


def whole(block: str) -> str:
    """The playbook that an example belongs to: its own, or one made around its steps or its lines of the head."""
    if block.startswith("playbook:"):
        return block
    said = {} if block.startswith("- ") else read_yaml(block, "example").data
    assert said.keys() <= Playbook.model_fields.keys()
    head = {key: value for key, value in {**HEAD, "starts_on": start_of(block)}.items() if key not in said}
    lines = "".join(f"{key}: {value}\n" for key, value in head.items())
    return f"{lines}{block if said else ''}steps:\n{BODY if said else block}"


@cache
def lifecycle() -> Lifecycle:
    return parse(Lifecycle, read_yaml(LIFECYCLE, "lifecycle.yaml"))


def start_of(block: str) -> str:
    """An event that carries every field the example looks at."""
    fields = set(re.findall(r"event\.([a-z_]+)", block))
    starts = ("quote.sent", "visit.booked", "visit.done", "invoice.issued")
    return next(name for name in starts if fields <= lifecycle().events[name].fields.keys())


def with_words(playbook: str) -> dict[str, str]:
    """The example with a file for everything it says."""
    said = re.findall(r"\b(email|text|call|voice|voicemail): ([a-z0-9-]+)", playbook)
    name = re.search(r"^playbook: (\S+)", playbook, re.MULTILINE)
    assert name is not None
    words = {f"{FOLDERS[channel]}/{file}.md": STUBS[channel] for channel, file in said}
    return {"lifecycle.yaml": LIFECYCLE, "house-rules.yaml": HOUSE_RULES, f"{name[1]}.yaml": playbook, **words}


def channel_of(words: str) -> str:
    """Which words an example shows, told by what only they have."""
    signs = {"goal:": "call", "subject:": "email", "if_answered:": "voicemail", "keys:": "voice"}
    return next((channel for sign, channel in signs.items() if f"\n{sign}" in words), "text")


def load(kind: str, block: str) -> Design | None:
    if kind == "markdown":
        channel = channel_of(block)
        more = "  queue: sales\n" if channel == "call" else "  outcomes: {call_back: goal}\n" if channel == "voice" else ""
        files = with_words(whole(f"- touchpoint: example\n  {channel}: example\n{more}"))
        if "event.starts_at" in block:
            files["example.yaml"] = files["example.yaml"].replace("quote.sent", "visit.booked")
        if "recording:" in block:
            files["house-rules.yaml"] = HOUSE_RULES.replace("recorded_voicemail: false", "recorded_voicemail: true")
        return load_design({**files, f"{FOLDERS[channel]}/example.md": block})
    if block.startswith("company:"):
        parse(HouseRules, read_yaml(block, "house-rules.yaml"))
        return None
    if block.startswith("stages:"):
        parse(Lifecycle, read_yaml(block, "lifecycle.yaml"))
        return None
    return load_design(with_words(whole(block)))


@pytest.mark.parametrize(("kind", "block"), [pytest.param(k, b, id=f"line-{n}") for k, b, n in BLOCKS])
def test_every_example_works_as_it_stands(kind: str, block: str) -> None:
    design = load(kind, block)

    assert design is None or len(design.playbooks) == 1


def test_a_broken_example_would_be_noticed() -> None:
    kind, block, _ = next(b for b in BLOCKS if "voicemail_left" in b[1])

    with pytest.raises(PlaybookError, match="did you mean 'voicemail_left'"):
        load(kind, block.replace("voicemail_left", "voicemail_lft"))


def keys() -> Iterator[tuple[str, str]]:
    models: tuple[type[BaseModel], ...] = (
        Playbook, Touchpoint, Attempts, Repeat, Escalates, Wait, WaitFor, Branch, Way, Split,
        Lifecycle, HouseRules, Cap, Desk, Shift, EmailWords, SurveyQuestion, VoiceWords, VoicemailWords, ScriptWords, Question,
    )  # fmt: skip
    for model in models:
        for name, info in model.model_fields.items():
            yield model.__name__, info.alias or name


@pytest.mark.parametrize(("model", "key"), [pytest.param(m, k, id=f"{m}-{k}") for m, k in keys()])
def test_every_word_of_the_language_has_an_example(model: str, key: str) -> None:
    examples = "\n".join(block for _, block, _ in BLOCKS)

    assert re.search(rf"(^|[\s{{]){key}:", examples), f"no example says {key}"


@pytest.mark.parametrize(
    "word",
    [
        *(d.code for d in ALL), *AUTOMATIC_ENDINGS, *CLASSES, *CALL_RESULTS, *MESSAGE_RESULTS, *SYSTEM_EVENTS, *KINDS,
        *(name for name in FIXED), *(f"answers.{name}" for name in SURVEY),
    ],
)  # fmt: skip
def test_every_name_that_authors_may_use_is_listed(word: str) -> None:
    assert f"`{word}`" in README


@pytest.mark.parametrize("unit", ["minutes", "hours", "days", "business days", "week"])
def test_every_unit_of_time_has_an_example(unit: str) -> None:
    assert any(re.search(rf"after: \d+ {unit}\b", block) for _, block, _ in BLOCKS)


@pytest.mark.parametrize(
    "condition",
    [c.replace("\\|", "|") for c in re.findall(r"^\| `(.*?)` \|", README.split("## Conditions")[1].split("## ")[0], re.M)],
)
def test_every_condition_of_the_table_can_be_used(condition: str) -> None:
    load("yaml", f'- if: "{condition}"\n  then: [exit]\n')
