"""A word file as a form: the lines above, the words below, and both back into the file with everything else as it was."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.errors import InputError, Problem
from orchestrator.language.source import read_yaml
from orchestrator.language.words import FOLDERS
from orchestrator.studio.edits import put

_FRONT = re.compile(r"(---[ ]*\n)(.*?)(^---[ ]*(?:\n|\Z))", re.DOTALL | re.MULTILINE)  # as language/words.py reads it
CHANNELS: Mapping[str, str] = {folder: channel for channel, folder in FOLDERS.items()}
LINES: Mapping[str, tuple[tuple[str, str], ...]] = {  # channel -> the lines that a form asks for, with their labels
    "email": (("subject", "Subject"), ("preheader", "Line after the subject")),
    "call": (("title", "Title"), ("goal", "What the call is for")),
    "voice": (("voicemail", "What a voicemail hears"),),
    "voicemail": (("if_answered", "What a person hears who picks up"),),
    "text": (),
}
NEEDED = ("subject", "title", "goal")


@dataclass(frozen=True, slots=True)
class WordForm:
    """What a word file says now."""

    channel: str
    lines: Mapping[str, str]
    body: str


def word_form(path: str, text: str) -> WordForm:
    """A word file as a form. Raises PlaybookError when its first lines are no YAML."""
    channel = CHANNELS[path.partition("/")[0]]
    found = _FRONT.match(text)
    front = read_yaml(found[2], path, first_line=2).data if found and found[2].strip() else {}
    body = text[found.end() :] if found else text
    return WordForm(channel, {key: str(front.get(key) or "") for key, _ in LINES[channel]}, body.strip("\n"))


def written(path: str, text: str, lines: Mapping[str, str], body: str) -> str:
    """The file with these lines and words. Raises InputError for what cannot stand in a line, EditError."""
    now = word_form(path, text)
    found = _FRONT.match(text)
    front, kept = (found[2], text[found.end() :]) if found else ("", text)
    for key, label in LINES[now.channel]:
        said = " ".join(lines.get(key, now.lines[key]).split())
        if said == now.lines[key]:
            continue
        if not said and key in NEEDED:
            raise InputError(Problem(f"{label} cannot be empty", "say it in a few words"))
        front = put(front, (), key, said or None, [k for k, _ in LINES[now.channel]]) if front.strip() else put_first(key, said)
    body = body.replace("\r\n", "\n").strip("\n")
    if not body.strip():
        raise InputError(Problem("the words cannot be empty", "write what is said"))
    if body != now.body:
        before, after = len(kept) - len(kept.lstrip("\n")), len(kept) - len(kept.rstrip("\n"))
        kept = "\n" * before + body + "\n" * max(after, 1)
    if found:
        return text[: found.start(2)] + front + text[found.start(3) : found.end()] + kept
    return f"---\n{front}---\n{kept}" if front else kept


def put_first(key: str, said: str) -> str:
    """The first line of a front matter."""
    return put("x: x\n", (), key, said, [key]).removeprefix("x: x\n")
