"""Promise 5: never outside the contact window, in every zone the customer may be in, at the moment it takes effect."""

from __future__ import annotations

import shutil
import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator import dispatch, engine
from orchestrator.channels.base import Outgoing
from tests.stories.designs import playbook
from tests.stories.world import World, books_balance, person

TEXTS = (8 * 60, 20 * 60)  # designs.HOUSE, closed on holidays
HOLIDAYS = {date(2026, 11, 11), date(2026, 11, 26), date(2026, 12, 25), date(2027, 1, 1)}  # by hand, of the weeks below


def minutes(at: datetime, zone: str) -> int:
    """Minutes after midnight on a clock there."""
    there = at.astimezone(ZoneInfo(zone))
    return there.hour * 60 + there.minute


def open_then(at: datetime, zone: str) -> bool:
    """Whether a text may reach somebody there: reckoned here, with nothing of the code that is tested."""
    return TEXTS[0] <= minutes(at, zone) < TEXTS[1] and at.astimezone(ZoneInfo(zone)).date() not in HOLIDAYS


@pytest.mark.parametrize(
    ("start", "after", "expected"),
    [
        ("Sat 2026-10-31 19:30", "1 hour", "Sun 2026-11-01 08:00"),  # clocks go back that night: closed for an hour more
        ("Sat 2026-10-31 19:30", "13 hours", "Sun 2026-11-01 08:00"),  # 07:30 on the new clock
        ("Sat 2026-10-31 19:30", "14 hours", "Sun 2026-11-01 08:30"),
        ("Sat 2026-10-31 10:00", "1 day", "Sun 2026-11-01 10:00"),  # a day is a day on the wall
        ("Sat 2027-03-13 19:30", "12 hours", "Sun 2027-03-14 08:30"),  # clocks go forward
        ("Sat 2027-03-13 19:30", "11 hours", "Sun 2027-03-14 08:00"),
        ("Wed 2026-11-25 21:00", "1 hour", "Fri 2026-11-27 08:00"),  # Thanksgiving
        ("Tue 2026-11-10 19:59", "1 min", "Thu 2026-11-12 08:00"),  # eight o'clock is closed, and Veterans Day follows
        ("Tue 2026-11-10 19:58", "1 min", "Tue 2026-11-10 19:59"),
    ],
)
def test_a_text_keeps_to_the_clock_on_the_wall(ready_url: str, tmp_path: Path, start: str, after: str, expected: str) -> None:
    world = World(ready_url, tmp_path / "playbooks", now=start)
    world.publish(playbook(f"- touchpoint: hello\n  text: hello\n  after: {after}"))

    world.arrives("quote.sent")

    world.passes(timedelta(days=4))
    world.expect_text("hello", at=expected)
    books_balance(world)
    world.close()


def test_a_window_that_closes_while_messages_wait_holds_the_rest(world: World) -> None:
    """They were planned inside it; a safe refusal moves them past its end."""
    world.publish(playbook("- touchpoint: hello\n  text: hello"))
    world.time_passes_until("Mon 19:59")
    world.post.will("busy", "busy")

    world.arrives("quote.sent")

    world.passes(timedelta(hours=14))
    (reached,) = world.post.reached
    assert world.local(reached.at) == "Tue 2026-09-15 08:00"
    world.expects_anything()


def test_a_slow_provider_sends_nothing_after_the_window_has_closed(world: World) -> None:
    """Two messages are claimed at 19:59:30, and each takes the provider 25 seconds."""
    world.publish(playbook("- touchpoint: hello\n  text: hello"))
    world.clock.at = world.moment("Mon 19:59") + timedelta(seconds=30)
    engine.handle_events(world.parts, [world.event("quote.sent", name, f"quote/{name}") for name in ("Dana", "Eli")])

    def slow(_: Outgoing) -> None:
        if len(world.post.asked) == 0:
            return
        world.clock.at += timedelta(seconds=25)

    world.post.during = slow
    dispatch.drain(world.parts, "text")

    late = [world.local(r.at) for r in world.post.reached if not open_then(r.at, "America/Chicago")]
    assert late == []
    world.post.during = None
    world.passes(timedelta(hours=14))
    world.expects_anything()


def test_a_call_leaves_the_queue_when_its_window_closes(world: World) -> None:
    world.publish(playbook("- touchpoint: check-in\n  call: check-in\n  queue: sales\n  due_within: 2 days"))
    world.time_passes_until("Mon 17:00")
    world.arrives("quote.sent")
    world.expect_call("check-in")
    world.time_passes_until("Mon 17:31")

    world.staff("ari").finds_no_call()

    world.time_passes_until("Tue 09:00")
    assert world.staff("ari").takes_next_call().ends("completed") is None


def test_a_customer_who_may_be_in_several_zones_is_reached_when_all_are_open(world: World) -> None:
    world.publish(playbook("- touchpoint: hello\n  text: hello"))

    world.arrives("quote.sent", person("Dana", time_zone=None, phone=None, country="US") | {"phone": "+13125550142"})

    world.passes(timedelta(days=1))
    assert all(
        open_then(r.at, zone) for r in world.post.reached for zone in ("Pacific/Honolulu", "America/New_York", "America/Adak")
    )
    world.expects_anything()


def test_a_wish_for_other_hours_is_kept(world: World) -> None:
    world.publish(playbook("- touchpoint: hello\n  text: hello"))

    world.arrives("quote.sent", person("Dana", hours="tue 17:00-18:00"))

    world.passes(timedelta(days=3))
    (reached,) = world.post.reached
    assert world.local(reached.at) == "Tue 2026-09-15 17:00"
    world.expects_anything()


ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Phoenix",
    "Pacific/Honolulu",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, _sqlite_model: Path) -> Path:
    """A database with the walk's playbook."""
    path = tmp_path_factory.mktemp("walks") / "model.sqlite3"
    shutil.copy(_sqlite_model, path)
    world = World(f"sqlite:///{path}", path.parent / "playbooks")
    steps = "\n".join(
        f"- touchpoint: t{i}\n  text: t{i}\n  after: {d}"
        for i, d in enumerate(("7 hours", "1 day", "3 hours", "1 business day", "26 hours"))
    )
    world.publish(playbook(steps), house={"caps": "[{most: 1, per: day}]"})
    world.close()
    return path


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    day=st.sampled_from(["Fri 2026-10-30", "Sat 2026-10-31", "Tue 2026-11-10", "Wed 2026-11-25", "Thu 2026-12-24"]),
    hour=st.integers(0, 23),
    people=st.lists(st.sampled_from(ZONES), min_size=1, max_size=5),
    jumps=st.lists(st.integers(1, 3_000), min_size=3, max_size=10),
    manners=st.lists(st.sampled_from(["accept", "busy", "answer lost"]), max_size=6),
)
def test_random_walks_never_reach_anybody_at_a_closed_hour_or_twice_a_day(
    model: Path, day: str, hour: int, people: list[str], jumps: list[int], manners: list[str]
) -> None:
    """Workers wake at random moments, some messages are refused or unknown; every effect is checked by other means."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(model, Path(folder) / "walk.sqlite3")
        world = World(f"sqlite:///{folder}/walk.sqlite3", Path(folder) / "playbooks", now=f"{day} {hour:02}:07")
        zones = {}
        for i, zone in enumerate(people):
            said = person(f"W{i}", time_zone=zone, phone=f"+131255501{i:02}")
            zones[said["phone"]] = zone
            engine.handle_events(world.parts, [world.event("quote.sent", said, f"quote/{i}")])
        world.post.will(*manners)  # type: ignore[arg-type]

        for jump in jumps:
            world.clock.at += timedelta(minutes=jump)
            world.settle()

        closed = [(r.to, world.local(r.at), zones[r.to]) for r in world.post.reached if not open_then(r.at, zones[r.to])]
        days = [(r.to, r.at.astimezone(ZoneInfo(zones[r.to])).date()) for r in world.post.reached]
        assert closed == []
        assert len(days) == len(set(days)), "one a day"
        books_balance(world)
        world.close()
