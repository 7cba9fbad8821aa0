"""Playbooks for stories: a few lines of YAML become a folder with a lifecycle, house rules and words for everything they name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

LIFECYCLE = """\
stages: {quote: {title: Quote}, visit: {title: Visit}}
events:
  quote.sent:
    stage: quote
    fields: {amount: optional number, currency: optional text, starts_at: optional time, code: optional text, owner: optional text}
  quote.changed: {stage: quote, fields: {amount: optional number}}
  quote.viewed: {stage: quote}
  quote.priced: {stage: quote, fields: {amount: number}}
  quote.accepted: {stage: quote}
  quote.declined: {stage: quote}
  visit.booked: {stage: visit, fields: {starts_at: time, kind: optional text}}
  visit.done: {stage: visit}
customer: {tier: text}
"""
HOUSE = {
    "company": "{name: Northside Windows, phone: (312) 555-0100}",
    "time_zones": "[America/Chicago]",
    "holidays": "[US]",
    "contact_windows": (
        '{office: {mon-fri: "09:00-17:30"}, inbox: {mon-sun: "07:00-21:00", on_holidays: open}, '
        'texts: {mon-sun: "08:00-20:00"}, any-time: {mon-sun: "00:00-24:00", on_holidays: open}}'
    ),
    "default_windows": "{email: inbox, text: texts, call: office, voice: texts, voicemail: texts}",
    "never_outside": "{email: any-time, text: texts, call: texts, voice: texts, voicemail: texts}",
    "queues": "{sales: {title: Sales}, leads: {title: Leads}}",
    "skip_when_late": "2 days",
}
HEAD = """\
playbook: {name}
title: {name}
stage: quote
owner: sales-ops
"""
DEFAULTS = {"starts_on": "quote.sent", "stops_on": "{quote.accepted: goal, quote.declined: exit}", "gives_up_after": "60 days"}
WORDS = {
    "email": "---\nsubject: {name}\n---\nHello {{{{ customer.first_name | default: 'there' }}}}, this is {name}.\n",
    "text": "This is {name}. {{{{ house.name }}}}\n",
    "voice": "---\nvoicemail: This is {name} for your voicemail. {{{{ house.name }}}}\n---\nThis is {name}. {{{{ house.name }}}}\n",
    "voicemail": "This is {name}. {{{{ house.name }}}}\n",
    "call": "---\ntitle: {name}\ngoal: Hear what they think.\nquestions:\n  mood: {{ask: How do they feel?}}\n---\nThis is {name}.\n",
}
FOLDERS = {"email": "emails", "text": "texts", "voice": "voices", "voicemail": "voicemails", "call": "scripts"}
_NAMED = re.compile(r"\b(email|text|voice|voicemail|call): ([a-z0-9][a-z0-9-]*)")


def playbook(steps: str, name: str = "follow-up", **head: str) -> str:
    """The text of a playbook: steps as in the file, `head` overrides its first lines."""
    lines = {**DEFAULTS, **head}
    if lines["starts_on"] in lines["stops_on"] or "quote." not in lines["starts_on"]:
        lines["stops_on"] = head.get("stops_on", "{}")
    said = "".join(f"{key}: {value}\n" for key, value in lines.items())
    return HEAD.format(name=name) + said + "steps:\n" + _indented(steps)


def write(folder: Path, *playbooks: str, house: Mapping[str, str] | None = None, words: Mapping[str, str] | None = None) -> Path:
    """A folder to publish. house: lines of house-rules.yaml instead of the usual ones. words: "emails/x.md" -> text."""
    for old in folder.rglob("*"):
        if old.is_file():
            old.unlink()
    for sub in FOLDERS.values():
        (folder / sub).mkdir(parents=True, exist_ok=True)
    (folder / "lifecycle.yaml").write_text(LIFECYCLE)
    (folder / "house-rules.yaml").write_text("".join(f"{k}: {v}\n" for k, v in {**HOUSE, **(house or {})}.items()))
    for text in playbooks:
        name = text.split("\n", 1)[0].removeprefix("playbook: ")
        (folder / f"{name}.yaml").write_text(text)
        for channel, said in _NAMED.findall(text.split("steps:\n", 1)[1]):
            (folder / FOLDERS[channel] / f"{said}.md").write_text(WORDS[channel].format(name=said))
    for path, text in (words or {}).items():
        (folder / path).write_text(text)
    return folder


def _indented(steps: str) -> str:
    """The steps under `steps:`, whatever the test's own indentation."""
    lines = [line for line in steps.split("\n") if line.strip()]
    margin = min(len(line) - len(line.lstrip()) for line in lines)
    return "".join(f"  {line[margin:]}\n" for line in lines)
