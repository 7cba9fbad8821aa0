"""Playbooks beside each other are all looked at, at the moments at which they meet; what is not looked at is said."""

from __future__ import annotations

from orchestrator.lint.finding import Finding
from orchestrator.lint.lint import check
from tests.lint.designs import surroundings


def playbook(name: str, starts_on: str, after: str, only_if: str = "") -> dict[str, str]:
    condition = f"only_if: {only_if}\n" if only_if else ""
    text = f"""\
playbook: {name}
title: Beside others
stage: quote
owner: sales-ops
purpose: service
starts_on: {starts_on}
stops_on: {{quote.accepted: goal}}
gives_up_after: 60 days
{condition}steps:
  - {{touchpoint: {name}-text, text: sorry-we-missed-you, after: {after}}}
"""
    return {f"{name}.yaml": text}


def said(*playbooks: dict[str, str]) -> list[Finding]:
    files = dict(surroundings())
    for each in playbooks:
        files |= each
    return [finding for finding in check(files) if finding.code.startswith("TP6")]


def met(findings: list[Finding]) -> set[tuple[str, bool]]:
    return {(f.playbook, "of z can reach" in f.message) for f in findings if f.code == "TP601"}


def test_two_playbooks_that_meet_are_found_however_many_others_start_with_them() -> None:
    others = [playbook(f"b{index}", "quote.sent", f"{10 * index} days") for index in range(1, 5)]

    findings = said(playbook("a", "quote.sent", "3 days"), *others, playbook("z", "quote.sent", "3 days"))

    assert met(findings) == {("a", True)}


def test_two_events_are_tried_at_moments_at_which_their_contacts_meet() -> None:
    (finding,) = said(playbook("a", "quote.sent", "3 days"), playbook("z", "quote.withdrawn", "10 minutes"))

    assert (finding.code, finding.playbook) == ("TP601", "a")
    days = {part.split()[-2] for part in finding.path.split("; ")}
    assert len(days) == 1, "the last contacts of both are on one day"


def test_who_can_go_through_one_of_them_only_is_never_contacted_by_both() -> None:
    one = playbook("a", "quote.sent", "3 days", "event.amount > 500")
    other = playbook("z", "quote.sent", "3 days", "event.amount < 500")

    assert said(one, other) == []


def test_what_is_not_looked_at_is_said() -> None:
    many = [playbook(f"a{index}", "quote.sent", "3 days") for index in range(6)]

    findings = said(*many)

    assert sum(f.code == "TP601" and f.playbook == "a0" for f in findings) == 3
    (cut,) = [f for f in findings if f.code == "TP604" and f.playbook == "a0"]
    assert "beside 2 other playbooks" in cut.message
    assert {f.playbook for f in findings if f.code == "TP604"} == {"a0", "a1"}, "the others met no more than is said"
