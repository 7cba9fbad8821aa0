"""The words of a step as somebody would get them: an imaginary customer, or one who is in the playbook now. Nothing is sent."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from orchestrator import likely, made_up
from orchestrator.channels import letter
from orchestrator.channels.base import Company, Outgoing, Survey
from orchestrator.channels.segments import Segments, segments
from orchestrator.core.known import known
from orchestrator.core.model import Customer, Run
from orchestrator.core.speech import KEY_WORDS
from orchestrator.core.zones import zone_of
from orchestrator.errors import TouchpointError
from orchestrator.language.design import LoadedVersion
from orchestrator.language.facts import customer_facts, facts
from orchestrator.language.program import TouchNode
from orchestrator.language.script import Script, shape
from orchestrator.language.words import Rendered
from orchestrator.rulebook import InUse
from orchestrator.store import customers, enrollments
from orchestrator.store.database import Work
from orchestrator.store.standing import Inside

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

REF = "C-77"  # the imaginary customer's id
Values = Mapping[str, object]  # nested, as templates read them


@dataclass(frozen=True, slots=True)
class Spoken:
    """What is heard, line by line: by whom, and the words."""

    by: str
    words: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What one customer would get."""

    channel: str
    whose: str  # "an imaginary customer", or the subject
    sender: str = ""
    subject: str = ""
    preheader: str = ""
    html: str = ""  # an e-mail's body, made of its Markdown: no raw HTML, no pictures
    text: str = ""  # the same as plain text, or the text message
    survey: tuple[str, tuple[int, ...], str, str] | None = (
        None  # what it asks, the numbers, the words for the lowest and the highest
    )
    segments: Segments | None = None
    spoken: tuple[Spoken, ...] = ()
    script: Script | None = None
    gap: str = ""  # why it cannot be said; then nothing would be sent
    letter: str = field(default="", repr=False)  # the e-mail's whole HTML as mail programs get it


def imaginary(in_use: InUse, loaded: LoadedVersion, now: datetime) -> Values:
    """Made-up values for everything that the version declares, the same for everybody."""
    program = loaded.program
    zone = next(iter(in_use.house.strictest), "UTC")
    soon = (now.astimezone(zone_of(zone)) + timedelta(days=2)).replace(hour=10, minute=0, second=0, microsecond=0)
    groups: dict[str, dict[str, object]] = {}
    for name, kind in loaded.declared.items():
        group, _, last = name.partition(".")
        if group in ("event", "answers", "customer"):
            groups.setdefault(group, {})[last] = likely.value(last, kind, soon)
    person = customer_facts(
        ref=REF, name=made_up.name(REF), email=made_up.email(REF), phone=made_up.phone(REF), locale="en-US", time_zone=zone,
        extra={**groups.get("customer", {}), "first_name": made_up.first_name(REF)},
    )  # fmt: skip
    what = min(program.starts_on, default=program.stage).partition(".")[0]
    about = (program.playbook, program.title)
    return facts(
        groups.get("event", {}), person, f"{what}/{what[:1].upper()}-1042", in_use.company, about, 1, groups.get("answers", {})
    )


def real(work: Work, in_use: InUse, inside: Inside) -> Values | None:
    """What is known about somebody who is in the playbook now; None when they have just left it."""
    run = enrollments.one(work, inside.id)
    found = customers.load(work, [inside.customer]).get(inside.customer)
    if run is None or found is None or run.ended is not None:
        return None
    nested: dict[str, dict[str, object]] = {}
    for name, value in in_use.names(run, found, in_use.program(work, run.version))().items():
        group, _, last = name.partition(".")
        nested.setdefault(group, {})[last] = value
    return {**nested, "touch": {"tries": inside.touch.tries}}


def of_customer(
    in_use: InUse, loaded: LoadedVersion, customer: Customer, event: Mapping[str, object] | None, subject: str | None, now: datetime
) -> Values:  # fmt: skip
    """What is known about somebody who is not in the playbook, as if it began for them now.

    event: what the event carries that would begin it. None: an event is made up, as are the answers of calls that nobody has made.
    """
    made_up_values = imaginary(in_use, loaded, now)
    run = Run(
        UUID(int=0), UUID(int=0), loaded.program.playbook, 0, subject or _group(made_up_values, "subject")["id"], customer.id, now, now,
        _group(made_up_values, "event") if event is None else event, _group(made_up_values, "answers"),
    )  # fmt: skip
    return known(run, customer, loaded.program, 1, in_use.house, in_use.company)


def _group(values: Values, name: str) -> Mapping[str, Any]:
    found = values[name]
    assert isinstance(found, Mapping), "values come in groups"
    return found


def preview(in_use: InUse, loaded: LoadedVersion, node: TouchNode, values: Values, whose: str, now: datetime) -> Preview:
    """The step's words with these values filled in."""
    try:
        said = loaded.words[node.channel, node.words].render(dict(values))
    except TouchpointError as error:
        return Preview(node.channel, whose, gap=str(error))
    return as_got(in_use, loaded, node, said, whose, now)


def as_got(in_use: InUse, loaded: LoadedVersion, node: TouchNode, said: Rendered, whose: str, now: datetime) -> Preview:
    """Words whose values are filled in already, as they are received."""
    try:
        match node.channel:
            case "email":
                return _email(in_use, node, said, whose, now)
            case "text":
                return Preview("text", whose, in_use.speaker.name, text=said.body, segments=segments(said.body))
            case "call":
                return Preview("call", whose, script=shape(said, loaded.words[node.channel, node.words].questions))
            case _:
                return Preview(node.channel, whose, in_use.speaker.name, spoken=_spoken(in_use.speaker, node.channel, said))
    except TouchpointError as error:
        return Preview(node.channel, whose, gap=str(error))


def _email(in_use: InUse, node: TouchNode, said: Rendered, whose: str, now: datetime) -> Preview:
    asked = said.survey
    made = letter.letter(
        Outgoing(
            handle=UUID(int=0), channel="email", not_after=now, to=made_up.email(REF), body=said.body, subject=said.subject,
            preheader=said.preheader, playbook="", touchpoint=node.touchpoint, company=in_use.speaker,
            unsubscribe_url="https://example.com/unsubscribe",
            survey=Survey(asked.ask, tuple((p, f"https://example.com/{p}") for p in asked.points), asked.low, asked.high) if asked else None,
        )
    )  # fmt: skip
    return Preview(
        "email", whose, in_use.speaker.name, made.subject, letter.header_line(said.preheader or ""),
        html=str(_markdown().render(said.body.replace(letter.MARKER, ""))), text=made.text, letter=made.html,
        survey=(asked.ask, tuple(asked.points), asked.low, asked.high) if asked else None,
    )  # fmt: skip


def _spoken(speaker: Company, channel: str, said: Rendered) -> tuple[Spoken, ...]:
    lines = [Spoken("A person hears", f"This is an automated call from {speaker.name}."), Spoken("", said.person or said.body)]
    lines += [Spoken("", f"Press {key} {KEY_WORDS[means]}.") for key, means in sorted(said.keys.items())]
    if said.recording:
        lines.append(Spoken("A voicemail hears", f"a recording: {said.recording}"))
    elif said.machine:
        lines.append(Spoken("A voicemail hears", said.machine))
    else:
        lines.append(Spoken("A voicemail hears", "nothing; it is hung up before the tone."))
    person, machine = lines[:-1], lines[-1:]
    return (*machine, *person) if channel == "voicemail" else (*person, *machine)


@functools.cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt  # 40 ms, and only pages need it

    read = MarkdownIt("commonmark", {"html": False}).disable("image")
    read.validateLink = lambda url: url.strip().lower().startswith(letter.LINKS)  # type: ignore[method-assign]  # its documented hook
    return read
