"""What an editor can offer while somebody writes: the schema of the file, and the names that exist in this folder."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from orchestrator.errors import PlaybookError
from orchestrator.language.design import HOUSE_RULES, LIFECYCLE
from orchestrator.language.dispositions import AUTOMATIC_ENDINGS, STAFF_CODES
from orchestrator.language.house_rules import HouseRules
from orchestrator.language.lifecycle import FieldType, Lifecycle
from orchestrator.language.names import FIXED, SURVEY
from orchestrator.language.playbook import Model
from orchestrator.language.rehearsal import RESULTS, RehearsalFile
from orchestrator.language.schema import json_schema
from orchestrator.language.source import parse, read_yaml
from orchestrator.language.system_events import SYSTEM_EVENTS
from orchestrator.language.words import FOLDERS
from orchestrator.studio.draft import RULES, Draft, names_of
from orchestrator.studio.folder import REHEARSALS
from orchestrator.studio.words import CHANNELS

_KINDS: Mapping[str, str] = {"email": "email", "text": "text", "voice": "voice", "voicemail": "voicemail", "call": "script"}
_TOUCHPOINT = re.compile(r"\btouchpoint:[ ]*[\"']?([a-z0-9]+(?:-[a-z0-9]+)*)")
_SURVEY = {f"answers.{name}": kind for name, kind in SURVEY.items()}
_EVENTS = ("starts_on", "stops_on", "wait_for", "event")  # keys whose values are event types

M = TypeVar("M", bound=Model)


def known(files: Mapping[str, str], draft: Draft, path: str) -> dict[str, Any]:
    """Everything that completion in this file needs, ready for JSON.

    schema: of the file, or of the front matter of a word file. names: key -> the values that exist. values: what words may print.
    bound: what every condition may ask for; answers: what those of steps may too; events: what each event carries, to both.
    """
    life = lifecycle(files)
    return {
        "schema": _schema(path),
        "names": _names(files) | (_of_rehearsals(files, draft) if path.startswith(f"{REHEARSALS}/") else {}),
        "values": _values(draft.values),
        "bound": _values(bound(life)),
        "answers": _values({name: kind for name, kind in draft.values.items() if name.startswith("answers.")} or _SURVEY),
        "events": {name: _values(e.fields) for name, e in {**SYSTEM_EVENTS, **(life.events if life else {})}.items()},
        "front": "/" in path and path.endswith(".md"),
    }


def bound(life: Lifecycle | None) -> dict[str, FieldType]:
    """The names that are there whenever a condition is asked, whatever the playbook: who it is about, and what."""
    more = {f"customer.{name}": FieldType(kind.kind, optional=True) for name, kind in (life.customer if life else {}).items()}
    return {**more, **{name: kind for name, kind in FIXED.items() if not name.startswith("touch.")}}


def house_rules(files: Mapping[str, str]) -> HouseRules | None:
    """The house rules of the folder; None when they cannot be read."""
    return _read(HouseRules, files, HOUSE_RULES)


def lifecycle(files: Mapping[str, str]) -> Lifecycle | None:
    """The lifecycle of the folder; None when it cannot be read."""
    return _read(Lifecycle, files, LIFECYCLE)


def moments(files: Mapping[str, str], starts_on: Sequence[str]) -> list[str]:
    """The dates and times that every one of these events may carry: what a step can be timed by."""
    found = lifecycle(files)
    declared = [found.events[type_].fields for type_ in starts_on if type_ in found.events] if found else []
    if not declared:
        return []
    return [name for name, kind in declared[0].items() if kind.kind in ("time", "date") and all(name in d for d in declared)]


def _schema(path: str) -> dict[str, Any]:
    folder, _, _ = path.partition("/")
    if folder == REHEARSALS:
        return RehearsalFile.model_json_schema()
    if folder in CHANNELS:
        return json_schema(_KINDS[CHANNELS[folder]])
    return json_schema(next((name for name, file in RULES.items() if file == path), "playbook"))


def _names(files: Mapping[str, str]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {
        channel: sorted(p.split("/")[1].removesuffix(".md") for p in files if p.startswith(f"{folder}/"))
        for channel, folder in FOLDERS.items()
    }
    if (rules := house_rules(files)) is not None:
        names |= {"queue": list(rules.queues), "contact_window": list(rules.contact_windows)}
    if (life := lifecycle(files)) is not None:
        events = [*life.events, *SYSTEM_EVENTS]
        fields = sorted({f"event.{n}" for e in life.events.values() for n, k in e.fields.items() if k.kind in ("time", "date")})
        names |= {"stage": list(life.stages), **dict.fromkeys(_EVENTS, events)}
        names["when"] = [f"{much} {side} {name}" for name in fields for much, side in (("1 day", "before"), ("1 day", "after"))]
    return names


def _of_rehearsals(files: Mapping[str, str], draft: Draft) -> dict[str, list[str]]:
    """What the lines of a rehearsal name: as far as the text says it, also while it cannot be loaded."""
    steps = dict.fromkeys(_TOUCHPOINT.findall(files.get(draft.path, "")))
    ends = dict.fromkeys([*STAFF_CODES, "sent", "failed", *AUTOMATIC_ENDINGS])
    playbooks = names_of(files)
    return {"touchpoint": list(steps), "ends": list(ends), "is": list(RESULTS), "playbook": playbooks, "beside": playbooks}


def _values(declared: Mapping[str, FieldType]) -> list[dict[str, str]]:
    return [{"name": name, "kind": str(kind)} for name, kind in sorted(declared.items())]


def _read(model: type[M], files: Mapping[str, str], path: str) -> M | None:
    try:
        return parse(model, read_yaml(files.get(path, ""), path))
    except PlaybookError:
        return None
