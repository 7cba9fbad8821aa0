"""Calls that people make: for whom one is kept, where it goes when nobody takes it, how it can end, and what follows. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from orchestrator.core.house import House
from orchestrator.core.judging import expire, is_held
from orchestrator.core.model import Change, Close, PauseScope, Plan, Run, Touch, TouchState
from orchestrator.core.planner import Facts, after
from orchestrator.core.windows import add, at_time, field_moment
from orchestrator.errors import Problem, did_you_mean
from orchestrator.language import typed
from orchestrator.language.delays import TimeOfDay
from orchestrator.language.dispositions import BY_CODE, HEARD
from orchestrator.language.fronts import Question
from orchestrator.language.program import TouchNode

MORNING = TimeOfDay(9, 0)  # of a promised day, where the customer lives
LONGEST_PROMISE = timedelta(days=2 * 366)
ENDINGS = frozenset(BY_CODE) - {"disposition_missing"}  # that one is what a call gets of which nobody says anything
SCOPES = ("all", "call", "text", "email", "voice", "voicemail")  # of "do not contact"
# What of it holds for everybody whom the same telephone reaches: it is one telephone that is to stay quiet.
BY_PHONE = {"all": ("call", "text"), "call": ("call",), "text": ("text",), "voice": ("voice",), "voicemail": ("voicemail",)}
ASKED_ON_THE_PHONE = "asked on the phone not to be contacted"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """It waits in another queue from now on, where it is anybody's."""

    queue: str
    why: str


@dataclass(frozen=True, slots=True)
class Ended:
    """How a call ended, as somebody says it, with everything that was written down about it."""

    disposition: str
    answers: Mapping[str, str]  # question -> as typed
    promised_for: Mapping[str, date]  # commitment -> the day for which it was promised
    call_back_at: datetime | None = None
    call_back_by: str = "anyone"  # or "me"
    scope: str | None = None  # of do_not_contact: one of SCOPES


def kept_for(touch: Touch, run: Run, facts: Facts, now: datetime) -> tuple[str, datetime] | None:
    """For whom a call is kept first, and until when: whoever the event names, where the step asks for it.

    What was promised by, or given to, somebody else stays theirs.
    """
    node, named = facts.program.nodes[touch.step], run.event.get("owner")
    if not isinstance(node, TouchNode) or node.owner_first is None or not isinstance(named, str) or not named.strip():
        return None
    name = named.strip().lower()
    if touch.offered_to not in (None, name):
        return None
    return name, add(node.owner_first, now, facts.customer.zones, facts.house)


def pass_on(
    touch: Touch,
    run: Run,
    facts: Facts,
    paused: tuple[tuple[PauseScope, str], ...],
    now: datetime,
    new_id: Callable[[], UUID],
) -> list[Change] | Elsewhere | None:
    """What becomes of a call that nobody took until it expires or goes on. None: nothing for now; a hold never drops."""
    node = facts.program.nodes[touch.step]
    if run.ended is not None:  # it was put back after the follow-up had ended
        why = f"the enrollment has ended ({run.ended})"
        return [Close(touch.id, touch.run, TouchState.CANCELLED, run.ended, now, why, touch.epoch)]
    if is_held(touch, run, paused):
        return None  # it expires, or goes on, when that is over
    if touch.expires_at is not None and touch.expires_at <= now:
        return expire(facts, touch, now, new_id)
    if isinstance(node, TouchNode) and node.escalate_to is not None:
        why = f"nobody took it in {node.escalate_after}: it goes from {touch.queue} to {node.escalate_to}"
        return Elsewhere(node.escalate_to, why)
    return None


def refusals(
    ended: Ended, questions: Mapping[str, Question], codes: Collection[str], run: Run, zones: tuple[str, ...], house: House,
    now: datetime, here: Collection[str] | None = None,
) -> list[Problem]:  # fmt: skip
    """Everything for which an ending is refused, each with its question or field; with nothing to refuse it takes effect as a whole.

    codes: dispositions that may be said. here: the questions that are answered at this moment (None: all of them); what others typed
    before holds nobody back. Of what was not asked nothing is required.
    """
    found = _against_the_ending(ended, codes, run, now)
    if ended.disposition not in HEARD:
        return found  # half-typed answers hold back no wish to be left alone, and no call that reached nobody
    wrong = typed.read(questions, ended.answers, ended.promised_for)[1]
    for name, day in ended.promised_for.items():
        if day - now.date() < -timedelta(days=1) or is_far(day, now):  # a day: whatever day it is where the customer lives
            wrong.append(Problem("this day has passed, or is too far away", "choose a day in the next two years", name))
        elif promised_at(day, zones, house) is None:
            wrong.append(Problem(f"no promise can be made for {day}", "choose another day", name))
    return found + [problem for problem in wrong if here is None or problem.place in here]


def _against_the_ending(ended: Ended, codes: Collection[str], run: Run, now: datetime) -> list[Problem]:
    """Whatever the script asks."""
    code, at, over, found = ended.disposition, ended.call_back_at, run.gives_up_at, list[Problem]()
    if code not in codes:
        found.append(Problem(f"'{code}' is no disposition", did_you_mean(code, codes), "disposition"))
    if at is not None and code != "call_back":
        problem = f"a time to call back was given, but the disposition is {code}"
        found.append(Problem(problem, "use call_back", "call_back_at"))
    elif at is not None and at.tzinfo is None:
        found.append(Problem("the time to call back has no zone", "say it in the customer's", "call_back_at"))
    elif at is not None and at <= now:
        hint = "give a moment in the future, with its zone"
        found.append(Problem("the time to call back has passed", hint, "call_back_at"))
    elif at is not None and at >= over and run.ended is None:
        problem = f"this follow-up is over by then: it gives up on {over.day} {over:%b %Y}"
        found.append(Problem(problem, "choose an earlier time, or note it as a promise", "call_back_at"))
    if ended.call_back_by not in ("me", "anyone"):
        found.append(Problem("who calls back?", "me or anyone", "call_back_by"))
    if code == "do_not_contact" and ended.scope not in SCOPES:
        found.append(Problem("what does the customer not want?", f"one of {', '.join(SCOPES)}", "scope"))
    return found


def is_far(day: date, now: datetime) -> bool:
    """Whether a day is too far away to promise something for it."""
    return day - now.date() > LONGEST_PROMISE


def called(
    facts: Facts,
    touch: Touch,
    disposition: str,
    now: datetime,
    new_id: Callable[[], UUID],
    asked_for: datetime | None,
    by: str,
    who: str,
) -> list[Change]:
    """What follows a call that somebody made.

    asked_for: when the customer is to be called back. by: "me" (who made it) or "anyone".
    """
    changes = after(facts, touch, disposition, now, new_id, asked_for)
    if by != "me":
        return changes
    return [
        replace(c, touch=_for_them(c.touch, who)) if isinstance(c, Plan) and c.touch.step == touch.step else c for c in changes
    ]


def _for_them(touch: Touch, who: str) -> Touch:
    """Kept for whoever promised to call back, for half of the time there is: then anybody calls, because a call was promised."""
    until = touch.due_at + (touch.expires_at - touch.due_at) / 2 if touch.expires_at is not None else None
    return replace(touch, offered_to=who.lower(), offered_until=until)


def promised_at(day: date, zones: tuple[str, ...], house: House) -> datetime | None:
    """The morning of a promised day where the customer lives; None when there is no such moment."""
    midnight = field_moment(day, zones, house)
    return None if midnight is None else at_time(midnight, MORNING, zones, house, keep_day=True)
