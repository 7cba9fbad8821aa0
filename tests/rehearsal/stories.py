"""Rehearsals as short texts, and what comes of them."""

from __future__ import annotations

from orchestrator.language.design import Design, load_design
from orchestrator.rehearsal.everything import Outcome, run_text
from orchestrator.rehearsal.printing import difference
from orchestrator.rehearsal.stage import Stage

HEAD = """\
playbook: quote-follow-up
subject: quote/Q-1
customer: {id: C-1, name: Dana Whitfield, zone: America/Chicago, email: dana@example.com, phone: "+13125550142", consent: service, more: {first_name: Dana}}
events:
  quote.sent: {amount: 1850, currency: USD, work: the back deck}
rehearsals:
  - rehearsal: A story
"""
SENT = "{at: Tue 2026-03-10 10:00, event: quote.sent}"
THANKS = "{at: Tue 2026-03-10 10:10, touchpoint: quote-thanks, is: sent}"


def story(when: list[str], then: list[str] | None = None, *, more: str = "", head: str = HEAD) -> str:
    """A file with one rehearsal. then: None is the word nothing. more: further lines of it, such as "until: …"."""
    lines = [head.rstrip("\n"), *([f"    {more}"] if more else []), "    when:", *(f"      - {line}" for line in when)]
    lines += ["    then: nothing"] if then is None else ["    then:", *(f"      - {line}" for line in then)]
    return "\n".join(lines) + "\n"


def outcome_of(stage: Stage, text: str) -> Outcome:
    (outcome,) = run_text(stage, "story.yaml", text)
    return outcome


def shown(outcome: Outcome) -> str:
    """Its difference as text."""
    return "\n".join(f"{mark}| {line}" for mark, line in difference(outcome))


def came(stage: Stage, text: str) -> list[str]:
    """What came, each as "moment touchpoint what"; of an end "moment ends why"."""
    outcome = outcome_of(stage, text)
    assert outcome.result is not None, outcome.problems
    said = outcome.result.scene.clock.said
    return [f"{said(g.at)} {g.touchpoint or 'ends'} {g.what}" for g in outcome.result.got]


def changed(stage: Stage, path: str, old: str, new: str) -> Design:
    """The design with one thing in one of its files written otherwise."""
    assert old in stage.design.files[path]
    return load_design({**stage.design.files, path: stage.design.files[path].replace(old, new, 1)})
