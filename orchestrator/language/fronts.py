"""What stands between the lines --- of a word file: one model for each channel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from orchestrator.language.lifecycle import FieldName
from orchestrator.language.playbook import Model, wrong

Line = Annotated[str, Field(min_length=1, max_length=1_000)]
QuestionKind = Literal["text", "number", "boolean", "date", "choice", "commitment"]
KeyMeaning = Literal["speak", "call_back", "confirm", "stop"]  # core/speech.py says them aloud
SectionKind = Literal["listen", "objections", "voicemail"]
SPECIAL: Mapping[SectionKind, str] = {  # sections that pages show apart, by their headings
    "listen": "What to listen for",
    "objections": "Objections",
    "voicemail": "If you reach voicemail",
}
STOP_KEY = "9"  # on every call, so that people learn it once


def _stop_alone() -> dict[str, KeyMeaning]:
    return {STOP_KEY: "stop"}


class SurveyQuestion(Model):
    """A question in an e-mail that is answered by one click on a number."""

    scale: Literal["1-5", "0-10"] = Field(description='the numbers to choose from: "1-5" or "0-10"')
    ask: Line = Field(description="the question, e.g. ask: How did it go?")
    low: Line | None = Field(None, description="what the lowest number means, e.g. low: Not well")
    high: Line | None = Field(None, description="what the highest number means, e.g. high: Very well")

    @property
    def points(self) -> range:
        """The numbers of the scale."""
        return range(1, 6) if self.scale == "1-5" else range(11)


class EmailWords(Model):
    """The front matter of an e-mail."""

    subject: Line = Field(description="the subject line, e.g. subject: Your quote {{ subject.key }}")
    preheader: Line | None = Field(None, description="the line that mailboxes show after the subject")
    reply_to: Line | None = Field(
        None, description="where answers go; when not said to the owner, as house-rules.yaml names them"
    )
    survey: SurveyQuestion | None = Field(None, description="a question below the words, answered by one click")


class TextWords(Model):
    """The front matter of a text message; it may be left out."""

    title: Line | None = Field(None, description="what people see instead of the name")


class SpokenWords(Model):
    """What automatic calls have in common."""

    title: Line | None = Field(None, description="what people see instead of the name")
    keys: dict[Annotated[str, Field(pattern=r"^[0-9]$")], KeyMeaning] = Field(
        default_factory=_stop_alone,
        description="what a pressed key does, e.g. keys: {1: speak, 2: call_back}; 9 always stops",
    )
    recording: Annotated[str, Field(pattern=r"^https://[^\s{}<>\"']+$", max_length=500)] | None = Field(
        None, description="a recorded message for the voicemail; needs recorded_voicemail in house-rules.yaml"
    )

    @field_validator("keys")
    @classmethod
    def _each_key_means_one_thing(cls, value: dict[str, str]) -> dict[str, Any]:
        """9 stops and nothing else does, and no two keys do the same."""
        seen: dict[str, str] = {}
        for key, means in value.items():
            if (key == STOP_KEY) != (means == "stop"):
                raise wrong(f"key {key} cannot mean {means}", "9 is the key that stops, on every call", key)
            if means in seen:
                raise wrong(f"keys {seen[means]} and {key} both mean {means}", "delete one of them", key)
            seen[means] = key
        return dict(sorted({**value, STOP_KEY: "stop"}.items()))


class VoiceWords(SpokenWords):
    """The front matter of an automatic call to a person; it may be left out."""

    voicemail: Line | None = Field(None, description="what a voicemail hears; without it nothing is left there")

    @model_validator(mode="after")
    def _recording_has_words(self) -> VoiceWords:
        if self.recording and not self.voicemail:
            raise wrong("a recording needs its words", "write them as voicemail: …, for staff to read", "recording")
        return self


class VoicemailWords(SpokenWords):
    """The front matter of an automatic call to a voicemail; it may be left out."""

    if_answered: Line | None = Field(None, description="what a person hears who picks up; the words below when not said")


class Question(Model):
    """One thing staff ask; the answer is `answers.NAME` in later conditions and templates."""

    ask: Line = Field(description="the question, as staff say it")
    kind: QuestionKind = Field("text", description="what the answer is")
    choices: list[Line] = Field(default_factory=list, max_length=20, description="the possible answers of a choice")
    required: bool = Field(False, description="whether a call cannot be finished without it")

    @model_validator(mode="after")
    def _choices_fit(self) -> Question:
        if self.kind == "choice" and len(self.choices) < 2:
            raise wrong("a choice needs at least two choices", "e.g. choices: [happy, unsure, unhappy]", "choices")
        if self.kind != "choice" and self.choices:
            raise wrong(f"choices are for 'kind: choice'; this is a {self.kind}", "write kind: choice", "choices")
        return self


class ScriptWords(Model):
    """The front matter of a call script."""

    title: Line = Field(description="what staff see in the queue, e.g. title: Check in on the quote")
    goal: Line = Field(description="what the call is for, in one sentence")
    voicemail: Line | None = Field(None, description="what to say to a voicemail")
    questions: dict[FieldName, Question] = Field(default_factory=dict, max_length=40, description="what to ask, by name")
    sections: dict[SectionKind, Line] = Field(
        default_factory=dict, description="your own headings of the special sections, e.g. {objections: Einwände}"
    )


Front = EmailWords | TextWords | VoiceWords | VoicemailWords | ScriptWords
FRONTS: Mapping[str, type[Front]] = {
    "email": EmailWords,
    "text": TextWords,
    "call": ScriptWords,
    "voice": VoiceWords,
    "voicemail": VoicemailWords,
}
