"""What an automatic call promises must be kept: checks of its words, its keys and its recording, against the step and the house rules.

They are asked when a playbook is published, not of versions in use: a later check makes none of those unusable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from orchestrator.errors import Problem
from orchestrator.language.fronts import SpokenWords
from orchestrator.language.house_rules import HouseRules
from orchestrator.language.playbook import Touchpoint
from orchestrator.language.source import Loc, Source
from orchestrator.language.templates import Template
from orchestrator.language.words import MOST_SPOKEN, Words

_MARKS = re.compile(r"\*\*|__|`|\]\(|^#{1,6} |^[-*+] |https?://", re.MULTILINE)  # a telephone voice would read them out


def check_call(step: Touchpoint, words: Words, house_rules: HouseRules, source: Source, loc: Loc) -> Iterator[Problem]:
    """What is wrong with what an automatic call offers; nothing for other words."""
    front = words.front
    if not isinstance(front, SpokenWords):
        return
    for template in (words.body, *(t for key, t in words.lines.items() if key in ("voicemail", "if_answered"))):
        yield from _unspeakable(template)
    if front.recording and not house_rules.recorded_voicemail:
        hint = "it needs 'recorded_voicemail: true' in house-rules.yaml; ask a lawyer first"
        yield Problem("recorded messages are not allowed here", hint, words.path, *words.places["recording"])
    means = {meaning: key for key, meaning in front.keys.items()}
    if "speak" in means and not (house_rules.speak_to or house_rules.company.phone):
        hint = "house-rules.yaml needs 'speak_to: +1…', or a phone of the company"
        yield Problem(f"key {means['speak']} connects to nobody", hint, words.path, *words.places["keys"])
    if "call_back" in means and "call_back" not in step.outcomes:
        problem = f"key {means['call_back']} of {words.path} promises a call back, and '{step.touchpoint}' makes none"
        hint = "add to its outcomes: call_back: [{touchpoint: …, call: …, queue: …}]"
        yield source.problem((*loc, step.channel), problem, hint)


def _unspeakable(template: Template) -> Iterator[Problem]:
    """What a telephone cannot say well."""
    text, where = template.text, (template.path, *template.place(0))
    if len(text.strip()) > MOST_SPOKEN:
        yield Problem(f"the call has {len(text.strip()):,} characters", f"at most {MOST_SPOKEN:,}: nobody listens longer", *where)
    if found := _MARKS.search(text):
        at = (template.path, *template.place(found.start()))
        yield Problem(f"'{found[0].strip()}' would be read out loud", "write only what a voice can say", *at)
