"""What is said, in two versions: the lines of the front matter, and the words sentence by sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator

from orchestrator.language.difference.fields import Said, fields
from orchestrator.language.difference.sentence import quoted
from orchestrator.language.difference.stretches import stretches
from orchestrator.language.words import Words

_ENDS = re.compile(r"(?<=[.!?…])[ \t]+|\n+")
_MARKS = re.compile(r"^\s*(?:[>#*-]+\s*)+")  # of Markdown, at the beginning of a line


def words_difference(old: Words, new: Words) -> Iterator[Said]:
    """What another version of the same words says instead."""
    yield from fields(old.front, new.front)
    before, after = old.body.text, new.body.text
    if before == after:
        return
    said = list(_body(before, after))
    yield from (("body", text) for text in said)
    if not said:
        yield "body", "only line breaks, spaces or marks of the words are others"


def _body(before: str, after: str) -> Iterator[str]:
    old, new = sentences(before), sentences(after)
    for a, b, c, d in stretches(old, new):
        gone, there = quoted(" ".join(old[a:b])), quoted(" ".join(new[c:d]))
        if a == b:
            yield f"it also says {there}"
        elif c == d:
            yield f"it no longer says {gone}"
        else:
            yield f"instead of {gone} it says {there}"


def sentences(text: str) -> list[str]:
    """The sentences of words, without the marks of their layout."""
    pieces = (" ".join(_MARKS.sub("", piece).split()) for piece in _ENDS.split(text))
    return [piece for piece in pieces if piece]
