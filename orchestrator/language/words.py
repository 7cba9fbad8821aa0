"""What is said: `emails/`, `texts/`, `voices/`, `voicemails/`, `scripts/`, and in each of them NAME.md: a front matter and a Liquid body.

---
subject: Your quote {{ subject.key }}
---
Hello {{ customer.first_name | default: "there" }}, …
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from orchestrator.errors import PlaybookError, Problem
from orchestrator.language.asking import check_script
from orchestrator.language.dispositions import AUTOMATIC_CALLS
from orchestrator.language.fronts import (
    FRONTS,
    EmailWords,
    Front,
    KeyMeaning,
    Question,
    QuestionKind,
    ScriptWords,
    SectionKind,
    SpokenWords,
)
from orchestrator.language.lifecycle import FieldType, Kind
from orchestrator.language.merge_fields import check_names
from orchestrator.language.names import SURVEY
from orchestrator.language.source import Source, Spot, parse, read_yaml
from orchestrator.language.templates import CannotSay, Style, Template, compile_template, escaped

FOLDERS: Mapping[str, str] = {
    "email": "emails",
    "text": "texts",
    "call": "scripts",
    "voice": "voices",
    "voicemail": "voicemails",
}  # channel -> folder
MOST_TEXT = 640  # characters of a text's template: four parts of 160
MOST_SPOKEN = 1_500  # characters of one automatic call: a minute and a half, and nobody listens that long
MOST_SAID: Mapping[str, int] = {
    "text": 1_600,
    **dict.fromkeys(AUTOMATIC_CALLS, MOST_SPOKEN),
}  # rendered; 1,600: what providers take
_ANSWERS: Mapping[QuestionKind, Kind] = {
    "text": "text",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
    "choice": "text",
    "commitment": "text",  # what was promised, in words
}
ASKED = (
    r"\[ask:([a-z][a-z0-9_]*)\]"  # what `{% ask NAME %}` leaves in a script; values cannot write it: their brackets are escaped
)
_FRONT = re.compile(r"---[ ]*\n(.*?)^---[ ]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_GAPS = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class SurveyWords:
    """The question of an e-mail, for one customer."""

    ask: str
    points: range  # the numbers to choose from
    low: str = ""  # what the lowest means
    high: str = ""


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
    survey: SurveyWords | None = None  # e-mails
    person: str | None = None  # automatic calls: what a person hears
    machine: str | None = None  # automatic calls: what a voicemail hears; None: nothing is left there
    keys: Mapping[str, KeyMeaning] = field(default_factory=dict)  # automatic calls: "1" -> speak
    recording: str | None = None  # automatic calls: the address of a recorded message, in place of the words for the machine
    marked: str = ""  # scripts: the body with a mark where each question stands; language/script.py reads it
    placed: frozenset[str] = frozenset()  # scripts: the questions that the file places somewhere, asked now or not
    sections: Mapping[SectionKind, str] = field(default_factory=dict)  # scripts: own headings of the special sections


@dataclass(frozen=True, slots=True)
class Words:
    """One word file, checked."""

    channel: str
    name: str
    path: str
    front: Front
    body: Template
    lines: Mapping[str, Template] = field(repr=False)  # front matter key -> its template; of a survey "survey.ask"
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict, repr=False)  # front matter key -> line and column

    @property
    def questions(self) -> Mapping[str, Question]:
        """The questions of a script, by name; of other words none."""
        return self.front.questions if isinstance(self.front, ScriptWords) else {}

    @property
    def answers(self) -> dict[str, FieldType]:
        """What the answers of a script or a survey are called, and of which kind; any may be missing."""
        if isinstance(self.front, EmailWords) and self.front.survey:
            return dict(SURVEY)
        return {name: FieldType(_ANSWERS[q.kind], optional=True) for name, q in self.questions.items()}

    @property
    def placed(self) -> frozenset[str]:
        """The questions that a script places by `{% ask NAME %}`."""
        return frozenset(ask.name for ask in self.body.asks)

    @property
    def title(self) -> str | None:
        """The title as written, not rendered."""
        return None if isinstance(self.front, EmailWords) else self.front.title

    @property
    def recorded(self) -> bool:
        """Whether it plays a recorded message."""
        return isinstance(self.front, SpokenWords) and self.front.recording is not None

    def render(self, facts: Mapping[str, object]) -> Rendered:
        """The words for one customer; raises CannotSay (MissingValue when a value is missing)."""
        body = self.body.render(facts).strip()
        if "\n\n\n" in body:  # tags on lines of their own leave gaps
            body = _GAPS.sub("\n\n", body)
        if not body:
            raise CannotSay(f"{self.path} says nothing for these values")
        said = {key: template.render(facts).strip() for key, template in self.lines.items()}
        for text in (body, *said.values()):
            if len(text) > MOST_SAID.get(self.channel, len(text)):
                raise CannotSay(f"{self.path} becomes {len(text)} characters, more than {MOST_SAID[self.channel]}")
        if isinstance(self.front, SpokenWords):
            return self._spoken(self.front, body, said)
        asked = self.front.survey if isinstance(self.front, EmailWords) else None
        survey = None
        if asked is not None:
            survey = SurveyWords(said["survey.ask"], asked.points, said.get("survey.low", ""), said.get("survey.high", ""))
        if isinstance(self.front, ScriptWords):
            return self._script(self.front, body, said)
        one = said.get
        return Rendered(body, one("subject"), one("preheader"), one("reply_to"), survey=survey)

    def _script(self, front: ScriptWords, body: str, said: Mapping[str, str]) -> Rendered:
        """A script: in the body the questions are written out, for whoever reads it as text."""

        def written(found: re.Match[str]) -> str:
            question = front.questions[found[1]]
            choices = f": {', '.join(question.choices)}" if question.choices else ""
            return escaped(question.ask) + f" (`{found[1]}`{escaped(choices)})"

        readable = re.sub(ASKED, written, body) if self.placed else body
        return Rendered(
            readable, title=said.get("title"), goal=said.get("goal"), voicemail=said.get("voicemail"), marked=body,
            placed=self.placed, sections=front.sections,
        )  # fmt: skip

    def _spoken(self, front: SpokenWords, body: str, said: Mapping[str, str]) -> Rendered:
        """An automatic call: what is below is for a person in voices/, for the machine in voicemails/."""
        if self.channel == "voice":
            person, machine = body, said.get("voicemail") or None
        else:
            person, machine = said.get("if_answered") or body, body
        return Rendered(body, person=person, machine=machine, keys=dict(front.keys), recording=front.recording)

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
    lines, places = {}, {}
    for key, written in _templated(channel, front):
        loc = tuple(key.split("."))
        places[key] = source.place(loc)
        style: Style = "plain" if key in _SPOKEN else "line"
        at = source.place_in(loc, 1, 1)
        if (template := _template(written.strip(), name, path, at, style, 4_000, problems)) is not None:
            lines[key] = template
    if isinstance(front, SpokenWords):
        places |= {key: source.place((key,)) for key in ("keys", "recording")}
    template = _template(body, name, path, (line, 1), "markdown" if channel in ("email", "call") else "plain", 50_000, problems)
    if not body.strip():
        problems.append(Problem("the file says nothing", "write the words below the second ---", path, line, 1))
    if channel == "text" and len(body.strip()) > MOST_TEXT:
        hint = f"at most {MOST_TEXT} characters, or it is sent in five parts and more"
        problems.append(Problem(f"the text has {len(body.strip())} characters", hint, path, line, 1))
    problems += check_script(front, template, path) if template is not None else []
    if problems or template is None:
        raise PlaybookError(problems)
    return Words(channel, name, path, front, template, lines, places)


_SPOKEN = ("voicemail", "if_answered")
_TEMPLATED = ("subject", "preheader", "reply_to", "title", "goal", *_SPOKEN)


def _templated(channel: str, front: Front) -> Iterator[tuple[str, str]]:
    """The lines of the front matter in which values may stand, as they are written."""
    for key in _TEMPLATED:
        if isinstance(written := getattr(front, key, None), str) and not (key == "title" and channel != "call"):
            yield key, written
    if isinstance(front, EmailWords) and front.survey:
        for key in ("ask", "low", "high"):
            if isinstance(written := getattr(front.survey, key), str):
                yield f"survey.{key}", written


def _template(
    text: str, name: str, path: str, at: tuple[int, int], style: Style, most: int, problems: list[Problem]
) -> Template | None:
    try:
        return compile_template(text, name, path, *at, style=style, most=most)
    except PlaybookError as wrong_words:
        problems += wrong_words.problems
        return None
