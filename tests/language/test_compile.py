"""Where each step leads."""

from __future__ import annotations

import pytest

from orchestrator.language.delays import Delay, Moment, TimeOfDay
from orchestrator.language.program import BranchNode, EndNode, Program, SplitNode, Timing, TouchNode, WaitNode, ways_on
from tests.language.designs import program

EMAIL = "  - touchpoint: {}\n    email: thanks\n"
CALL = (
    "  - touchpoint: call\n    call: check-in\n    queue: sales\n    attempts: {most: 3, apart: 1 business day}\n    outcomes:\n"
)
FULL = """\
  - touchpoint: hello
    title: Say hello
    email: thanks
    after: 10 minutes
    not_later_than: 2 days
    purpose: marketing
    stage: visit
    owner: marketing
    contact_window: office-hours
    only_if: event.amount > 10
    if_unknown: ask
  - touchpoint: talk
    call: check-in
    queue: sales
    after: 2 business days
    at: 10:00
    due_within: 1 business day
    priority: 2
    attempts: {most: 3, apart: 1 business day, vary: time of day}
    escalates: {after: 4 hours, queue: leads}
"""


def touch(of: Program, name: str) -> TouchNode:
    node = of.nodes[name]
    assert isinstance(node, TouchNode)
    return node


def test_a_touchpoint_keeps_everything_that_was_said_about_it() -> None:
    hello = touch(program(FULL), "hello")

    assert (hello.title, hello.channel, hello.words) == ("Say hello", "email", "thanks")
    assert hello.timing == Timing(after=Delay.parse("10 minutes"))
    assert (hello.stage, hello.owner, hello.purpose, hello.window) == ("visit", "marketing", "marketing", "office-hours")
    assert hello.not_later_than == Delay.parse("2 days")
    assert hello.only_if is not None
    assert hello.only_if.source == "event.amount > 10"
    assert (hello.most, hello.apart, hello.retry_unknown) == (1, None, False)
    assert hello.next == "talk"


def test_a_call_keeps_its_queue_its_attempts_and_where_it_escalates() -> None:
    talk = touch(program(FULL), "talk")

    assert talk.timing == Timing(after=Delay.parse("2 business days"), at=TimeOfDay(10, 0))
    assert (talk.queue, talk.priority, talk.due_within) == ("sales", 2, Delay.parse("1 business day"))
    assert (talk.most, talk.apart, talk.vary) == (3, Delay.parse("1 business day"), True)
    assert (talk.escalate_after, talk.escalate_to) == (Delay.parse("4 hours"), "leads")
    assert (talk.stage, talk.owner, talk.purpose, talk.title) == ("quote", "sales-ops", "service", "Check in")
    assert talk.next == "exhausted"


def test_the_head_of_a_playbook_is_in_the_program() -> None:
    head = (
        "starts_on: [quote.sent, quote.changed]\nstops_on: {quote.accepted: goal, quote.declined: exit}\n"
        "only_if: event.amount >= 500\nre_entry: restart\npurpose: marketing\n"
    )
    made = program(EMAIL.format("hello"), head)

    assert made.starts_on == {"quote.sent", "quote.changed"}
    assert made.stops_on == {"quote.accepted": "goal", "quote.declined": "exit"}
    assert made.only_if is not None
    assert made.only_if.holds({"event.amount": 600}) is True
    assert (made.re_entry, made.purpose, made.gives_up_after, made.first) == (
        "restart",
        "marketing",
        Delay.parse("21 days"),
        "hello",
    )


@pytest.mark.parametrize(
    ("channel", "said", "window"),
    [
        ("email: thanks", "", "any-time"), ("text: sorry", "", "office-hours"),
        ("email: thanks", "contact_window: office-hours\n", "office-hours"),
    ],
)  # fmt: skip
def test_a_step_without_a_window_has_the_playbooks_or_that_of_its_channel(channel: str, said: str, window: str) -> None:
    made = program(f"  - touchpoint: hello\n    {channel}\n", f"starts_on: quote.sent\n{said}")

    assert touch(made, "hello").window == window


@pytest.mark.parametrize(
    ("channel", "said", "retries"),
    [
        ("email: thanks", "", True), ("text: sorry", "", False), ("voicemail: hello", "", False),
        ("email: thanks", "    if_unknown: ask\n", False), ("text: sorry", "    if_unknown: try again\n", True),
    ],
)  # fmt: skip
def test_only_an_email_is_tried_again_when_nobody_knows(channel: str, said: str, retries: bool) -> None:
    assert touch(program(f"  - touchpoint: hello\n    {channel}\n{said}"), "hello").retry_unknown is retries


def test_the_end_of_the_steps_is_the_end_of_the_playbook() -> None:
    made = program(EMAIL.format("one") + EMAIL.format("two"))

    assert (made.first, touch(made, "one").next, touch(made, "two").next) == ("one", "two", "exhausted")
    assert made.nodes["exhausted"] == EndNode("exhausted", "exhausted")


def test_every_program_can_end_by_goal_and_by_exit() -> None:
    made = program(EMAIL.format("one"))

    assert made.nodes["goal"] == EndNode("goal", "goal")
    assert made.nodes["exit"] == EndNode("exit", "exit")


def test_waits_last_for_a_while_or_until_a_moment() -> None:
    made = program(
        "  - wait: 3 days\n    at: 9:00\n  - wait: 2 days before event.starts_at\n" + EMAIL.format("one"),
        "starts_on: visit.booked\n",
    )

    assert made.nodes["1"] == WaitNode("1", Timing(after=Delay.parse("3 days"), at=TimeOfDay(9, 0)), (), "2", "2")
    assert made.nodes["2"] == WaitNode("2", Timing(when=Moment.parse("2 days before event.starts_at")), (), "one", "one")


def test_both_ways_of_a_wait_for_an_event_go_on_below_it() -> None:
    made = program(
        "  - wait_for: [quote.accepted, call.finished]\n    within: 3 days\n    then:\n      - wait: 1 day\n    otherwise:\n      - exit\n"
        + EMAIL.format("one")
    )

    assert made.nodes["1"] == WaitNode(
        "1", Timing(after=Delay.parse("3 days")), ("quote.accepted", "call.finished"), "1/then/1", "exit"
    )
    wait = made.nodes["1/then/1"]
    assert isinstance(wait, WaitNode)
    assert wait.then == "one"
    assert made.waits_for == {"quote.accepted", "call.finished"}


def test_a_branch_that_says_nothing_goes_on_below_it() -> None:
    made = program("  - if: event.amount > 5\n    then: [goal]\n" + EMAIL.format("one"))
    branch = made.nodes["1"]

    assert isinstance(branch, BranchNode)
    assert (branch.then, branch.otherwise) == ("goal", "one")
    assert branch.check.holds({"event.amount": 6}) is True


def test_branches_inside_branches_have_readable_paths() -> None:
    inner = "          - if: event.amount > 9\n            then:\n              - wait: 1 day\n"
    made = program(
        f"  - if: event.amount > 5\n    then:\n      - wait: 2 days\n      - if: event.amount > 7\n        then:\n{inner}"
    )

    assert {n for n in made.nodes if "/" in n} == {"1/then/1", "1/then/2", "1/then/2/then/1", "1/then/2/then/1/then/1"}


def test_the_ways_of_a_split_have_their_shares_and_meet_again() -> None:
    made = program(
        "  - split: half\n    ways:\n      one: {share: 45}\n      two:\n        share: 45\n        steps: [{wait: 1 day}]\n"
        "      none: {share: 10, steps: [exit]}\n" + EMAIL.format("after")
    )
    split, wait = made.nodes["1"], made.nodes["1/two/1"]

    assert split == SplitNode("1", "half", (("one", 45, "after"), ("two", 45, "1/two/1"), ("none", 10, "exit")))
    assert isinstance(wait, WaitNode)
    assert wait.then == "after"


def test_outcomes_lead_back_on_out_or_through_steps_of_their_own() -> None:
    made = program(
        CALL + "      voicemail_left:\n        - touchpoint: sorry\n          text: sorry\n        - again\n      retry: again\n"
        "      completed:\n        - wait: 1 day\n      declined: exit\n      goal_met: goal\n      not_reached: continue\n      not_taken: []\n"
        + EMAIL.format("after")
    )
    call, wait = touch(made, "call"), made.nodes["call/completed/1"]

    assert call.outcomes == {
        "voicemail_left": "sorry", "retry": "again:call", "completed": "call/completed/1", "declined": "exit", "goal_met": "goal",
        "not_reached": "after", "not_taken": "after",
    }  # fmt: skip
    assert touch(made, "sorry").next == "again:call"
    assert isinstance(wait, WaitNode)
    assert wait.then == "after"


def test_continue_inside_a_branch_of_an_outcome_leaves_the_whole_outcome() -> None:
    made = program(
        CALL
        + "      completed:\n        - if: event.amount > 5\n          then: [continue]\n        - wait: 1 day\n"
        + EMAIL.format("after")
    )
    branch = made.nodes["call/completed/1"]

    assert isinstance(branch, BranchNode)
    assert (branch.then, branch.otherwise) == ("after", "call/completed/2")


def test_again_means_the_nearest_touchpoint_around_it() -> None:
    inner = (
        "        - touchpoint: inner\n          call: check-in\n          queue: leads\n          attempts: {most: 2, apart: 1 day}\n"
        "          outcomes:\n            no_answer:\n"
        "              - if: event.amount > 5\n                then: [again]\n              - continue\n"
    )
    made = program(CALL + "      completed:\n" + inner + "        - again\n")
    branch = made.nodes["inner/no_answer/1"]

    assert isinstance(branch, BranchNode)
    assert branch.then == "again:inner"
    assert branch.otherwise == "again:call"  # continue: on after `inner`, which is the outer `again`
    assert touch(made, "inner").next == "again:call"


def test_continue_outside_an_outcome_only_goes_on() -> None:
    made = program("  - continue\n  - if: event.amount > 5\n    then: [continue]\n" + EMAIL.format("one"))

    assert made.first == "2"
    branch = made.nodes["2"]
    assert isinstance(branch, BranchNode)
    assert (branch.then, branch.otherwise) == ("one", "one")


def test_a_repeated_message_comes_again_after_it_was_sent() -> None:
    step = touch(program(EMAIL.format("weekly") + "    repeat: {most: 4, every: 1 week}\n"), "weekly")

    assert (step.most, step.apart, step.outcomes) == (4, Delay.parse("1 week"), {"sent": "again:weekly"})


def test_a_repeated_message_may_say_itself_what_follows() -> None:
    text = EMAIL.format("weekly") + (
        "    repeat: {most: 4, every: 1 week}\n    outcomes:\n      sent:\n        - if: event.amount > 5\n          then: [again]\n"
    )

    assert touch(program(text), "weekly").outcomes == {"sent": "weekly/sent/1"}


def test_every_edge_leads_to_a_step_that_exists() -> None:
    made = program(CALL + "      voicemail_left:\n        - wait: 1 hour\n        - again\n" + EMAIL.format("after"))

    edges = {made.first} | {edge for node in made.nodes.values() for edge in ways_on(node)}
    assert {edge.removeprefix("again:") for edge in edges} <= made.nodes.keys()
    assert "again:call" in edges
