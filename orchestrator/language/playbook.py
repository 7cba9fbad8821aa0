"""What a playbook file may say: one model per construct. `compile.py` turns it into a Program that the planner walks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from orchestrator.language.delays import Delay, Moment, TimeOfDay
from orchestrator.language.dispositions import AUTOMATIC_CALLS

Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80, examples=["quote-check-in"])]
EventType = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$", max_length=120, examples=["quote.sent"])]
# a queue of house-rules.yaml, or a field of the event that names one
QueueName = Annotated[str, Field(pattern=r"^([a-z0-9]+(-[a-z0-9]+)*|event\.[a-z][a-z0-9_]*)$", max_length=80, examples=["sales"])]
Condition = Annotated[str, Field(min_length=1, max_length=1_000, description="CEL, e.g. event.amount >= 500")]
Purpose = Literal["service", "marketing"]
Ending = Literal["goal", "exit"]

CHANNELS = ("email", "text", "call", "voice", "voicemail")  # the word that a touchpoint step carries; its value names the words


class Model(BaseModel):
    """Unknown keys are mistakes; values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def wrong(problem: str, hint: str = "", key: str = "") -> PydanticCustomError:
    """What a check over a whole model raises: `key` is the one of its keys that an author should look at."""
    return PydanticCustomError("wrong", "{problem}", {"problem": problem, "hint": hint, "key": key})


def _one_or_many(value: Any) -> str:
    return "many" if isinstance(value, list | tuple) else "one"


# One event type or a list of them; told apart by hand so that an error names one form only.
EventTypes = Annotated[
    Annotated[EventType, Tag("one")] | Annotated[list[EventType], Tag("many"), Field(min_length=1, max_length=20)],
    Discriminator(_one_or_many),
]


class Attempts(Model):
    """How often a call is tried before it counts as not reached."""

    most: int = Field(ge=1, le=20, description="how many tries in all, e.g. most: 3")
    apart: Delay = Field(description="how long to wait between two tries, e.g. apart: 1 business day")
    vary: Literal["time of day"] | None = Field(None, description="later tries fall into another part of the customer's day")


class Repeat(Model):
    """Say it again every so often, at most so many times: a weekly summary."""

    most: int = Field(ge=2, le=60, description="how often in all, e.g. most: 4")
    every: Delay = Field(description="how long between two of them, e.g. every: 1 week")


class Escalates(Model):
    """A call that nobody took goes to another queue."""

    after: Delay = Field(description="how long it may wait in its own queue, e.g. after: 4 hours")
    queue: Name = Field(description="the queue it goes to then")


class Timed(Model):
    """When a step happens. Nothing said: as soon as it is reached."""

    after: Delay | None = Field(None, description="after the step before it; the first step: after the event occurred")
    when: Moment | None = Field(None, description="at a moment of the event, e.g. 2 days before event.starts_at")
    at: TimeOfDay | None = Field(
        None, description="at this local time of that day; after minutes or hours: the next time the clock shows it"
    )

    @model_validator(mode="after")
    def _one_timing(self) -> Timed:
        if self.after and self.when:
            raise wrong("a step has 'after' or 'when', not both", "delete one of them", "when")
        return self


class Touchpoint(Timed):
    """One designed contact: an e-mail, a text, an automatic call (voice, voicemail), or a call that staff make with a script."""

    touchpoint: Name = Field(description="a name for this contact, used once in the playbook")
    title: str | None = Field(None, max_length=200, description="what people see instead of the name")
    email: Name | None = Field(None, description="a file in emails/")
    text: Name | None = Field(None, description="a file in texts/")
    call: Name | None = Field(None, description="a file in scripts/")
    voice: Name | None = Field(None, description="a file in voices/: an automatic call to a person")
    voicemail: Name | None = Field(None, description="a file in voicemails/: an automatic call to the voicemail")
    only_if: Condition | None = Field(None, description="otherwise the step is passed over")
    purpose: Purpose | None = Field(None, description="the playbook's own unless said here")
    stage: Name | None = Field(None, description="the playbook's own unless said here")
    owner: str | None = Field(None, max_length=80, description="the playbook's own unless said here")
    contact_window: Name | None = Field(None, description="the playbook's own unless said here")
    not_later_than: Delay | None = Field(None, description="this long after it was due it is skipped")
    due_within: Delay | None = Field(None, description="calls: how long it may wait for somebody to take it")
    queue: QueueName | None = Field(
        None,
        description="calls: the list it waits in, from house-rules.yaml, or a field of the event that names one, e.g. event.team",
    )
    skill: Name | None = Field(None, description="calls: only for people who have it, e.g. skill: structural")
    owner_first: Delay | None = Field(
        None, description="calls: so long it is only for the person whom event.owner names, e.g. owner_first: 4 hours"
    )
    priority: int = Field(5, ge=1, le=9, description="1 is most urgent")
    attempts: Attempts | None = Field(
        None, description="all kinds of calls: how often to try, e.g. {most: 3, apart: 1 business day}"
    )
    escalates: Escalates | None = Field(None, description="calls: where it goes when nobody takes it")
    repeat: Repeat | None = Field(None, description="messages: say it several times, e.g. {most: 4, every: 1 week}")
    if_unknown: Literal["try again", "ask"] | None = Field(
        None, description="when nobody knows whether it went out; an e-mail tries again, everything else asks"
    )
    outcomes: dict[str, Outcome] = Field(default_factory=dict, description="what follows which ending")

    @property
    def channel(self) -> str:
        """Which of the channel words the step carries."""
        return next(c for c in CHANNELS if getattr(self, c))

    @property
    def words(self) -> str:
        """The name of the words it says, a file in the channel's folder."""
        return str(getattr(self, self.channel))

    @model_validator(mode="after")
    def _is_one_contact(self) -> Touchpoint:
        said = [c for c in CHANNELS if getattr(self, c)]
        if len(said) != 1:
            found = "none" if not said else " and ".join(said)
            problem = f"touchpoint '{self.touchpoint}' needs exactly one of {', '.join(CHANNELS)}; it has {found}"
            raise wrong(problem, "two contacts are two steps" if said else "e.g. email: quote-thanks", said[1] if said else "")
        if said == ["call"]:
            if not self.queue:
                raise wrong(f"call '{self.touchpoint}' needs a queue", "e.g. queue: sales, as house-rules.yaml names it", "call")
            if self.repeat:
                raise wrong("'repeat' is for messages; a call has 'attempts'", "attempts: {most: 3, apart: 1 day}", "repeat")
            return self
        automatic = said[0] in AUTOMATIC_CALLS
        staffed = ("queue", "skill", "owner_first", "due_within", "escalates")
        for key in staffed if automatic else (*staffed, "attempts"):
            if getattr(self, key):
                whose = "calls that staff make" if automatic else "calls"
                kind = "an automatic call" if automatic else "an email" if said == ["email"] else f"a {said[0]}"
                raise wrong(f"'{key}' is for {whose}; '{self.touchpoint}' is {kind}", "delete the line", key)
        if self.repeat and said == ["voice"]:
            raise wrong("'repeat' is for messages; a call has 'attempts'", "attempts: {most: 3, apart: 1 day}", "repeat")
        if self.repeat and self.attempts:
            raise wrong("a step has 'attempts' or 'repeat', not both", "attempts end when somebody is reached", "repeat")
        return self


def _delay_or_moment(value: Any) -> str:
    return "moment" if isinstance(value, Moment) or (isinstance(value, str) and "event" in value) else "delay"


class Wait(Timed):
    """Let time pass: `wait: 3 days`, or until a moment of the event."""

    wait: Annotated[Annotated[Delay, Tag("delay")] | Annotated[Moment, Tag("moment")], Discriminator(_delay_or_moment)]

    @model_validator(mode="after")
    def _says_it_once(self) -> Wait:
        if self.after or self.when:
            key = "after" if self.after else "when"
            raise wrong("a wait says its length itself", "write 'wait: 3 days' or 'wait: 2 days before event.starts_at'", key)
        return self


class WaitFor(Model):
    """Wait for an event about the same subject, but not for ever."""

    wait_for: EventTypes = Field(description="an event type, or a list of them")
    within: Delay = Field(description="how long to wait at most, e.g. within: 3 days")
    then: Steps = Field(default_factory=list, description="the event came")
    otherwise: Steps = Field(default_factory=list, description="it did not come in time")


class Branch(Model):
    """Go one way or the other."""

    if_: Condition = Field(alias="if")
    then: Steps = Field(default_factory=list, description="it holds")
    otherwise: Steps = Field(default_factory=list, description="it does not hold")


class Way(Model):
    """One way of a split, with its share in percent."""

    share: int = Field(ge=1, le=100, description="how many of a hundred customers go this way")
    steps: Steps = Field(default_factory=list, description="nothing: they go on after the split")


class Split(Model):
    """Customers go different ways, by chance but always the same way for the same customer. A way that only exits is a holdout."""

    split: Name = Field(description="a name; the same name parts the customers of a playbook in the same way")
    ways: dict[Name, Way] = Field(min_length=2, max_length=20, description="the ways by name, with shares that add up to 100")

    @model_validator(mode="after")
    def _adds_up(self) -> Split:
        total = sum(way.share for way in self.ways.values())
        if total != 100:
            raise wrong(f"the shares of split '{self.split}' add up to {total}, not 100", "they are percent", "ways")
        return self


Word = Literal["continue", "again", "exit", "goal"]  # continue: what comes after; again: the same touchpoint once more


def _kind(step: Any) -> str | None:
    """Which construct a step is, told by the key it carries."""
    if isinstance(step, str):
        return "word"
    keys: Any = step if isinstance(step, dict) else getattr(step, "model_fields_set", ())
    for key, kind in _KEYS.items():
        if key in keys:
            return kind
    return None


_KEYS = {"touchpoint": "touchpoint", "wait_for": "wait_for", "wait": "wait", "if": "if", "if_": "if", "split": "split"}

Step = Annotated[
    Annotated[Touchpoint, Tag("touchpoint")]
    | Annotated[Wait, Tag("wait")]
    | Annotated[WaitFor, Tag("wait_for")]
    | Annotated[Branch, Tag("if")]
    | Annotated[Split, Tag("split")]
    | Annotated[Word, Tag("word")],
    Discriminator(
        _kind,
        custom_error_type="step_kind",
        custom_error_message="this is no step: it needs one of touchpoint, wait, wait_for, if, split, or the word continue, again, exit, goal",
    ),
]
Steps = Annotated[list[Step], Field(max_length=100)]
Outcome = Annotated[
    Annotated[Steps, Tag("steps")] | Annotated[Word, Tag("word")],
    Discriminator(lambda value: "steps" if isinstance(value, list) else "word"),
]


class Playbook(Model):
    """One design: which event starts it, what ends it, and the touchpoints in between."""

    playbook: Name = Field(description="its name, the same as the file's")
    title: str = Field(min_length=1, max_length=200, description="what people see, e.g. title: Follow up a sent quote")
    stage: Name = Field(description="a stage of lifecycle.yaml")
    owner: str = Field(min_length=1, max_length=80, description="who answers for it, e.g. owner: sales-ops")
    purpose: Purpose = Field("service", description="which consent it needs: service or marketing")
    starts_on: EventTypes = Field(description="the event that starts it, e.g. starts_on: quote.sent")
    only_if: Condition | None = Field(None, description="otherwise it does not start")
    stops_on: dict[EventType, Ending] = Field(default_factory=dict, description="events that end it: goal or exit")
    re_entry: Literal["never", "after end", "restart"] = Field("never", description="what a second start event does")
    gives_up_after: Delay = Field(description="when it ends at the latest, e.g. gives_up_after: 21 days")
    contact_window: Name | None = Field(None, description="a contact window of house-rules.yaml")
    needs_approval: bool = Field(False, description="a new version waits until another person approves it")
    steps: Steps = Field(min_length=1, description="the touchpoints, waits and branches, each line starting with '- '")

    @property
    def start_types(self) -> tuple[str, ...]:
        """The event types that start it."""
        return (self.starts_on,) if isinstance(self.starts_on, str) else tuple(self.starts_on)


def touchpoints(
    steps: Sequence[Step], loc: tuple[int | str, ...] = ("steps",)
) -> Iterator[tuple[Touchpoint, tuple[int | str, ...]]]:
    """Every touchpoint in the order of the file, with its place."""
    for index, step in enumerate(steps):
        here = (*loc, index)
        match step:
            case Touchpoint():
                yield step, here
                for outcome, answer in step.outcomes.items():
                    if not isinstance(answer, str):
                        yield from touchpoints(answer, (*here, "outcomes", outcome))
            case WaitFor() | Branch():
                yield from touchpoints(step.then, (*here, "then"))
                yield from touchpoints(step.otherwise, (*here, "otherwise"))
            case Split():
                for name, way in step.ways.items():
                    yield from touchpoints(way.steps, (*here, "ways", name, "steps"))


for _model in (Touchpoint, WaitFor, Branch, Way, Split, Playbook):
    _model.model_rebuild()
