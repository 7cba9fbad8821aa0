"""Nothing differs in silence: for every field of every model of the files there is a case here, and each case yields a sentence."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from orchestrator.language.difference import house_rules_difference, lifecycle_difference, playbook_difference
from orchestrator.language.difference.nouns import NOUNS
from orchestrator.language.fronts import FRONTS
from orchestrator.language.house_rules import HouseRules
from orchestrator.language.lifecycle import Lifecycle
from orchestrator.language.playbook import Playbook

PLAYBOOK: dict[str, Any] = {
    "playbook": "follow-up", "title": "Follow up", "stage": "quote", "owner": "sales-ops", "starts_on": "quote.sent",
    "stops_on": {"quote.accepted": "goal"}, "gives_up_after": "21 days",
    "steps": [
        {"touchpoint": "thanks", "email": "thanks", "after": "10 minutes", "repeat": {"most": 3, "every": "1 week"}},
        {"touchpoint": "hello", "text": "hello"},
        {"touchpoint": "ring", "voice": "ring"},
        {"touchpoint": "mailbox", "voicemail": "mailbox"},
        {"touchpoint": "check-in", "call": "check-in", "queue": "sales", "attempts": {"most": 3, "apart": "1 day"},
         "escalates": {"after": "4 hours", "queue": "leads"}, "outcomes": {"declined": "exit"}},
        {"wait": "3 days"},
        {"wait_for": "quote.viewed", "within": "2 days", "then": [], "otherwise": []},
        {"if": "event.amount > 5", "then": [], "otherwise": []},
        {"split": "try", "ways": {"a": {"share": 50, "steps": []}, "b": {"share": 50, "steps": []}}},
    ],
}  # fmt: skip
WORDS = {
    "emails/thanks.md": {"subject": "Thanks", "survey": {"scale": "1-5", "ask": "How?"}},
    "texts/hello.md": {"title": "Hello"},
    "voices/ring.md": {"title": "Ring", "voicemail": "Sorry."},
    "voicemails/mailbox.md": {"title": "Mailbox"},
    "scripts/check-in.md": {"title": "Check in", "goal": "Hear.", "questions": {"mood": {"ask": "How?", "kind": "choice", "choices": ["a", "b"]}}},
}  # fmt: skip
EVENTS = {"quote.sent": {"stage": "quote", "means": "", "fields": {"amount": "number"}}}
HOUSE: dict[str, Any] = {
    "company": {"name": "Northside"}, "contact_windows": {"office": {"mon-fri": "09:00-17:00"}, "all": {"mon-sun": "00:00-24:00"}},
    "default_windows": dict.fromkeys(("email", "text", "call", "voice", "voicemail"), "office"),
    "never_outside": dict.fromkeys(("email", "text", "call", "voice", "voicemail"), "all"),
    "caps": [{"most": 2, "per": "day"}], "queues": {"sales": {"title": "Sales"}},
    "desk": {"time_zone": "America/Chicago", "staff": {"sales": [{"people": 2, "days": "mon-fri", "hours": "09:00-17:00"}]}},
}  # fmt: skip
LIFECYCLE = {"stages": {"quote": {"title": "Quote"}}, "events": EVENTS, "customer": {"tier": "text"}}
Path = tuple[Any, ...]
E, T, R, M, C, W, F, B, S = ((("playbook", "steps", i)) for i in range(9))
EM, TX, VO, VM, SC = (("words", path) for path in WORDS)
# field -> where it stands in the files, and what it becomes; None: it is taken away
CASES: dict[str, tuple[Path, Any]] = {
    "Playbook.playbook": (("playbook", "playbook"), "other"),
    "Playbook.title": (("playbook", "title"), "Other"),
    "Playbook.stage": (("playbook", "stage"), "visit"),
    "Playbook.owner": (("playbook", "owner"), "leads"),
    "Playbook.purpose": (("playbook", "purpose"), "marketing"),
    "Playbook.starts_on": (("playbook", "starts_on"), ["quote.sent", "quote.changed"]),
    "Playbook.only_if": (("playbook", "only_if"), "event.amount > 1"),
    "Playbook.stops_on": (("playbook", "stops_on", "quote.accepted"), "exit"),
    "Playbook.re_entry": (("playbook", "re_entry"), "restart"),
    "Playbook.gives_up_after": (("playbook", "gives_up_after"), "20 days"),
    "Playbook.contact_window": (("playbook", "contact_window"), "office"),
    "Playbook.needs_approval": (("playbook", "needs_approval"), True),
    "Playbook.steps": (("playbook", "steps", 8), None),
    "Touchpoint.after": ((*E, "after"), "20 minutes"),
    "Touchpoint.when": ((*T, "when"), "2 days before event.starts_at"),
    "Touchpoint.at": ((*E, "at"), "09:00"),
    "Touchpoint.touchpoint": ((*E, "touchpoint"), "thank-you"),
    "Touchpoint.title": ((*E, "title"), "Thank you"),
    "Touchpoint.email": ((*E, "email"), "other"),
    "Touchpoint.text": ((*T, "text"), "other"),
    "Touchpoint.call": ((*C, "call"), "other"),
    "Touchpoint.voice": ((*R, "voice"), "other"),
    "Touchpoint.voicemail": ((*M, "voicemail"), "other"),
    "Touchpoint.only_if": ((*E, "only_if"), "event.amount > 1"),
    "Touchpoint.purpose": ((*E, "purpose"), "marketing"),
    "Touchpoint.stage": ((*E, "stage"), "visit"),
    "Touchpoint.owner": ((*E, "owner"), "leads"),
    "Touchpoint.contact_window": ((*E, "contact_window"), "office"),
    "Touchpoint.not_later_than": ((*E, "not_later_than"), "1 hour"),
    "Touchpoint.due_within": ((*C, "due_within"), "1 hour"),
    "Touchpoint.queue": ((*C, "queue"), "leads"),
    "Touchpoint.skill": ((*C, "skill"), "roofs"),
    "Touchpoint.owner_first": ((*C, "owner_first"), "1 hour"),
    "Touchpoint.priority": ((*C, "priority"), 1),
    "Touchpoint.attempts": ((*C, "attempts"), None),
    "Touchpoint.escalates": ((*C, "escalates"), None),
    "Touchpoint.repeat": ((*E, "repeat"), None),
    "Touchpoint.if_unknown": ((*E, "if_unknown"), "ask"),
    "Touchpoint.outcomes": ((*C, "outcomes", "declined"), "goal"),
    "Attempts.most": ((*C, "attempts", "most"), 4),
    "Attempts.apart": ((*C, "attempts", "apart"), "2 days"),
    "Attempts.vary": ((*C, "attempts", "vary"), "time of day"),
    "Repeat.most": ((*E, "repeat", "most"), 4),
    "Repeat.every": ((*E, "repeat", "every"), "2 weeks"),
    "Escalates.after": ((*C, "escalates", "after"), "5 hours"),
    "Escalates.queue": ((*C, "escalates", "queue"), "bosses"),
    "Wait.wait": ((*W, "wait"), "4 days"),
    "Wait.at": ((*W, "at"), "09:00"),
    "WaitFor.wait_for": ((*F, "wait_for"), "quote.opened"),
    "WaitFor.within": ((*F, "within"), "3 days"),
    "WaitFor.then": ((*F, "then"), ["exit"]),
    "WaitFor.otherwise": ((*F, "otherwise"), ["exit"]),
    "Branch.if_": ((*B, "if"), "event.amount > 6"),
    "Branch.then": ((*B, "then"), ["exit"]),
    "Branch.otherwise": ((*B, "otherwise"), ["exit"]),
    "Split.split": ((*S, "split"), "trial"),
    "Split.ways": ((*S, "ways"), {"a": {"share": 50, "steps": []}, "c": {"share": 50, "steps": []}}),
    "Way.share": ((*S, "ways"), {"a": {"share": 40, "steps": []}, "b": {"share": 60, "steps": []}}),
    "Way.steps": ((*S, "ways", "a", "steps"), ["exit"]),
    "EmailWords.subject": ((*EM, "subject"), "Many thanks"),
    "EmailWords.preheader": ((*EM, "preheader"), "From us"),
    "EmailWords.reply_to": ((*EM, "reply_to"), "a@example.com"),
    "EmailWords.survey": ((*EM, "survey"), None),
    "SurveyQuestion.scale": ((*EM, "survey", "scale"), "0-10"),
    "SurveyQuestion.ask": ((*EM, "survey", "ask"), "How was it?"),
    "SurveyQuestion.low": ((*EM, "survey", "low"), "Bad"),
    "SurveyQuestion.high": ((*EM, "survey", "high"), "Good"),
    "TextWords.title": ((*TX, "title"), "Hi"),
    "VoiceWords.title": ((*VO, "title"), "Hi"),
    "VoiceWords.keys": ((*VO, "keys"), {"1": "speak"}),
    "VoiceWords.recording": ((*VO, "recording"), "https://example.com/a.mp3"),
    "VoiceWords.voicemail": ((*VO, "voicemail"), "Sorry for that."),
    "VoicemailWords.title": ((*VM, "title"), "Hi"),
    "VoicemailWords.keys": ((*VM, "keys"), {"1": "speak"}),
    "VoicemailWords.recording": ((*VM, "recording"), "https://example.com/a.mp3"),
    "VoicemailWords.if_answered": ((*VM, "if_answered"), "Hello."),
    "ScriptWords.title": ((*SC, "title"), "Check"),
    "ScriptWords.goal": ((*SC, "goal"), "Listen."),
    "ScriptWords.voicemail": ((*SC, "voicemail"), "Sorry."),
    "ScriptWords.questions": ((*SC, "questions", "why"), {"ask": "Why?"}),
    "ScriptWords.sections": ((*SC, "sections"), {"listen": "Hark"}),
    "Question.ask": ((*SC, "questions", "mood", "ask"), "How are they?"),
    "Question.kind": ((*SC, "questions", "mood"), {"ask": "How?", "kind": "number"}),
    "Question.choices": ((*SC, "questions", "mood", "choices"), ["a", "c"]),
    "Question.required": ((*SC, "questions", "mood", "required"), True),
    "HouseRules.company": (("house", "company", "phone"), "(312) 555-0100"),
    "HouseRules.time_zones": (("house", "time_zones"), ["America/Chicago"]),
    "HouseRules.working_days": (("house", "working_days"), "mon-sat"),
    "HouseRules.countries": (("house", "countries"), ["US"]),
    "HouseRules.speak_to": (("house", "speak_to"), "+13125550100"),
    "HouseRules.recorded_voicemail": (("house", "recorded_voicemail"), True),
    "HouseRules.holidays": (("house", "holidays"), ["US"]),
    "HouseRules.closed_on": (("house", "closed_on"), ["2026-12-24"]),
    "HouseRules.contact_windows": (("house", "contact_windows", "more"), {"sat": "09:00-12:00"}),
    "HouseRules.default_windows": (("house", "default_windows", "text"), "all"),
    "HouseRules.never_outside": (("house", "never_outside", "text"), "office"),
    "HouseRules.caps": (("house", "caps"), None),
    "HouseRules.skip_when_late": (("house", "skip_when_late"), "3 days"),
    "HouseRules.times_of_day": (("house", "times_of_day"), ["11:00"]),
    "HouseRules.owners": (("house", "owners"), {"leads": "leads@example.com"}),
    "HouseRules.queues": (("house", "queues", "leads"), {"title": "Leads"}),
    "HouseRules.dispositions": (("house", "dispositions"), {"declined": "Said no"}),
    "HouseRules.wrap_up": (("house", "wrap_up"), "5 minutes"),
    "HouseRules.reading": (("house", "reading"), "30 minutes"),
    "HouseRules.by_hand": (("house", "by_hand"), "1 hour"),
    "HouseRules.languages": (("house", "languages"), ["en"]),
    "HouseRules.needs_approval": (("house", "needs_approval"), True),
    "HouseRules.desk": (("house", "desk"), None),
    "Window.week": (("house", "contact_windows", "office", "sat"), "09:00-12:00"),
    "Window.on_holidays": (("house", "contact_windows", "office", "on_holidays"), "open"),
    "Cap.most": (("house", "caps", 0, "most"), 3),
    "Cap.per": (("house", "caps", 0, "per"), "week"),
    "Cap.of": (("house", "caps", 0, "of"), "text"),
    "Queue.title": (("house", "queues", "sales", "title"), "Selling"),
    "Queue.about": (("house", "queues", "sales", "about"), "Quotes."),
    "Company.name": (("house", "company", "name"), "Southside"),
    "Company.phone": (("house", "company", "phone"), "555"),
    "Company.email": (("house", "company", "email"), "a@example.com"),
    "Company.website": (("house", "company", "website"), "example.com"),
    "Company.address": (("house", "company", "address"), "1 Main St"),
    "Desk.time_zone": (("house", "desk", "time_zone"), "America/Denver"),
    "Desk.minutes_per_call": (("house", "desk", "minutes_per_call"), 6),
    "Desk.staff": (("house", "desk", "staff"), None),
    "Shift.people": (("house", "desk", "staff", "sales", 0, "people"), 3),
    "Shift.days": (("house", "desk", "staff", "sales", 0, "days"), "mon-sat"),
    "Shift.hours": (("house", "desk", "staff", "sales", 0, "hours"), "10:00-17:00"),
    "Lifecycle.stages": (("lifecycle", "stages", "visit"), {"title": "Visit"}),
    "Lifecycle.events": (("lifecycle", "events", "quote.viewed"), {"stage": "quote"}),
    "Lifecycle.customer": (("lifecycle", "customer", "tier"), "number"),
    "Stage.title": (("lifecycle", "stages", "quote", "title"), "Quotes"),
    "Stage.about": (("lifecycle", "stages", "quote", "about"), "Prices."),
    "EventDeclaration.stage": (("lifecycle", "events", "quote.sent", "stage"), "visit"),
    "EventDeclaration.means": (("lifecycle", "events", "quote.sent", "means"), "It went out."),
    "EventDeclaration.fields": (("lifecycle", "events", "quote.sent", "fields", "amount"), "optional number"),
}
CANNOT_BE_SAID = {"Wait.after", "Wait.when"}  # the model refuses them


@pytest.mark.parametrize("field", CASES)
def test_a_field_that_differs_yields_a_sentence(field: str) -> None:
    path, value = CASES[field]

    there, back = _sentences(path, value), _sentences(path, value, backwards=True)

    assert there, f"{field} differs in silence"
    assert back, f"{field} differs in silence the other way round"
    for text in (*there, *back):
        assert text[-1] in ".?”", text
        assert not re.search(r"None|[{]|[.][.]", text), text


def test_every_field_of_every_file_has_its_case() -> None:
    fields = {f"{model.__name__}.{name}" for model in _models() for name in model.model_fields}

    assert fields - set(CASES) - CANNOT_BE_SAID == set(), "write a case, and a noun in language/difference/nouns.py"


def test_every_field_of_every_file_has_a_noun() -> None:
    assert {m: set(m.model_fields) for m in _models()} == {m: set(nouns) for m, nouns in NOUNS.items()}


def test_the_same_files_differ_in_nothing() -> None:
    assert _sentences((), None) == []


def _sentences(path: Path, value: object, *, backwards: bool = False) -> list[str]:
    base = {"playbook": PLAYBOOK, "words": WORDS, "house": HOUSE, "lifecycle": LIFECYCLE}
    other = copy.deepcopy(base)
    if path:
        inner: Any = other
        for key in path[:-1]:
            inner = inner.setdefault(key, {}) if isinstance(inner, dict) else inner[key]
        if value is None:
            del inner[path[-1]]
        else:
            inner[path[-1]] = value
    old, new = (other, base) if backwards else (base, other)
    found = [
        *playbook_difference(_document(old), _document(new)),
        *house_rules_difference(*(HouseRules.model_validate(side["house"]) for side in (old, new))),
        *lifecycle_difference(*(Lifecycle.model_validate(side["lifecycle"]) for side in (old, new))),
    ]
    return [one.text for one in found]


def _document(side: dict[str, Any]) -> dict[str, Any]:
    words = {path: f"---\n{json.dumps(front)}\n---\nHello there.\n" for path, front in side["words"].items()}
    return {"playbook": json.dumps(side["playbook"]), "words": words, "stages": {}, "events": {}, "customer": {}}


def _models() -> list[type[BaseModel]]:
    """Every model that a file of an author is made of."""
    found: dict[type[BaseModel], None] = {}

    def walk(kind: Any) -> None:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            if kind not in found:
                found[kind] = None
                for info in kind.model_fields.values():
                    walk(info.annotation)
        elif get_origin(kind) in (Annotated, Union, UnionType, list, dict, tuple):
            for inner in _inner(kind):
                walk(inner)

    for root in (Playbook, HouseRules, Lifecycle, *FRONTS.values()):
        walk(root)
    return list(found)


def _inner(kind: Any) -> Iterator[Any]:
    args = get_args(kind)
    yield from args[:1] if get_origin(kind) is Annotated else args
