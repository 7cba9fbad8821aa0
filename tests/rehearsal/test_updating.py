"""`--update` makes a file expect what came, and touches nothing else in it."""

from __future__ import annotations

import pytest

from orchestrator.rehearsal.everything import run_text
from orchestrator.rehearsal.folder import files_of
from orchestrator.rehearsal.stage import Stage
from orchestrator.rehearsal.updating import updated
from tests.rehearsal.conftest import STARTERS
from tests.rehearsal.stories import HEAD, SENT, THANKS, story

BLOCK = HEAD + """\
    # before when
    when:
      - {at: Tue 2026-03-10 10:00, event: quote.sent} # comes in
      - {touchpoint: quote-check-in, ends: declined}
    then: # what follows
      # the first one
      - at: Tue 2026-03-10 10:20   # ten minutes too late
        touchpoint: quote-thanks   # the e-mail
        is: sent
        says:
          - Your quote for the front deck # moved
          - Thank you
      # nobody expects this any more
      - {at: Wed 2026-03-11 10:00, touchpoint: quote-last-word, is: sent} # gone
      - {at: Thu 2026-03-12 09:00,   touchpoint: quote-check-in, is: deferred, until: Thu 10:00} # was put off
      # the end
"""  # fmt: skip
AFTER = HEAD + """\
    # before when
    when:
      - {at: Tue 2026-03-10 10:00, event: quote.sent} # comes in
      - {touchpoint: quote-check-in, ends: declined}
    then: # what follows
      # the first one
      - at: Tue 2026-03-10 10:10   # ten minutes too late
        touchpoint: quote-thanks   # the e-mail
        is: sent
        says:
          - "Your quote for the back deck" # moved
          - Thank you
      # nobody expects this any more
      - {at: Thu 2026-03-12 10:10,   touchpoint: quote-check-in, is: declined} # was put off
      - {at: Thu 2026-03-12 10:10, ends: stopped}
      # the end
"""  # fmt: skip


def again(stage: Stage, text: str) -> str:
    return updated(text, list(run_text(stage, "x", text)))


def agrees(stage: Stage, text: str) -> bool:
    return all(o.agrees for o in run_text(stage, "x", text))


def test_only_the_values_that_differ_change_and_every_comment_stays(stage: Stage) -> None:
    assert again(stage, BLOCK) == AFTER
    assert agrees(stage, AFTER)


@pytest.mark.parametrize("text", [AFTER, AFTER.replace("\n", "\r\n"), f"\ufeff{AFTER}"], ids=["plain", "crlf", "bom"])
def test_a_file_that_agrees_stays_as_it_is(stage: Stage, text: str) -> None:
    agrees_already = list(run_text(stage, "x", AFTER))

    assert updated(text, agrees_already) is text


@pytest.mark.parametrize("path", files_of(STARTERS), ids=lambda path: path.stem)
def test_a_file_that_expected_nothing_is_filled(stage: Stage, path: object) -> None:
    text = files_of(STARTERS)[path].text  # type: ignore[index]
    lines, kept, inside = text.splitlines(keepends=True), [], False
    for line in lines:
        if line.startswith("    then:"):
            kept.append("    then: nothing\n")
            inside = True
        elif not (inside and line.startswith("      ")):
            inside = False
            kept.append(line)
    empty = "".join(kept)

    filled = again(stage, empty)

    assert not agrees(stage, empty)
    assert agrees(stage, filled)
    assert [line for line in filled.splitlines() if not line.startswith("    then") and "      - {at" not in line] == [
        line for line in empty.splitlines() if not line.startswith("    then") and "      - {at" not in line
    ]


@pytest.mark.parametrize(
    "then",
    [
        [],
        [THANKS],
        ["{at: Thu 2026-03-12 10:10, ends: goal}"],
        [THANKS.replace("10:10", "10:11"), THANKS, "{at: Fri 2026-03-13 10:10, touchpoint: quote-check-in, is: skipped, because: consent}"],
        ["{at: Thu 2026-03-12 10:10, touchpoint: quote-check-in, is: declined}"],
    ],
)  # fmt: skip
@pytest.mark.parametrize("flow", [False, True])
def test_whatever_stood_there_the_file_agrees_afterwards(stage: Stage, then: list[str], flow: bool) -> None:
    text = story([SENT, "{touchpoint: quote-check-in, ends: declined}"], then)
    if flow or not then:
        head = text[: text.index("    then:")]
        text = f"{head}    then: [{', '.join(then)}]\n"

    assert agrees(stage, again(stage, text))


def test_what_came_to_nothing_becomes_the_word_nothing(stage: Stage) -> None:
    text = story(["{at: Tue 2026-03-10 10:00, event: quote.sent, fields: {amount: 1}}"], [THANKS, THANKS])

    assert again(stage, text).endswith("    then: nothing\n")
    assert agrees(stage, again(stage, text))


def test_a_comment_below_a_line_in_blocks_stays_below_it_and_outlives_it(stage: Stage) -> None:
    head = story([SENT, "{touchpoint: quote-check-in, ends: declined}"], []).removesuffix("    then:\n")
    block = (
        f"{head}    then:\n      - at: Tue 2026-03-10 10:10\n        touchpoint: quote-thanks\n        is: sent\n"
        "      # and then the call\n\n  # about the next story\n"
    )
    gone = block.replace("quote-thanks", "quote-last-word")

    filled, replaced = again(stage, block), again(stage, gone)

    assert "        is: sent\n      - {at: Thu 2026-03-12 10:10, touchpoint: quote-check-in, try: 1, is: declined}\n" in filled
    assert filled.endswith("      # and then the call\n\n  # about the next story\n")
    assert "quote-last-word" not in replaced
    assert replaced.endswith("      # and then the call\n\n  # about the next story\n")
    assert agrees(stage, filled)
    assert agrees(stage, replaced)
