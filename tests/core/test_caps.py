"""Not too often: frequency caps over all channels and playbooks, in the customer's own days."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.core.model import Allow, Defer
from orchestrator.core.policies import caps, judge
from tests.core.cases import CHICAGO, case, had, told
from tests.core.houses import house
from tests.core.moments import at, moment

AUCKLAND, HONOLULU, NEW_YORK, KOLKATA = "Pacific/Auckland", "Pacific/Honolulu", "America/New_York", "Asia/Kolkata"
TUESDAY = at("Tue 12:00", CHICAGO)
DAILY = [{"most": 2, "per": "day"}]
WEEKLY = [{"most": 2, "per": "week"}]


@pytest.mark.parametrize(
    ("limits", "zone", "earlier", "now", "expected"),
    [
        (DAILY, CHICAGO, ["Tue 2026-03-03 09:00"], "Tue 2026-03-03 12:00", "allow"),
        (DAILY, CHICAGO, ["Tue 2026-03-03 09:00", "Tue 2026-03-03 00:00"], "Tue 2026-03-03 12:00", "Wed 2026-03-04 00:00"),
        (DAILY, CHICAGO, ["Mon 2026-03-02 23:59", "Tue 2026-03-03 00:00"], "Tue 2026-03-03 12:00", "allow"),
        # a day is the customer's: all of these are on two days in UTC
        (DAILY, AUCKLAND, ["Tue 2026-03-03 09:00", "Tue 2026-03-03 13:30"], "Tue 2026-03-03 14:00", "Wed 2026-03-04 00:00"),
        (DAILY, HONOLULU, ["Tue 2026-03-03 09:00", "Tue 2026-03-03 15:00"], "Tue 2026-03-03 16:00", "Wed 2026-03-04 00:00"),
        (DAILY, KOLKATA, ["Tue 2026-03-03 05:00", "Tue 2026-03-03 06:00"], "Tue 2026-03-03 09:00", "Wed 2026-03-04 00:00"),
        # 23 and 25 hours long
        (DAILY, NEW_YORK, ["Sun 2026-03-08 00:10", "Sun 2026-03-08 12:00"], "Sun 2026-03-08 23:30", "Mon 2026-03-09 00:00"),
        (DAILY, NEW_YORK, ["Sun 2026-11-01 00:00", "Sun 2026-11-01 12:00"], "Sun 2026-11-01 23:59", "Mon 2026-11-02 00:00"),
        (DAILY, "Europe/Berlin", ["Sun 2026-10-25 00:00", "Sun 2026-10-25 12:00"], "Sun 2026-10-25 23:59", "Mon 2026-10-26 00:00"),
        (DAILY, "Africa/Cairo", ["Thu 2026-04-23 10:00", "Thu 2026-04-23 11:00"], "Thu 2026-04-23 12:00", "Fri 2026-04-24 01:00"),
        # a week is this day and the six before it
        (WEEKLY, CHICAGO, ["Tue 2026-03-03 09:00", "Fri 2026-03-06 09:00"], "Mon 2026-03-09 23:59", "Tue 2026-03-10 00:00"),
        (WEEKLY, CHICAGO, ["Tue 2026-03-03 09:00", "Fri 2026-03-06 09:00"], "Tue 2026-03-10 00:00", "allow"),
        (WEEKLY, CHICAGO, ["Tue 2026-03-03 09:00"] * 3, "Wed 2026-03-04 09:00", "Tue 2026-03-10 00:00"),
        (WEEKLY, CHICAGO, ["Tue 2026-03-03 09:00"] + ["Fri 2026-03-06 09:00"] * 2, "Sat 2026-03-07 12:00", "Fri 2026-03-13 00:00"),
        (DAILY + WEEKLY, CHICAGO, ["Fri 2026-03-06 09:00"] * 2, "Fri 2026-03-06 12:00", "Fri 2026-03-13 00:00"),  # the later
    ],
)  # fmt: skip
def test_a_full_cap_has_room_again_at_a_local_midnight(
    limits: list[dict[str, Any]], zone: str, earlier: list[str], now: str, expected: str
) -> None:
    asked = case(customer={"zones": (zone,)}, contacts=had(*(moment(text, zone) for text in earlier)))

    verdict = caps.judge(asked, moment(now, zone), house(caps=limits))

    assert told(verdict, zone) == (expected if expected == "allow" else f"{expected} (frequency cap)")


def test_the_zone_that_counts_most_decides() -> None:
    # 22:30 and 23:30 on Monday in Chicago are 23:30 on Monday and 00:30 on Tuesday in New York.
    earlier = had(at("Mon 22:30", CHICAGO), at("Mon 23:30", CHICAGO))
    both = case(customer={"zones": (NEW_YORK, CHICAGO)}, contacts=earlier)
    late_monday = at("Mon 23:45", CHICAGO)

    assert told(caps.judge(both, late_monday, house(caps=DAILY))) == "Tue 2026-03-03 00:00 (frequency cap)"
    assert told(caps.judge(case(customer={"zones": (NEW_YORK,)}, contacts=earlier), late_monday, house(caps=DAILY))) == "allow"


@pytest.mark.parametrize(
    ("of", "earlier", "channel", "expected"),
    [
        (None, "email", "call", False),  # over all channels together
        (None, "voicemail", "text", False),
        ("text", "text", "text", False),
        ("text", "email", "text", True),
        ("text", "text", "email", True),
        ("call", "call", "call", False),
        ("call", "voicemail", "call", False),  # a voicemail is left by calling
        ("call", "call", "voicemail", False),
        ("call", "voice", "call", False),  # the telephone rings all the same
        ("call", "call", "voice", False),
        ("call", "voice", "voicemail", False),
        ("voice", "voicemail", "voice", True),
        ("voicemail", "call", "voicemail", True),
        ("voicemail", "voicemail", "voicemail", False),
        ("voicemail", "voicemail", "call", True),
    ],
)
def test_a_cap_counts_its_channel_or_all_of_them(of: str | None, earlier: str, channel: str, expected: bool) -> None:
    asked = case(touch={"channel": channel}, contacts=had(at("Tue 09:00", CHICAGO), channel=earlier))

    verdict = judge(asked, TUESDAY, house(caps=[{"most": 1, "per": "day", "of": of}]))

    assert isinstance(verdict, Allow) is expected


def test_contacts_of_the_same_batch_count_too() -> None:
    ours, earlier = house(caps=DAILY), had(at("Tue 09:00", CHICAGO))

    alone, second = judge(case(contacts=earlier), TUESDAY, ours), judge(case(contacts=earlier), TUESDAY, ours, had(TUESDAY))

    assert told(alone) == "allow"
    assert told(second) == "Wed 2026-03-04 09:00 (frequency cap and contact window)"


@pytest.mark.parametrize("now", ["Tue 12:00", "Tue 08:00"])  # at 08:00 the office is closed too, before and after
def test_a_deferral_tells_everything_that_moved_it_the_last_reason_last(now: str) -> None:
    earlier = had(at("Tue 00:10", CHICAGO), at("Tue 00:20", CHICAGO))

    verdict = judge(case(contacts=earlier), at(now, CHICAGO), house(caps=DAILY))

    assert verdict == Defer(
        at("Wed 09:00", CHICAGO),
        "frequency cap and contact window",
        f"the customer has had 2 contacts on this day and the house allows 2: again from Wed 00:00 in {CHICAGO}; "
        f"closed until Wed 09:00 in {CHICAGO}",
    )
