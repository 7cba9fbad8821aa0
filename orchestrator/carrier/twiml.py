"""TwiML read strictly: the verbs, attributes and nesting that the carrier follows. Pure."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator.errors import InputError, Problem


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


LARGEST = 64_000  # letters, as Twilio's limit is
# Verb -> its attributes, and what may stand in it. Twilio warns about the rest; a rehearsal refuses it.
VERBS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "Say": (frozenset({"voice", "language", "loop"}), frozenset()),
    "Play": (frozenset({"loop", "digits"}), frozenset()),
    "Pause": (frozenset({"length"}), frozenset()),
    "Gather": (
        _names(
            "action method input timeout numDigits finishOnKey actionOnEmptyResult language speechTimeout hints bargeIn"
            " speechModel profanityFilter partialResultCallback partialResultCallbackMethod enhanced debug"
        ),
        frozenset({"Say", "Play", "Pause"}),
    ),
    "Hangup": (frozenset(), frozenset()),
    "Reject": (frozenset({"reason"}), frozenset()),
    "Redirect": (frozenset({"method"}), frozenset()),
    "Dial": (
        _names(
            "action method timeout callerId timeLimit hangupOnStar answerOnBridge record ringTone trim sequential referUrl"
            " referMethod recordingStatusCallback recordingStatusCallbackMethod recordingStatusCallbackEvent recordingTrack"
        ),
        frozenset({"Number"}),
    ),
    "Number": (
        _names(
            "sendDigits url method statusCallback statusCallbackEvent statusCallbackMethod byoc machineDetection"
            " machineDetectionTimeout amdStatusCallback amdStatusCallbackMethod"
        ),
        frozenset(),
    ),
}
NESTED_ONLY = frozenset({"Number"})
WORDLESS = frozenset({"Pause", "Gather", "Hangup", "Reject"})


@dataclass(frozen=True, slots=True)
class Verb:
    """One instruction."""

    name: str
    words: str = ""
    at: Mapping[str, str] = field(default_factory=dict)
    inside: tuple[Verb, ...] = ()

    def number(self, attribute: str, default: float) -> float:
        """An attribute that is a number; the default when it is missing or none."""
        try:
            return float(self.at.get(attribute, default))
        except ValueError:
            return default


def parse(text: str) -> list[Verb]:
    """The verbs of a document, in order. Raises InputError saying what Twilio would not follow."""
    if len(text) > LARGEST:
        raise _wrong(f"TwiML of {len(text)} letters", f"at most {LARGEST} are read")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise _wrong("TwiML with a document type", "leave it out")
    try:
        root = ET.fromstring(text.strip())  # noqa: S314 - bounded, and without a document type nothing can grow
    except ET.ParseError as error:
        raise _wrong(f"not XML: {error}", "answer with a <Response> document") from None
    if root.tag != "Response":
        raise _wrong(f"the document is <{root.tag}>", "it has to be <Response>")
    return [_verb(child, frozenset(VERBS) - NESTED_ONLY) for child in root]


def _verb(element: ET.Element, allowed: frozenset[str]) -> Verb:
    name = element.tag
    if name not in allowed:
        raise _wrong(f"<{name}> is not followed here", f"known: {', '.join(sorted(allowed)) or 'nothing'}")
    attributes, nested = VERBS[name]
    for attribute in element.attrib:
        if attribute not in attributes:
            raise _wrong(f"<{name}> has no attribute {attribute}", f"known: {', '.join(sorted(attributes)) or 'none'}")
    words = (element.text or "").strip()
    if name in WORDLESS and words:
        raise _wrong(f"<{name}> has words", "put them into <Say>")
    return Verb(name, words, dict(element.attrib), tuple(_verb(child, nested) for child in element))


def _wrong(problem: str, hint: str) -> InputError:
    return InputError(Problem(problem, hint, "TwiML"))
