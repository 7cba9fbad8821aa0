"""An e-mail's words become a letter: HTML in one shell that mail programs show well, the same as text, and safe header lines.

The shell (company, footer, styles) is the same for everybody; `part_of` answers it apart from what one customer gets, so that a
provider that can fill tags sends the shell once for many. Markup in values stays what it is, letters: raw HTML and pictures are
off, and a link is one only with http, https, mailto or tel.
"""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.channels.base import Company, Outgoing, Survey
from orchestrator.channels.shell import HTML_BODY, HTML_STOP, PREHEADER, TEXT_BODY, TEXT_STOP, Shell, shell
from orchestrator.errors import TouchpointError

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MARKER = "[survey]"  # a line that says only this: where the survey stands
LINKS = ("https://", "http://", "mailto:", "tel:")
STYLES = {  # by tag; short, because every customer's part carries them
    "p": "margin:0 0 16px", "ul": "margin:0 0 16px;padding-left:24px", "ol": "margin:0 0 16px;padding-left:24px",
    "li": "margin:0 0 8px", "a": "color:#0b57a4", "blockquote": "margin:0 0 16px;padding-left:14px;border-left:3px solid #aab4c0",
    "h1": "margin:8px 0 16px;font-size:24px;line-height:30px", "h2": "margin:8px 0 12px;font-size:20px;line-height:26px",
    "h3": "margin:8px 0 12px;font-size:17px", "h4": "margin:8px 0 12px;font-size:16px", "h5": "margin:8px 0 12px;font-size:16px",
    "h6": "margin:8px 0 12px;font-size:16px", "hr": "border:0;border-top:1px solid #aab4c0;margin:24px 0",
}  # fmt: skip
PICK = (
    "display:inline-block;width:%spx;margin:0 2px 8px 0;border:1px solid #0b57a4;border-radius:6px;color:#0b57a4;"
    "font:bold 17px/44px Arial,sans-serif;text-align:center;text-decoration:none"
)
WIDE, NARROW = 62, 36  # of one number; eleven narrow ones fit a row of the sheet, and wrap into two on a telephone

_GAPS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_TURNING = re.compile(
    "[\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)  # what turns the reading direction, and halves of letters
_URL = re.compile(r"https?://[!#-;=?-\[\]_a-z~]{1,1000}")  # no space, quote, angle bracket, backslash or line break
_LONE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")  # controls, and halves of letters, which no encoding can write
_TAG = re.compile("|".join(map(re.escape, (HTML_BODY, TEXT_BODY, PREHEADER, HTML_STOP, TEXT_STOP))))


class Unsendable(TouchpointError):
    """No letter can be made of it, and nothing is sent; the message says what is wrong, without anybody's address."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail program gets."""

    subject: str
    html: str
    text: str
    headers: Mapping[str, str]  # beside the usual ones: List-Unsubscribe


@dataclass(frozen=True, slots=True)
class Part:
    """One customer's part of a letter, and the shell that it goes into."""

    subject: str
    shell: Shell
    values: Mapping[str, str]  # tag of the shell -> what stands there
    headers: Mapping[str, str]

    @property
    def size(self) -> int:
        """Bytes of tags and values together, as providers count them."""
        return sum(len(tag) + len(value.encode()) for tag, value in self.values.items())

    def letter(self) -> Letter:
        """Both together. In one pass: a value that reads like a tag stays as it is."""

        def fill(text: str) -> str:
            return _TAG.sub(lambda found: self.values[found[0]], text)

        return Letter(self.subject, fill(self.shell.html), fill(self.shell.text), self.headers)


def letter(message: Outgoing) -> Letter:
    """The whole letter of one message. Raises Unsendable."""
    return part_of(message).letter()


def part_of(message: Outgoing) -> Part:
    """What is this customer's own in the letter, and the shell around it. Raises Unsendable."""
    subject = header_line(message.subject or "")
    if not subject:
        raise Unsendable(f"{message.touchpoint or 'the e-mail'} has no subject")
    in_html, in_text = _body(_LONE.sub("\ufffd", message.body), message.survey)
    if not in_text:
        raise Unsendable(f"{message.touchpoint or 'the e-mail'} says nothing")
    values = {HTML_BODY: in_html, TEXT_BODY: in_text}
    headers: dict[str, str] = {}
    if preheader := header_line(message.preheader or ""):
        values[PREHEADER] = html.escape(preheader)
    if stop := message.unsubscribe_url:
        values[HTML_STOP], values[TEXT_STOP] = html.escape(_checked_url(stop)), stop
        headers = {"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return Part(subject, _shell(message.company, bool(preheader), bool(stop)), values, headers)


def header_line(words: str) -> str:
    """The words as one line that cannot begin another header: white space and control characters become one space."""
    return _TURNING.sub("", _GAPS.sub(" ", words)).strip()


@functools.lru_cache(maxsize=4_096)
def address(text: str, what: str) -> str:
    """The e-mail address in a form that may stand in a header. what: names it in the error. Raises Unsendable."""
    from email_validator import EmailNotValidError, validate_email  # 40 ms, for processes that send e-mails

    try:
        # test_environment: rehearsals have addresses under .test
        checked = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise Unsendable(f"{what} is no e-mail address") from None
    return checked.ascii_email or checked.normalized


def _checked_url(url: str) -> str:
    if not _URL.fullmatch(url):
        raise Unsendable("a link of the e-mail is no http address; look at TOUCHPOINT_PUBLIC_URL")
    return url


@functools.lru_cache(maxsize=256)
def _shell(company: Company, preheader: bool, stop: bool) -> Shell:  # positional, for the cache
    return shell(company, preheader=preheader, stop=stop)


# -- the body ------------------------------------------------------------------------------------------------------------


def _body(markdown: str, survey: Survey | None) -> tuple[str, str]:
    """HTML and text of the words, the survey in its place."""
    from inscriptis import get_text  # type: ignore[import-untyped]

    into_html, into_text = _markdown()
    tokens = into_html.parse(markdown)
    place = _place_of_survey(tokens)
    if survey is None:
        if place is not None:
            raise Unsendable(f"the e-mail has a line {MARKER} and asks nothing; give it a survey in its front matter")
        return _both(tokens, into_html, into_text, get_text)
    if not survey.points:
        raise Unsendable("the e-mail's survey has no scale")
    before, after = (tokens, []) if place is None else (tokens[:place], tokens[place + 3 :])
    parts = [_both(before, into_html, into_text, get_text), _survey(survey), _both(after, into_html, into_text, get_text)]
    return "".join(h for h, _ in parts), "\n\n".join(t for _, t in parts if t)


def _both(
    tokens: Sequence[Token], into_html: MarkdownIt, into_text: MarkdownIt, get_text: Callable[[str], str]
) -> tuple[str, str]:
    if not tokens:
        return "", ""
    plain = into_text.renderer.render(tokens, into_text.options, {})
    for token in tokens:
        for one in (token, *(token.children or ())):
            if one.nesting >= 0 and (style := STYLES.get(one.tag)):
                one.attrs["style"] = style
    return into_html.renderer.render(tokens, into_html.options, {}).strip(), get_text(plain).strip("\n")


def _place_of_survey(tokens: Sequence[Token]) -> int | None:
    """Index of the paragraph that says only [survey]. A value cannot write one: its brackets are escaped, so its source differs."""
    for at, token in enumerate(tokens):
        if token.type == "paragraph_open" and token.level == 0 and tokens[at + 1].content.strip() == MARKER:
            return at
    return None


def _survey(survey: Survey) -> tuple[str, str]:
    """A row of numbers to click; in the text a line for each."""
    lowest, highest = survey.points[0][0], survey.points[-1][0]
    low, high, ask = (header_line(words) for words in (survey.low, survey.high, survey.ask))
    ends = {lowest: low, highest: high}
    style = PICK % (WIDE if len(survey.points) <= 6 else NARROW)
    picks, lines = [], []
    for point, url in survey.points:
        words = ends.get(point, "")
        name = f"{point} of {highest}" + (f": {words}" if words else "")
        picks.append(
            f'<a class="pick" href="{html.escape(_checked_url(url))}" aria-label="{html.escape(name)}" style="{style}">{point}</a>'
        )
        lines.append(f"{point:>2}  {url}" + (f"  ({words})" if words else ""))
    legend = " &nbsp;·&nbsp; ".join(f"{point} = {html.escape(words)}" for point, words in ends.items() if words)
    below = f'<p class="legend" style="margin:0 0 16px;font-size:14px;color:#55606e">{legend}</p>' if legend else ""
    block = (
        f'<div role="group" aria-label="{html.escape(ask)}"><p style="margin:8px 0 12px"><strong>{html.escape(ask)}</strong></p>'
        f'<p style="margin:0">{" ".join(picks)}</p>{below}</div>'
    )
    return block, "\n".join([ask, "", *lines])


@functools.cache
def _markdown() -> tuple[MarkdownIt, MarkdownIt]:
    """The reader that writes HTML, and one whose links print their address beside the words. Made at the first letter: 60 ms."""
    from markdown_it import MarkdownIt

    made = []
    for _ in range(2):
        reader = MarkdownIt("commonmark", {"html": False}).disable("image")
        reader.validateLink = _may_link  # type: ignore[method-assign]  # the documented way to replace it
        made.append(reader)
    into_html, into_text = made
    into_html.renderer.rules["link_close"] = _close_link  # type: ignore[attr-defined]
    into_text.renderer.rules["link_open"] = lambda *_: ""  # type: ignore[attr-defined]
    into_text.renderer.rules["link_close"] = _print_link  # type: ignore[attr-defined]
    return into_html, into_text


def _may_link(url: str) -> bool:
    return url.lower().startswith(LINKS)


def _close_link(tokens: Sequence[Token], at: int, *_: object) -> str:
    """A link without words shows its address: nobody clicks what cannot be seen."""
    words, url = _link(tokens, at)
    return f"{'' if words.strip() else html.escape(url)}</a>"


def _print_link(tokens: Sequence[Token], at: int, *_: object) -> str:
    """ "Look here (https://…)", and only the address where the words are the address."""
    words, url = _link(tokens, at)
    shown = url.partition(":")[2] if url.startswith(("mailto:", "tel:")) else url
    if not words.strip():
        return html.escape(shown)
    return "" if words.strip() == shown else f" ({html.escape(shown)})"


def _link(tokens: Sequence[Token], close: int) -> tuple[str, str]:
    """The words and the address of the link that ends here."""
    begin = next(at for at in range(close - 1, -1, -1) if tokens[at].type == "link_open")
    return "".join(t.content for t in tokens[begin + 1 : close]), str(tokens[begin].attrs["href"])
