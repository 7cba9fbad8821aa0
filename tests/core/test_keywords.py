"""What a text asks for: carriers' words take effect, free wording is for a person, and everything else is an answer."""

from __future__ import annotations

import pytest

from orchestrator.core.keywords import asks


@pytest.mark.parametrize(
    "word",
    [
        "STOP",
        "stop",
        "Stop!",
        " stop. ",
        "STOPALL",
        "stop all",
        "UNSUBSCRIBE",
        "cancel",
        "END",
        "Quit",
        "REVOKE",
        "OPTOUT",
        "opt-out",
        "opt out",
        "ＳＴＯＰ",
    ],
)
def test_the_carriers_words_end_texts(word: str) -> None:
    assert asks(word) == "stop"


@pytest.mark.parametrize(
    "text",
    [
        "please stop texting me",
        "Stop it please, thanks",
        "do not ever text me again",
        "don't contact me",
        "Don’t call",
        "never write again",
        "no more",
        "no more messages",
        "remove me",
        "take me off your list",
        "not interested",
        "wrong number",
        "who is this? I will report you",
        "leave me alone",
    ],
)
def test_free_wording_is_for_a_person_to_judge(text: str) -> None:
    assert asks(text) == "maybe_stop"


@pytest.mark.parametrize(
    "text", ["Thanks, see you then", "Can you stay until five?", "ok", "", "👍", "How much is it?", "Please send the quote again"]
)
def test_anything_else_is_an_answer(text: str) -> None:
    assert asks(text) == "else"


@pytest.mark.parametrize(
    ("text", "meant"),
    [("START", "start"), ("unstop", "start"), ("Yes", "start"), ("yes please call", "else"), ("HELP", "help"), ("info", "help")],
)
def test_the_words_for_more_and_for_help(text: str, meant: str) -> None:
    assert asks(text) == meant


def test_what_the_provider_made_of_it_counts_above_our_reading() -> None:
    assert asks("arret", "STOP") == "stop"
    assert asks("stop", "START") == "start"
