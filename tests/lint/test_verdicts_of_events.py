"""What lint says of waits, stops and starts, against each event at each step by the real core.

Cases are counted, so that no test passes because its verdict never came.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.intake import Book, take
from orchestrator.core.model import End
from orchestrator.language.program import BranchNode, EndNode, TouchNode, WaitNode
from orchestrator.lint.answers import asked_later
from orchestrator.lint.events import of_another_subject, stale_start
from orchestrator.lint.stops import heard_only_while_waiting, without_end
from orchestrator.lint.subject import Subject
from orchestrator.lint.waits import not_a_wait
from tests.lint.generated import flow, made_up
from tests.lint.lives import START, SUBJECT, Life, Lives, can_end
from tests.lint.test_proofs import subject_of
from tests.lint.test_verdicts import AMOUNTS, CONDITIONS, RULES, along, at, few, said

EVENTS = ("quote.sent", "quote.viewed", "quote.accepted", "quote.refused")


@st.composite
def waits(draw: st.DrawFn) -> dict[str, str]:
    """Contacts, and waits for events that start it, end it, have come before, or none of these."""
    names = iter(f"t{index}" for index in range(100))

    def contact() -> dict[str, Any]:
        return {"touchpoint": next(names), "email": "thanks", "after": "1 day"}

    def steps(depth: int) -> list[Any]:
        found: list[Any] = []
        for _ in range(draw(st.integers(1, 2))):
            if depth < 2 and draw(st.integers(0, 2)):
                awaited = draw(st.lists(st.sampled_from(EVENTS), min_size=1, max_size=2, unique=True))
                ways = [[contact()], ["exit"], ["goal"], []]
                wait: dict[str, Any] = {"wait_for": awaited, "within": "2 days", "then": draw(st.sampled_from(ways))}
                if draw(st.booleans()):
                    wait["otherwise"] = steps(depth + 1)
                found.append(wait)
            else:
                found.append(contact())
        return found

    return started(
        draw, made_up(RULES, steps(0)), draw(st.sampled_from([[], ["quote.accepted"], ["quote.accepted", "quote.refused"]]))
    )


def started(draw: st.DrawFn, files: dict[str, str], stops: list[str]) -> dict[str, str]:
    starts = draw(st.sampled_from([["quote.sent"], ["quote.sent"], ["quote.sent", "quote.viewed"]]))
    text = files["made-up.yaml"].replace("starts_on: quote.sent\n", f"starts_on: {flow(starts)}\n")
    end = f"stops_on: {flow(dict.fromkeys(stops, 'goal'))}\n" if stops else ""
    files["made-up.yaml"] = text.replace("stops_on: {quote.accepted: goal}\n", end)
    files["lifecycle.yaml"] += "  quote.refused: {stage: quote}\n"
    fields = "fields: {amount: number, starts_at: time, day: date}"
    files["lifecycle.yaml"] = files["lifecycle.yaml"].replace(
        "quote.viewed: {stage: quote}", f"quote.viewed: {{stage: quote, {fields}}}"
    )
    return files


def lives(subject: Subject, **more: Any) -> list[Life]:
    """Every life: started by each of its events, with each event at each step."""
    data = {"amount": 75.0, "starts_at": "2026-03-02T15:00:00+00:00", "day": "2026-03-02"}
    return [
        life
        for start in sorted(subject.program.starts_on)
        for life in Lives(
            [subject.program], subject.house, data, start, **{"comes": [e for e in EVENTS if e != start], "most": 3_000, **more}
        ).all()
    ]


def test_a_wait_that_lint_says_is_none_never_waits_and_every_other_one_waits_and_hears_its_events() -> None:
    """TP111 and TP112, both ways."""
    seen: Counter[str] = Counter()

    @few
    @given(waits())
    def all_of_them(files: dict[str, str]) -> None:
        subject = subject_of(files)
        found = said(subject, not_a_wait)
        deaf, over = at(found, "TP111"), at(found, "TP112")
        every = lives(subject)
        dated = {step for life in every for what, step, _ in life if what == "planned"}
        for node_id, node in subject.program.nodes.items():
            if not isinstance(node, WaitNode) or node_id not in subject.paths.nodes:
                continue
            if len(list(node.events)) == 1 or node_id in dated:
                assert (subject.place(node_id, "wait_for") in over) == (node_id not in dated), (files["made-up.yaml"], node_id)
            for index, event in enumerate(node.events):
                heard = ended = False
                for life in every:
                    for place, (what, step, _) in enumerate(life):
                        if (what, step) == ("event", event) and standing(life[:place]) == node_id:
                            heard |= life[place + 1 : place + 2] == (("came", event, ""),)
                            ended |= life[place + 1 : place + 2] == (("end", "goal", ""),)
                if subject.place(node_id, "wait_for", index) in deaf:
                    assert not heard, (files["made-up.yaml"], node_id)
                    assert ended or node_id not in dated
                    seen["TP111"] += ended
                elif node_id in dated and ended:
                    raise AssertionError((files["made-up.yaml"], node_id, event))
                seen["hears"] += heard
        seen["TP112"] += len(over)

    all_of_them()

    assert all(seen[what] >= 3 for what in ("TP111", "TP112", "hears")), seen


def standing(life: Life) -> str:
    """What somebody stands at: the last touch or wait that was dated."""
    return next((step for what, step, _ in reversed(life) if what == "planned"), "")


def test_nothing_ends_a_playbook_of_which_lint_says_so_and_an_event_ends_every_other_one_at_each_step() -> None:
    """TP201, both ways: once the last contact is due it comes, whatever comes before it."""
    seen: Counter[str] = Counter()

    @few
    @given(waits())
    def all_of_them(files: dict[str, str]) -> None:
        subject = subject_of(files)
        found = said(subject, without_end)
        every = lives(subject)
        contacts = {node.id for node in subject.touches}
        for life in every:
            for place, (what, _, _) in enumerate(life):
                if what == "event" and standing(life[:place]) in contacts:
                    ends = any(w == "end" for w, _, _ in life[place + 1 : place + 2])
                    assert not (found and ends), (files["made-up.yaml"], life)
                    seen["ends"] += ends
        made = any(what == "made" for life in every for what, _, _ in life)
        stopped = any(
            what == "event" and standing(life[:place]) in contacts and life[place + 1 : place + 2] == (("end", "goal", ""),)
            for life in every
            for place, (what, _, _) in enumerate(life)
        )
        assert bool(found) == (made and not stopped), files["made-up.yaml"]
        assert all(any(along(f, life) for life in every) for f in found)
        seen["TP201"] += len(found)

    all_of_them()

    assert min(seen["ends"], seen["TP201"]) >= 3, seen


def test_after_an_event_of_which_lint_says_that_only_its_wait_hears_it_a_contact_is_made_and_after_no_other_that_ends_it() -> (
    None
):
    """TP204, both ways: an event that ends the playbook in a wait ends it at each step, or lint names a contact that comes after it."""
    seen: Counter[str] = Counter()

    @few
    @given(waits())
    def all_of_them(files: dict[str, str]) -> None:
        subject = subject_of(files)
        told = {(f.file, f.line, f.column): f.message for f in said(subject, heard_only_while_waiting)}
        after = {
            (event, step)
            for life in lives(subject)
            for place, (what, event, _) in enumerate(life)
            if what == "event"
            for made, step, _ in life[place:]
            if made == "made"
        }
        for node_id, node in subject.program.nodes.items():
            if not isinstance(node, WaitNode) or node_id not in subject.paths.nodes:
                continue
            end = subject.program.nodes[node.then]
            ends = isinstance(end, EndNode) and end.reason != "exhausted"
            for index, event in enumerate(node.events):
                through = any(event == one for one, _ in after)
                expected = ends and through and event not in subject.program.starts_on
                message = told.get(subject.place(node_id, "wait_for", index), "")
                assert bool(message) == expected, (files["made-up.yaml"], node_id, event)
                assert not message or (event, message.split("'")[3]) in after, (files["made-up.yaml"], message)
                seen["silent"] += not expected
                seen["TP204"] += expected

    all_of_them()

    assert min(seen["silent"], seen["TP204"]) >= 3, seen


@st.composite
def dated(draw: st.DrawFn) -> dict[str, str]:
    """A contact timed by the event, or by a delay, of a playbook with one or two start events."""
    timing = draw(st.sampled_from([{"when": "1 day before event.starts_at"}, {"after": "1 day"}]))
    files = started(draw, made_up(RULES, [{"touchpoint": "t0", "email": "thanks", **timing}]), ["quote.accepted"])
    again = draw(st.sampled_from(["never", "after end", "restart"]))
    files["made-up.yaml"] = files["made-up.yaml"].replace("gives_up", f"re_entry: {again}\ngives_up")
    if draw(st.booleans()):
        files["made-up.yaml"] = files["made-up.yaml"].replace(
            'quote.accepted: "goal"', "quote.accepted: goal, customer.opted_out: exit"
        )
    return files


def test_a_second_start_event_is_ignored_exactly_where_lint_says_so_and_an_opt_out_ends_no_quote() -> None:
    """TP202, both ways: the contact keeps the moment of the first event. TP203, both ways: an event of the customer ends nothing here."""
    seen: Counter[str] = Counter()

    @few
    @given(dated())
    def all_of_them(files: dict[str, str]) -> None:
        subject = subject_of(files)
        told = at(said(subject, stale_start), "TP202")
        program, second = subject.program, subject.playbook.start_types[-1]
        one = Lives([program], subject.house, {"amount": 1.0, "starts_at": "2026-03-02T15:00:00+00:00", "day": "2026-03-02"})
        book = Book(one.house, one.current, one.names, {one.customer.id: one.customer})
        take(one.event("quote.sent", START, one.data), book, one.new_id)
        first = book.open[SUBJECT][0].touch
        ended = take(one.event("customer.opted_out", START, {"channel": "all"}, "customer/C-1"), book, one.new_id)
        stops = "customer.opted_out" in program.stops_on
        assert not any(isinstance(change, End) for change in ended)
        assert bool(said(subject, of_another_subject)) == stops
        seen["TP203"] += stops
        if len(program.starts_on) > 1:
            take(one.event(second, START, {**one.data, "starts_at": "2026-04-02T15:00:00+00:00"}), book, one.new_id)
            then = book.open[SUBJECT][0].touch
            assert first is not None
            assert then is not None
            by_event = any(isinstance(n, TouchNode) and n.timing.when for n in program.nodes.values())
            assert bool(told) == (by_event and then.due_at == first.due_at), files["made-up.yaml"]
        else:
            assert not told
        seen["TP202"] += bool(told)
        seen["silent"] += not told

    all_of_them()

    assert all(seen[what] >= 3 for what in ("TP202", "TP203", "silent")), seen


@st.composite
def questions(draw: st.DrawFn) -> dict[str, str]:
    """A call that asks, before or after a condition on the answer, or within an outcome, with conditions on the event between."""
    ask: dict[str, Any] = {"touchpoint": "t1", "call": "check-in", "queue": "sales"}
    look = draw(
        st.sampled_from(
            [
                {"if": "answers.mood != null && answers.mood == 'happy'", "then": [{"touchpoint": "t2", "email": "thanks"}]},
                {"touchpoint": "t2", "email": "thanks", "only_if": "answers.mood != null && answers.mood == 'happy'"},
            ]
        )
    )
    between = {"if": draw(st.sampled_from(CONDITIONS)), "then": [look]}
    within = {**ask, "outcomes": {draw(st.sampled_from(["declined", "voicemail_left"])): [look, "exit"]}}
    apart = {"if": "event.amount >= 500", "then": [ask], "otherwise": [look]}
    orders: list[list[Any]] = [
        [ask, look],
        [look, ask],
        [{"touchpoint": "t0", "email": "thanks"}, look, ask],
        [between, ask],
        [ask, between],
        [within],
        [apart],
        [look],
    ]
    steps = draw(st.sampled_from(orders))
    return made_up(RULES, [*steps, {"touchpoint": "t3", "email": "thanks"}])


def test_an_answer_that_lint_says_nobody_asked_for_is_never_known_there_and_every_other_one_may_be() -> None:
    """TP211, both ways: the call that asks was planned before, on some way, where lint is silent."""
    seen: Counter[str] = Counter()

    @few
    @given(questions())
    def all_of_them(files: dict[str, str]) -> None:
        subject = subject_of(files)
        found = said(subject, asked_later)
        every = [life for amount in AMOUNTS for life in asking(subject, amount)]
        asked = {
            any(what == "made" and step == "t1" for what, step, _ in life[:place])
            for life in every
            for place, (what, step, _) in enumerate(life)
            if (what in ("planned", "passed over") and step == "t2" and "only_if" in files["made-up.yaml"])
            or (what == "branch" and step in at_answers(subject))
        }
        assert asked, files["made-up.yaml"]
        assert bool(found) == (asked == {False}), (files["made-up.yaml"], asked)
        assert all(any(along(f, life) for life in every) for f in found)
        seen["TP211"] += len(found)
        seen["silent"] += not found

    all_of_them()

    assert min(seen["TP211"], seen["silent"]) >= 3, seen


def at_answers(subject: Subject) -> set[str]:
    """The branches that look at an answer."""
    nodes = subject.program.nodes.values()
    return {node.id for node in nodes if isinstance(node, BranchNode) and "answers." in node.check.source}


def asking(subject: Subject, amount: float) -> list[Life]:
    """Every life, in which each call is finished in each way."""

    def endings(node: TouchNode) -> list[str]:
        return can_end(node, None) if node.channel == "call" else ["sent"]

    return list(Lives([subject.program], subject.house, {"amount": amount}, endings=endings, answers={"mood": "happy"}).all())
