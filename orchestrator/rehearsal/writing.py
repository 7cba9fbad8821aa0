"""Lines of a rehearsal file: what came, written as the file would have to say it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from orchestrator.language.source import value_of
from orchestrator.rehearsal.clocks import Clock
from orchestrator.rehearsal.watching import Got

_PLAIN = re.compile(r"[A-Za-z0-9(][^\n:#,\[\]{}\"'&*!|>%@`\\]*(?<! )|\w{3} \d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?( again)?")


def scalar(value: object) -> str:
    """A value as it stands in a file: quoted only where it must be, a text never taken for a number."""
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)
    text = str(value)
    return text if _PLAIN.fullmatch(text) and isinstance(value_of(text), str) else json.dumps(text, ensure_ascii=False)


def flow(value: object) -> str:
    """A value with everything in it on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(inner) for inner in value) + "]"
    return scalar(value)


def line_of(got: Got, clock: Clock, playbook: str) -> dict[str, object]:
    """The line of `then` that expects this, without its words."""
    line: dict[str, object] = {"at": clock.said(got.at)}
    if got.touchpoint is None:
        line["ends"] = got.what
    else:
        line["touchpoint"] = got.touchpoint
        if got.most > 1:
            line["try"] = got.tries
        line["is"] = got.what
        if got.until is not None:
            line["until"] = clock.said(got.until)
        if got.because:
            line["because"] = got.because
    if got.playbook != playbook:
        line["playbook"] = got.playbook
    return line
