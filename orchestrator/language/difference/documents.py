"""Two documents of a playbook, as versions pin them: the file, what it says, and the declarations it relies on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.language.difference.fields import fields
from orchestrator.language.difference.playbook import steps_and_head
from orchestrator.language.difference.sentence import About, Sentence, quoted, sentence
from orchestrator.language.difference.words import words_difference
from orchestrator.language.house_rules import HouseRules
from orchestrator.language.lifecycle import Lifecycle
from orchestrator.language.playbook import Playbook, touchpoints
from orchestrator.language.source import parse, read_yaml
from orchestrator.language.words import FOLDERS, Words, read_words

Document = Mapping[str, Any]
_CHANNELS = {folder: channel for channel, folder in FOLDERS.items()}


def playbook_of(document: Document) -> Playbook:
    """The playbook of a document, as it was written."""
    return parse(Playbook, read_yaml(document["playbook"], "the playbook"))


def playbook_difference(old: Document, new: Document) -> list[Sentence]:
    """What is another, in the order of the file: head, steps, words, declarations. Empty: nothing but comments and layout.

    Raises PlaybookError when one of them cannot be read.
    """
    before, after = playbook_of(old), playbook_of(new)
    declared = fields(declarations(old), declarations(new))
    return [
        *steps_and_head(before, after),
        *_words(before, old["words"], new["words"]),
        *(Sentence("declarations", field, sentence(text)) for field, text in declared),
    ]


def declarations(document: Document) -> Lifecycle:
    """The part of lifecycle.yaml that a version pins."""
    stages = {name: {"title": title} for name, title in document["stages"].items()}
    return Lifecycle.model_validate({"stages": stages, "events": document["events"], "customer": document["customer"]})


def house_rules_difference(old: HouseRules, new: HouseRules) -> list[Sentence]:
    """What is another in the house rules. They hold for everybody from the moment they are published, also for those inside."""
    return list(_all("house rules", old, new))


def lifecycle_difference(old: Lifecycle, new: Lifecycle) -> list[Sentence]:
    """What is another in the lifecycle. Versions keep the declarations they were published with."""
    return list(_all("lifecycle", old, new))


def _all(about: About, old: HouseRules | Lifecycle, new: HouseRules | Lifecycle) -> Iterator[Sentence]:
    for field, text in fields(old, new):
        yield Sentence(about, field, sentence(text), everybody=about == "house rules")


def _words(playbook: Playbook, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Sentence]:
    said = [(step.touchpoint, f"{FOLDERS[step.channel]}/{step.words}.md") for step, _ in touchpoints(playbook.steps)]
    for path in sorted({*old, *new}):
        if path not in new:
            yield Sentence("words", "file", f"{path} is not said any more.")
        elif path not in old:
            yield Sentence("words", "file", f"{path} is said now: {quoted(_read(path, new[path]).body.text)}")
        elif old[path] != new[path]:
            steps = frozenset(step for step, file in said if file == path)
            for field, text in words_difference(_read(path, old[path]), _read(path, new[path])):
                yield Sentence("words", field, f"{path}: {_ended(text)}", steps)


def _ended(text: str) -> str:
    return text if text.endswith((".”", "?”", "!”", "…”", ".", "?", "!")) else f"{text}."


def _read(path: str, text: str) -> Words:
    folder, _, file = path.partition("/")
    return read_words(_CHANNELS[folder], file.removesuffix(".md"), text, path)
