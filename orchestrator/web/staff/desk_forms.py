"""How a call can end, as the desk's page offers it: fifteen endings in three groups, a key for each, and the form that says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, cast

from orchestrator.core.house import House
from orchestrator.core.windows import at_time, day_bounds
from orchestrator.errors import InputError, Problem
from orchestrator.filing import Filing
from orchestrator.language.delays import TimeOfDay
from orchestrator.web.staff.here import Form

MOST_TYPED = 10_000  # characters of a note or an answer
ANSWER, DAY = "a-", "d-"  # what fields of answers and of promised days begin with

# Title of the group, and (disposition, key). Keys are letters of the English label where one is free; n, u, d, g, b, e, o, j, k and ?
# do something else on these pages.
ENDINGS: Sequence[tuple[str, Sequence[tuple[str, str]]]] = (
    (
        "We spoke",
        (
            ("goal_met", "y"),
            ("completed", "c"),
            ("completed_concern", "p"),
            ("commitment_made", "m"),
            ("call_back", "l"),
            ("already_done", "a"),
            ("declined", "r"),
        ),
    ),
    (
        "Not reached",
        (
            ("no_answer", "q"),
            ("voicemail_left", "v"),
            ("voicemail_not_left", "h"),
            ("left_message", "w"),
            ("not_available", "t"),
            ("cut_off", "x"),
        ),
    ),
    ("Never again", (("wrong_number", "f"), ("do_not_contact", "s"))),
)
SCOPES: Sequence[tuple[str, str]] = (
    ("all", "Everything: calls, texts, e-mails"),
    ("call", "Calls"),
    ("text", "Texts"),
    ("email", "E-mails"),
)
FEELINGS: Sequence[tuple[str, str, str]] = (("good", "Good", "1"), ("neutral", "Neutral", "2"), ("bad", "Bad", "3"))


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the fields of the page, as typed."""

    note: str | None = None  # None: the form does not have it, so what is kept of it stays
    sentiment: str = ""
    answers: Mapping[str, str] | None = None
    days: Mapping[str, str] | None = None  # commitment -> the day that was promised
    disposition: str = ""
    back_day: str = ""
    back_time: str = ""
    back_by: str = "me"
    scope: str = ""
    sure: bool = False
    same: frozenset[str] = frozenset()  # fields that this tab has not changed since it had them from us


def typed(form: Form) -> Typed:
    """The fields of a posted form; what is too long is cut, so that nothing typed is refused for its length alone."""

    def text(name: str) -> str:
        return form.get(name, "").replace("\r\n", "\n")[:MOST_TYPED]

    def beginning(prefix: str) -> dict[str, str]:
        return {name.removeprefix(prefix): text(name).strip() for name in form if name.startswith(prefix)}

    return Typed(
        note=text("note") if "note" in form else None, sentiment=text("sentiment"), answers=beginning(ANSWER), days=beginning(DAY),
        disposition=text("disposition"), back_day=text("back_day"), back_time=text("back_time"), back_by=text("back_by") or "me",
        scope=text("scope"), sure="sure" in form,
        same=frozenset(form.get("same", "").split()),
    )  # fmt: skip


def days_of(form: Typed) -> dict[str, str]:
    """Promised days that can be read, or were taken away again; the others are told when it is filed."""
    return {name: text for name, text in (form.days or {}).items() if not text or _day(name, text, []) is not None}


def sentiment_of(text: str) -> str | None:
    """One of the three; None when nothing was chosen."""
    return text if text in {name for name, _, _ in FEELINGS} else None


def filing_of(form: Typed, zone: str, house: House, who_is_it: str) -> Filing:
    """What was posted, ready to file. Raises InputError for what only the form can know; the rest is asked by filing.file."""
    problems: list[Problem] = []
    if not form.disposition:
        problems.append(Problem("Say how the call ended", "", "disposition"))
    back: datetime | None = None
    if form.disposition == "call_back" and (form.back_day or form.back_time):
        back = _back(form, zone, house, problems)
    if form.disposition == "do_not_contact":
        if form.scope not in dict(SCOPES):
            problems.append(Problem("Say what they want no more of", "everything, calls, texts or e-mails", "scope"))
        elif not form.sure:
            problems.append(Problem(f"Confirm that {who_is_it} asked for this", "it takes effect at once", "sure"))
    due = {name: day for name, text in (form.days or {}).items() if (day := _day(name, text, problems)) is not None}
    if problems:
        raise InputError(problems)
    return Filing(
        disposition=form.disposition,
        note=form.note or "",
        answers={name: said for name, said in (form.answers or {}).items() if said},
        sentiment=sentiment_of(form.sentiment),
        call_back_at=back,
        call_back_by=cast(Literal["me", "anyone"], form.back_by if form.back_by in ("me", "anyone") else "me"),
        scope=form.scope if form.disposition == "do_not_contact" else None,
        due=due,
    )


def _back(form: Typed, zone: str, house: House, problems: list[Problem]) -> datetime | None:
    """The moment on the wall there, in UTC."""
    try:
        at = TimeOfDay.parse(form.back_time[:5])
        start, _ = day_bounds(date.fromisoformat(form.back_day), zone)
        return at_time(start, at, (zone,), house, keep_day=True)
    except (ValueError, OverflowError, LookupError, TypeError):
        problems.append(Problem("Give a day and a time", "or leave both empty when they named none", "call_back_at"))
        return None


def _day(name: str, text: str, problems: list[Problem]) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        problems.append(Problem("This is no day", "choose one from the calendar", f"due.{name}"))
        return None
