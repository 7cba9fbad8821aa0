"""What lint says of windows and of playbooks beside each other, against the clock and the real core.

Cases are counted, so that no test passes because its verdict never came.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core import planner
from orchestrator.core.house import House
from orchestrator.core.intake import Book, take
from orchestrator.core.model import Enroll
from orchestrator.language.design import Design, load_design
from orchestrator.language.program import TouchNode
from orchestrator.lint.hours import never_at, never_opens
from orchestrator.lint.subject import Subject
from orchestrator.lint.together import for_ever, same_day
from tests.lint.generated import flow, made_up
from tests.lint.lives import START, SUBJECT, Lives, applied
from tests.lint.test_proofs import subject_of, world
from tests.lint.test_verdicts import AMOUNTS, CONDITIONS, RULES, few, said

HOURS = ("09:00", "12:30", "17:15", "18:30", "21:00")


@st.composite
def times_of_day(draw: st.DrawFn) -> dict[str, str]:
    """A call at a time of day, or tried at several, in narrow hours."""
    step: dict[str, Any] = {"touchpoint": "t0", "call": "check-in", "queue": "sales", "due_within": "2 weeks"}
    step["contact_window"] = draw(st.sampled_from(["office-hours", "evenings", "halves", "sundays", "any-time"]))
    if draw(st.booleans()):
        step |= {"after": draw(st.sampled_from(["1 day", "3 hours", "2 days"])), "at": draw(st.sampled_from(HOURS))}
    if draw(st.booleans()):
        step["attempts"] = {"most": 4, "apart": "1 day", "vary": "time of day"}
    times = draw(st.lists(st.sampled_from(HOURS), min_size=2, max_size=3, unique=True))
    return made_up(f"{RULES}times_of_day: {flow(sorted(times))}\n", [step])


def test_a_time_of_day_that_lint_says_is_always_shut_is_never_kept_and_every_other_one_is_some_day() -> None:
    """TP403, both ways for delays that may end on any day of the week. TP407, the first half: which of its times a try gets depends on
    when the one before was."""
    seen: Counter[str] = Counter()

    @few
    @given(times_of_day())
    def all_of_them(files: dict[str, str]) -> None:
        subject = subject_of(files)
        found = said(subject, never_at)
        (node,) = subject.touches
        dated: dict[bool, set[str]] = {True: set(), False: set()}
        for day in range(7):
            one = world(subject, "America/Chicago", START + timedelta(days=day), {"amount": 1.0, "ahead": 0}, "C-1")
            one.endings, one.most = {"t0": ["no_answer"]}, 12
            for trace in one.traces():
                for touch in trace.dated:
                    dated[touch.tries == 1].add(f"{touch.due_at.astimezone(ZoneInfo('America/Chicago')):%H:%M}")
        if node.timing.at is not None:
            shut = any(f.code == "TP403" for f in found)
            assert shut == (str(node.timing.at) not in dated[True]), (files["made-up.yaml"], dated)
            seen["TP403"] += shut
            seen["kept"] += not shut
        for finding in (f for f in found if f.code == "TP407"):
            never = set(re.findall(r"\d\d:\d\d", finding.message))
            opens = {"office-hours": "09:00", "halves": "09:00", "evenings": "17:00", "sundays": "12:00"}
            assert not never & dated[False] - {opens.get(node.window, "")}, (files["made-up.yaml"], dated)
            seen["TP407"] += 1

    all_of_them()

    assert all(seen[what] >= 3 for what in ("TP403", "kept", "TP407")), seen


ZONES = ("America/New_York", "America/Chicago", "America/Los_Angeles", "Pacific/Honolulu", "Europe/Berlin")
OPEN = {"office-hours": (range(5), time(9), time(17, 30)), "evenings": (range(4), time(17), time(19, 30)), "sundays": ((6,), time(12), time(18))}  # fmt: skip


@st.composite
def places(draw: st.DrawFn) -> dict[str, str]:
    """A text in some window, for customers of one to three time zones."""
    zones = draw(st.lists(st.sampled_from(ZONES), min_size=2, max_size=3, unique=True))
    rules = RULES.replace("time_zones: [America/Chicago]", f"time_zones: [{', '.join(zones)}]")
    return made_up(rules, [{"touchpoint": "t0", "text": "sorry", "contact_window": draw(st.sampled_from(sorted(OPEN)))}])


@cache
def half_hours(zone: str, window: str) -> frozenset[int]:
    """The half hours of a year in which a window is open in a zone, by Python's own calendar."""
    days, opens, shuts = OPEN[window]
    first, there = datetime(2026, 1, 1, tzinfo=UTC), ZoneInfo(zone)
    local = ((half, (first + timedelta(minutes=30 * half)).astimezone(there)) for half in range(365 * 48))
    return frozenset(half for half, here in local if here.weekday() in days and opens <= here.time() < shuts)


def test_a_window_that_lint_says_is_never_open_everywhere_is_shut_somewhere_all_year_and_every_other_one_is_not() -> None:
    """TP402, both ways; what opens only in the weeks between two changes of the clocks is open too."""
    seen: Counter[str] = Counter()

    @few
    @given(places())
    def all_of_them(files: dict[str, str]) -> None:
        subject = subject_of(files)
        told = any(f.code == "TP402" for f in said(subject, never_opens))
        open_ = [half_hours(name, subject.touches[0].window) for name in subject.house.strictest]
        together = frozenset.intersection(*open_)
        assert told == (not together), files["house-rules.yaml"]
        seen["TP402"] += told
        seen["silent"] += not told

    all_of_them()

    assert min(seen["TP402"], seen["silent"]) >= 3, seen


# -- beside each other --------------------------------------------------------------------------------------------------


@st.composite
def pairs(draw: st.DrawFn) -> dict[str, str]:
    """Two playbooks that one event starts, each with a condition on it or none, and one or two contacts some days later."""
    files: dict[str, str] = {}
    for name in ("one", "two"):
        steps = [
            {
                "touchpoint": f"{name}-{index}",
                "email": "thanks",
                "after": draw(st.sampled_from(["10 minutes", "2 days", "5 days"])),
            }
            for index in range(draw(st.integers(1, 2)))
        ]
        made = made_up(RULES, steps)
        only_if = draw(st.sampled_from(["", *CONDITIONS]))
        text = made.pop("made-up.yaml").replace("playbook: made-up", f"playbook: {name}")
        files |= {**made, f"{name}.yaml": text.replace("steps:", f'only_if: "{only_if}"\nsteps:' if only_if else "steps:")}
    return files


def all_of(files: dict[str, str]) -> tuple[Design, dict[str, Subject]]:
    design = load_design(files)
    house = House.of(design.house_rules)
    return design, {
        name: Subject(design, source, house) for name, source in design.playbooks.items() if name in ("one", "two", "made-up")
    }


def test_two_playbooks_that_lint_says_contact_somebody_on_one_day_do_and_one_event_starts_both_or_lint_is_silent() -> None:
    """TP601: its contacts are made on those days (no TP601 is no proof). TP602, both ways: beside TP601, one event starts both."""
    seen: Counter[str] = Counter()

    @few
    @given(pairs())
    def all_of_them(files: dict[str, str]) -> None:
        design, subjects = all_of(files)
        found = list(same_day(design, subjects))
        both = []
        for amount in AMOUNTS:
            one = Lives([s.program for s in subjects.values()], subjects["one"].house, {"amount": amount})
            book = Book(one.house, one.current, one.names, {one.customer.id: one.customer})
            changes = take(one.event("quote.sent", START, one.data), book, one.new_id)
            if sum(isinstance(change, Enroll) for change in changes) == 2:
                both.append(amount)
        assert bool(found) == bool(both), (files["one.yaml"], files["two.yaml"], found)
        for finding in (f for f in found if f.code == "TP601"):
            shown = [re.findall(r"((?:one|two)-\d) \w+ (\S+) (\d\d:\d\d)", part) for part in finding.path.split("; ")]
            assert shown[0][-1][1] == shown[1][-1][1], "on one day"
            assert any(meets(subjects, amount, shown) for amount in both), (finding.path, files["one.yaml"], files["two.yaml"])
        seen.update(f.code for f in found)
        seen["silent"] += not found

    all_of_them()

    assert all(seen[what] >= 3 for what in ("TP601", "TP602", "silent")), seen


def meets(subjects: dict[str, Subject], amount: float, shown: list[list[tuple[str, str, str]]]) -> bool:
    """Whether the exhaustive world makes the contacts of both, from one event, on the days of the example."""
    there = ZoneInfo("America/Chicago")
    for hour in (9, 15):
        day = datetime.fromisoformat(min(part[0][1] for part in shown))
        for before in range(6):
            anchor = (day - timedelta(days=before)).replace(hour=hour, tzinfo=there).astimezone(UTC)
            fits = []
            for name, part in zip(("one", "two"), shown, strict=True):
                wanted = {(step, f"{on} {clock}") for step, on, clock in part}
                one = world(subjects[name], "America/Chicago", anchor, {"amount": amount, "ahead": 0}, "C-1")
                one.endings = {node.id: ["sent"] for node in subjects[name].touches}
                made = [
                    {(step, f"{at.astimezone(there):%Y-%m-%d %H:%M}") for step, _, at in trace.made} for trace in one.traces()
                ]
                fits.append(any(wanted <= each for each in made))
            if all(fits):
                return True
    return False


@st.composite
def circles(draw: st.DrawFn) -> dict[str, str]:
    """Two playbooks of which contacts may start the other or the same one anew."""
    files: dict[str, str] = {}
    for name, other in (("one", "two"), ("two", "one")):
        channel = draw(st.sampled_from([{"email": "thanks"}, {"call": "check-in", "queue": "sales"}]))
        made = made_up(RULES, [{"touchpoint": f"{name}-0", **channel, "after": "1 day"}])
        text = made.pop("made-up.yaml").replace("playbook: made-up", f"playbook: {name}")
        starts = draw(st.sampled_from(["touch.sent", "touch.sent", "call.finished", "quote.sent"]))
        conditions = ["", "", f"event.playbook == '{other}'", f"event.playbook != '{name}'", "event.channel == 'email'"]
        only_if = draw(st.sampled_from(conditions)) if starts != "quote.sent" else ""
        text = text.replace(
            "starts_on: quote.sent", f"starts_on: {starts}\nre_entry: {draw(st.sampled_from(['never', 'after end', 'restart']))}"
        )
        files |= {**made, f"{name}.yaml": text.replace("steps:", f'only_if: "{only_if}"\nsteps:' if only_if else "steps:")}
    return files


def test_playbooks_that_lint_says_start_each_other_for_ever_do_and_all_others_come_to_an_end() -> None:
    """TP603, both ways: each contact that is made reports itself, as the engine has it, and what it starts is followed for thirty starts."""
    seen: Counter[str] = Counter()

    @few
    @given(circles())
    def all_of_them(files: dict[str, str]) -> None:
        design, subjects = all_of(files)
        found = list(for_ever(design, subjects))
        endless = any(starts(subjects, first, ending) >= 30 for first in subjects for ending in ("completed", "no_answer"))
        assert bool(found) == endless, (files["one.yaml"], files["two.yaml"], found)
        seen["TP603"] += bool(found)
        seen["ends"] += not found

    all_of_them()

    assert min(seen["TP603"], seen["ends"]) >= 3, seen


def starts(subjects: dict[str, Subject], first: str, ending: str) -> int:
    """How often a playbook is begun, at most thirty, after a contact of one of them."""
    one = Lives([s.program for s in subjects.values()], subjects[first].house, {"amount": 1.0})
    book = Book(one.house, one.current, one.names, {one.customer.id: one.customer})
    at, begun = START, 0
    reports = deque([(first, subjects[first].touches[0])])
    while begun < 30:
        if reports:
            name, node = reports.popleft()
            kind = "call.finished" if node.channel == "call" else "touch.sent"
            said_so = {"touchpoint": node.touchpoint, "channel": node.channel, "playbook": name, "disposition": ending}
            begun += sum(isinstance(c, Enroll) for c in take(one.event(kind, at, said_so), book, one.new_id))
            continue
        standing = min(
            (s for s in book.open.get(SUBJECT, []) if s.touch), key=lambda s: s.touch.due_at if s.touch else at, default=None
        )
        if standing is None or standing.touch is None:
            return begun
        at, touch = max(at, standing.touch.due_at), standing.touch
        node_made = standing.program.nodes[touch.step]
        assert isinstance(node_made, TouchNode)
        result = ending if node_made.channel == "call" else "sent"
        applied(standing, planner.after(book.facts(standing.run, standing.program), touch, result, at, one.new_id), book)
        at += timedelta(minutes=1)
        reports.append((standing.program.playbook, node_made))
    return begun
