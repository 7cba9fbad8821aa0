"""What lint says of two playbooks and the house's caps, held against everything that the real core can do with both."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from itertools import islice, product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.house import House
from orchestrator.core.model import Allow, Contact
from orchestrator.errors import PlaybookError
from orchestrator.language.design import load_design
from orchestrator.lint.beside import MOST_WORK, Beside, Example, JointProof, Part
from orchestrator.lint.bounds import Work
from orchestrator.lint.finding import Finding
from orchestrator.lint.lint import check
from orchestrator.lint.subject import Subject
from tests.length import LONG
from tests.lint.designs import surroundings
from tests.lint.exhaustive import most_of
from tests.lint.generated import LIFECYCLE, designs
from tests.lint.test_proofs import ZONES, anchors, events, usual, world

OTHER_KIND = "  visit.done: {stage: quote, fields: {amount: number, starts_at: time, day: date}}\n"
Made = tuple[str, str, datetime]  # touchpoint, channel, when


@st.composite
def two_playbooks(draw: st.DrawFn) -> tuple[Subject, Subject]:
    """Two playbooks under the same caps: one event starts both, or events about two subjects of one customer."""
    files = {**draw(designs()), "lifecycle.yaml": LIFECYCLE + OTHER_KIND}
    other = draw(designs())["made-up.yaml"]
    starts = draw(st.sampled_from(["quote.sent", "visit.done"]))
    for name, text in (
        ("one", files.pop("made-up.yaml")),
        ("two", other.replace("starts_on: quote.sent", f"starts_on: {starts}")),
    ):
        files[f"{name}.yaml"] = text.replace("playbook: made-up", f"playbook: {name}")
    design = load_design(files)
    one, two = (Subject(design, design.playbooks[name], House.of(design.house_rules)) for name in ("one", "two"))
    return one, two


def proofs_of(one: Subject, two: Subject) -> list[JointProof]:
    return Beside(Work(MOST_WORK)).proofs((one, two))


def test_two_playbooks_never_make_more_contacts_than_lint_says_and_pass_a_cap_in_each_of_its_examples() -> None:
    seen: Counter[str] = Counter()

    @settings(usual, max_examples=1_000 if LONG else 60)
    @given(st.data(), st.tuples(anchors, anchors), st.sampled_from(ZONES), events)
    def all_of_them(data: st.DataObject, begins: tuple[datetime, datetime], zone: str, event: dict[str, Any]) -> None:
        try:
            one, two = data.draw(two_playbooks())
        except PlaybookError:
            return  # e.g. a condition that no way can meet
        shared = bool(one.program.starts_on & two.program.starts_on)
        proofs = proofs_of(one, two)
        first, second = (
            world(subject, zone, at, event, "C-1")
            for subject, at in ((one, begins[0]), (two, begins[0] if shared else begins[1]))
        )
        second.started_by = min(two.program.starts_on)
        for mine, theirs in product(islice(first.traces(), 12), islice(second.traces(), 12)):
            for proof in proofs:
                if proof.bound is not None:
                    assert most_of(proof.cap, [*mine.made, *theirs.made], zone) <= proof.bound
        for proof in proofs:
            if proof.example is not None:
                is_real(proof, proof.example, shared=shared)
            seen["shown" if proof.example else "proved" if proof.proved else "not known"] += 1
            seen["shared, shown" if shared and proof.example else ""] += 1

    all_of_them()
    assert all(seen[what] >= 3 for what in ("shown", "proved", "shared, shown")), seen


def is_real(proof: JointProof, shown: Example, *, shared: bool) -> None:
    """Made once more by the real core from its events and endings alone, every policy asked: one too many, which is held back."""
    last = shown.counted[-1]
    made = [(m.touchpoint, m.channel, m.at) for part in shown.parts for m in part.made]
    for part in shown.parts:
        others = [Contact(m.channel, m.at) for other in shown.parts if other is not part for m in other.made if m is not last]
        assert replayed(part, shown, others) == [(m.touchpoint, m.channel, m.at) for m in part.made]
    assert most_of(proof.cap, made, shown.zone) == proof.cap.most + 1
    made.remove((last.touchpoint, last.channel, last.at))
    assert most_of(proof.cap, made, shown.zone) == proof.cap.most
    assert not isinstance(shown.verdict, Allow)
    assert len({part.person.ref for part in shown.parts}) == 1
    assert all(dict(part.person.customer) == dict(shown.parts[0].person.customer) for part in shown.parts)
    assert not shared or len({part.anchor for part in shown.parts}) == 1
    assert not shared or all(dict(part.person.event) == dict(shown.parts[0].person.event) for part in shown.parts)


def replayed(part: Part, shown: Example, others: list[Contact]) -> list[Made]:
    one = world(part.subject, shown.zone, part.anchor, {"amount": 0.0, "ahead": 0}, part.person.ref)
    one.started_by, one.event, one.answers = part.person.started_by, part.person.event, part.person.answers
    one.__post_init__()
    made = one.along(list(part.results), others, held=part is shown.parts[0])
    return made[: len(part.made)]


# -- as an author sees it ----------------------------------------------------------------------------------------------


def six_mails(name: str, first: str, starts_on: str = "quote.sent", stops_on: str = "quote.accepted") -> dict[str, str]:
    """Two e-mails every second day for five days: six in seven days, where the house allows ten, and three on one day."""
    steps = "".join(
        f"  - {{touchpoint: {name}-{index}, email: quote-thanks, after: {after}}}\n"
        for index, after in enumerate([first, "2 hours", "2 days", "2 hours", "2 days", "2 hours"])
    )
    return {
        f"{name}.yaml": f"""\
playbook: {name}
title: Beside others
stage: quote
owner: sales-ops
purpose: service
starts_on: {starts_on}
stops_on: {{{stops_on}: goal}}
gives_up_after: 60 days
steps:
{steps}"""
    }


def said(*playbooks: dict[str, str], allowed: int = 10) -> list[Finding]:
    files = dict(surroundings())
    files["house-rules.yaml"] = files["house-rules.yaml"].replace("{most: 10, per: week}", f"{{most: {allowed}, per: week}}")
    for each in playbooks:
        files |= each
    return [finding for finding in check(files) if finding.code.startswith("TP50")]


def test_two_playbooks_that_pass_the_weeks_cap_only_beside_each_other_are_found_with_both_ways() -> None:
    (finding,) = said(six_mails("even", "10 minutes"), six_mails("odd", "1 day"))

    assert (finding.code, finding.severity) == ("TP504", "warning")
    assert "11 contacts within seven days are possible and the house allows 10" in finding.message
    assert "is put off from" in finding.message
    assert "even: quote.sent " in finding.path
    assert "odd: quote.sent " in finding.path
    assert finding.path.count("(sent)") == 11


def test_nothing_is_said_when_the_cap_has_room_for_both() -> None:
    assert said(six_mails("even", "10 minutes"), six_mails("odd", "1 day"), allowed=12) == []


def test_playbooks_of_which_one_ends_when_the_other_begins_are_never_beside_each_other() -> None:
    assert said(six_mails("even", "10 minutes", stops_on="quote.withdrawn"), six_mails("odd", "1 day", "quote.withdrawn")) == []


def one_text(name: str, after: str) -> dict[str, str]:
    (text,) = six_mails(name, "10 minutes").values()
    return {
        f"{name}.yaml": f"{text.split('steps:')[0]}steps:\n  - {{touchpoint: {name}-text, text: sorry-we-missed-you, after: {after}}}\n"
    }


def test_three_playbooks_that_pass_a_cap_only_all_together_are_found() -> None:
    (finding,) = said(one_text("a", "1 hour"), one_text("b", "2 hours"), one_text("c", "3 hours"))

    assert finding.code == "TP504"
    assert "3 texts on one day are possible and the house allows 2" in finding.message
    assert finding.message.startswith("beside a and b ")
    assert finding.path.count("(sent)") == 3


def test_a_week_that_the_caps_day_by_day_never_let_fill_up_is_no_example() -> None:
    by_day = {"house-rules.yaml": surroundings()["house-rules.yaml"].replace("{most: 3, per: day}", "{most: 1, per: day}")}
    by_day["house-rules.yaml"] = by_day["house-rules.yaml"].replace("{most: 10, per: week}", "{most: 8, per: week}")
    by_day["house-rules.yaml"] = by_day["house-rules.yaml"].replace("skip_when_late: 2 business days", "skip_when_late: 4 hours")

    found = [f for f in check({**surroundings(), **by_day, **six_mails("even", "10 minutes"), **six_mails("odd", "1 day")})]

    assert {f.code for f in found if f.code.startswith("TP50")} == {"TP501"}, "one a day never makes nine in a week"


def test_a_crowd_of_playbooks_is_told_some_of_the_others_and_that_there_are_more() -> None:
    findings = said(*(six_mails(f"mails-{n}", f"{10 + n} minutes") for n in range(6)))

    assert sum(f.code == "TP504" for f in findings) < 15, "not each two of them"
    assert any(f.code == "TP503" and "2 other playbooks is not said here" in f.message for f in findings)
