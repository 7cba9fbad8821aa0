"""What a playbook file may say, and what is said about each mistake: line, column, words and hint."""

from __future__ import annotations

import pytest

from orchestrator.errors import PlaybookError, Problem
from orchestrator.language.playbook import Branch, Playbook, Split, Touchpoint, Wait, WaitFor
from orchestrator.language.source import parse, read_yaml
from tests.language.designs import place

GOOD = """\
playbook: follow-up
title: Follow up
stage: quote
owner: sales-ops
starts_on: quote.sent
only_if: event.amount >= 500
stops_on: {quote.accepted: goal, quote.declined: exit}
gives_up_after: 21 days
steps:
  - touchpoint: thanks
    email: quote-thanks
    after: 10 minutes
  - wait: 3 days
    at: 9:00
  - touchpoint: check-in
    call: quote-check-in
    queue: sales
    attempts: {most: 3, apart: 1 business day}
    outcomes:
      voicemail_left:
        - touchpoint: sorry
          text: sorry-we-missed
        - again
      declined: exit
  - wait_for: quote.viewed
    within: 3 days
    then: [goal]
  - if: event.amount > 800
    then: [exit]
  - split: half
    ways:
      one: {share: 50}
      two: {share: 50, steps: [exit]}
"""


def read(text: str) -> Playbook:
    return parse(Playbook, read_yaml(text, "follow-up.yaml"))


def refused(text: str) -> list[Problem]:
    with pytest.raises(PlaybookError) as error:
        read(text)
    return list(error.value.problems)


def test_each_kind_of_step_is_told_by_its_first_word() -> None:
    kinds = [type(step) for step in read(GOOD).steps]

    assert kinds == [Touchpoint, Wait, Touchpoint, WaitFor, Branch, Split]


def test_one_event_or_several_may_start_it() -> None:
    one, many = read(GOOD), read(GOOD.replace("starts_on: quote.sent", "starts_on: [quote.sent, quote.changed]"))

    assert (one.start_types, many.start_types) == (("quote.sent",), ("quote.sent", "quote.changed"))


@pytest.mark.parametrize(
    ("was", "becomes", "at", "problem", "hint"),
    [
        ("after: 10 minutes", "after: 10 mintes", "10 mintes", "'10 mintes' is not a delay", "4 hours"),
        ("after: 10 minutes", "after: 10", "10\n", "'10' is not a delay", "a unit"),
        ("after: 10 minutes", "after: 2000 weeks", "2000 weeks", "'2000 weeks' is longer than five years", "mistake in the number"),
        ("after: 10 minutes", "aftr: 10 minutes", "aftr", "'aftr' is not known here", "did you mean 'after'?"),
        ("after: 10 minutes", "when: starts_at", "starts_at", "'starts_at' is not a moment of the event", "event.FIELD"),
        ("after: 10 minutes", "after: 1 day\n    when: event.x", "when: event", "a step has 'after' or 'when', not both", "delete"),
        ("at: 9:00", "at: 25:00", "25:00", "'25:00' is not a time of day", "09:30"),
        ("at: 9:00", "at: 900", "900\n", "'900' is not a time of day", "09:30"),
        ("at: 9:00", "after: 1 day", "after: 1 day", "a wait says its length itself", "wait: 3 days"),
        ("wait: 3 days", "wait: event", "event\n", "'event' is not a moment of the event", "2 days before"),
        ("wait: 3 days", "wiat: 3 days", "wiat", "a step cannot start with 'wiat'", "did you mean 'wait'?"),
        ("- wait: 3 days\n    at: 9:00", "- sleep", "sleep", "'sleep' is not possible here", "continue"),
        ("- wait: 3 days\n    at: 9:00", "- 3", "3\n  - touchpoint: check", "this is no step", "touchpoint, wait"),
        ("- wait: 3 days\n    at: 9:00", "- {}", "{}", "this is no step", "touchpoint, wait"),
        ("email: quote-thanks", "emial: quote-thanks", "emial", "'emial' is not known here", "did you mean 'email'?"),
        ("email: quote-thanks", "email: Quote Thanks", "Quote Thanks", "'Quote Thanks' is not a name", "small letters"),
        ("email: quote-thanks", "email: quote-thanks\n    text: x", "text: x\n", "touchpoint 'thanks' needs exactly one of", "two steps"),
        ("email: quote-thanks", "email: quote-thanks\n    queue: x", "queue: x\n", "'queue' is for calls; 'thanks' is an email", "delete"),
        ("email: quote-thanks", "email: quote-thanks\n    priority: 10", "10\n", "'10' is too large", "at most 9"),
        ("email: quote-thanks", "email: quote-thanks\n    only_if: ''", "''", "'only_if' is empty", ""),
        ("    queue: sales\n", "", "call: quote", "call 'check-in' needs a queue", "house-rules.yaml"),
        ("queue: sales", "queue: sales\n    repeat: {most: 2, every: 1 day}", "repeat", "'repeat' is for messages", "attempts"),
        ("most: 3, ", "", "{apart", "'most' is missing", "how many tries"),
        ("most: 3, ", "most: 3, or 4, ", "or 4", "'or 4' is not known here", "a text with a comma in it stands in quotes"),
        ("most: 3", "most: many", "many", "'many' does not fit here", "a whole number"),
        ("most: 3", "most: 2.5", "2.5", "'2.5' does not fit here", "a whole number"),
        ("most: 3", "most: 30", "30", "'30' is too large", "at most 20"),
        ("most: 3", "most: 0", "0, apart", "'0' is too small", "at least 1"),
        ("1 business day}", "1 business day, vary: days}", "days}", "'days' is not possible here", "time of day"),
        ("- again", "- agian", "agian", "'agian' is not possible here", "did you mean 'again'?"),
        ("declined: exit\n  - wait_for", "declined: exti\n  - wait_for", "exti", "'exti' is not possible here", "did you mean 'exit'?"),
        ("quote.declined: exit", "quote.declined: stop", "stop}", "'stop' is not possible here", "exit"),
        ("quote.declined: exit", "Quote: exit", "Quote:", "'Quote' is not an event type", "quote.sent"),
        ("within: 3 days\n    ", "", "quote.viewed", "'within' is missing", "how long to wait"),
        ("within: 3 days", "within: 3 days\n    else: [exit]", "else", "'else' is not known here", "known: "),
        ("one: {share: 50}", "one: {share: 40}", "ways:", "the shares of split 'half' add up to 90, not 100", "percent"),
        ("one: {share: 50}", "One: {share: 50}", "One", "'One' is not a name", "small letters"),
        ("      one: {share: 50}\n", "", "two:", "'ways' is too short", "at least 2"),
        ("title: Follow up", "title:", "title:", "'title' has no value", "a text"),
        ("starts_on: quote.sent", "starts_on: {a: b}", "{a: b}", "a block of 'key: value' lines does not fit", "a text"),
        ("starts_on: quote.sent", "starts_on: []", "[]", "'starts_on' is empty", ""),
        ("starts_on: quote.sent", "starts_on: [quote.sent, Quote]", "Quote]", "'Quote' is not an event type", "quote.sent"),
        ("gives_up_after: 21 days\n", "", "playbook", "'gives_up_after' is missing", "21 days"),
        ("gives_up_after: 21 days", "gives_up_after: 21 days\nre_entry: nevr", "nevr", "'nevr' is not possible here", "'never'"),
        ("gives_up_after: 21 days", "gives_up_after: 21 days\npurpose: sales", "sales\nsteps", "'sales' is not possible here", "service"),
    ],
)  # fmt: skip
def test_each_mistake_is_said_in_plain_words_where_it_stands(was: str, becomes: str, at: str, problem: str, hint: str) -> None:
    assert GOOD.count(was) == 1
    text = GOOD.replace(was, becomes)

    (found,) = refused(text)

    assert found.problem.startswith(problem)
    assert hint in found.hint
    assert (found.line, found.column) == place(text, at)


def test_a_misspelled_key_is_found_in_whatever_part_of_the_file_it_stands() -> None:
    text = GOOD.replace("text: sorry-we-missed", "txt: sorry-we-missed").replace("steps: [exit]}", "stps: [exit]}")

    found = {p.problem: p.hint for p in refused(text)}

    assert found["'txt' is not known here"] == "did you mean 'text'?"
    assert found["'stps' is not known here"] == "did you mean 'steps'?"


@pytest.mark.parametrize("written", ["9:00", "09:00", '"09:00"'])
def test_a_time_of_day_needs_no_quotes(written: str) -> None:
    step = read(GOOD.replace("at: 9:00", f"at: {written}")).steps[1]

    assert isinstance(step, Wait)
    assert str(step.at) == "09:00"


def test_a_title_that_looks_like_a_number_is_a_title() -> None:
    assert read(GOOD.replace("title: Follow up", "title: 1.10")).title == "1.10"
