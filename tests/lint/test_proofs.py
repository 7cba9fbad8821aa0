"""What lint proves is never contradicted, and what it refutes has a real example: against everything that the real core can do.

In CI the examples are always the same; with TOUCHPOINT_LONG_TESTS=1 they are others each time, and many more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations, product
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from orchestrator.core.house import House
from orchestrator.core.model import Allow
from orchestrator.errors import PlaybookError
from orchestrator.language.delays import Unit
from orchestrator.language.design import load_design
from orchestrator.language.house_rules import Cap
from orchestrator.language.program import TouchNode, WaitNode
from orchestrator.lint.bounds import graph_of, most_within
from orchestrator.lint.caps import DAYS as DAYS_OF
from orchestrator.lint.caps import Witness, counted_by, proofs, walk
from orchestrator.lint.delays import always_shut
from orchestrator.lint.endings import endings
from orchestrator.lint.hours import lost, lost_in_the_evening, never_opens
from orchestrator.lint.subject import Subject
from orchestrator.lint.timing import given_up, never_in_time
from orchestrator.lint.week import week_of
from tests.length import LONG
from tests.lint.exhaustive import World, most_of
from tests.lint.generated import HOUSE, designs, evenings, lines, made_up

ZONES = ("America/Chicago", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata")
DAYS = ("2026-02-02", "2026-03-06", "2026-03-27", "2026-05-22", "2026-10-23", "2026-10-31", "2026-11-25", "2026-12-23")
usual = settings(
    max_examples=2_000 if LONG else 40,
    deadline=None,
    derandomize=not LONG,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
anchors = st.builds(
    lambda day, plus, minute, zone: (datetime.fromisoformat(day) + timedelta(days=plus, minutes=minute)).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC),
    st.sampled_from(DAYS), st.integers(0, 6), st.sampled_from([0, 539, 545, 601, 1000, 1049, 1430]), st.sampled_from(ZONES),
)  # fmt: skip
events = st.fixed_dictionaries(
    {"amount": st.sampled_from([10.0, 75.0, 500.0, 1001.0]), "ahead": st.sampled_from([-30, 0, 3, 26, 50, 100, 240])}
)


def subject_of(files: dict[str, str]) -> Subject:
    try:
        design = load_design(files)
    except PlaybookError:
        assume(False)  # e.g. a condition that no way can meet
        raise
    return Subject(design, design.playbooks["made-up"], House.of(design.house_rules))


def data(event: dict[str, Any], anchor: datetime) -> dict[str, Any]:
    moment = anchor + timedelta(hours=event["ahead"])
    return {"amount": event["amount"], "starts_at": moment.isoformat(), "day": moment.date().isoformat()}


def world(subject: Subject, zone: str, anchor: datetime, event: dict[str, Any], ref: str) -> World:
    can_end = {node.id: endings(node, subject.words(node)) for node in subject.touches}
    return World(subject.program, subject.house, zone, anchor, data(event, anchor), "quote.sent", can_end, ref)


@usual
@given(designs(), st.lists(anchors, min_size=3, max_size=3), st.sampled_from(ZONES), events, st.sampled_from(["C-1", "C-2"]))
def test_nobody_is_ever_contacted_more_often_than_lint_says(
    files: dict[str, str], begins: list[datetime], zone: str, event: dict[str, Any], ref: str
) -> None:
    subject = subject_of(files)
    graph, week = graph_of(subject.paths), week_of(subject.house)
    caps = [Cap(most=1, per="day"), Cap(most=1, per="week"), Cap(most=1, per="day", of="call"), *subject.house.caps]
    bounds = [(cap, most_within(graph, week, DAYS_OF[cap.per], counted_by(cap))) for cap in caps]
    proved = [(proof.cap, proof.cap.most) for proof in proofs(subject) if proof.proved]

    for anchor in begins:
        for trace in world(subject, zone, anchor, event, ref).traces():
            for cap, most in [*((cap, bound.most) for cap, bound in bounds if bound is not None), *proved]:
                assert most_of(cap, trace.made, zone) <= most, (cap, trace.made)


TWO_AT_ONE_MOMENT = made_up(
    HOUSE.format(caps="{most: 3, per: week}", holidays="US", useful="2 days", bound="any-time"),
    [
        {
            "touchpoint": "t0",
            "call": "check-in",
            "queue": "sales",
            "attempts": {"most": 2, "apart": "0 minutes"},
            "outcomes": {"voicemail_left": [{"touchpoint": "t1", "text": "sorry", "only_if": "event.amount >= 500"}, "again"]},
        },
        {
            "touchpoint": "t2",
            "email": "thanks",
            "only_if": "event.amount >= 500",
            "repeat": {"most": 2, "every": "0 minutes"},
        },
    ],
)


@usual
@given(designs())
@example(TWO_AT_ONE_MOMENT)
def test_each_cap_that_lint_says_can_hold_back_holds_back_in_its_example(files: dict[str, str]) -> None:
    subject = subject_of(files)

    for proof in proofs(subject):
        if proof.witness is None:
            continue
        assert not proof.proved
        shown = proof.witness
        made = [(m.touchpoint, m.channel, m.at) for m in shown.made]
        again = replayed(subject, shown)

        assert again == made, "the same contacts at the same moments"
        assert most_of(proof.cap, made, shown.zone) == proof.cap.most + 1
        assert most_of(proof.cap, made[:-1], shown.zone) == proof.cap.most
        assert not isinstance(shown.verdict, Allow), "with the caps asked, the last one is put off or dropped"


def replayed(subject: Subject, shown: Witness) -> list[tuple[str, str, datetime]]:
    """The contacts of an example, made once more by the real core from its event and its endings alone, caps included."""
    one = world(subject, shown.zone, shown.anchor, {"amount": 0.0, "ahead": 0}, shown.person.ref)
    one.event, one.answers = shown.person.event, shown.person.answers
    one.__post_init__()
    return one.along(list(shown.results), held=True)


@usual
@given(designs())
def test_each_step_that_lint_says_can_be_reached_is_reached_by_the_planner(files: dict[str, str]) -> None:
    """Conditions and waits decide, not time: what comes too late to be of use is left out here."""
    subject = subject_of(
        {**files, "house-rules.yaml": files["house-rules.yaml"].replace("skip_when_late: 4 hours", "skip_when_late: 2 days")}
    )
    if not subject.paths.exact:
        return

    for node in sorted(subject.paths.contacts):
        way = subject.paths.to(node)
        assert way is not None
        walked = walk(subject, way, "America/Chicago", datetime(2026, 2, 2, 15, tzinfo=UTC))
        assert walked is not None
        assert node in [touch.step for touch in walked[1].planned] or walked[1].stopped == "time", subject.paths.words(way)


@usual
@given(designs(), anchors, events, st.sampled_from(["C-1", "C-2"]))
def test_no_step_that_lint_says_is_out_of_reach_is_ever_reached(
    files: dict[str, str], anchor: datetime, event: dict[str, Any], ref: str
) -> None:
    subject = subject_of(files)
    found = [f for check in (never_opens, never_in_time, given_up) for f in check(subject) if f.severity == "error"]
    never = {node.touchpoint for node in subject.touches if any(f"'{node.touchpoint}'" in f.message for f in found)}

    for trace in world(subject, "America/Chicago", anchor, event, ref).traces():
        assert set(trace.planned) <= subject.paths.nodes
        assert not {touchpoint for touchpoint, _, _ in trace.made} & never


# -- time alone -----------------------------------------------------------------------------------------------------

BEGINS = [datetime(2026, 2, 2 + day, hour, 30, tzinfo=UTC) for hour in (9, 0, 13, 17, 22) for day in range(7)]


def worlds(subject: Subject, *, punctual: bool = False) -> Iterator[World]:
    """The event at many moments of an ordinary week; its own moment lies such that each of the delays may just fit before or after it."""
    timings = [node.timing for node in subject.program.nodes.values() if isinstance(node, TouchNode | WaitNode)]
    ahead = {26}
    if any(timing.when is not None for timing in timings):
        delays = [timing.after for timing in timings if timing.after is not None]
        lengths = [
            delay.count * (1 if delay.unit is Unit.HOURS else 24 * (7 if delay.unit is Unit.WEEKS else 1)) for delay in delays
        ]
        sums = {sum(some) for many in range(len(lengths) + 1) for some in combinations(lengths, many)}
        ahead |= {sign * length + more for length in sums for sign in (1, -1) for more in (3, 26, 44)}
    all_of_them = list(product(sorted(ahead), BEGINS))
    for index in range(len(all_of_them)):
        hours, anchor = all_of_them[index * 101 % len(all_of_them)]  # a prime, larger than what divides them: each comes once
        one = world(subject, "America/Chicago", anchor, {"amount": 10.0, "ahead": hours}, "C-1")
        one.punctual, one.most = punctual, 40
        yield one


def test_a_step_that_time_keeps_from_being_made_is_found_and_every_other_one_is_made() -> None:
    seen: Counter[str] = Counter()

    @settings(usual, max_examples=1_000 if LONG else 60)
    @given(lines())
    def all_of_them(files: dict[str, str]) -> None:
        subject = subject_of(files)
        found = [f for check in (never_opens, never_in_time, given_up) for f in check(subject) if f.severity == "error"]
        said = {node.touchpoint: [f.code for f in found if f"'{node.touchpoint}'" in f.message] for node in subject.touches}
        open_ = {touchpoint for touchpoint, codes in said.items() if not codes}
        never = set(said) - open_

        for index, one in enumerate(worlds(subject)):
            if not open_ and index > 40:
                break  # the rest could only make what is made already
            for trace in one.traces():
                made = {touchpoint for touchpoint, _, _ in trace.made}
                assert not made & never, (files["made-up.yaml"], trace)
                open_ -= made
        assert not open_, (files["made-up.yaml"], "lint says nothing, and nobody ever gets it")
        seen.update([code for codes in said.values() for code in codes])
        seen["made"] += len(set(said) - never)

    all_of_them()

    assert all(seen[code] >= 3 for code in ("TP401", "TP404", "TP406", "made")), seen


def test_a_call_that_the_planner_always_moves_to_the_morning_is_not_lost_in_the_evening() -> None:
    house = HOUSE.format(caps="{most: 3, per: day}", holidays="", useful="2 days", bound="any-time")
    first = {"touchpoint": "t0", "email": "thanks", "after": "1 day", "at": "10:00", "not_later_than": "1 hour"}
    call = {"touchpoint": "t1", "call": "check-in", "queue": "sales", "after": "12 hours", "due_within": "2 hours"}

    assert list(lost_in_the_evening(subject_of(made_up(house, [first, call])))) == []
    assert [f.code for f in lost_in_the_evening(subject_of(made_up(house, [call])))] == ["TP405"]
    assert [f.code for f in always_shut(subject_of(made_up(house, [first, call])))] == ["TP408"]


def test_a_call_that_is_still_of_use_the_next_morning_is_lost_over_the_weekend_only() -> None:
    house = HOUSE.format(caps="{most: 3, per: day}", holidays="", useful="2 days", bound="any-time")
    call = {"touchpoint": "t1", "call": "check-in", "queue": "sales", "after": "12 hours", "due_within": "16 hours"}
    subject = subject_of(made_up(house, [call]))

    example = lost(subject, subject.touches[0])

    assert example is not None
    assert example.closes.astimezone(ZoneInfo(example.zone)).strftime("%a %H:%M") == "Fri 17:30"


def test_a_call_that_is_lost_and_a_delay_that_is_always_shut_are_so_by_the_planner() -> None:
    seen: Counter[str] = Counter()

    @settings(usual, max_examples=500 if LONG else 40)
    @given(evenings())
    def all_of_them(files: dict[str, str]) -> None:
        subject = subject_of(files)
        told = {f.code for f in (*lost_in_the_evening(subject), *always_shut(subject))}
        last = subject.touches[-1]
        traces = [(one, trace) for one in worlds(subject, punctual=True) for trace in one.traces()]
        dated = [touch for _, trace in traces for touch in trace.dated if touch.step == last.id]

        assert dated
        moved = all("; moved to when" in touch.why for touch in dated)
        if "TP408" in told:
            assert moved, files["made-up.yaml"]
        elif last.timing.after is not None and moved:
            seen["moved, not told"] += 1  # proved with an hour to spare for clocks that change
        if (example := lost(subject, last)) is not None:
            assert "TP405" in told
            one = world(subject, example.zone, example.anchor, {"amount": 10.0, "ahead": 0}, example.person.ref)
            one.event, one.answers = example.person.event, example.person.answers
            one.__post_init__()
            same = [
                trace
                for trace in one.traces()
                for touch in trace.dated
                if (touch.step, touch.due_at) == (last.id, example.touch.due_at)
            ]
            assert same, (files["made-up.yaml"], "the planner never dates it then")
            assert all(at < example.closes for trace in same for step, _, at in trace.made if step == last.id)
            assert any(last.id not in {step for step, _, _ in trace.made} for trace in same)
        seen.update(told)

    all_of_them()

    assert seen["TP405"] >= 3, seen
    assert seen["TP408"] >= 3, seen
    assert seen["moved, not told"] <= seen["TP408"], seen
