"""All files of the authors together: checked as one, and each playbook with everything it says as one document.

A document is what a published version pins. It is plain data; `load_document` makes the same program of it for ever, whatever
becomes of the files. House rules are not pinned: they bind every version, also those in flight.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

from orchestrator.errors import PlaybookError, Problem, did_you_mean
from orchestrator.language.compile import Compiled, compile_playbook
from orchestrator.language.house_rules import HouseRules
from orchestrator.language.lifecycle import FieldType, Lifecycle
from orchestrator.language.names import FIXED
from orchestrator.language.playbook import Model, Playbook
from orchestrator.language.program import Program
from orchestrator.language.source import Source, parse, read_yaml
from orchestrator.language.system_events import SYSTEM_EVENTS
from orchestrator.language.words import FOLDERS, Words, read_words

FORMAT = 1  # of documents
LIFECYCLE, HOUSE_RULES = "lifecycle.yaml", "house-rules.yaml"
OTHER_FOLDERS = ("rehearsals",)  # read by others
_CHANNELS = {folder: channel for channel, folder in FOLDERS.items()}

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class PlaybookSource:
    """One playbook as it stands in its file, compiled."""

    name: str
    path: str
    text: str
    playbook: Playbook
    compiled: Compiled = field(repr=False)

    @property
    def program(self) -> Program:
        return self.compiled.program


@dataclass(frozen=True, slots=True)
class Design:
    """Everything the authors wrote, without a mistake that can be told beforehand."""

    lifecycle: Lifecycle
    house_rules: HouseRules
    playbooks: Mapping[str, PlaybookSource]
    files: Mapping[str, str] = field(repr=False)
    sources: Mapping[str, Source] = field(repr=False)  # of lifecycle.yaml and house-rules.yaml: where everything stands

    def document(self, playbook: str) -> dict[str, Any]:
        """What a version of this playbook pins, ready for JSON: its text, the words it says, the declarations it relies on."""
        source = self.playbooks[playbook]
        compiled = source.compiled
        said = sorted(words.path for words in compiled.words.values())
        return {
            "format": FORMAT,
            "playbook": source.text,
            "words": {path: self.files[path] for path in said},
            "stages": {name: stage.title for name, stage in sorted(self.lifecycle.stages.items()) if name in _stages(compiled)},
            "events": {name: compiled.events[name].model_dump(mode="json") for name in sorted(compiled.events)},
            "customer": {name: str(kind) for name, kind in sorted(self.lifecycle.customer.items())},
        }

    def hash(self, playbook: str) -> str:
        """A fingerprint of the document: the same when nothing that a version pins has changed."""
        return document_hash(self.document(playbook))


@dataclass(frozen=True, slots=True)
class LoadedVersion:
    """A pinned version, ready to run."""

    playbook: Playbook
    program: Program
    words: Mapping[tuple[str, str], Words]  # (channel, name)
    declared: Mapping[str, FieldType] = field(repr=False)


def document_hash(document: Mapping[str, Any]) -> str:
    """SHA-256 of a document, the same whatever the order of its keys."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def load_design(files: Mapping[str, str]) -> Design:
    """The design in these files (path relative to the playbooks folder -> text).

    Raises one PlaybookError with every problem of every file, by file and line.
    """
    problems: list[Problem] = []
    lifecycle = _one(Lifecycle, LIFECYCLE, files, problems)
    house_rules = _one(HouseRules, HOUSE_RULES, files, problems)
    if lifecycle:
        problems += _check_lifecycle(lifecycle[0], lifecycle[1])
    words = _read_all_words(files, problems)
    playbooks: dict[str, PlaybookSource] = {}
    for path in sorted(files):
        if not _is_playbook(path, problems):
            continue
        if (read := _read(Playbook, path, files[path], problems)) is None:
            continue
        playbook, source = read
        if path != f"{playbook.playbook}.yaml":
            hint = f"call the file {playbook.playbook}.yaml, or the playbook {path.removesuffix('.yaml')}"
            problems.append(source.problem(("playbook",), f"the playbook '{playbook.playbook}' is in the file {path}", hint))
        if lifecycle and house_rules:
            compiled = compile_playbook(playbook, source, lifecycle[0], house_rules[0], words)
            problems += compiled.problems
            playbooks[playbook.playbook] = PlaybookSource(playbook.playbook, path, files[path], playbook, compiled)
    if problems or not lifecycle or not house_rules:
        raise PlaybookError(_sorted(problems))
    sources = {LIFECYCLE: lifecycle[1], HOUSE_RULES: house_rules[1]}
    return Design(lifecycle[0], house_rules[0], playbooks, dict(files), sources)


def load_document(document: Mapping[str, Any], house_rules: HouseRules) -> LoadedVersion:
    """A pinned version as it was when it was published, under the house rules of today.

    Raises PlaybookError when the house rules no longer have a contact window or queue that it names.
    """
    if document.get("format") != FORMAT:
        hint = "a newer release wrote it" if isinstance(document.get("format"), int) else "the row is damaged"
        raise PlaybookError(
            Problem(f"a version of format {document.get('format')!r} cannot be read; this release reads {FORMAT}", hint)
        )
    problems: list[Problem] = []
    words = _read_all_words(document["words"], problems)
    source = read_yaml(document["playbook"], "the published playbook")
    playbook = parse(Playbook, source)
    lifecycle = Lifecycle.model_validate(
        {
            "stages": {name: {"title": title} for name, title in document["stages"].items()},
            "events": document["events"],
            "customer": document["customer"],
        }
    )
    compiled = compile_playbook(playbook, source, lifecycle, house_rules, words, pinned=True)
    problems += compiled.problems
    if problems:
        raise PlaybookError(_sorted(problems))
    return LoadedVersion(playbook, compiled.program, compiled.words, compiled.declared)


def _one(model: type[M], path: str, files: Mapping[str, str], problems: list[Problem]) -> tuple[M, Source] | None:
    if path not in files:
        problems.append(Problem(f"there is no {path}", "every playbook needs it; playbooks/README.md shows one", path, 1, 1))
        return None
    return _read(model, path, files[path], problems)


def _read(model: type[M], path: str, text: str, problems: list[Problem]) -> tuple[M, Source] | None:
    try:
        read: tuple[M, Source] = _parsed(model, path, text)
        return read
    except PlaybookError as wrong:
        problems += wrong.problems
        return None


# An author changes one file of many and asks again with each word typed: what did not change is not read again (35 µs a value).
@lru_cache(maxsize=256)
def _parsed(model: type[Any], path: str, text: str) -> tuple[Any, Source]:
    source = read_yaml(text, path)
    return parse(model, source), source


@lru_cache(maxsize=512)
def _words(channel: str, name: str, text: str, path: str) -> Words:
    return read_words(channel, name, text, path)


def _read_all_words(files: Mapping[str, str], problems: list[Problem]) -> dict[tuple[str, str], Words | None]:
    """Every word file; None for those that cannot be used."""
    words: dict[tuple[str, str], Words | None] = {}
    for path in sorted(files):
        folder, slash, file = path.partition("/")
        if not slash or file.startswith(".") or folder in OTHER_FOLDERS:
            continue
        if folder not in _CHANNELS:
            hint = did_you_mean(folder, _CHANNELS)
            if "did you mean" in hint and file.endswith(".md"):
                problems.append(Problem(f"nothing reads the folder {folder}/", hint, path, 1, 1))
            continue
        name = file.removesuffix(".md")
        if name == file or "/" in name:
            if not file.endswith("~"):
                problems.append(
                    Problem(f"nothing reads {path}", f"call it {folder}/{name.rsplit('/')[-1].split('.')[0]}.md", path, 1, 1)
                )
            continue
        channel = _CHANNELS[folder]
        try:
            words[channel, name] = _words(channel, name, files[path], path)
        except PlaybookError as wrong:
            problems += wrong.problems
            words[channel, name] = None
    return words


def _is_playbook(path: str, problems: list[Problem]) -> bool:
    if "/" in path or path.startswith(".") or path in (LIFECYCLE, HOUSE_RULES):
        return False
    if path.endswith(".yml"):
        problems.append(Problem(f"nothing reads {path}", f"call it {path.removesuffix('.yml')}.yaml", path, 1, 1))
    return path.endswith(".yaml")


def _check_lifecycle(lifecycle: Lifecycle, source: Source) -> list[Problem]:
    problems = []
    for name, declaration in lifecycle.events.items():
        if name in SYSTEM_EVENTS:
            problem = f"'{name}' is an event of the system itself"
            problems.append(source.problem(("events", name), problem, "give yours another name", key=True))
        if declaration.stage not in lifecycle.stages:
            hint = did_you_mean(declaration.stage, lifecycle.stages)
            problems.append(source.problem(("events", name, "stage"), f"there is no stage '{declaration.stage}'", hint))
    problems += [
        source.problem(("customer", name), f"every customer has '{name}' already", "delete the line", key=True)
        for name in lifecycle.customer
        if f"customer.{name}" in FIXED
    ]
    return problems


def _stages(compiled: Compiled) -> set[str]:
    steps = {node.stage for node in compiled.program.nodes.values() if hasattr(node, "stage")}
    return steps | {compiled.program.stage} | {declaration.stage for declaration in compiled.events.values()}


def _sorted(problems: list[Problem]) -> list[Problem]:
    """By file and line, each once: two playbooks that say the same words find the same mistakes."""
    return sorted(dict.fromkeys(problems), key=lambda p: (p.place, p.line, p.column, p.problem))
