"""A small, valid design to test with, and ways to change one thing about it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from orchestrator.errors import PlaybookError, Problem
from orchestrator.language.design import Design, load_design
from orchestrator.language.program import Node, Program

LIFECYCLE = """\
stages:
  quote: {title: Quote}
  visit: {title: Visit}
events:
  quote.sent:
    stage: quote
    fields:
      amount: number
      currency: text
      note: optional text
      valid_until: optional date
      discount: optional number
      options: list
      rush: boolean
  quote.changed:
    stage: quote
    fields: {amount: number, reason: text}
  quote.accepted: {stage: quote}
  quote.declined: {stage: quote}
  visit.booked:
    stage: visit
    fields: {starts_at: time, day: date, ends_at: optional time, kind: text}
  visit.done: {stage: visit}
customer:
  tier: text
"""
HOUSE_RULES = """\
company: {name: Northside Windows, phone: (312) 555-0100}
time_zones: [America/Chicago]
contact_windows:
  office-hours: {mon-fri: 9:00-17:30}
  any-time: {mon-sun: 0:00-24:00, on_holidays: open}
default_windows: {email: any-time, text: office-hours, call: office-hours, voicemail: office-hours}
never_outside: {email: any-time, text: any-time, call: any-time, voicemail: any-time}
queues:
  sales: {title: Sales}
  leads: {title: Leads}
"""
WORDS = {
    "emails/thanks.md": "---\nsubject: Your quote {{ subject.key }}\n---\nHello {{ customer.first_name | default: 'there' }},\nthank you.\n",
    "texts/sorry.md": "Sorry we missed you. {{ house.name }}\n",
    "voicemails/hello.md": "Hello, this is {{ house.name }}.\n",
    "scripts/check-in.md": (
        "---\ntitle: Check in\ngoal: Hear what they think.\nquestions:\n"
        "  mood: {ask: How do they feel?, kind: choice, choices: [happy, unsure]}\n"
        "  score: {ask: From 1 to 5?, kind: number}\n---\nHello.\n"
    ),
}
HEAD = """\
playbook: follow-up
title: Follow up
stage: quote
owner: sales-ops
gives_up_after: 21 days
"""


def files(steps: str, head: str = "starts_on: quote.sent\n", **others: str) -> dict[str, str]:
    """A whole design whose one playbook has these steps; `others`: further files, or other texts for those that are there.

    In the names of others `__` stands for `/` and `_` for `-`, without the ending: emails__last_word, house_rules.
    """
    named = {k.replace("__", "/").replace("_", "-"): v for k, v in others.items()}
    return {
        "lifecycle.yaml": LIFECYCLE,
        "house-rules.yaml": HOUSE_RULES,
        "follow-up.yaml": f"{HEAD}{head}steps:\n{steps}",
        **WORDS,
        **{f"{name}.md" if "/" in name else f"{name}.yaml": text for name, text in named.items()},
    }


def design(steps: str, head: str = "starts_on: quote.sent\n", **others: str) -> Design:
    return load_design(files(steps, head, **others))


def program(steps: str, head: str = "starts_on: quote.sent\n", **others: str) -> Program:
    return design(steps, head, **others).playbooks["follow-up"].program


def node(steps: str, name: str, head: str = "starts_on: quote.sent\n") -> Node:
    return program(steps, head).nodes[name]


def problems(given: Mapping[str, str]) -> list[Problem]:
    """What is wrong with a design; fails when nothing is."""
    with pytest.raises(PlaybookError) as refused:
        load_design(given)
    return list(refused.value.problems)


def only(given: Mapping[str, str]) -> Problem:
    """The one thing that is wrong."""
    found = problems(given)
    assert len(found) == 1, "\n".join(map(str, found))
    return found[0]


def line_of(text: str, part: str) -> int:
    """The line of a file on which something stands, once."""
    assert text.count(part) == 1, f"{part!r} stands there {text.count(part)} times"
    return text.count("\n", 0, text.index(part)) + 1


def place(text: str, part: str) -> tuple[int, int]:
    """Line and column of something that stands in the text once."""
    start = text.index(part)
    return line_of(text, part), start - (text.rfind("\n", 0, start) + 1) + 1
