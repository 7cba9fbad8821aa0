"""Whoever is moved is due when they would be due had they been in the new version from the beginning.

Dana begins in version 1, Eli at the same moment in version 2, and the same happens to both; then Dana is moved.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from orchestrator import moving
from orchestrator.moving import Who
from orchestrator.store.audit import By
from tests.stories.designs import playbook
from tests.stories.world import CONSENT, World, person

pytestmark = pytest.mark.parametrize("ready_url", ["sqlite"], indirect=True)
BOTH = (("Dana", "quote/Q-1"), ("Eli", "quote/Q-2"))
LAST = "- touchpoint: last-word\n  email: last-word\n  after: {}\n"


def nothing(world: World) -> None:
    pass


def viewed(world: World) -> None:
    world.passes(timedelta(hours=5))
    for name, subject in BOTH:
        world.arrives("quote.viewed", name, subject)


def nobody_works(world: World) -> None:
    world.outage_until("Thu 15:00")
    world.settle()


def viewed_at_once(world: World) -> None:
    for name, subject in BOTH:
        world.arrives("quote.viewed", name, subject)
    nobody_works(world)


def calls(*endings: str) -> Callable[[World], None]:
    def act(world: World) -> None:
        for ending in endings:
            world.passes(timedelta(days=1, hours=2))
            for _ in BOTH:
                world.staff("ari").takes_next_call().ends(ending, minutes=0)

    return act


DELAYS = (("9 days", "6 business days"), ("4 days", "10 days"), ("7 days", "100 hours"))
CASES = [
    (LAST, nothing),  # counted from the event
    ("- touchpoint: thanks\n  email: thanks\n" + LAST, nothing),
    ("- touchpoint: hello\n  text: hello\n  after: 1 hour\n" + LAST, lambda world: world.passes(timedelta(hours=3))),
    ("- touchpoint: no-consent\n  voicemail: hello\n  after: 1 hour\n" + LAST, lambda world: world.passes(timedelta(hours=3))),
    ("- touchpoint: hello\n  text: hello\n  after: 1 hour\n  not_later_than: 2 hours\n" + LAST, nobody_works),
    ("- wait: 1 hour\n" + LAST, nobody_works),
    ("- wait_for: quote.viewed\n  within: 2 days\n" + LAST, viewed),
    ("- wait_for: quote.viewed\n  within: 1 day\n" + LAST, nobody_works),
    ("- wait: 1 day\n- wait_for: quote.viewed\n  within: 9 days\n" + LAST, viewed_at_once),
    ("- touchpoint: no-consent\n  voicemail: hello\n  after: 1 day\n- wait_for: quote.viewed\n  within: 9 days\n" + LAST, viewed_at_once),
    ("- touchpoint: check-in\n  call: check-in\n  queue: sales\n  after: 1 day\n" + LAST, calls("completed")),
    ("- touchpoint: check-in\n  call: check-in\n  queue: sales\n  after: 1 day\n  attempts: {{most: 3, apart: {}}}\n", calls("no_answer")),
    (
        "- touchpoint: check-in\n  call: check-in\n  queue: sales\n  after: 1 day\n"
        "  attempts: {{most: 3, apart: {}, vary: time of day}}\n",
        calls("no_answer"),
    ),
    ("- touchpoint: check-in\n  call: check-in\n  queue: sales\n  after: 1 day\n  due_within: 2 hours\n" + LAST, nobody_works),
    ("- touchpoint: news\n  email: news\n  repeat: {{most: 4, every: {}}}\n", nothing),
    ("- touchpoint: last-word\n  email: last-word\n  after: {}\n  at: \"10:30\"\n", nothing),
    ("- wait: {}\n- touchpoint: last-word\n  email: last-word\n", nothing),
    ("- touchpoint: thanks\n  email: thanks\n- wait_for: quote.viewed\n  within: {}\n- touchpoint: last-word\n  email: last-word\n", nothing),
]  # fmt: skip


@pytest.mark.parametrize(("steps", "happens", "delays"), [(*case, DELAYS[i % 3]) for i, case in enumerate(CASES)])
def test_moved_is_as_if_begun_there(world: World, steps: str, happens: Callable[[World], None], delays: tuple[str, str]) -> None:
    consent = {**CONSENT, "call": "service"} if "check-in" in steps else CONSENT
    occurred = world.clock.at - timedelta(minutes=50)
    for (name, subject), delay in zip(BOTH, delays, strict=True):
        world.publish(playbook(steps.format(delay)))
        dead = {"phone": None} if "no-consent" in steps else {}
        world.arrives("quote.sent", person(name, consent=consent, **dead), subject, at=occurred)
    happens(world)

    done = moving.move(world.parts, Who("follow-up"), By("mika", "lead"))

    assert done.moved == 1
    runs = {run.id: run.subject for run in world.runs()}
    stands = {runs[t.enrollment_id]: t for t in world.touches() if t.finished_at is None}
    dana, eli = stands["quote/Q-1"], stands["quote/Q-2"]
    assert (dana.step, dana.due_at, dana.expires_at, dana.tries) == (eli.step, eli.due_at, eli.expires_at, eli.tries), (
        world.story()
    )
    world.expects_anything()
