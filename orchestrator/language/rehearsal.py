"""What a rehearsal file may say: an imaginary customer, what happens to them, and exactly what must follow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from orchestrator.language.delays import Delay
from orchestrator.language.dispositions import BY_CODE
from orchestrator.language.lifecycle import FieldName
from orchestrator.language.local_moments import LocalMoment
from orchestrator.language.playbook import EventType, Model, Name, wrong
from orchestrator.language.source import Source, parse, read_top, read_yaml

FOLDER = "rehearsals"
Kind = Literal["main path", "voicemail", "stop", "night", "holiday", "clock change"]
KINDS: tuple[str, ...] = get_args(Kind)
Level = Literal["none", "service", "marketing"]
Channel = Literal["email", "text", "call", "voice", "voicemail"]
End = Literal["goal", "stopped", "opted_out", "exhausted", "expired", "superseded", "error"]
# What a touch can come to, beside the dispositions of calls.
STATES = ("sent", "failed", "skipped", "deferred", "expired", "not_taken", "cancelled", "planned", "ready", "unknown")
RESULTS = (*STATES, *BY_CODE)
Subject = Annotated[str, Field(min_length=1, max_length=200, examples=["quote/Q-1042"])]
Fields = dict[FieldName, Any]  # Any: whatever an event carries; checked against lifecycle.yaml


def _word_or_lines(value: Any) -> str:
    return "lines" if isinstance(value, dict) else "word"


Consent = Annotated[
    Annotated[Level, Tag("word")] | Annotated[dict[Channel, Level], Tag("lines")], Discriminator(_word_or_lines)
]  # fmt: skip


def _one_or_many(value: Any) -> str:
    return "many" if isinstance(value, list | tuple) else "one"


Piece = Annotated[str, Field(min_length=1, max_length=20_000)]
Pieces = Annotated[Annotated[Piece, Tag("one")] | Annotated[list[Piece], Tag("many")], Discriminator(_one_or_many)]
Shown = Annotated[Annotated[Kind, Tag("one")] | Annotated[list[Kind], Tag("many")], Discriminator(_one_or_many)]


class Person(Model):
    """The imaginary customer."""

    id: str | None = Field(None, min_length=1, max_length=200, description="the customer's id, e.g. C-77")
    name: str | None = Field(None, max_length=200, description="first and last name")
    zone: str | None = Field(None, description="where they live, e.g. America/Chicago; not said: nobody knows")
    email: str | None = Field(None, max_length=254, description="their e-mail address; not said: there is none")
    phone: str | None = Field(None, pattern=r"^\+[1-9]\d{6,14}$", description="their telephone; not said: there is none")
    locale: str | None = Field(None, max_length=35, description="their language, e.g. en-US")
    hours: str | None = Field(None, max_length=200, description='when they wish to be contacted, e.g. "mon-fri 10:00-12:00"')
    consent: Consent | None = Field(
        None, description="none, service or marketing; or by channel, e.g. {email: service, call: none}"
    )
    more: Fields = Field(default_factory=dict, description="further fields of the customer, e.g. {first_name: Dana}")


class Comes(Model):
    """An event comes in."""

    at: LocalMoment = Field(description="when, by the customer's clock, e.g. Tue 2026-03-03 10:00")
    event: EventType = Field(description="which event of lifecycle.yaml")
    fields: Fields = Field(default_factory=dict, description="what it carries, beside what 'events' says above")
    subject: Subject | None = Field(None, description="what it is about, when it is not the subject of the file")
    occurred: LocalMoment | None = Field(None, description="when it happened, if it came in later than that")


class Ends(Model):
    """How the tries of a touchpoint end. A message that nobody says anything of is sent; a call is taken by nobody."""

    touchpoint: Name = Field(description="of which touchpoint")
    try_: int | None = Field(
        None, alias="try", ge=1, le=100, description="which try; not said: every one that no other line names"
    )
    ends: str = Field(description="a disposition such as voicemail_left; for messages: sent or failed")
    answers: dict[FieldName, str | int | float | bool] = Field(default_factory=dict, description="what they answer to the script")
    promised_for: dict[FieldName, date] = Field(default_factory=dict, description="for answers that promise something: the day")
    call_back: LocalMoment | None = Field(None, description="with ends: call_back, when they want to be called")
    waits: Delay | None = Field(None, description="how long it waits until somebody takes it; not said: not at all")
    lasts: Delay | None = Field(None, description="how long they talk; not said: no time")


class OptsOut(Model):
    """The customer wants no more contact."""

    at: LocalMoment
    opts_out: Literal["all", "email", "text", "call"] = Field(description="of everything, or of one channel")


class Answers(Model):
    """The customer answers the question in an e-mail."""

    at: LocalMoment
    survey: dict[FieldName, str | int | float | bool] = Field(min_length=1, description="what they answer, e.g. {rating: 2}")


_HAPPENS = ("event", "touchpoint", "opts_out", "survey")
_FOLLOWS = ("touchpoint", "ends")


def _which(known: tuple[str, ...], value: Any) -> str | None:
    """Which of these keys a line carries: it tells what the line is."""
    keys: Any = value if isinstance(value, dict) else getattr(value, "model_fields_set", ())
    return next((key for key in known if key in keys), None)


def _happens(value: Any) -> str | None:
    return _which(_HAPPENS, value)


def _follows(value: Any) -> str | None:
    return _which(_FOLLOWS, value)


def _check(known: tuple[str, ...]) -> BeforeValidator:
    """A line without any of them is refused in words of ours."""

    def check(value: Any) -> Any:
        if _which(known, value) is None:
            raise wrong("this line says nothing that can be", f"it needs one of {', '.join(known)}")
        return value

    return BeforeValidator(check)


Happens = Annotated[
    Annotated[Comes, Tag("event")]
    | Annotated[Ends, Tag("touchpoint")]
    | Annotated[OptsOut, Tag("opts_out")]
    | Annotated[Answers, Tag("survey")],
    Discriminator(_happens),
    _check(_HAPPENS),
]


class Touched(Model):
    """One thing that must become of a touch."""

    at: LocalMoment = Field(description="when, by the customer's clock")
    touchpoint: Name = Field(description="which touchpoint")
    is_: str = Field(alias="is", description="sent, skipped, deferred …, or how the call ended")
    try_: int | None = Field(None, alias="try", ge=1, le=100, description="which try of it; not said: it does not matter")
    because: str | None = Field(None, max_length=200, description="the rule, e.g. contact window; not said: it does not matter")
    until: LocalMoment | None = Field(None, description="with is: deferred, to when")
    says: Pieces | None = Field(None, description="a piece of the words, or several; spaces and line ends do not matter")
    says_exactly: Piece | None = Field(None, description="all of the words, the subject of an e-mail first")
    playbook: Name | None = Field(None, description="when it is of another playbook than the file's")

    @model_validator(mode="after")
    def _fits(self) -> Touched:
        if self.until is not None and self.is_ != "deferred":
            raise wrong("'until' is for what is deferred", "write is: deferred, or delete it", "until")
        return self

    @property
    def pieces(self) -> tuple[str, ...]:
        """What it must say, piece by piece."""
        if self.says is None:
            return ()
        return (self.says,) if isinstance(self.says, str) else tuple(self.says)


class Ended(Model):
    """How an enrollment must end."""

    at: LocalMoment
    ends: End = Field(description="goal, stopped, opted_out, exhausted, expired, superseded or error")
    playbook: Name | None = Field(None, description="when it is of another playbook than the file's")


Expected = Annotated[
    Annotated[Touched, Tag("touchpoint")] | Annotated[Ended, Tag("ends")],
    Discriminator(_follows),
    _check(_FOLLOWS),
]
Then = Annotated[
    Annotated[Literal["nothing"], Tag("word")] | Annotated[list[Expected], Tag("lines"), Field(max_length=500)],
    Discriminator(lambda value: "lines" if isinstance(value, list | tuple) else "word"),
]


class Rehearsal(Model):
    """One story of one imaginary customer."""

    rehearsal: str = Field(min_length=1, max_length=200, description="what it shows, in a sentence")
    shows: Shown | None = Field(None, description="main path, voicemail, stop, night, holiday or clock change; or a list of them")
    customer: Person | None = Field(None, description="what is different about the customer here")
    subject: Subject | None = Field(None, description="when it is not the subject of the file")
    when: Annotated[list[Happens], Field(min_length=1, max_length=200)] = Field(description="what happens, and how calls end")
    until: LocalMoment | None = Field(None, description="when time stops; not said: when nothing is left to do")
    then: Then = Field(description="exactly what must follow, or the word nothing")

    @property
    def kinds(self) -> tuple[str, ...]:
        """What it shows."""
        return () if self.shows is None else (self.shows,) if isinstance(self.shows, str) else tuple(self.shows)

    @property
    def expected(self) -> tuple[Touched | Ended, ...]:
        """The lines of `then`; none for the word nothing."""
        return () if isinstance(self.then, str) else tuple(self.then)


class RehearsalFile(Model):
    """Rehearsals of one playbook."""

    playbook: Name = Field(description="the playbook that is rehearsed")
    beside: list[Name] = Field(default_factory=list, max_length=50, description="other playbooks that run beside it")
    subject: Subject | None = Field(None, description="what it is about, e.g. quote/Q-1042")
    customer: Person = Field(default_factory=lambda: Person(), description="the imaginary customer of all rehearsals below")
    clock: str | None = Field(
        None, description="whose clock the moments are read from, e.g. America/Chicago; not said: the customer's"
    )
    events: dict[EventType, Fields] = Field(
        default_factory=dict, description="what events carry unless a rehearsal says otherwise"
    )
    rehearsals: Annotated[list[Rehearsal], Field(min_length=1, max_length=200)] = Field(description="the stories")

    def person(self, rehearsal: Rehearsal) -> Person:
        """The customer of one rehearsal: that of the file, with what is different."""
        if rehearsal.customer is None:
            return self.customer
        changed = {name: getattr(rehearsal.customer, name) for name in rehearsal.customer.model_fields_set}
        if "more" in changed:
            changed["more"] = {**self.customer.more, **changed["more"]}
        here, there = self.customer.consent, changed.get("consent")
        if isinstance(here, dict) and isinstance(there, dict):
            changed["consent"] = {**here, **there}
        elif isinstance(here, str) and isinstance(there, dict):
            changed["consent"] = {**dict.fromkeys(get_args(Channel)[:3], here), **there}
        return self.customer.model_copy(update=changed)

    def carries(self, comes: Comes) -> Mapping[str, Any]:
        """What an event carries."""
        return {**self.events.get(comes.event, {}), **comes.fields}


@lru_cache(maxsize=512)  # the studio asks of every file of the folder, again and again
def head_of(text: str, key: Literal["playbook", "beside"]) -> tuple[str, ...]:
    """Whose rehearsals a text holds, or which playbooks run beside it; also while something below is wrong. Empty: it does not say."""
    return read_top(text, key)


@lru_cache(maxsize=64)  # those of the playbook that somebody writes: read once, and not again with each key
def read_rehearsals(text: str, path: str) -> tuple[RehearsalFile, Source]:
    """A rehearsal file, and where everything in it stands. Raises PlaybookError with every problem, by line and column."""
    source = read_yaml(text, path)
    return parse(RehearsalFile, source), source
