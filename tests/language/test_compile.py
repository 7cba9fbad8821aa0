"""Where each step leads, and what cannot be published."""

from __future__ import annotations

import pytest

from orchestrator.language.delays import Delay, Moment, TimeOfDay
from orchestrator.language.program import BranchNode, EndNode, Program, SplitNode, Timing, TouchNode, WaitNode
from tests.language.designs import HEAD, WORDS, files, only, place, problems, program

EMAIL = "  - touchpoint: {}\n    email: thanks\n"
CALL = "  - touchpoint: call\n    call: check-in\n    queue: sales\n    attempts: {most: 3, apart: 1 business day}\n    outcomes:\n"
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
    assert (made.re_entry, made.purpose, made.gives_up_after, made.first) == ("restart", "marketing", Delay.parse("21 days"), "hello")


@pytest.mark.parametrize(
    ("channel", "said", "window"),
    [("email: thanks", "", "any-time"), ("text: sorry", "", "office-hours"), ("email: thanks", "contact_window: office-hours\n", "office-hours")],
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
        "  - wait: 3 days\n    at: 9:00\n  - wait: 2 days before event.starts_at\n" + EMAIL.format("one"), "starts_on: visit.booked\n"
    )

    assert made.nodes["1"] == WaitNode("1", Timing(after=Delay.parse("3 days"), at=TimeOfDay(9, 0)), (), "2", "2")
    assert made.nodes["2"] == WaitNode("2", Timing(when=Moment.parse("2 days before event.starts_at")), (), "one", "one")


def test_both_ways_of_a_wait_for_an_event_go_on_below_it() -> None:
    made = program(
        "  - wait_for: [quote.accepted, call.finished]\n    within: 3 days\n    then:\n      - wait: 1 day\n    otherwise:\n      - exit\n"
        + EMAIL.format("one")
    )

    assert made.nodes["1"] == WaitNode("1", Timing(after=Delay.parse("3 days")), ("quote.accepted", "call.finished"), "1/then/1", "exit")
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
    made = program(f"  - if: event.amount > 5\n    then:\n      - wait: 2 days\n      - if: event.amount > 7\n        then:\n{inner}")

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
        CALL + "      completed:\n        - if: event.amount > 5\n          then: [continue]\n        - wait: 1 day\n" + EMAIL.format("after")
    )
    branch = made.nodes["call/completed/1"]

    assert isinstance(branch, BranchNode)
    assert (branch.then, branch.otherwise) == ("after", "call/completed/2")


def test_again_means_the_nearest_touchpoint_around_it() -> None:
    inner = (
        "        - touchpoint: inner\n          call: check-in\n          queue: leads\n          attempts: {most: 2, apart: 1 day}\n"
        "          outcomes:\n            no_answer:\n              - if: event.amount > 5\n                then: [again]\n              - continue\n"
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


def every_edge(of: Program) -> set[str]:
    edges = {of.first}
    for node in of.nodes.values():
        match node:
            case TouchNode():
                edges |= {node.next, *node.outcomes.values()}
            case WaitNode() | BranchNode():
                edges |= {node.then, node.otherwise}
            case SplitNode():
                edges |= {to for _, _, to in node.ways}
    return edges


def test_every_edge_leads_to_a_step_that_exists() -> None:
    made = program(CALL + "      voicemail_left:\n        - wait: 1 hour\n        - again\n" + EMAIL.format("after"))

    assert {edge.removeprefix("again:") for edge in every_edge(made)} <= made.nodes.keys()


PLAIN = EMAIL.format("hello")
BOOKED = "starts_on: visit.booked\n"


@pytest.mark.parametrize(
    ("steps", "head", "at", "problem", "hint"),
    [
        (PLAIN, "starts_on: quote.snt\n", "quote.snt", "there is no event 'quote.snt' in lifecycle.yaml", "did you mean 'quote.sent'?"),
        (PLAIN, "starts_on: [quote.sent, visit.dne]\n", "visit.dne", "there is no event 'visit.dne'", "did you mean 'visit.done'?"),
        (PLAIN, "starts_on: quote.sent\nstops_on: {quote.acepted: goal}\n", "quote.acepted", "there is no event", "quote.accepted"),
        (PLAIN, "starts_on: quote.sent\nstops_on: {quote.sent: goal}\n", "quote.sent: goal", "'quote.sent' starts the playbook and", ""),
        (PLAIN, "starts_on: quote.sent\ncontact_window: office\n", "office\n", "there is no contact window 'office'", "office-hours"),
        (PLAIN, "starts_on: quote.sent\nonly_if: event.amont > 3\n", "event.amont", "'event.amont' is not known", "event.amount"),
        (PLAIN, 'starts_on: quote.sent\nonly_if: "event.rush && event.amont > 3"\n', "event.amont", "'event.amont' is not known", ""),
        (PLAIN, "starts_on: quote.sent\nonly_if: house.name == 'x'\n", "house.name", "'house.name' is not known", ""),
        (PLAIN, "starts_on: [quote.sent, quote.changed]\nonly_if: event.currency == 'USD'\n", "event.currency", "'event.currency' may be", "null"),
        (PLAIN + "    stage: qoute\n", "", "qoute", "there is no stage 'qoute' in lifecycle.yaml", "did you mean 'quote'?"),
        (PLAIN + "    contact_window: any\n", "", "any\n", "there is no contact window 'any'", "any-time"),
        (PLAIN + "    only_if: event.note == 'x'\n", "", "event.note", "'event.note' may be missing", "event.note != null"),
        ("  - touchpoint: hello\n    email: thank\n", "", "thank\n", "there is no file emails/thank.md", "did you mean 'thanks'?"),
        ("  - touchpoint: hello\n    voicemail: bye\n", "", "bye", "there is no file voicemails/bye.md", "write it"),
        ("  - touchpoint: hello\n    text: thanks\n", "", "thanks", "there is no file texts/thanks.md", "write it"),
        ("  - touchpoint: hello\n    call: check-in\n    queue: sale\n", "", "sale\n", "there is no queue 'sale'", "did you mean 'sales'?"),
        (FULL.replace("queue: leads", "queue: lead"), "", "lead}", "there is no queue 'lead'", "did you mean 'leads'?"),
        (PLAIN + EMAIL.format("hello"), "", None, "there are two touchpoints 'hello'", "the other is in line 8"),
        (EMAIL.format("exit"), "", "exit", "'exit' has a meaning of its own", "another name"),
        (EMAIL.format("2"), "", "2\n", "'2' is only a number", "add a word"),
        (CALL + "      voicemail_lft: again\n", "", "voicemail_lft", "a call cannot end with 'voicemail_lft'", "did you mean 'voicemail_left'?"),
        (PLAIN + "    outcomes: {declined: exit}\n", "", "declined", "a e-mail cannot end with 'declined'", "known: expired"),
        ("  - again\n" + PLAIN, "", "again", "'again' has nothing to do again here", "outcomes"),
        ("  - if: event.amount > 3\n    then: [again]\n" + PLAIN, "", "again", "'again' has nothing to do again here", "outcomes"),
        (PLAIN + "    outcomes: {failed: again}\n", "", "again", "'hello' has no 'repeat', so it cannot come again", "repeat: {"),
        ("  - touchpoint: x\n    call: check-in\n    queue: sales\n    outcomes: {busy: again}\n", "", "again", "'x' has no 'attempts'", "most"),
        (CALL + "      not_reached: again\n", "", "again", "'not_reached' means that the tries are used up", "continue"),
        (CALL + "      not_reached:\n        - wait: 1 day\n        - again\n", "", "again", "'not_reached' means that the tries", "continue"),
        ("  - exit\n" + PLAIN, "", "touchpoint", "nothing after 'exit' is ever reached", "move it up"),
        (CALL + "      busy:\n        - continue\n        - wait: 1 day\n", "", "wait", "nothing after 'continue' is ever reached", "move it"),
        (CALL + "      busy:\n        - again\n        - exit\n", "", "exit\n", "nothing after 'again' is ever reached", "move it up"),
        ("  - if: event.amount > 3\n    then: [exit]\n    otherwise: [goal]\n" + PLAIN, "", "touchpoint", "this step is never reached", ""),
        ("  - wait_for: quote.opened\n    within: 1 day\n" + PLAIN, "", "quote.opened", "there is no event 'quote.opened'", ""),
        ("  - wait_for: [touch.sent, quote.opened]\n    within: 1 day\n" + PLAIN, "", "quote.opened", "there is no event 'quote.opened'", ""),
        (PLAIN + "    when: 2 days before event.start_at\n", BOOKED, "2 days before", "'event.start_at' is not known", "event.starts_at"),
        (PLAIN + "    when: event.kind\n", BOOKED, "event.kind", "'event.kind' is a text, not a time or a date", "event.day"),
        (PLAIN + "    when: event.ends_at\n", BOOKED, "event.ends_at", "'event.ends_at' may be missing", "only_if: event.ends_at != null"),
        ("  - wait: 1 day after event.ends_at\n" + PLAIN, BOOKED, "1 day after", "'event.ends_at' may be missing", "if: event.ends_at"),
    ],
)  # fmt: skip
def test_a_mistake_is_found_before_anything_is_published(steps: str, head: str, at: str | None, problem: str, hint: str) -> None:
    given = files(steps, head or "starts_on: quote.sent\n")

    found = only(given)

    assert found.problem.startswith(problem)
    assert hint in found.hint
    assert found.place == "follow-up.yaml"
    if at is not None:
        assert (found.line, found.column) == place(given["follow-up.yaml"], at)


def test_a_stage_of_the_playbook_must_exist() -> None:
    given = files(PLAIN)
    given["follow-up.yaml"] = given["follow-up.yaml"].replace("stage: quote", "stage: qoute")

    assert only(given).hint == "did you mean 'quote'?"


@pytest.mark.parametrize(
    "said",
    ["    only_if: event.ends_at != null\n", "    only_if: event.ends_at != null && event.kind == 'x'\n"],
)
def test_a_moment_that_may_be_missing_can_be_used_once_it_was_tested(said: str) -> None:
    assert program(PLAIN + "    when: event.ends_at\n" + said, BOOKED).nodes["hello"]


def test_what_a_branch_has_tested_is_there_inside_it() -> None:
    inside = "  - if: event.ends_at != null\n    then:\n      - touchpoint: hello\n        email: thanks\n        when: event.ends_at\n"
    outside = inside + "  - touchpoint: bye\n    email: thanks\n    when: event.ends_at\n"

    assert program(inside, BOOKED).nodes["hello"]
    assert only(files(outside, BOOKED)).line == 15


def test_what_the_playbook_has_tested_is_there_in_all_its_steps() -> None:
    assert program(PLAIN + "    when: event.ends_at\n", BOOKED + "only_if: event.ends_at != null\n").nodes["hello"]


def test_two_start_events_must_agree_on_what_a_field_is() -> None:
    lifecycle = files(PLAIN)["lifecycle.yaml"].replace("{amount: number, reason: text}", "{amount: text}")

    found = only(files(PLAIN, "starts_on: [quote.sent, quote.changed]\n", lifecycle=lifecycle))

    assert found.problem == "'amount' is a number in event quote.sent and a text in event quote.changed"


def test_answers_of_the_scripts_are_known_to_conditions_and_words() -> None:
    steps = CALL + "      busy: again\n  - if: answers.mood != null && answers.mood == 'unsure'\n    then:\n      - touchpoint: mail\n        email: about\n"
    about = "---\nsubject: x\n---\nYou said: {{ answers.mood | default: 'nothing' }}\n"

    assert program(steps, emails__about=about).nodes["mail"]


def test_answers_of_scripts_that_are_not_used_are_not_known() -> None:
    found = only(files("  - if: answers.mood != null\n    then: [exit]\n" + PLAIN))

    assert (found.problem, found.hint) == ("'answers.mood' is not known", "known: answers.comment, answers.rating")


def test_answers_of_surveys_are_always_known() -> None:
    assert program("  - if: answers.rating != null && answers.rating <= 3\n    then: [exit]\n" + PLAIN)


def test_two_scripts_must_agree_on_what_an_answer_is() -> None:
    other = "---\ntitle: a\ngoal: b\nquestions:\n  score: {ask: x}\n---\nHello\n"
    steps = CALL + "      busy: again\n  - touchpoint: other\n    call: other\n    queue: sales\n"

    found = only(files(steps, scripts__other=other))

    assert found.problem == "'score' is a number in scripts/check-in.md and a text in scripts/other.md"


def test_words_are_checked_against_the_event_that_starts_the_playbook() -> None:
    text = "Your visit is on {{ event.starts_at | day }}.\n"

    found = only(files("  - touchpoint: hello\n    text: visit\n", texts__visit=text))

    assert found.problem == "'event.starts_at' is not known in playbook follow-up"
    assert (found.place, found.line, found.column) == ("texts/visit.md", 1, 21)


def test_words_may_print_what_their_step_has_tested() -> None:
    steps = "  - touchpoint: hello\n    text: note\n    only_if: event.note != null\n"

    assert program(steps, texts__note="About {{ event.note }}.\n").nodes["hello"]
    assert only(files("  - touchpoint: hello\n    text: note\n", texts__note="About {{ event.note }}.\n")).line == 1


def test_words_may_print_of_the_house_what_the_house_rules_say() -> None:
    said = "Call {{ house.phone }} or write to {{ house.email }}.\n"

    found = only(files("  - touchpoint: hello\n    text: house\n", texts__house=said))

    assert found.problem == "'house.email' may be missing in playbook follow-up"  # the telephone is there


def test_further_fields_of_the_customer_may_be_missing() -> None:
    assert program(PLAIN + "    only_if: customer.tier != null && customer.tier == 'gold'\n").nodes["hello"]
    assert "may be missing" in only(files(PLAIN + "    only_if: customer.tier == 'gold'\n")).problem


def test_all_mistakes_are_said_at_once_in_the_order_of_the_files() -> None:
    given = files(
        CALL + "      busyy: again\n  - touchpoint: hello\n    email: thank\n    stage: qoute\n",
        "starts_on: quote.snt\ncontact_window: office\n",
        emails__thanks=WORDS["emails/thanks.md"].replace("subject.key", "subject.ky"),
    )

    found = problems(given)

    assert [(p.place, p.line) for p in found] == [("follow-up.yaml", line) for line in (6, 7, 14, 16, 17)]


def test_mistakes_in_several_steps_stand_in_the_order_of_the_lines() -> None:
    assert HEAD.count("\n") == 5
    lines = [p.line for p in problems(files("".join(EMAIL.format(f"step-{n}") + f"    stage: no-{n}\n" for n in range(5))))]

    assert lines == [10, 13, 16, 19, 22]
