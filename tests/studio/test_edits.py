"""A form changes the lines that it is about and nothing else: every comment stays, and the file means exactly what was asked."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.language.playbook import Playbook
from orchestrator.language.source import parse, read_yaml
from orchestrator.studio.draft import RULES
from orchestrator.studio.edits import put, put_mapping, swap
from orchestrator.studio.steps import ORDER, Filled, Step, changed, moved, read_timing, step_at, steps_of
from orchestrator.studio.tree import EditError, read_tree

PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"
STARTERS = sorted(path for path in PLAYBOOKS.glob("*.yaml") if path.stem not in RULES)
TEXT = """\
# What it is for.
playbook: follow-up
title: 'Follow up'   # what people see
starts_on: quote.sent
steps:
  # The first one.
  - touchpoint: thanks   # by e-mail
    email: thanks
    title: Thank you
    after: 10 minutes    # not at once

    # Only in the morning.
    at: "09:00"
  # The second one.
  # It calls.
  - touchpoint: call
    call: check-in
    queue: sales # who calls
    attempts: {most: 3, apart: 1 business day, vary: time of day} # three tries
    outcomes:
      voicemail_left:
        - {touchpoint: sorry, text: sorry, after: 5 minutes} # at once
        - again

  - wait: 3 days
    # a thought about waiting
"""


def lines_changed(before: str, after: str) -> tuple[list[str], list[str]]:
    """The lines that are gone, and the new ones."""
    a, b = before.splitlines(), after.splitlines()
    while a and b and a[0] == b[0]:
        a, b = a[1:], b[1:]
    while a and b and a[-1] == b[-1]:
        a, b = a[:-1], b[:-1]
    return a, b


def test_a_delay_is_changed_where_it_stands() -> None:
    after = put(TEXT, ("steps", 0), "after", "2 days", ORDER)

    assert lines_changed(TEXT, after) == (["    after: 10 minutes    # not at once"], ["    after: 2 days    # not at once"])


def test_what_is_taken_away_leaves_its_comment() -> None:
    after = put(TEXT, ("steps", 0), "after", None, ORDER)

    assert lines_changed(TEXT, after) == (["    after: 10 minutes    # not at once"], ["    # not at once"])


def test_what_is_new_stands_where_it_usually_does() -> None:
    after = put(TEXT, ("steps", 1), "after", "2 days", ORDER)

    gone, new = lines_changed(TEXT, after)
    assert (gone, new) == ([], ["    after: 2 days"])
    assert after.index("queue: sales") < after.index("after: 2 days") < after.index("attempts:")


def test_quotes_stay_the_ones_that_were_there() -> None:
    assert "title: 'It''s fine'   # what people see" in put(TEXT, (), "title", "It's fine")
    assert '    at: "10:30"' in put(TEXT, ("steps", 0), "at", "10:30")


@pytest.mark.parametrize(
    "title",
    ["Yes", "yes: no", "#1", "- a", "10", "true", "{x}", "a # b", "*", "&a", 'say "hi"', "it's", "null", "~", "%", "@x", "ü ✓"],
)
def test_whatever_a_title_is_it_stays_that_text(title: str) -> None:
    after = put(TEXT, ("steps", 0), "title", title, ORDER)

    assert read_yaml(after, "").data["steps"][0]["title"] == title


def test_values_in_braces_are_changed_one_by_one() -> None:
    after = put_mapping(TEXT, ("steps", 1), "attempts", {"most": 5, "apart": "2 days"}, ORDER)

    assert "    attempts: {most: 5, apart: 2 days, vary: time of day} # three tries\n" in after


def test_a_step_in_braces_is_changed_in_its_line() -> None:
    at = ("steps", 1, "outcomes", "voicemail_left", 0)

    assert "- {touchpoint: sorry, text: sorry} # at once" in put(TEXT, at, "after", None, ORDER)
    assert '- {touchpoint: sorry, title: "a, b", text: sorry, after: 5 minutes} # at once' in put(
        TEXT, at, "title", "a, b", ORDER
    )


def test_two_steps_change_places_with_the_comments_above_them() -> None:
    after = swap(TEXT, ("steps",), 0)

    assert (
        after.index("# The second one.")
        < after.index("- touchpoint: call")
        < after.index("# The first one.")
        < after.index("- touchpoint: thanks")
    )
    assert swap(after, ("steps",), 0) == TEXT, "and back: not a byte differs"


def test_the_last_step_without_a_line_break_at_its_end_can_move() -> None:
    text = TEXT.removesuffix("\n")

    after = swap(text, ("steps",), 1)

    assert [next(iter(step)) for step in read_yaml(after, "").data["steps"]] == ["touchpoint", "wait", "touchpoint"]
    assert "    # a thought about waiting" in after


def test_windows_line_breaks_stay() -> None:
    text = TEXT.replace("\n", "\r\n")

    for after in (
        put(text, ("steps", 1), "after", "2 days", ORDER),
        put(text, ("steps", 0), "after", None, ORDER),
        swap(text, ("steps",), 0),
    ):
        assert after.count("\n") == after.count("\r\n")


def test_the_first_key_of_a_step_can_go_and_the_dash_stays() -> None:
    text = "steps:\n  - title: Hello # why\n    # more\n    wait: 3 days\n  - after: 1 day\n    wait: 2 days\n"

    assert (
        put(text, ("steps", 0), "title", None)
        == "steps:\n  - # why\n    # more\n    wait: 3 days\n  - after: 1 day\n    wait: 2 days\n"
    )
    assert put(text, ("steps", 1), "after", None).endswith("  - wait: 2 days\n")


def test_what_would_lose_a_comment_is_refused() -> None:
    text = "steps:\n  - touchpoint: a\n    attempts:\n      # why three\n      most: 3\n      apart: 1 day\n"

    with pytest.raises(EditError, match="change it in the text"):
        put(text, ("steps", 0), "attempts", None)


def test_an_edit_never_says_something_else_than_it_was_asked() -> None:
    with pytest.raises(EditError, match="invisible"):
        put(TEXT, ("steps", 0), "title", "a\x07b")


def test_a_value_that_is_there_already_changes_nothing() -> None:
    assert put(TEXT, ("steps", 0), "after", "10 minutes") is TEXT


# -- any edit of any starter playbook, with comments wherever one may stand -------------------------------------------------


def commented(seed: int) -> str:
    """A starter playbook with comments and empty lines sprinkled between its lines and behind them."""
    dice = random.Random(seed)
    out: list[str] = []
    for number, line in enumerate(dice.choice(STARTERS).read_text().splitlines()):
        depth = len(line) - len(line.lstrip())
        if line.strip() and dice.random() < 0.12:
            out.append(" " * dice.choice((depth, 0, depth + 2)) + f"# thought {number}")
        if line.strip() and dice.random() < 0.06:
            out.append("")
        out.append(line if "#" in line or not line.strip() or dice.random() < 0.9 else f"{line}  # beside {number}")
    text = "\n".join(out) + dice.choice(("\n", "", "\n\n", "\n# the end\n"))
    return text.replace("\n", "\r\n") if dice.random() < 0.3 else text


delays = st.builds("{} {}".format, st.integers(2, 300), st.sampled_from(("minutes", "hours", "days", "business days", "weeks")))
titles = (
    st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=40)
    .map(str.strip)
    .filter(bool)
)


def comments(text: str) -> list[str]:
    return read_tree(text).comments()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.data())
def test_any_change_of_a_step_keeps_every_comment_and_all_other_lines(seed: int, data: st.DataObject) -> None:
    text = commented(seed)
    step = data.draw(st.sampled_from([s for s in steps_of(text) if s.kind == "touchpoint"]))
    values: dict[str, str | None] = {"after": data.draw(st.none() | delays), "title": data.draw(st.none() | titles)}
    if "when" in step.said:
        del values["after"]
    key, value = data.draw(st.sampled_from(sorted(values.items(), key=lambda pair: pair[0])))

    after = put(text, step.loc, key, value, ORDER)

    wanted = {k: v for k, v in step.said.items() if k != key} | ({key: value} if value is not None else {})
    assert step_at(after, step.key).said == wanted
    assert [s.said for s in steps_of(after) if s.loc[: len(step.loc)] != step.loc and step.loc[: len(s.loc)] != s.loc] == [
        s.said for s in steps_of(text) if s.loc[: len(step.loc)] != step.loc and step.loc[: len(s.loc)] != s.loc
    ]
    assert comments(after) == comments(text)
    gone, new = lines_changed(text, after)
    assert max(len(gone), len(new)) <= 1
    assert after.count("\r\n") in (0, after.count("\n"))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.data())
def test_any_move_keeps_every_comment_and_means_only_the_new_order(seed: int, data: st.DataObject) -> None:
    text = commented(seed)
    step = data.draw(st.sampled_from([s for s in steps_of(text) if s.down]))
    expected = read_yaml(text, "").data
    listed = expected
    for part in step.loc[:-1]:
        listed = listed[part]  # type: ignore[call-overload,index]  # it was found there
    index = step.loc[-1]
    assert isinstance(index, int)
    listed[index : index + 2] = [listed[index + 1], listed[index]]

    after = moved(text, step, up=False)

    assert read_yaml(after, "").data == expected
    assert sorted(comments(after)) == sorted(comments(text))
    assert sorted(line.rstrip("\r") for line in after.split("\n")) == sorted(line.rstrip("\r") for line in text.split("\n"))


# -- what forms mean ---------------------------------------------------------------------------------------------------------


def filled(
    step: Step, how: str = "after", count: str = "", unit: str = "days", field: str = "", at: str = "", **more: object
) -> Filled:
    return Filled(read_timing(how, count, unit, field, at), **more)  # type: ignore[arg-type]


def test_a_form_turns_a_delay_into_a_date_of_the_event_and_back() -> None:
    step = step_at(TEXT, "steps.0")

    dated = changed(TEXT, step, filled(step, "before event", "1", "days", "starts_at", "09:00"))
    back = changed(dated, step_at(dated, "steps.0"), filled(step, "after", "10", "minutes", at="09:00"))

    assert "    when: 1 day before event.starts_at\n" in dated
    assert "after:" not in dated.split("# The second one.")[0].split("steps:")[1]
    assert read_yaml(back, "").data == read_yaml(TEXT, "").data


def test_a_form_changes_tries_queue_and_window_at_once() -> None:
    step = step_at(TEXT, "steps.1")

    after = changed(TEXT, step, filled(step, "after", "1", "business days", title="Call", contact_window="office", queue="leads",
                                       attempts=(2, read_timing("after", "4", "hours", "", ""))))  # fmt: skip

    said = step_at(after, "steps.1").said
    assert (said["after"], said["title"], said["contact_window"], said["queue"]) == ("1 business day", "Call", "office", "leads")
    assert said["attempts"] == {"most": 2, "apart": "4 hours", "vary": "time of day"}
    assert comments(after) == comments(TEXT)


def test_a_form_that_changes_nothing_leaves_every_byte() -> None:
    for path in STARTERS:
        text = path.read_text()
        for step in steps_of(text):
            if step.changeable:
                said = step.said
                window = str(said.get("contact_window", "")) if step.kind == "touchpoint" else None
                title = str(said.get("title", "")) if step.kind == "touchpoint" else None
                queue = str(said["queue"]) if step.channel == "call" else None
                assert (
                    changed(text, step, Filled(step.timing, title, window, queue, step.attempts if step.is_call else None))
                    == text
                )


def test_what_a_form_made_is_a_playbook_still() -> None:
    for path in STARTERS[:2]:
        text = path.read_text()
        for step in steps_of(text):
            if step.kind == "touchpoint" and "when" not in step.said:
                after = changed(text, step, filled(step, "after", "3", "hours", title="Another: title"))
                parse(Playbook, read_yaml(after, path.name))


@pytest.mark.parametrize(("how", "count", "unit", "field", "at", "says"), [
    ("after", "", "days", "", "", "not a delay"), ("after", "-3", "days", "", "", "not a delay"), ("after", "9" * 7, "days", "", "", "not a delay"),
    ("after", "2000", "weeks", "", "", "longer than five years"), ("before event", "1", "days", "", "", "from which date"),
    ("at once", "", "days", "", "25:00", "not a time of day"), ("never", "", "days", "", "", "cannot be read"), ("after", "1", "moons", "", "", "cannot be read"),
])  # fmt: skip
def test_what_makes_no_sense_in_a_form_is_said(how: str, count: str, unit: str, field: str, at: str, says: str) -> None:
    with pytest.raises(Exception, match=says):
        read_timing(how, count, unit, field, at)
