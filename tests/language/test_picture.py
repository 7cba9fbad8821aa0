"""The picture of a playbook says everything that the playbook says, and draws so that everybody can read it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator import authoring, drawing, placing
from orchestrator.drawing import draw, mermaid, wide
from orchestrator.language.delays import Delay
from orchestrator.language.picture import START, Picture, leads, outcome_words, picture, timing_words
from orchestrator.language.program import (
    AGAIN,
    BranchNode,
    EndNode,
    Node,
    NodeId,
    Program,
    SplitNode,
    Timing,
    TouchNode,
    WaitNode,
    ways_on,
)

ROOT = Path(__file__).resolve().parents[2]
DESIGN, _ = authoring.load(ROOT / "playbooks")
STARTERS = sorted(DESIGN.playbooks)
SVG = "{http://www.w3.org/2000/svg}"
ENDS: Mapping[NodeId, Node] = {
    "goal": EndNode("goal", "goal"),
    "exit": EndNode("exit", "exit"),
    "done": EndNode("done", "exhausted"),
}
CODES = ("voicemail_left", "declined", "completed", "completed_concern", "not_reached", "call_back", "final", "failed")


class Always:
    """A condition with the longest words that an author may write."""

    source = "event.amount >= 500 && " * 20 + "<b>“true”</b>"

    def holds(self, facts: Mapping[str, object]) -> bool | None:
        return True


@st.composite
def programs(draw_: st.DrawFn) -> Program:
    """Any program that could be compiled, and wilder ones: each step leads to later steps, to ends, or back to itself."""
    size = draw_(st.integers(1, 14))
    names = [f"step-{n}" for n in range(size)]
    nodes: dict[NodeId, Node] = dict(ENDS)

    def later(n: int, *, words: bool = False) -> NodeId:
        again = [f"{AGAIN}{names[n]}"] if words else []
        return draw_(st.sampled_from([*names[n + 1 : n + 4], *names[n + 1 : n + 2], *ENDS, *again]))

    for n, name in enumerate(names):
        kind = draw_(st.sampled_from(["call", "call", "email", "wait", "wait_for", "branch", "split"]))
        if kind in ("call", "email"):
            codes = draw_(st.lists(st.sampled_from(CODES), unique=True, max_size=5))
            title = draw_(
                st.sampled_from(["Thanks", "What do you think of the quote? " * 6, "𐍈漢字🙂" * 30, "<script>alert(1)</script>"])
            )
            nodes[name] = TouchNode(
                name, name, title, kind, "words", Timing(Delay.parse("2 business days")), "quote", "ops", "service", "office", later(n),
                queue="sales" if kind == "call" else None, outcomes={code: later(n, words=True) for code in codes},
            )  # fmt: skip
        elif kind == "wait":
            to = later(n)
            nodes[name] = WaitNode(name, Timing(Delay.parse("3 days")), (), to, to)
        elif kind == "wait_for":
            nodes[name] = WaitNode(name, Timing(Delay.parse("3 days")), ("quote.viewed", "quote.changed"), later(n), later(n))
        elif kind == "branch":
            nodes[name] = BranchNode(name, Always(), later(n), later(n))
        else:
            nodes[name] = SplitNode(name, "ab", tuple((f"way{i}", 25, later(n)) for i in range(4)))
    return Program(
        "p", "Any playbook", "quote", "ops", "service", frozenset({"quote.sent"}), Always(), {"quote.accepted": "goal"}, "never",
        Delay.parse("3 weeks"), names[0], nodes, frozenset(),
    )  # fmt: skip


@given(programs())
@settings(max_examples=50, deadline=None)
def test_nothing_overlaps_and_nothing_is_missing(program: Program) -> None:
    shown = picture(program)

    svg = ElementTree.fromstring(draw(shown, lambda spot: f"/s?at={spot.number}", dict.fromkeys(program.nodes, 1_234_567)))

    no_card_overlaps(svg)
    no_line_runs_through_a_card(svg)
    no_lines_cross(svg)
    every_way_is_drawn(shown, svg)
    words_stay_on_their_card(svg)


@given(programs())
@settings(max_examples=60, deadline=None)
def test_the_picture_says_what_the_program_says(program: Program) -> None:
    reached, open_ = set(), [program.first]
    while open_:
        node = open_.pop().removeprefix(AGAIN)
        if node not in reached:
            reached.add(node)
            open_ += ways_on(program.nodes[node])

    shown = picture(program)

    steps = [s for s in shown.spots if s.id != START]
    assert {s.id for s in steps} == {n for n in reached if not isinstance(program.nodes[n], EndNode)}
    assert {(a, to) for a, _, to in shown.edges if a != START} == {
        (s.id, to) for s in steps for to in ways_on(program.nodes[s.id])
    }
    at = {s.id: s.number for s in shown.spots}
    assert all(at[a] < at[to] for a, _, to in shown.edges if to in at), "each step comes after all that lead to it"


@pytest.mark.parametrize("name", STARTERS)
def test_starters_draw_without_references_to_other_places(name: str) -> None:
    """In what people really write every way has a line of its own, goes on below, or ends."""
    shown = picture(DESIGN.playbooks[name].program, DESIGN.house_rules.dispositions)

    svg = ElementTree.fromstring(draw(shown))

    no_card_overlaps(svg)
    no_line_runs_through_a_card(svg)
    no_lines_cross(svg)
    every_way_is_drawn(shown, svg)
    assert not [g for g in svg.iter(f"{SVG}g") if g.get("class") == "way jump"]


def test_a_way_that_has_no_free_path_names_the_step_it_leads_to() -> None:
    """Nobody writes it so, but if they did: from "b" to "j" the step "k" stands in the way."""

    def call(name: str, then: NodeId, **outcomes: NodeId) -> TouchNode:
        return TouchNode(
            name, name, name, "call", "w", Timing(), "quote", "ops", "service", "office", then, queue="sales", outcomes=outcomes
        )

    steps = [
        call("a", "j", declined="b"),
        call("b", "j", declined="c", failed="k"),
        call("c", "k"),
        call("k", "j"),
        call("j", "exit"),
    ]
    program = Program(
        "p", "P", "quote", "ops", "service", frozenset({"quote.sent"}), None, {}, "never", Delay.parse("3 weeks"), "a",
        {**ENDS, **{step.id: step for step in steps}}, frozenset(),
    )  # fmt: skip

    svg = ElementTree.fromstring(draw(picture(program)))

    no_line_runs_through_a_card(svg)
    no_lines_cross(svg)
    jumps = [(g.get("data-from"), g.get("data-to")) for g in svg.iter(f"{SVG}g") if g.get("class") == "way jump"]
    assert jumps == [("b", "j")]


def test_the_graph_carries_no_style_and_no_script() -> None:
    """The pages' policy forbids both."""
    said = draw(picture(DESIGN.playbooks["quote-follow-up"].program), lambda spot: f"/s?at={spot.id}")

    assert not re.search(r"\sstyle=|<style|<script|\son\w+=", said)


def test_labels_are_the_team_s_own() -> None:
    shown = picture(DESIGN.playbooks["quote-follow-up"].program, DESIGN.house_rules.dispositions)

    labels = {label for _, label, _ in shown.edges}

    assert "They said no" in labels
    assert "Declined" not in labels


def test_words_of_time() -> None:
    program = DESIGN.playbooks["invoice-reminders"].program
    reminder = program.nodes["invoice-due-soon"]
    assert isinstance(reminder, TouchNode)

    assert timing_words(reminder.timing) == "3 days before “due on”, at 10:00, their clock"
    assert timing_words(Timing()) == "at once"
    assert outcome_words("not_reached", {}) == "Not reached, tries used up"
    assert leads(picture(program), "invoice-call", f"{AGAIN}invoice-call") == "again"


def test_mermaid_names_every_step_and_escapes_what_would_break_it() -> None:
    program = DESIGN.playbooks["quote-follow-up"].program

    said = mermaid(picture(program))

    assert said.startswith("flowchart TD\n")
    assert said.count("A lead calls about the concern") == 2
    assert "s3 -.->" in said
    assert all(line.count('"') % 2 == 0 for line in said.splitlines())
    assert "amount >= 500" not in said


def test_a_long_playbook_is_drawn() -> None:
    """A thousand steps one after the other: deeper than Python's stack."""
    names = [f"s{n}" for n in range(1_000)]
    nodes: dict[NodeId, Node] = {
        name: WaitNode(name, Timing(Delay.parse("1 day")), (), to, to)
        for name, to in zip(names, [*names[1:], "exit"], strict=True)
    }
    program = Program(
        "p", "Long", "quote", "ops", "service", frozenset({"quote.sent"}), None, {}, "never", Delay.parse("3 weeks"), "s0",
        {**ENDS, **nodes}, frozenset(),
    )  # fmt: skip

    svg = ElementTree.fromstring(draw(picture(program)))

    assert len(cards(svg)) == 1_001


# -- what a reader sees ---------------------------------------------------------------------------------------------------


def cards(svg: ElementTree.Element) -> dict[str, tuple[int, int, int, int]]:
    """Step -> left, top, right, bottom of its card."""
    found = {}
    for step in svg:
        if (id_ := step.get("data-step")) is not None:
            x, y = map(int, re.findall(r"-?\d+", step.get("transform", "")))
            rect = next(r for r in step.iter(f"{SVG}rect") if r.get("class") == "card")
            found[id_] = (x, y, x + int(rect.get("width", 0)), y + int(rect.get("height", 0)))
    return found


def no_card_overlaps(svg: ElementTree.Element) -> None:
    boxes = sorted(cards(svg).values())
    left, top, width, height = map(int, svg.get("viewBox", "").split())
    for at, (x1, y1, x2, y2) in enumerate(boxes):
        assert (left <= x1, top <= y1, x2 <= left + width, y2 <= top + height) == (True,) * 4, "inside the picture"
        for a1, b1, a2, b2 in boxes[at + 1 :]:
            assert a1 >= x2 or a2 <= x1 or b1 >= y2 or b2 <= y1


def no_line_runs_through_a_card(svg: ElementTree.Element) -> None:
    boxes = cards(svg)
    for line in svg.iter(f"{SVG}path"):
        if line.get("class") == "line":
            for (x1, y1), (x2, y2) in pieces(line.get("d", "")):
                for left, top, right, bottom in boxes.values():
                    inside = max(x1, x2) > left and min(x1, x2) < right and max(y1, y2) > top and min(y1, y2) < bottom
                    assert not inside, line.get("d")


def no_lines_cross(svg: ElementTree.Element) -> None:
    """Lines to the same step may run together; others never touch."""
    lines = [(e.get("data-to"), pieces(e.get("d", ""))) for e in svg.iter(f"{SVG}path") if e.get("class") == "line"]
    for at, (to, one) in enumerate(lines):
        for other_to, other in lines[at + 1 :]:
            for (x1, y1), (x2, y2) in one:
                for (a1, b1), (a2, b2) in other:
                    apart = (
                        max(x1, x2) < min(a1, a2)
                        or max(a1, a2) < min(x1, x2)
                        or max(y1, y2) < min(b1, b2)
                        or max(b1, b2) < min(y1, y2)
                    )
                    assert apart or to == other_to


def pieces(path: str) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """The straight pieces of a line, its rounded corners as diagonals."""
    at, found = (0.0, 0.0), []
    for letter, rest in re.findall(r"([MHVq])([^MHVq]*)", path):
        n = [float(v) for v in rest.split()]
        match letter:
            case "M":
                to = (n[0], n[1])
            case "H":
                to = (n[0], at[1])
            case "V":
                to = (at[0], n[0])
            case _:
                to = (at[0] + n[2], at[1] + n[3])
        if letter != "M":
            found.append((at, to))
        at = to
    return found


def every_way_is_drawn(shown: Picture, svg: ElementTree.Element) -> None:
    drawn = {(e.get("data-from"), e.get("data-to")) for e in svg.iter() if e.get("data-to")}
    assert drawn == {(a, to) for a, _, to in shown.edges}
    lines = {(e.get("data-from"), e.get("data-to")) for e in svg.iter(f"{SVG}path") if e.get("class") == "line"}
    sides = {(g.get("data-from"), g.get("data-to")) for g in svg.iter(f"{SVG}g") if g.get("class") in ("way side", "way below")}
    assert sides <= lines, "what is not said in words has a line"
    said = " ".join(g.get("data-label", "") for g in svg.iter(f"{SVG}g"))
    assert all(label in said for _, label, _ in shown.edges)


def words_stay_on_their_card(svg: ElementTree.Element) -> None:
    """By the same careful estimate by which they were broken into lines; rows stand below one another."""
    for step in (s for s in svg if s.get("data-step")):
        rows = []
        for text in step.iter(f"{SVG}text"):
            size = {"title": drawing.TITLE}.get(text.get("class", ""), drawing.SMALL)
            assert wide(text.text or "", size) <= placing.WIDTH - drawing.PAD
            if text.get("class") in ("title", "said", "label"):
                rows.append(float(text.get("y", 0)))
        assert all(b - a >= 15 for a, b in pairwise(rows)), "lines do not touch"
