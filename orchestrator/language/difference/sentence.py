"""One difference in one sentence, and values as people say them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from orchestrator.language.program import NodeId

About = Literal["head", "steps", "words", "declarations", "house rules", "lifecycle"]
MOST_QUOTED = 240  # characters of one quotation


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is another in the newer of two versions."""

    about: About
    field: str  # "Touchpoint.after": the model and its field; "step" for whole steps, "body" for words
    text: str
    steps: frozenset[NodeId] = frozenset()  # of the older version: whoever stands there gets another next touch in the newer one
    everybody: bool = False  # it concerns all who are inside


def say(value: object) -> str:
    """A value as people say it."""
    match value:
        case None | "":
            return "nothing"
        case True:
            return "yes"
        case False:
            return "no"
        case BaseModel():
            kept = ((name, getattr(value, name)) for name in type(value).model_fields)
            return ", ".join(f"{name.strip('_').replace('_', ' ')} {say(v)}" for name, v in kept if v not in (None, "", [], {}))
        case Mapping():
            return ", ".join(f"{key}: {say(one)}" for key, one in value.items()) or "nothing"
        case str():
            return value
        case Sequence():
            return ", ".join(say(one) for one in value) or "nothing"
    return str(value)


def quoted(text: str) -> str:
    """Words in quotation marks, on one line and not too long."""
    line = " ".join(text.split())
    return f"“{line if len(line) <= MOST_QUOTED else line[: MOST_QUOTED - 1] + '…'}”"


def listed(names: Sequence[str]) -> str:
    """ "a, b and c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else "nothing"


def sentence(text: str) -> str:
    """The text as a sentence: with a capital and its end."""
    return text[:1].upper() + text[1:] + ("" if text[-1:] in ".?!…" or text[-2:-1] in ".?!…" else ".")
