"""The script of a call, for the page on which somebody reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from orchestrator.errors import InputError, NotFound
from orchestrator.facts import facts_for
from orchestrator.language.fronts import Question
from orchestrator.language.program import TouchNode
from orchestrator.language.script import Script, shape
from orchestrator.language.templates import CannotSay
from orchestrator.language.typed import read
from orchestrator.language.words import Rendered
from orchestrator.rulebook import InUse
from orchestrator.store.database import Work
from orchestrator.store.touches import Due, with_answers


def script_of(work: Work, in_use: InUse, due: Due, answers: Mapping[str, str]) -> Script:
    """What to say on this call, with the branches that these answers open. Never refuses: what cannot be filled in is a gap.

    answers: so far, as typed.
    """
    try:
        questions = questions_of(work, in_use, due)
    except (InputError, NotFound) as unusable:
        return Script(str(due.touch.touchpoint), "", (), gap=f"The script cannot be shown: {unusable}")
    known, _ = read(questions, answers, {})  # what cannot be read yet counts as not answered: nobody is stopped while they type
    facts = facts_for(work, in_use, with_answers(due, known))
    try:
        return shape(in_use.render(work, facts, due.touch), questions)
    except CannotSay as missing:  # a person reads it: a gap is better than no call
        node = facts.program.nodes[due.touch.step]
        title = node.title if isinstance(node, TouchNode) else str(due.touch.touchpoint)
        return replace(shape(Rendered("", title=title), questions), gap=f"The script cannot be filled in: {missing}")


def questions_of(work: Work, in_use: InUse, due: Due) -> Mapping[str, Question]:
    """What the script of this call asks, by name."""
    loaded = in_use.loaded(work, due.run.version)
    node = loaded.program.nodes[due.touch.step]
    assert isinstance(node, TouchNode), "only touchpoints have scripts"
    return loaded.words[node.channel, node.words].questions
