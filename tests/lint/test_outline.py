"""What keeps a file from being loaded is shown with the way to it, too."""

from __future__ import annotations

from tests.lint.designs import found

HEAD = """\
playbook: nested
title: Nested
stage: quote
owner: sales-ops
purpose: service
starts_on: quote.sent
stops_on: {quote.accepted: goal}
gives_up_after: 30 days
steps:
  - touchpoint: thanks
    email: quote-thanks
"""


def ways(steps: str) -> list[tuple[str, str]]:
    return [(f.code, f.path) for f in found(HEAD + steps)]


def test_the_way_leads_through_branches_and_outcomes() -> None:
    steps = """\
  - if: event.amount >= 500
    then:
      - touchpoint: check-in
        call: quote-check-in
        queue: sales
        outcomes:
          declined:
            - touchpoint: sorry
              email: no-such-words
    otherwise:
      - wait: 3 days
"""
    expected = "quote.sent → thanks → if event.amount >= 500 → check-in: declined → sorry"
    assert ("TP012", expected) in ways(steps)


def test_what_comes_after_a_branch_is_not_behind_the_steps_inside_it() -> None:
    steps = """\
  - if: event.amount >= 500
    then:
      - touchpoint: large
        email: quote-thanks
  - touchpoint: last
    email: no-such-words
"""
    assert ways(steps) == [("TP012", "quote.sent → thanks → if event.amount >= 500 → last")]


def test_a_mistake_in_the_head_is_about_no_step() -> None:
    (finding,) = found(HEAD.replace("stage: quote", "stage: quoteable") + "  - wait: 1 day\n")

    assert (finding.code, finding.path) == ("TP005", "")
