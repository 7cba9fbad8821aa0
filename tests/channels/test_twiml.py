"""What people and machines hear, read as Twilio would read it."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from orchestrator.channels import twiml
from orchestrator.core.speech import Key, Speech

SPEECH = Speech(
    "Lindqvist & Sons", "Your quote is ready.", "Please call us back.", {"1": "speak", "9": "stop"}, speak_to="+13125550100"
)
KEY_URL = "https://touch.example.com/hooks/twilio/key/1?a=1&b=2"


def read(words: str) -> list[tuple[str, str, dict[str, str]]]:
    """Each verb and noun in order, with its text and attributes."""
    root = ElementTree.fromstring(words)
    assert root.tag == "Response"
    return [(e.tag, e.text or "", e.attrib) for e in root.iter() if e is not root]


def verbs(words: str) -> list[str]:
    return [tag for tag, _, _ in read(words)]


def test_a_person_hears_first_who_is_calling_then_the_words_then_the_keys_twice() -> None:
    found = read(twiml.for_person(SPEECH, KEY_URL))

    assert [tag for tag, _, _ in found] == ["Gather", "Say", "Say", "Say", "Gather", "Say", "Say", "Say", "Hangup"]
    assert found[0][2] == {"action": KEY_URL, "method": "POST", "numDigits": "1", "timeout": "5"}
    assert found[1][1] == "This is an automated call from Lindqvist & Sons."
    assert found[2][1] == "Your quote is ready."
    assert found[3][1] == found[6][1] == "Press 1 to speak to us now. Press 9 to get no more calls from us."
    assert found[7][1].endswith("Goodbye.")


def test_a_call_without_keys_says_its_words_and_ends() -> None:
    words = twiml.for_person(Speech("Lindqvist", "Your quote is ready."), KEY_URL)

    assert verbs(words) == ["Say", "Say", "Say", "Hangup"]
    assert "Lindqvist" in read(words)[0][1]


def test_a_recorded_call_says_who_is_calling_before_it_plays() -> None:
    recorded = Speech("Lindqvist", "p", keys={"9": "stop"}, recording="https://cdn.example.com/a.mp3", recorded_for_people=True)

    assert verbs(twiml.for_person(recorded, KEY_URL))[:4] == ["Gather", "Say", "Play", "Say"]
    assert "Lindqvist" in read(twiml.for_person(recorded, KEY_URL))[1][1]


def test_a_machine_hears_the_words_once_or_the_recording_or_nothing() -> None:
    recorded = Speech("L", "p", "words", recording="https://cdn.example.com/a.mp3?x=1&y=2")

    assert verbs(twiml.for_machine(SPEECH)) == ["Pause", "Say", "Say", "Hangup"]
    assert [said for _, said, _ in read(twiml.for_machine(SPEECH))[1:3]] == ["This is Lindqvist & Sons.", "Please call us back."]
    named = Speech("Lindqvist", "p", "Hello, Lindqvist here.")
    assert verbs(twiml.for_machine(named)) == ["Pause", "Say", "Hangup"], "they say it themselves"
    assert read(twiml.for_machine(recorded))[0] == ("Play", "https://cdn.example.com/a.mp3?x=1&y=2", {})
    assert verbs(twiml.for_machine(Speech("L", "p"))) == ["Hangup"]


@pytest.mark.parametrize(
    ("key", "heard"),
    [("call_back", "We will call you back"), ("confirm", "confirmed"), ("stop", "You will get no more calls from us.")],
)
def test_a_key_is_answered_in_words_and_the_call_ends(key: Key, heard: str) -> None:
    found = read(twiml.after_key(key, SPEECH))

    assert [tag for tag, _, _ in found] == ["Say", "Hangup"]
    assert heard in found[0][1]


def test_speaking_to_us_connects_and_says_so_when_nobody_is_there() -> None:
    found = read(twiml.after_key("speak", SPEECH, "+13125550199"))
    nobody = read(twiml.after_key("speak", Speech("L", "p")))

    assert [tag for tag, _, _ in found] == ["Say", "Dial", "Say", "Hangup"]
    assert found[1] == ("Dial", "+13125550100", {"callerId": "+13125550199", "timeout": "25"})
    assert [tag for tag, _, _ in nobody] == ["Say", "Hangup"]


def test_an_agent_is_connected_with_the_customer_and_the_line_is_watched() -> None:
    dial, number = read(twiml.connect("+13125550142", "+13125550100", "https://touch.example.com/leg"))

    assert dial[2] == {"answerOnBridge": "true", "callerId": "+13125550100", "timeout": "25"}
    assert number[1] == "+13125550142"
    assert number[2]["statusCallback"] == "https://touch.example.com/leg"
    assert number[2]["statusCallbackEvent"] == "initiated ringing answered completed"


def test_who_calls_us_is_connected_or_told_that_nobody_is_free() -> None:
    assert verbs(twiml.incoming("+13125550150", "+13125550100", "Lindqvist")) == ["Say", "Dial", "Say", "Hangup"]
    assert verbs(twiml.incoming(None, "+13125550100", "Lindqvist")) == ["Say", "Say", "Hangup"]


def test_hanging_up_needs_no_words() -> None:
    assert verbs(twiml.hang_up()) == ["Hangup"]
    assert read(twiml.hang_up("Goodbye."))[0][1] == "Goodbye."


@pytest.mark.parametrize(
    "hostile", ["</Say><Dial>+1900</Dial>", "a\x00b\ud800c\x0b", "&amp;<!--", "]]>", "x " * 50_000, "x" * 50_000]
)
def test_what_customers_are_called_commands_nothing_and_is_bounded(hostile: str) -> None:
    speech = Speech(hostile, hostile, hostile, {"1": "speak", "22": "stop", "x": "stop"}, speak_to="+13125550100")

    for words in (twiml.for_person(speech, KEY_URL), twiml.for_machine(speech), twiml.incoming(None, "", hostile)):
        assert "Dial" not in verbs(words)
        words.encode()
        assert all(len(text) <= 4096 for _, text, _ in read(words))
    assert "Press 22" not in twiml.for_person(speech, KEY_URL)
