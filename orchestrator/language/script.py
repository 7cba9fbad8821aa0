"""A script as a page shows it: sections with what to say, what to know and what to ask, objections, and words for a voicemail.

The author's Markdown is read here, with the values of one customer in it already escaped (templates.py): markup in a name stays
letters. Raw HTML and pictures are off, and a link is one only with http, https or mailto: a `tel:` link would dial without the policies.
"""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from orchestrator.language.fronts import SPECIAL, Question, QuestionKind
from orchestrator.language.words import ASKED, Rendered

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

LINKS = ("https://", "http://", "mailto:")
ANSWERS = "Answers"  # the title of the last section: questions that the script places nowhere
_ASKED = re.compile(ASKED)


@dataclass(frozen=True, slots=True)
class Say:
    """What to say, word for word or nearly."""

    html: str
    block: Literal["say"] = "say"


@dataclass(frozen=True, slots=True)
class Note:
    """What to know or do."""

    html: str
    block: Literal["note"] = "note"


@dataclass(frozen=True, slots=True)
class Ask:
    """A question whose answer is noted down here."""

    name: str
    ask: str
    kind: QuestionKind
    choices: tuple[str, ...] = ()
    required: bool = False
    block: Literal["ask"] = "ask"


Block = Say | Note | Ask


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the script under its own heading; the first may have none."""

    title: str
    blocks: tuple[Block, ...]
    kind: Literal["usual", "listen", "answers"] = "usual"


@dataclass(frozen=True, slots=True)
class Objection:
    """Something that customers say, and an answer to it."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """One call's script, filled in for one customer and the answers so far."""

    title: str
    goal: str
    sections: tuple[Section, ...]
    objections: tuple[Objection, ...] = ()
    voicemail: tuple[Block, ...] = ()  # empty: nothing is left there
    questions: Mapping[str, Ask] = field(default_factory=dict)  # all of them, asked now or not, in the order of the file
    gap: str | None = None  # why the words cannot be filled in; the questions are there all the same

    @property
    def asked(self) -> frozenset[str]:
        """The questions that are asked as things stand: one inside an `if` that does not hold is not."""
        parts = (*(s.blocks for s in self.sections), *(o.blocks for o in self.objections), self.voicemail)
        return frozenset(b.name for blocks in parts for b in blocks if isinstance(b, Ask))

    def missing(self, answers: Mapping[str, object]) -> tuple[Ask, ...]:
        """The required questions that are asked now and have no answer."""
        asked = self.asked
        return tuple(q for q in self.questions.values() if q.required and q.name in asked and answers.get(q.name) in (None, ""))


def shape(rendered: Rendered, questions: Mapping[str, Question]) -> Script:
    """The script's parts. A question that the script places nowhere comes last, under "Answers".

    1 to 3 ms for a script of the starter set.
    """
    asks = {name: Ask(name, q.ask, q.kind, tuple(q.choices), q.required) for name, q in questions.items()}
    titles = {_plain(title): kind for kind, title in {**SPECIAL, **rendered.sections}.items()}
    sections: list[Section] = []
    objections: list[Objection] = []
    voicemail: list[Block] = [Say(f"<p>{html.escape(rendered.voicemail)}</p>")] if rendered.voicemail else []
    for title, tokens in _split(_markdown().parse(rendered.marked or rendered.body), "h2"):
        kind = titles.get(_plain(title))
        if kind == "objections":
            for said, inner in _split(tokens, "h3"):
                if blocks := _blocks(inner, asks):
                    if said:
                        objections.append(Objection(said, blocks))
                    else:  # above the first of them
                        sections.append(Section(title, blocks))
        elif kind == "voicemail":
            voicemail += _blocks(tokens, asks)
        elif (blocks := _blocks(tokens, asks)) or title:
            sections.append(Section(title, blocks, "listen" if kind == "listen" else "usual"))
    left = tuple(ask for name, ask in asks.items() if name not in rendered.placed)
    if left:
        sections.append(Section(ANSWERS, left, "answers"))
    return Script(rendered.title or "", rendered.goal or "", tuple(sections), tuple(objections), tuple(voicemail), asks)


def _plain(title: str) -> str:
    return " ".join(title.split()).casefold()


@functools.cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt  # 40 ms, and only pages need it

    read = MarkdownIt("commonmark", {"html": False}).disable("image")
    read.validateLink = lambda url: url.strip().lower().startswith(LINKS)  # type: ignore[method-assign]  # its documented hook
    return read


def _split(tokens: Sequence[Token], tag: Literal["h2", "h3"]) -> Iterator[tuple[str, list[Token]]]:
    """What stands under each heading of this size, with the heading as plain text; before the first: under ""."""
    title = ""
    inner: list[Token] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.type == "heading_open" and token.level == 0 and (token.tag == tag or (tag == "h2" and token.tag == "h1")):
            if title or inner:
                yield title, inner
            title, inner = _text(tokens[at + 1]), []
            at += 3  # the opening, what stands in it, the closing
            continue
        inner.append(token)
        at += 1
    if title or inner:
        yield title, inner


def _text(inline: Token) -> str:
    """A heading without its markup."""
    return "".join(" " if t.type in ("softbreak", "hardbreak") else t.content for t in inline.children or ()).strip()


def _blocks(tokens: Sequence[Token], asks: Mapping[str, Ask]) -> tuple[Block, ...]:
    """Quotes are said, questions asked; everything else in between is a note."""
    blocks: list[Block] = []
    notes: list[Token] = []

    def close() -> None:
        if notes:
            blocks.append(Note(_html(notes)))
            notes.clear()

    for piece in _pieces(tokens):
        found = _ASKED.fullmatch(piece[1].content) if len(piece) == 3 and piece[0].type == "paragraph_open" else None
        if piece[0].type == "blockquote_open":
            close()
            blocks.append(Say(_html(piece[1:-1])))
        elif found and found[1] in asks:
            close()
            if asks[found[1]] not in blocks:
                blocks.append(asks[found[1]])
        else:
            notes += piece
    close()
    return tuple(blocks)


def _pieces(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """The blocks of the uppermost level."""
    piece: list[Token] = []
    depth = 0
    for token in tokens:
        piece.append(token)
        depth += token.nesting
        if depth == 0:
            yield piece
            piece = []


def _html(tokens: Sequence[Token]) -> str:
    read = _markdown()
    for token in tokens:
        for child in token.children or ():
            if child.type == "link_open":
                child.attrs |= {"rel": "noreferrer noopener", "target": "_blank"}
    return str(read.renderer.render(tokens, read.options, {})).strip()
