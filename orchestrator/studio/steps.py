"""The steps of a playbook file as a list to change by form: what each says now, and the edits that a filled-in form means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from orchestrator.errors import InputError, NotFound, Problem
from orchestrator.language.delays import Delay, Moment, TimeOfDay
from orchestrator.language.dispositions import AUTOMATIC_CALLS
from orchestrator.language.playbook import CHANNELS
from orchestrator.language.source import Loc, read_yaml
from orchestrator.language.words import FOLDERS
from orchestrator.studio.edits import put, put_mapping, swap

UNITS = ("minutes", "hours", "days", "business days", "weeks")
HOW = ("at once", "after", "before event", "at event", "after event", "as written")
ORDER = (  # of the keys of a step, as the starter playbooks write them
    "touchpoint", "wait_for", "wait", "title", *CHANNELS, "queue", "skill", "stage", "purpose", "owner", "owner_first", "priority", "only_if",
    "after", "when", "within", "at", "contact_window", "not_later_than", "due_within", "escalates", "attempts", "repeat", "if_unknown",
    "then", "otherwise", "outcomes",
)  # fmt: skip
Kind = Literal["touchpoint", "wait", "wait_for", "if", "split", "word"]
_KINDS: tuple[Kind, ...] = ("touchpoint", "wait_for", "wait", "if", "split")


@dataclass(frozen=True, slots=True)
class Timing:
    """When a step happens, as a form asks for it."""

    how: str = "at once"  # one of HOW
    count: int = 0
    unit: str = "days"
    field: str = ""  # of the event, without "event."
    at: str = ""  # "09:00", or nothing

    @property
    def delay(self) -> str:
        """ "2 business days"."""
        return f"{self.count} {self.unit[:-1] if self.count == 1 else self.unit}"


@dataclass(frozen=True, slots=True)
class Step:
    """One step where it stands in the file."""

    loc: Loc
    kind: Kind
    said: Mapping[str, Any] = field(repr=False)  # as it is written
    depth: int = 0
    within: str = ""  # in which outcome or way it stands, for its first step: "if voicemail left"
    number: int = 0  # in the order of the file
    up: bool = False  # whether it can change places with the step above
    down: bool = False

    @property
    def key(self) -> str:
        """Its place as forms carry it: steps.1.outcomes.voicemail_left.0."""
        return ".".join(map(str, self.loc))

    @property
    def channel(self) -> str:
        """The channel of a touchpoint; empty for what contacts nobody, and for one whose channel is not written yet."""
        return next((c for c in CHANNELS if c in self.said), "") if self.kind == "touchpoint" else ""

    @property
    def is_call(self) -> bool:
        return self.channel == "call" or self.channel in AUTOMATIC_CALLS

    @property
    def words(self) -> str:
        """The file with its words; empty when it says nothing."""
        return f"{FOLDERS[self.channel]}/{self.said[self.channel]}.md" if self.channel else ""

    @property
    def title(self) -> str:
        """What people call it."""
        match self.kind:
            case "touchpoint":
                return str(self.said.get("title") or self.said.get("touchpoint"))
            case "wait":
                return f"Wait {self.said.get('wait')}"
            case "wait_for":
                what = self.said.get("wait_for")
                return f"Wait for {' or '.join(map(str, what)) if isinstance(what, list) else what}"
            case "if":
                return f"If {self.said.get('if')}"
            case "split":
                return f"Split {self.said.get('split')}"
            case "word":
                return {"again": "Once more", "continue": "Go on", "exit": "End here", "goal": "End here: goal reached"}[
                    self.said["word"]
                ]

    @property
    def changeable(self) -> bool:
        """Whether there is a form for it; the rest is changed in the text."""
        return self.kind in ("touchpoint", "wait", "wait_for")

    @property
    def timing(self) -> Timing:
        """When it happens, as far as a form can say it."""
        at = str(self.said.get("at") or "")
        written = (
            self.said.get("wait") if self.kind == "wait" else self.said.get("within" if self.kind == "wait_for" else "after")
        )
        moment = self.said.get("when") or (written if isinstance(written, str) and "event." in written else None)
        try:
            if moment:
                return _of_moment(Moment.parse(str(moment)), at)
            if written is None:
                return Timing(at=at)
            delay = Delay.parse(str(written))
            return Timing("after", delay.count, str(delay.unit).replace("_", " "), at=at)
        except ValueError:
            return Timing("as written", at=at)

    @property
    def attempts(self) -> tuple[int, Timing]:
        """How many tries of a call, and how far apart; 0 when nothing is said."""
        said = self.said.get("attempts")
        if not isinstance(said, dict) or not isinstance(said.get("most"), int):
            return 0, Timing("after", 1, "business days")
        try:
            delay = Delay.parse(str(said.get("apart", "")))
        except ValueError:
            return said["most"], Timing("as written")
        return said["most"], Timing("after", delay.count, str(delay.unit).replace("_", " "))


@dataclass(frozen=True, slots=True)
class Filled:
    """A form that somebody filled in. None: the form did not ask for it."""

    timing: Timing
    title: str | None = None
    contact_window: str | None = None  # "" : the playbook's own
    queue: str | None = None
    attempts: tuple[int, Timing] | None = None


def steps_of(text: str) -> list[Step]:
    """Every step of a playbook's text, in the order of the file. Raises PlaybookError when the text is no YAML."""
    data = read_yaml(text, "").data
    found = list(_walk(data.get("steps"), ("steps",), 0, ""))
    return [Step(s.loc, s.kind, s.said, s.depth, s.within, number, s.up, s.down) for number, s in enumerate(found, start=1)]


def step_at(text: str, key: str) -> Step:
    """The step at such a place. Raises NotFound."""
    for step in steps_of(text):
        if step.key == key:
            return step
    raise NotFound("no such step")


def changed(text: str, step: Step, filled: Filled) -> str:
    """The text with the step as the form says. Raises InputError for what makes no sense, EditError for what only the text can say."""
    at = step.loc
    if filled.title is not None:
        text = put(text, at, "title", filled.title.strip() or None, ORDER)
    if filled.timing != step.timing:
        text = _timed(text, step, filled.timing)
    if filled.contact_window is not None:
        text = put(text, at, "contact_window", filled.contact_window or None, ORDER)
    if filled.queue is not None:
        text = put(text, at, "queue", filled.queue or None, ORDER)
    if filled.attempts is not None and filled.attempts != step.attempts:
        text = _tried(text, step, *filled.attempts)
    return text


def moved(text: str, step: Step, *, up: bool) -> str:
    """The text with the step one place further up or down among its neighbours. Raises EditError where it cannot go."""
    index = step.loc[-1]
    assert isinstance(index, int), "a step stands in a list"
    return swap(text, step.loc[:-1], index - 1 if up else index)


def read_timing(how: str, count: str, unit: str, field: str, at: str) -> Timing:
    """What was typed into the fields of a timing. Raises InputError with what to type instead."""
    if how not in HOW or unit not in UNITS:
        raise InputError(Problem("this timing cannot be read", "choose one from the list"))
    at = at.strip()
    if at:
        try:
            at = str(TimeOfDay.parse(at))
        except ValueError as wrong:
            raise _input_error(wrong) from None
    number = 0
    if how in ("after", "before event", "after event"):
        try:
            number = Delay.parse(f"{count.strip() or '?'} {unit}").count
        except ValueError as wrong:
            raise _input_error(wrong) from None
    if "event" in how and not field:
        raise InputError(Problem("it is not said from which date of the event to count", "choose one from the list"))
    return Timing(how, number, unit, field if "event" in how else "", at)


def _timed(text: str, step: Step, timing: Timing) -> str:
    at = step.loc
    moment = _said_moment(timing)
    if step.kind == "wait":
        if timing.how == "at once":
            raise InputError(Problem("a wait needs a length", "say how long, or take the step out in the text"))
        if timing.how != "as written":
            text = put(text, at, "wait", moment or timing.delay, ORDER)
    elif step.kind == "wait_for":
        if timing.how == "as written":
            return text
        if timing.how != "after":
            raise InputError(Problem("a wait for an event needs a length", "say how long to wait at most"))
        return put(text, at, "within", timing.delay, ORDER)
    elif timing.how != "as written":
        # What was there goes last: a step that begins with it keeps the place of its dash.
        text = put(text, at, "after", timing.delay if timing.how == "after" else None, ORDER)
        text = put(text, at, "when", moment, ORDER)
    if timing.at != step.timing.at:
        text = put(text, at, "at", timing.at or None, ORDER, quoted=True)
    return text


def _tried(text: str, step: Step, most: int, apart: Timing) -> str:
    if most == 0:
        return put(text, step.loc, "attempts", None, ORDER)
    values: dict[str, str | int] = {"most": most}
    if apart.how != "as written":
        values["apart"] = apart.delay
    return put_mapping(text, step.loc, "attempts", values, ORDER)


def _said_moment(timing: Timing) -> str | None:
    match timing.how:
        case "before event":
            return f"{timing.delay} before event.{timing.field}"
        case "after event":
            return f"{timing.delay} after event.{timing.field}"
        case "at event":
            return f"event.{timing.field}"
        case _:
            return None


def _of_moment(moment: Moment, at: str) -> Timing:
    if moment.delay is None:
        return Timing("at event", field=moment.field, at=at)
    unit = str(moment.delay.unit).replace("_", " ")
    return Timing(f"{moment.side} event", moment.delay.count, unit, moment.field, at)


def _walk(listed: object, at: Loc, depth: int, within: str) -> Iterator[Step]:
    if not isinstance(listed, list):
        return
    movable = [isinstance(one, dict) for one in listed]  # the words exit, again, goal and continue end a list: they stay last
    for index, one in enumerate(listed):
        loc = (*at, index)
        up, down = (
            index > 0 and movable[index] and movable[index - 1],
            movable[index] and index + 1 < len(listed) and movable[index + 1],
        )
        kind = _kind(one)
        if kind is None:
            continue
        said = one if isinstance(one, dict) else {"word": one}
        yield Step(loc, kind, said, depth, within if index == 0 else "", up=up, down=down)
        if isinstance(one, dict):
            yield from _below(one, loc, depth + 1)


def _below(step: Mapping[str, Any], loc: Loc, depth: int) -> Iterator[Step]:
    outcomes = step.get("outcomes")
    if isinstance(outcomes, dict):
        for name, answer in outcomes.items():
            yield from _walk(answer, (*loc, "outcomes", name), depth, f"if {name.replace('_', ' ')}")
    came = "wait_for" in step
    yield from _walk(step.get("then"), (*loc, "then"), depth, "when it comes" if came else "if so")
    yield from _walk(step.get("otherwise"), (*loc, "otherwise"), depth, "if it does not come" if came else "otherwise")
    ways = step.get("ways")
    if isinstance(ways, dict):
        for name, way in ways.items():
            if isinstance(way, dict):
                yield from _walk(way.get("steps"), (*loc, "ways", name, "steps"), depth, f"way {name}")


def _kind(step: object) -> Kind | None:
    if isinstance(step, str):
        return "word" if step in ("again", "continue", "exit", "goal") else None
    return next((kind for kind in _KINDS if isinstance(step, dict) and kind in step), None)


def _input_error(wrong: ValueError) -> InputError:
    problem, _, hint = str(wrong).partition("|")
    return InputError(Problem(problem, hint))
