"""What is said: `emails/NAME.md`, `texts/NAME.md`, `voicemails/NAME.md`, `scripts/NAME.md`, each a front matter and a Liquid body.

---
subject: Your quote {{ subject.key }}
---
Hello {{ customer.first_name | default: "there" }}, …
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field, model_validator

from orchestrator.errors import PlaybookError, Problem
from orchestrator.language.lifecycle import FieldName, FieldType, Kind
from orchestrator.language.merge_fields import check_names
from orchestrator.language.playbook import Model, wrong
from orchestrator.language.source import Source, Spot, parse, read_yaml
from orchestrator.language.templates import CannotSay, Style, Template, compile_template

FOLDERS: Mapping[str, str] = {
    "email": "emails",
    "text": "texts",
    "call": "scripts",
    "voicemail": "voicemails",
}  # channel -> folder
MOST_TEXT = 640  # characters of a text's template: four parts of 160
MOST_TEXT_SENT = 1_600  # what providers take
_FRONT = re.compile(r"---[ ]*\n(.*?)^---[ ]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_GAPS = re.compile(r"\n{3,}")

Line = Annotated[str, Field(min_length=1, max_length=1_000)]


class EmailWords(Model):
    """The front matter of an e-mail."""

    subject: Line = Field(description="the subject line, e.g. subject: Your quote {{ subject.key }}")
    preheader: Line | None = Field(None, description="the line that mailboxes show after the subject")
    reply_to: Line | None = Field(None, description="where answers go; the house's address when not said")


class TextWords(Model):
    """The front matter of a text message; it may be left out."""

    title: Line | None = Field(None, description="what people see instead of the name")


class VoicemailWords(Model):
    """The front matter of a voicemail; it may be left out."""

    title: Line | None = Field(None, description="what people see instead of the name")


QuestionKind = Literal["text", "number", "boolean", "date", "choice", "commitment"]
_ANSWERS: Mapping[QuestionKind, Kind] = {
    "text": "text",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
    "choice": "text",
    "commitment": "text",  # what was promised, in words
}


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


Front = EmailWords | TextWords | VoicemailWords | ScriptWords
FRONTS: Mapping[str, type[Front]] = {"email": EmailWords, "text": TextWords, "call": ScriptWords, "voicemail": VoicemailWords}


@dataclass(frozen=True, slots=True)
class Rendered:
    """What one customer gets, or what staff see. `body` of e-mails and scripts is Markdown in which values are escaped."""

    body: str
    subject: str | None = None  # e-mails
    preheader: str | None = None
    reply_to: str | None = None
    title: str | None = None  # scripts
    goal: str | None = None
    voicemail: str | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """One word file, checked."""

    channel: str
    name: str
    path: str
    front: Front
    body: Template
    lines: Mapping[str, Template] = field(repr=False)  # front matter key -> its template

    @property
    def questions(self) -> Mapping[str, Question]:
        """The questions of a script, by name; of other words none."""
        return self.front.questions if isinstance(self.front, ScriptWords) else {}

    @property
    def answers(self) -> dict[str, FieldType]:
        """What the answers of a script are called, and of which kind; any may be missing."""
        return {name: FieldType(_ANSWERS[q.kind], optional=True) for name, q in self.questions.items()}

    @property
    def title(self) -> str | None:
        """The title as written, not rendered."""
        return None if isinstance(self.front, EmailWords) else self.front.title

    def render(self, facts: Mapping[str, object]) -> Rendered:
        """The words for one customer; raises CannotSay (MissingValue when a value is missing)."""
        body = self.body.render(facts).strip()
        if "\n\n\n" in body:  # tags on lines of their own leave gaps
            body = _GAPS.sub("\n\n", body)
        if not body:
            raise CannotSay(f"{self.path} says nothing for these values")
        if self.channel == "text" and len(body) > MOST_TEXT_SENT:
            raise CannotSay(f"{self.path} becomes {len(body)} characters, more than {MOST_TEXT_SENT}")
        return Rendered(body, **{key: template.render(facts).strip() for key, template in self.lines.items()})

    def check(
        self, declared: Mapping[str, FieldType], assured: frozenset[str] = frozenset(), playbook: str = ""
    ) -> list[Problem]:
        """What is wrong with the values that the words use in one playbook."""
        templates: Iterable[Template] = (*self.lines.values(), self.body)
        return [problem for template in templates for problem in check_names(template, declared, assured, playbook)]


def read_words(channel: str, name: str, text: str, path: str) -> Words:
    """One word file; raises PlaybookError with every problem and its place."""
    text = text.replace("\r\n", "\n")
    found = _FRONT.match(text)
    if not found and channel in ("email", "call"):
        what = "subject" if channel == "email" else "title and goal"
        raise PlaybookError(Problem(f"the file does not begin with its {what}", "write them between two lines ---", path, 1, 1))
    source = read_yaml(found[1], path, first_line=2) if found and found[1].strip() else Source(path, {}, {(): Spot(1, 1, 1, 1)})
    front = parse(FRONTS[channel], source)
    body, line = (text[found.end() :], text.count("\n", 0, found.end()) + 1) if found else (text, 1)
    problems: list[Problem] = []
    lines = {}
    for key in _TEMPLATED:
        written = getattr(front, key, None)
        if isinstance(written, str) and not (key == "title" and channel != "call"):
            at = source.place_in((key,), 1, 1)
            style: Style = "plain" if key == "voicemail" else "line"
            if (template := _template(written.strip(), name, path, at, style, 4_000, problems)) is not None:
                lines[key] = template
    template = _template(body, name, path, (line, 1), "markdown" if channel in ("email", "call") else "plain", 50_000, problems)
    if not body.strip():
        problems.append(Problem("the file says nothing", "write the words below the second ---", path, line, 1))
    if channel == "text" and len(body.strip()) > MOST_TEXT:
        hint = f"at most {MOST_TEXT} characters, or it is sent in five parts and more"
        problems.append(Problem(f"the text has {len(body.strip())} characters", hint, path, line, 1))
    if problems or template is None:
        raise PlaybookError(problems)
    return Words(channel, name, path, front, template, lines)


_TEMPLATED = ("subject", "preheader", "reply_to", "title", "goal", "voicemail")


def _template(
    text: str, name: str, path: str, at: tuple[int, int], style: Style, most: int, problems: list[Problem]
) -> Template | None:
    try:
        return compile_template(text, name, path, *at, style=style, most=most)
    except PlaybookError as wrong_words:
        problems += wrong_words.problems
        return None
