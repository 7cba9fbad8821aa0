"""Who may be contacted, when, and why not: each policy alone, and all of them together."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.house import House
from orchestrator.core.model import Allow, Case, Defer, Deny, EndReason, Verdict
from orchestrator.core.policies import POLICIES, ROUNDS, agree, held, judge, pause
from tests.core.cases import CHICAGO, case, had, told
from tests.core.houses import house
from tests.core.moments import at, moment

AUCKLAND, HONOLULU, NEW_YORK, KOLKATA = "Pacific/Auckland", "Pacific/Honolulu", "America/New_York", "Asia/Kolkata"
TUESDAY = at("Tue 12:00", CHICAGO)


def test_nothing_against_it_is_an_allow() -> None:
    assert judge(case(), TUESDAY, house()) == Allow()


# -- the enrollment's own time ------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", [EndReason.GOAL, EndReason.STOPPED, EndReason.SUPERSEDED])
def test_an_enrollment_that_has_ended_contacts_nobody(reason: EndReason) -> None:
    assert told(judge(case(run={"ended": reason}), TUESDAY, house())) == "no (ended)"


@pytest.mark.parametrize(
    ("gives_up", "expected", "ends"),
    [
        (TUESDAY + timedelta(seconds=1), "allow", None),
        (TUESDAY, "no (gave up)", EndReason.EXPIRED),
        (TUESDAY - timedelta(days=1), "no (gave up)", EndReason.EXPIRED),
    ],
)
def test_from_the_moment_it_gives_up_the_enrollment_ends(gives_up: datetime, expected: str, ends: EndReason | None) -> None:
    verdict = judge(case(run={"gives_up_at": gives_up}), TUESDAY, house())

    assert told(verdict) == expected
    assert getattr(verdict, "ends", None) == ends


@pytest.mark.parametrize(
    ("now", "expires", "expected"),
    [
        ("Tue 17:00", "Tue 17:00", "allow"),
        ("Tue 17:01", "Tue 17:00", "no (too late)"),
        ("Tue 18:00", "Wed 09:00", "Wed 2026-03-04 09:00 (contact window)"),
        ("Tue 18:00", "Wed 08:59", "no (too late)"),
    ],
)
def test_what_could_only_happen_after_it_is_of_use_is_not_done(now: str, expires: str, expected: str) -> None:
    assert told(judge(case(touch={"expires_at": at(expires, CHICAGO)}), at(now, CHICAGO), house())) == expected


def test_too_late_says_what_put_it_off() -> None:
    verdict = judge(case(touch={"expires_at": at("Tue 20:00", CHICAGO)}), at("Tue 18:00", CHICAGO), house())

    assert verdict == Deny("too late", f"closed until Wed 09:00 in {CHICAGO}; by then it is of no use any more")


def test_what_is_put_off_beyond_giving_up_is_out_but_the_enrollment_goes_on_until_then() -> None:
    verdict = judge(case(run={"gives_up_at": at("Wed 09:00", CHICAGO)}), at("Tue 18:00", CHICAGO), house())

    assert told(verdict) == "no (too late)"
    assert isinstance(verdict, Deny)
    assert verdict.ends is None


# -- the contact window -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "now", "expected"),
    [
        (CHICAGO, "Tue 2026-03-03 17:29", "allow"),
        (CHICAGO, "Tue 2026-03-03 17:30", "Wed 2026-03-04 09:00 (contact window)"),
        (CHICAGO, "Fri 2026-03-06 18:00", "Mon 2026-03-09 09:00 (contact window)"),  # the clocks change in between
        ("Europe/Berlin", "Fri 2026-10-23 18:00", "Mon 2026-10-26 09:00 (contact window)"),
        (CHICAGO, "Fri 2026-05-22 18:00", "Tue 2026-05-26 09:00 (contact window)"),  # Memorial Day
        (AUCKLAND, "Mon 2026-03-02 09:00", "allow"),  # Sunday in UTC
        (HONOLULU, "Fri 2026-03-06 17:00", "allow"),  # Saturday in UTC
        (KOLKATA, "Mon 2026-03-02 08:59", "Mon 2026-03-02 09:00 (contact window)"),
        ("Australia/Adelaide", "Sun 2026-04-05 12:00", "Mon 2026-04-06 09:00 (contact window)"),
    ],
)
def test_nobody_is_contacted_outside_the_window_of_their_own_clock(zone: str, now: str, expected: str) -> None:
    assert told(judge(case(customer={"zones": (zone,)}), moment(now, zone), house()), zone) == expected


@pytest.mark.parametrize(
    ("asked", "now", "until", "why"),
    [
        (case(), "Tue 18:00", "Wed 09:00", f"closed until Wed 09:00 in {CHICAGO}"),
        (case(window="always"), "Tue 21:00", "Wed 08:00", f"closed until Wed 08:00 in {CHICAGO}"),  # the outer bound of calls
        (case(customer={"hours": "wed 14:00-15:00"}), "Tue 12:00", "Wed 14:00", f"closed until Wed 14:00 in {CHICAGO}"),
        (
            case(customer={"zones": (CHICAGO, "America/Los_Angeles")}),
            "Tue 09:00",
            "Tue 11:00",
            f"closed until Tue 11:00 in {CHICAGO}, when all 2 possible time zones are open",
        ),
    ],
)
def test_the_reason_names_the_local_time_of_the_opening(asked: Case, now: str, until: str, why: str) -> None:
    verdict = judge(asked, at(now, CHICAGO), house())

    assert verdict == Defer(at(until, CHICAGO), "contact window", why)


@pytest.mark.parametrize(
    ("customer", "window", "why"),
    [
        ({"zones": ()}, "office", "time zone unknown"),
        ({"zones": ("Mars/Olympus",)}, "office", "time zone unknown: there is none called 'Mars/Olympus'"),
        ({"hours": "whenever"}, "office", "the customer's wish 'whenever' cannot be read"),
        ({"hours": "sun 10:00-11:00"}, "office", "no opening within 60 days"),
        ({}, "gone", "the house rules have no contact window 'gone'"),
    ],
)
def test_when_nobody_can_tell_the_hour_there_is_no_contact(customer: dict[str, Any], window: str, why: str) -> None:
    assert judge(case(customer=customer, window=window), TUESDAY, house()) == Deny("contact window", why)


# -- pause --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paused", "channel", "holds"),
    [
        (("all", ""), "email", True),
        (("channel", "text"), "text", True),
        (("channel", "text"), "email", False),
        (("channel", "call"), "voicemail", True),
        (("channel", "call"), "voice", True),
        (("channel", "voice"), "voicemail", False),
        (("channel", "voicemail"), "call", False),
        (("playbook", "quote-follow-up"), "email", True),
        (("playbook", "invoice-reminders"), "email", False),
        (("queue", "sales"), "call", True),
        (("queue", "leads"), "call", False),
    ],
)
def test_a_pause_holds_what_it_names(paused: tuple[Any, str], channel: str, holds: bool) -> None:
    verdict = judge(case(touch={"channel": channel}, paused=(("queue", "other"), paused)), TUESDAY, house())

    assert verdict == (Defer(TUESDAY + pause.ASK_AGAIN, "pause", pause_words(paused)) if holds else Allow())


def pause_words(paused: tuple[Any, str]) -> str:
    return "everything is paused" if paused[0] == "all" else f"the {paused[0]} {paused[1]} is paused"


@pytest.mark.parametrize(
    "asked",
    [
        case(touch={"expires_at": TUESDAY + timedelta(minutes=1)}),
        case(touch={"expires_at": TUESDAY - timedelta(minutes=1)}),
        case(run={"gives_up_at": TUESDAY}),
        case(customer={"consent": {}}),
        case(customer={"zones": ()}),
    ],
)
def test_a_pause_never_drops_anything(asked: Case) -> None:
    verdict = judge(replace(asked, paused=(("all", ""),)), TUESDAY, house())

    assert told(verdict) == "Tue 2026-03-03 12:15 (pause)"


# -- an answer of the customer -------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["email", "text", "call", "voice", "voicemail", None])
def test_while_an_answer_waits_for_a_person_nothing_goes_out_and_nothing_is_dropped(channel: str | None) -> None:
    late = {"channel": channel, "expires_at": TUESDAY - timedelta(days=1)}
    asked = case(touch=late, run={"held": "Dana answered a text", "gives_up_at": TUESDAY}, customer={"consent": {}})

    verdict = judge(asked, TUESDAY, house())

    assert verdict == Defer(TUESDAY + held.ASK_AGAIN, "reply", "Dana answered a text")


# -- waits, doubt, order ------------------------------------------------------------------------------------------


def test_a_wait_contacts_nobody_and_so_needs_no_consent_and_no_hour() -> None:
    wait = case(touch={"channel": None, "touchpoint": None}, customer={"consent": {}, "zones": ()})

    assert told(judge(wait, at("Sun 03:00", CHICAGO), house())) == "allow"
    assert told(judge(case(touch={"channel": None}, run={"ended": EndReason.GOAL}), TUESDAY, house())) == "no (ended)"


@pytest.mark.parametrize(
    "asked",
    [
        case(contacts=had(TUESDAY.replace(tzinfo=None))),  # a bare time cannot be compared: TypeError
        case(touch={"channel": "fax"}, customer={"consent": {"fax": "service"}}),  # no outer bound for it: KeyError
        case(customer={"zones": ("Mars/Olympus",)}, contacts=had(TUESDAY, TUESDAY), window="always"),
    ],
)
def test_a_policy_that_cannot_answer_has_said_no(asked: Case) -> None:
    assert isinstance(judge(asked, TUESDAY, house(caps=[{"most": 2, "per": "day"}])), Deny)


@pytest.mark.parametrize("problem", [ZeroDivisionError, OverflowError, KeyError, TypeError, ValueError])
def test_an_error_inside_a_policy_is_doubt(problem: type[Exception]) -> None:
    class Broken(dict[str, str]):
        def get(self, *_: object) -> str:  # the way in for an error at this point
            raise problem("broken")

    verdict = judge(case(customer={"consent": Broken(call="service")}), TUESDAY, house())

    assert isinstance(verdict, Deny)
    assert verdict.rule == "doubt"
    assert problem.__name__ in verdict.why


def test_policies_that_never_agree_are_doubt() -> None:
    asked: list[datetime] = []

    def never(_: Case, moment: datetime, __: House) -> Verdict:
        asked.append(moment)
        return Defer(moment + timedelta(minutes=1), "never", "not yet")

    verdict = agree(case(), TUESDAY, house(), [never])

    assert told(verdict) == "no (doubt)"
    assert len(asked) == ROUNDS


def test_a_policy_that_puts_it_off_to_the_past_is_doubt() -> None:
    verdict = agree(case(), TUESDAY, house(), [lambda _, moment, __: Defer(moment, "stuck", "now is later")])

    assert verdict == Deny("doubt", "the rule 'stuck' put it off to a moment that has passed")


minutes_of_the_year = st.integers(0, 366 * 1440).map(lambda n: moment("Thu 2026-01-01 00:00", "UTC") + timedelta(minutes=n))
PLACES = (CHICAGO, AUCKLAND, HONOLULU, NEW_YORK, KOLKATA, "Africa/Cairo")
some_places = st.lists(st.sampled_from(PLACES), min_size=1, max_size=2).map(tuple)
wishes = st.sampled_from([None, "mon-fri 10:00-12:00", "14:00-16:30", "sat 08:00-10:00", "evenings"])
ago = st.lists(st.integers(1, 8 * 1440), max_size=6)


@pytest.fixture(scope="module")
def strict() -> House:
    return house(caps=[{"most": 1, "per": "day"}, {"most": 3, "per": "week"}], time_zones=[NEW_YORK, CHICAGO])


@settings(max_examples=150, deadline=None)
@given(
    now=minutes_of_the_year,
    zones=st.just(()) | some_places,
    wish=wishes,
    window=st.sampled_from(["office", "waking", "always"]),
    back=ago,
)
def test_what_is_allowed_or_put_off_to_is_never_outside_the_window(
    strict: House, now: datetime, zones: tuple[str, ...], wish: str | None, window: str, back: list[int]
) -> None:
    asked = case(
        customer={"zones": zones, "hours": wish}, window=window, contacts=had(*(now - timedelta(minutes=m) for m in back))
    )

    verdict = judge(asked, now, strict)

    if not isinstance(verdict, Deny):
        when = verdict.until if isinstance(verdict, Defer) else now
        for zone in zones or strict.strictest:
            there = when.astimezone(ZoneInfo(zone))
            first, last = {"office": (540, 1050), "waking": (480, 1200), "always": (480, 1200)}[window]
            if there.weekday() == 6 and window != "office":
                first, last = 600, 1080
            assert there.weekday() < 5 or window != "office"
            assert first <= there.hour * 60 + there.minute < last
            same_day = [c for c in asked.contacts if c.at.astimezone(ZoneInfo(zone)).date() == there.date()]
            assert not same_day
        assert judge(asked, when, strict) == Allow()


@settings(max_examples=100, deadline=None)
@given(now=minutes_of_the_year, zones=some_places, wish=wishes.filter(lambda w: w != "evenings"), back=ago)
def test_the_order_of_policies_does_not_change_the_moment(
    strict: House, now: datetime, zones: tuple[str, ...], wish: str | None, back: list[int]
) -> None:
    asked = case(customer={"zones": zones, "hours": wish}, contacts=had(*(now - timedelta(minutes=m) for m in back)))
    orders: list[tuple[Callable[..., Verdict], ...]] = list(itertools.permutations(POLICIES[1:]))

    answers = [agree(asked, now, strict, order) for order in (orders[0], orders[7], orders[-1])]

    assert len({getattr(a, "until", type(a)) for a in answers}) == 1
