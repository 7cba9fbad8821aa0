"""JSON Schemas of the files that authors write, made from the models that read them: editors complete and check from these.

A first line such as `# yaml-language-server: $schema=playbook.schema.json` is enough for most editors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.language.fronts import FRONTS
from orchestrator.language.house_rules import HouseRules
from orchestrator.language.lifecycle import Lifecycle
from orchestrator.language.playbook import Model, Playbook
from orchestrator.language.rehearsal import RehearsalFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SCHEMAS: Mapping[str, type[Model]] = {
    "playbook": Playbook,
    "lifecycle": Lifecycle,
    "house-rules": HouseRules,
    "rehearsal": RehearsalFile,
    "email": FRONTS["email"],  # these five: the front matter of a word file
    "text": FRONTS["text"],
    "voice": FRONTS["voice"],
    "voicemail": FRONTS["voicemail"],
    "script": FRONTS["call"],
}


def json_schema(what: str) -> dict[str, Any]:
    """The schema of one kind of file, one of SCHEMAS."""
    return {"$schema": DIALECT, **SCHEMAS[what].model_json_schema()}
