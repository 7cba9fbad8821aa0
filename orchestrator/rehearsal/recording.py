"""A first rehearsal file from what was recorded about a subject. Whoever it was becomes an imaginary customer.

What happened and how calls ended is taken from the database; what follows is what was recorded, with the moments of the design where
it agrees. Where it does not, because the playbook has changed or because other follow-ups of the same customer had a part in it, the line
says so: running the file then shows a difference, and somebody decides which is right.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from orchestrator.core.told import SOURCE
from orchestrator.errors import InputError, NotFound, Problem, did_you_mean
from orchestrator.language import typed
from orchestrator.language.dispositions import AUTOMATIC_CALLS, BY_CODE
from orchestrator.language.lifecycle import EventDeclaration
from orchestrator.parts import Parts
from orchestrator.rehearsal.checking import read_scenes
from orchestrator.rehearsal.clocks import Clock
from orchestrator.rehearsal.imagining import REF, somebody, values_of
from orchestrator.rehearsal.running import run
from orchestrator.rehearsal.stage import Stage
from orchestrator.rehearsal.watching import Got
from orchestrator.rehearsal.writing import flow, line_of
from orchestrator.store import events, journal, person, sheets
from orchestrator.store.database import Row
from orchestrator.store.sheets import Sheet

SAME = timedelta(minutes=5)  # workers need their seconds, and events are written by the minute
SOMEBODY = "ari"  # in place of a colleague's name
_OPEN = ("planned", "ready", "in_call", "filed", "sending", "calling")
_LOOKS = re.compile(r"\bevent\.([a-z][a-z0-9_]*)")
_MADE = ("sent", "done", "unknown")


@dataclass(frozen=True, slots=True)
class _Record:
    """What the database has about one subject."""

    came: Sequence[Row[Any]]
    touches: Sequence[Row[Any]]
    said: Sequence[Row[Any]]  # the journal
    noted: Mapping[Any, Sheet]  # touch -> what was noted down
    stopped: Sequence[Row[Any]]
    customer: Row[Any]


def recorded(parts: Parts, stage: Stage, subject: str, playbook: str | None = None) -> str:
    """The text of a rehearsal file. Raises NotFound when nothing is known, InputError when it is not clear which playbook is meant."""
    record = _read(parts, subject)
    known = sorted({row.playbook for row in record.touches} & set(stage.design.playbooks))
    if playbook is None and len(known) > 1:
        raise InputError(Problem(f"'{subject}' was in several playbooks", f"say one by --playbook: {', '.join(known)}"))
    chosen = playbook or next(iter(known), "")
    if chosen not in known:
        raise InputError(Problem(f"'{subject}' was not in {chosen or 'a playbook of this folder'}", did_you_mean(chosen, known)))
    return _Writer(stage, chosen, record, parts.clock()).text()


def _read(parts: Parts, subject: str) -> _Record:
    with parts.database.work() as work:
        touches = journal.touches_of(work, subject)
        if not touches:
            raise NotFound(f"no follow-up is known about '{subject}'; subjects look like quote/Q-1042")
        id_ = touches[0].customer_id
        customer = person.customer(work, id_)
        assert customer is not None, "a touch belongs to somebody"
        noted = {row.id: sheets.of(work, row.id)[-1:] for row in touches if row.channel == "call"}
        return _Record(
            events.of_subject(work, subject), touches, journal.of_subject(work, subject), {k: v[0] for k, v in noted.items() if v},
            person.suppressions(work, id_), customer,
        )  # fmt: skip


class _Writer:
    """Puts it into the words of a file."""

    def __init__(self, stage: Stage, playbook: str, record: _Record, now: datetime) -> None:
        self.stage, self.playbook, self.record, self.now = stage, playbook, record, now
        self.touches = [t for t in record.touches if t.playbook == playbook and t.touchpoint is not None]
        zone = record.customer.time_zone or next(iter(record.customer.zones), stage.home)
        clock = Clock.of(zone) or Clock.of(stage.home)
        assert clock is not None, "house rules with an unknown zone do not load"
        self.clock = clock
        document = stage.design.document(playbook)
        words = document["playbook"]
        self.looked_at = {name for text in (words, *document["words"].values()) for name in _LOOKS.findall(text)}
        self.literal = set(re.findall(r"[\"']([^\"'\n]{1,60})[\"']", words)) | set(stage.design.house_rules.queues)

    def text(self) -> str:
        """The file: first with nothing expected, then with what was recorded."""
        head = self._head()
        draft = "\n".join([*head, "    then: nothing", ""])
        result = run(self.stage, read_scenes(draft, "the recorded story", self.stage)[0])
        then = self._then(list(result.got))
        return "\n".join([*head, *(["    then:", *then] if then else ["    then: nothing"]), ""])

    def _head(self) -> list[str]:
        kind = self.touches[0].subject.partition("/")[0] if self.touches else "subject"
        lines = [
            "# Written from what was recorded. The customer is imaginary, and so are texts that stand in brackets.",
            f"playbook: {self.playbook}", f"subject: {flow(f'{kind}/R-1')}", f"customer: {flow(self._person())}",
        ]  # fmt: skip
        if self.record.customer.time_zone is None:
            lines.append(f"clock: {self.clock.zone.key} # nobody knows where they live")
        lines += ["rehearsals:", "  - rehearsal: As it was recorded", "    when:"]
        happened = [*self._events(), *self._stops()]
        happened.sort(key=lambda one: one[0])
        lines += [f"      - {flow(line)}" for _, line in happened]
        lines += [f"      - {flow(line)}" for line in self._ends()]
        if any(t.state in _OPEN for t in self.touches):
            lines.append(f"    until: {self._said(self.now)}")
        return lines

    def _person(self) -> dict[str, Any]:
        row = self.record.customer
        made = somebody(self.clock.zone.key).model_dump(exclude_none=True, exclude_defaults=True)
        made["id"] = REF
        for column in ("email", "phone"):
            if getattr(row, column) is None:
                made.pop(column)
        if row.time_zone is None:
            made.pop("zone")
        if row.hours:
            made["hours"] = row.hours
        made["consent"] = {c: level for c, level in row.consent.items() if c in ("email", "text", "call", "voice", "voicemail")}
        return made

    def _events(self) -> list[tuple[datetime, dict[str, Any]]]:
        lines: list[tuple[datetime, dict[str, Any]]] = []
        for row in self.record.came:
            if row.type == "survey.answered" and row.source == SOURCE:
                lines.append((row.received_at, {"at": self._said(row.received_at), "survey": {"rating": row.data.get("rating")}}))
            declared = self.stage.design.lifecycle.events.get(row.type)
            if row.source == SOURCE or row.backfill or declared is None:
                continue
            line: dict[str, Any] = {"at": self._said(row.received_at), "event": row.type}
            if fields := self._fields(declared, row.data, row.received_at):
                line["fields"] = fields
            if row.received_at - row.occurred_at > SAME:
                line["occurred"] = self._said(row.occurred_at)
            lines.append((row.received_at, line))
        return lines

    def _fields(self, declared: EventDeclaration, data: Mapping[str, Any], at: datetime) -> dict[str, Any]:
        """What the playbook looks at. Texts that it does not name, and fields that it does not look at, are made up."""
        made: dict[str, Any] = {}
        instead = values_of(declared, self.clock, at.astimezone(UTC).replace(second=0, microsecond=0))
        for name, kind in declared.fields.items():
            value = data.get(name)
            if value is None:
                continue
            if name == "owner":
                made[name] = SOMEBODY
            elif kind.kind == "list":
                made[name] = [f"({name.replace('_', ' ')} {place})" for place in range(1, len(value) + 1)]
            elif kind.kind == "text" and value not in self.literal and not _is_currency(value):
                made[name] = f"({name.replace('_', ' ')})"
            elif kind.kind in ("number", "date", "time") and name not in self.looked_at:
                made[name] = instead.get(name, value)
            else:
                made[name] = value
        return made

    def _stops(self) -> list[tuple[datetime, dict[str, Any]]]:
        began = min(t.planned_at for t in self.touches)
        ended = {
            t.finished_at for t in self.touches if t.disposition in ("do_not_contact", "wrong_number", "invalid_number", "fax")
        }
        return [
            (row.since, {"at": self._said(row.since), "opts_out": row.channel}) for row in reversed(self.record.stopped)
            if row.since >= began and row.channel in ("all", "email", "text", "call")
            and not any(moment is not None and abs(moment - row.since) < SAME for moment in ended)
        ]  # fmt: skip

    def _ends(self) -> list[dict[str, Any]]:
        lines: list[dict[str, Any]] = []
        seen: set[tuple[str, int]] = set()
        for row in self.touches:
            if (row.touchpoint, row.tries) in seen:
                continue
            ends = row.disposition if row.disposition in BY_CODE else "failed" if row.state == "failed" else None
            if ends is None or row.effect_at is None or (row.channel not in ("call", *AUTOMATIC_CALLS) and ends != "failed"):
                continue
            seen.add((row.touchpoint, row.tries))
            line: dict[str, Any] = {"touchpoint": row.touchpoint, "try": row.tries, "ends": ends}
            if row.channel == "call":
                line |= self._of_call(row)
            lines.append(line)
        return lines

    def _of_call(self, row: Row[Any]) -> dict[str, Any]:
        line: dict[str, Any] = {}
        ready = next((e.at for e in self.record.said if e.touch_id == row.id and e.what == "touch.ready"), row.due_at)
        for name, since, until in (("waits", ready, row.effect_at), ("lasts", row.effect_at, row.finished_at)):
            minutes = round((until - since).total_seconds() / 60) if until is not None else 0
            if minutes > 0:
                line[name] = f"{minutes} minute{'s' if minutes > 1 else ''}"
        sheet = self.record.noted.get(row.id)
        if sheet is not None and (answers := self._answers(row.touchpoint, sheet)):
            line["answers"] = answers
        if row.disposition == "call_back" and sheet is not None and sheet.call_back_at is not None:
            line["call_back"] = self._said(sheet.call_back_at)
        return line

    def _answers(self, touchpoint: str, sheet: Sheet) -> dict[str, Any]:
        """What was chosen or counted is kept; what somebody said in their own words is not."""
        node = self.stage.touchpoints(self.playbook).get(touchpoint)
        words = self.stage.design.playbooks[self.playbook].compiled.words.get(("call", node.words)) if node is not None else None
        kept: dict[str, Any] = {}
        for name, question in (words.questions if words is not None else {}).items():
            if question.kind == "commitment" or not sheet.answers.get(name):
                continue
            value = typed.read({name: question}, {name: sheet.answers[name]}, {})[0].get(name)
            if value is not None:
                kept[name] = f"({name.replace('_', ' ')})" if question.kind == "text" else value
        return kept

    def _then(self, got: list[Got]) -> list[str]:
        """What was recorded, by the moments of the design where they agree."""
        lines: list[tuple[datetime, str]] = []
        for row in self.touches:
            mine = _as_got(row, self.playbook)
            same = next((g for g in got if _same(g, mine)), None)
            if same is not None:
                got.remove(same)
                mine, note = same, ""
            else:
                note = " # recorded so; this story alone leads elsewhere now"
            lines.append((mine.at, f"      - {flow(line_of(mine, self.clock, self.playbook))}{note}"))
        told = [one for one in got if one.touchpoint is None or one.what == "deferred"]  # ends and delays are told by the design
        lines += [(one.at, f"      - {flow(line_of(one, self.clock, self.playbook))}") for one in told]
        return [line for _, line in sorted(lines, key=lambda pair: pair[0])]

    def _said(self, at: datetime) -> str:
        return self.clock.said(at.astimezone(UTC).replace(second=0, microsecond=0))


def _is_currency(value: object) -> bool:
    """Whether it is the code of a currency; three capitals may also be somebody's name."""
    from babel.numbers import is_currency  # here: it takes its time

    return isinstance(value, str) and is_currency(value)


def _as_got(row: Row[Any], playbook: str) -> Got:
    what = str(row.state)
    if row.state in _MADE and row.disposition in BY_CODE:
        what = row.disposition
    elif row.state == "done":
        what = "sent"
    elif row.state == "expired" and row.reason == "not taken":
        what = "not_taken"
    elif row.state in ("in_call", "filed"):
        what = "ready"
    at = row.due_at if row.state in ("planned", "ready") else row.effect_at or row.finished_at or row.due_at
    if row.state in ("skipped", "expired", "cancelled"):
        at = row.finished_at or at
    because = str(row.reason or "") if row.state in ("skipped", "cancelled", "failed") or what == "expired" else ""
    at = at.astimezone(UTC).replace(second=0, microsecond=0)
    return Got(at, playbook, row.touchpoint, what, row.tries, max(row.tries, 1), because)


def _same(ours: Got, theirs: Got) -> bool:
    about = (ours.touchpoint, ours.tries, ours.what) == (theirs.touchpoint, theirs.tries, theirs.what)
    return about and abs(ours.at - theirs.at) <= SAME
