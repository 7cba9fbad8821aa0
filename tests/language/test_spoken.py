"""Automatic calls and surveys: what may be written, what a person and a machine hear, and what is refused."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from orchestrator.core import model, speech
from orchestrator.errors import PlaybookError, Problem
from orchestrator.language.delays import Delay
from orchestrator.language.design import load_document
from orchestrator.language.dispositions import AUTOMATIC_CALLS, outcome_names
from orchestrator.language.fronts import KeyMeaning
from orchestrator.language.house_rules import HouseRules
from orchestrator.language.playbook import Playbook, Touchpoint
from orchestrator.language.program import TouchNode
from orchestrator.language.source import parse, read_yaml
from orchestrator.language.templates import CannotSay
from orchestrator.language.words import SurveyWords, Words, read_words
from tests.language.designs import HOUSE_RULES, design, files, only, place, program

FACTS: dict[str, dict[str, object]] = {
    "customer": {"first_name": "Dana", "zone": "America/Chicago", "locale": "en-US"},
    "house": {"name": "Northside"},
}
VOICE = "  - touchpoint: ring\n    voice: hello\n"
VOICEMAIL = "  - touchpoint: ring\n    voicemail: hello\n"
RECORDED = "---\nrecording: https://example.com/hello.mp3\n---\nHello from {{ house.name }}.\n"


def read(channel: str, text: str) -> Words:
    return read_words(channel, "hello", text, "words/hello.md")


def refused(channel: str, text: str) -> Problem:
    with pytest.raises(PlaybookError) as error:
        read(channel, text)
    (found,) = error.value.problems
    return found


def rules(text: str) -> HouseRules:
    return parse(HouseRules, read_yaml(text, "house-rules.yaml"))


def test_the_language_and_the_core_mean_the_same_by_automatic_calls_and_keys() -> None:
    assert set(AUTOMATIC_CALLS) == model.AUTOMATIC_CALLS
    assert get_args(KeyMeaning) == get_args(speech.Key)


# -- what is heard ------------------------------------------------------------------------------------------------


def test_a_voice_call_has_words_for_a_person_and_others_for_a_machine() -> None:
    said = read("voice", "---\nvoicemail: Bye {{ customer.first_name }}.\n---\nHello {{ customer.first_name }}.\n").render(FACTS)

    assert (said.person, said.machine, said.body) == ("Hello Dana.", "Bye Dana.", "Hello Dana.")
    assert said.keys == {"9": "stop"}


@pytest.mark.parametrize("text", ["Hello.\n", "---\nvoicemail: '{% if event.note %}x{% endif %}'\n---\nHello.\n"])
def test_without_words_for_it_a_voice_call_leaves_nothing_on_a_machine(text: str) -> None:
    assert read("voice", text).render(FACTS).machine is None


def test_a_voicemail_says_the_same_to_whoever_picks_up_unless_it_says_otherwise() -> None:
    plain = read("voicemail", "Hello {{ customer.first_name }}.\n").render(FACTS)
    other = read("voicemail", "---\nif_answered: Sorry, {{ customer.first_name }}.\n---\nHello.\n").render(FACTS)

    assert (plain.person, plain.machine, plain.body) == ("Hello Dana.", "Hello Dana.", "Hello Dana.")
    assert (other.person, other.machine, other.body) == ("Sorry, Dana.", "Hello.", "Hello.")
    assert plain.keys == other.keys == {"9": "stop"}


def test_the_keys_of_a_call_stand_in_their_order_and_nine_always_stops() -> None:
    said = read("voice", "---\nkeys: {3: confirm, 1: speak, 2: call_back}\n---\nHello.\n").render(FACTS)

    assert list(said.keys.items()) == [("1", "speak"), ("2", "call_back"), ("3", "confirm"), ("9", "stop")]


def test_other_words_have_no_keys_and_no_machine() -> None:
    said = read("text", "Hello.").render(FACTS)

    assert (said.keys, said.person, said.machine, said.recording, said.survey) == ({}, None, None, None, None)


def test_a_recorded_message_keeps_its_words_beside_it() -> None:
    words = read("voicemail", RECORDED)

    said = words.render(FACTS)

    assert words.recorded
    assert (said.recording, said.machine) == ("https://example.com/hello.mp3", "Hello from Northside.")


@pytest.mark.parametrize("text", ["{{ customer.first_name }}", "---\nvoicemail: '{{ customer.first_name }}'\n---\nHello."])
def test_a_call_that_becomes_too_long_is_not_made(text: str) -> None:
    facts = {**FACTS, "customer": {"first_name": "x" * 1_501}}

    with pytest.raises(CannotSay, match="1501 characters, more than 1500"):
        read("voice", text).render(facts)


# -- surveys ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("scale", "points"), [("1-5", range(1, 6)), ("0-10", range(11))])
def test_a_survey_asks_with_the_numbers_of_its_scale(scale: str, points: range) -> None:
    front = f"subject: x\nsurvey: {{scale: {scale}, ask: 'How was it, {{{{ customer.first_name }}}}?', low: Bad, high: Good}}"

    said = read("email", f"---\n{front}\n---\nHello.").render(FACTS)

    assert said.survey == SurveyWords("How was it, Dana?", points, "Bad", "Good")
    assert (said.subject, said.body) == ("x", "Hello.")


def test_a_survey_need_not_say_what_its_ends_mean() -> None:
    said = read("email", "---\nsubject: x\nsurvey: {scale: 1-5, ask: How was it?}\n---\nHello.").render(FACTS)

    assert said.survey == SurveyWords("How was it?", range(1, 6))


def test_a_survey_that_prints_what_is_missing_is_found_before_it_goes_out() -> None:
    mail = "---\nsubject: x\nsurvey: {scale: 1-5, ask: 'How was {{ event.note }}?'}\n---\nHello.\n"

    found = only(files("  - touchpoint: ask\n    email: ask\n", emails__ask=mail))

    assert found.problem == "'event.note' may be missing in playbook follow-up"
    assert (found.place, found.line) == ("emails/ask.md", 3)


# -- mistakes in word files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "front", "at", "problem", "hint"),
    [
        ("voice", "keys: {9: speak}", "9", "key 9 cannot mean speak", "9 is the key that stops"),
        ("voice", "keys: {1: stop}", "1", "key 1 cannot mean stop", "9 is the key that stops"),
        ("voice", "keys: {1: speak, 2: speak}", "2:", "keys 1 and 2 both mean speak", "delete"),
        ("voice", "keys: {1: speak, 1: confirm}", "1: confirm", "'1' comes twice", "keep one"),
        ("voice", "keys: {1: speek}", "speek", "'speek' is not possible here", "did you mean 'speak'?"),
        ("voice", "keys: {12: speak}", "12", "'12' is not a key of a telephone", "one digit"),
        ("voice", "if_answered: x", "if_answered", "'if_answered' is not known here", "voicemail"),
        ("voicemail", "voicemail: x", "voicemail", "'voicemail' is not known here", "if_answered"),
        ("voicemail", "recording: http://example.com/x.mp3", "http", "'http://example.com/x.mp3' is not a web address", "https"),
        ("voice", "recording: https://example.com/x.mp3", "recording", "a recording needs its words", "voicemail: …"),
        ("email", "subject: x\nsurvey: {scale: 1-7, ask: x}", "1-7", "'1-7' is not possible here", "1-5"),
        ("email", "subject: x\nsurvey: {scale: 1-5}", "{scale", "'ask' is missing", "the question"),
    ],
)
def test_a_mistake_is_said_with_its_place(channel: str, front: str, at: str, problem: str, hint: str) -> None:
    text = f"---\n{front}\n---\nHello.\n"

    found = refused(channel, text)

    assert found.problem == problem
    assert hint in found.hint
    assert (found.line, found.column) == place(text, at)


@pytest.mark.parametrize(
    ("words", "problem", "line"),
    [
        ("Hello **Dana**.\n", "'**' would be read out loud", 1),
        ("Hello.\n\n- One\n", "'-' would be read out loud", 3),
        ("Look at https://example.com\n", "'https://' would be read out loud", 1),
        ("---\nvoicemail: See [here](there)\n---\nHello.\n", "'](' would be read out loud", 2),
        ("x" * 1_501, "the call has 1,501 characters", 1),
    ],
)
def test_a_call_says_only_what_a_voice_can_say(words: str, problem: str, line: int) -> None:
    found = only(files(VOICE, voices__hello=words))

    assert (found.problem, found.place, found.line) == (problem, "voices/hello.md", line)


# -- steps --------------------------------------------------------------------------------------------------------


def ring(steps: str, **others: str) -> TouchNode:
    node = program(steps, **{"voices__hello": "Hello.\n", **others}).nodes["ring"]
    assert isinstance(node, TouchNode)
    return node


def test_a_voice_call_may_be_tried_several_times_and_say_what_follows() -> None:
    node = ring(
        f"{VOICE}    attempts: {{most: 3, apart: 1 hour, vary: time of day}}\n"
        "    outcomes: {goal_met: continue, no_answer: again, retry: again, not_reached: exit}\n"
    )

    assert (node.channel, node.words, node.most, node.apart, node.vary) == ("voice", "hello", 3, Delay.parse("1 hour"), True)
    assert node.outcomes == {"goal_met": "exhausted", "no_answer": "again:ring", "retry": "again:ring", "not_reached": "exit"}
    assert not node.retry_unknown
    assert not node.recorded


def test_a_voice_call_that_says_nothing_of_tries_is_made_once() -> None:
    assert ring(VOICE).most == 1


def test_a_repeated_voicemail_comes_again_whoever_heard_it() -> None:
    node = ring(f"{VOICEMAIL}    repeat: {{most: 3, every: 1 week}}\n")

    assert node.outcomes == dict.fromkeys(("sent", "completed", "voicemail_left"), "again:ring")


@pytest.mark.parametrize("channel", AUTOMATIC_CALLS)
@pytest.mark.parametrize(
    "outcome",
    [
        "completed",
        "voicemail_left",
        "voicemail_not_left",
        "no_answer",
        "busy",
        "cut_off",
        "call_back",
        "goal_met",
        "do_not_contact",
        "invalid_number",
        "fax",
        "not_reached",
        "skipped",
        "failed",
        "expired",
        "sent",
        "retry",
    ],
)
def test_every_ending_that_a_provider_can_tell_may_be_named(channel: str, outcome: str) -> None:
    assert ring(f"  - touchpoint: ring\n    {channel}: hello\n    outcomes: {{{outcome}: exit}}\n").outcomes == {outcome: "exit"}


@pytest.mark.parametrize("outcome", ["declined", "completed_concern", "wrong_number", "not_taken", "needs_review"])
def test_what_only_a_person_can_tell_is_no_ending_of_an_automatic_call(outcome: str) -> None:
    assert outcome not in outcome_names("voice")
    assert only(files(f"{VOICE}    outcomes: {{{outcome}: exit}}\n", voices__hello="Hello.\n")).problem == (
        f"an automatic call cannot end with '{outcome}'"
    )


@pytest.mark.parametrize(
    ("lines", "problem", "hint"),
    [
        ("    queue: sales\n", "'queue' is for calls that staff make; 'ring' is an automatic call", "delete the line"),
        ("    due_within: 1 day\n", "'due_within' is for calls that staff make; 'ring' is an automatic call", "delete"),
        ("    escalates: {after: 1 hour, queue: leads}\n", "'escalates' is for calls that staff make; 'ring' is an", "delete"),
        ("    repeat: {most: 2, every: 1 week}\n", "'repeat' is for messages; a call has 'attempts'", "attempts"),
        (
            "    email: thanks\n",
            "touchpoint 'ring' needs exactly one of email, text, call, voice, voicemail; it has",
            "two steps",
        ),
        ("    outcomes: {no_answer: again}\n", "'ring' has no 'attempts', so it cannot come again", "attempts: {most"),
    ],
)
def test_what_an_automatic_call_cannot_have_is_said(lines: str, problem: str, hint: str) -> None:
    found = only(files(f"{VOICE}{lines}", voices__hello="Hello.\n"))

    assert found.problem.startswith(problem)
    assert hint in found.hint


def test_attempts_and_repeat_do_not_go_together() -> None:
    lines = "    attempts: {most: 2, apart: 1 day}\n    repeat: {most: 2, every: 1 week}\n"

    assert only(files(f"{VOICEMAIL}{lines}")).problem == "a step has 'attempts' or 'repeat', not both"


# -- promises of a call -------------------------------------------------------------------------------------------

CALL_BACK = "---\nkeys: {2: call_back}\n---\nHello.\n"
SPEAK = "---\nkeys: {1: speak}\n---\nHello.\n"
NO_PHONE = HOUSE_RULES.replace(", phone: (312) 555-0100", "")


def test_a_key_that_promises_a_call_back_needs_somebody_who_calls() -> None:
    kept = "    outcomes:\n      call_back:\n        - {touchpoint: back, call: check-in, queue: sales}\n"

    found = only(files(VOICE, voices__hello=CALL_BACK))

    assert found.problem == "key 2 of voices/hello.md promises a call back, and 'ring' makes none"
    assert found.place == "follow-up.yaml"
    assert ring(f"{VOICE}{kept}", voices__hello=CALL_BACK)


def test_a_key_that_connects_to_us_needs_a_number_of_ours() -> None:
    found = only(files(VOICE, voices__hello=SPEAK, house_rules=NO_PHONE))

    assert (found.problem, found.place, found.line) == ("key 1 connects to nobody", "voices/hello.md", 2)
    assert ring(VOICE, voices__hello=SPEAK)
    assert ring(VOICE, voices__hello=SPEAK, house_rules=f"{NO_PHONE}speak_to: +13125550100\n")


def test_a_recorded_message_needs_the_house_rules_to_allow_it() -> None:
    found = only(files(VOICEMAIL, voicemails__hello=RECORDED))

    assert (found.problem, found.place, found.line) == ("recorded messages are not allowed here", "voicemails/hello.md", 2)
    allowed = ring(VOICEMAIL, voicemails__hello=RECORDED, house_rules=f"{HOUSE_RULES}recorded_voicemail: true\n")
    assert allowed.recorded


def test_a_published_version_stays_usable_when_the_house_rules_become_stricter() -> None:
    more = {"voicemails__hello": RECORDED, "house_rules": f"{HOUSE_RULES}recorded_voicemail: true\n"}
    document = design(VOICEMAIL, **more).document("follow-up")

    node = load_document(document, rules(HOUSE_RULES)).program.nodes["ring"]

    assert isinstance(node, TouchNode)
    assert node.recorded  # and the consent policy refuses it: tests/core/test_policies.py


# -- house rules --------------------------------------------------------------------------------------------------


def test_house_rules_from_before_there_were_voice_calls_treat_them_like_voicemails() -> None:
    read_ = rules(HOUSE_RULES)

    assert (read_.default_windows["voice"], read_.never_outside["voice"]) == ("office-hours", "any-time")
    assert (read_.countries, read_.recorded_voicemail, read_.speak_to) == (["US", "CA"], False, None)


def test_house_rules_may_say_more_about_voice_calls() -> None:
    text = HOUSE_RULES.replace("default_windows: {", "default_windows: {voice: any-time, ")

    assert rules(text).default_windows["voice"] == "any-time"


@pytest.mark.parametrize(
    ("line", "problem", "hint"),
    [
        ("countries: [usa]", "'usa' is not a country", "two capital letters"),
        ("countries: []", "'countries' is empty", ""),
        ("speak_to: (312) 555-0100", "'(312) 555-0100' is not a telephone number", "+13125550100"),
        ("recorded_voicemail: maybe", "'maybe' does not fit here", "true or false"),
    ],
)
def test_a_mistake_in_the_house_rules_is_said(line: str, problem: str, hint: str) -> None:
    with pytest.raises(PlaybookError) as error:
        rules(f"{HOUSE_RULES}{line}\n")

    (found,) = error.value.problems
    assert found.problem == problem
    assert hint in found.hint


def test_the_first_word_of_a_step_may_be_voice() -> None:
    text = "playbook: x\ntitle: x\nstage: x\nowner: x\nstarts_on: x\ngives_up_after: 1 day\nsteps:\n"
    step: Any = parse(Playbook, read_yaml(f"{text}{VOICE}", "x.yaml")).steps[0]

    assert isinstance(step, Touchpoint)
    assert (step.channel, step.words) == ("voice", "hello")
