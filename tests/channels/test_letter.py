"""What a customer finds in the mailbox: the words, nothing that the words smuggle in, a way out, and a survey of one click."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from orchestrator.channels.base import Company, Outgoing, Survey
from orchestrator.channels.letter import Letter, Unsendable, address, letter, part_of
from orchestrator.channels.shell import SIGN
from orchestrator.ids import new_id

COMPANY = Company("Harbor & Pine", "(312) 555-0100", "hello@harborandpine.example.com", "", "18 Pine Street, Chicago, IL 60699")
STOP = "https://touch.example.com/u/abc?a=1&b=2"
SURVEY = Survey("How did it go?", [(n, f"https://touch.example.com/s/abc/{n}") for n in range(1, 6)], "Not right", "All good")


def message(body: str = "Hi **Dana**,\n\nit is done.", **more: object) -> Outgoing:
    plain = Outgoing(
        new_id(), "email", datetime(2026, 11, 20, 16, 0, tzinfo=UTC), "dana@example.com", body, "Your quote", touchpoint="thanks"
    )
    return replace(plain, **more)  # type: ignore[arg-type]  # fields by name


class Seen(HTMLParser):
    """Elements of a page with their attributes, and the words that stand in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words += data

    @property
    def links(self) -> list[str]:
        return [attrs["href"] for tag, attrs in self.elements if tag == "a"]


def seen(made: Letter) -> Seen:
    return Seen(made.html)


# -- the words -----------------------------------------------------------------------------------------------------------


def test_the_words_come_as_html_and_as_text() -> None:
    made = letter(
        message(
            "Hi **Dana**,\n\n- [your quote](https://a.example/q?x=1&y=2)\n- <https://b.example>\n- [Ari](mailto:ari@a.example)"
        )
    )

    assert "<strong>Dana</strong>" in made.html
    assert seen(made).links == ["https://a.example/q?x=1&y=2", "https://b.example", "mailto:ari@a.example"]
    assert "Hi Dana," in made.text
    assert "* your quote (https://a.example/q?x=1&y=2)" in made.text
    assert "* https://b.example\n" in made.text
    assert "* Ari (ari@a.example)" in made.text


@pytest.mark.parametrize(
    "markup",
    ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[a](javascript:alert(1))", "[a](data:text/html,x)", "![](x)",
     "[a](file:///etc/passwd)", "[a](//evil.example)", "</td></table><h1>", "<!-- x", "&lt;b&gt;", "[a](vbscript:x)", "<a href='x'>y</a>"],
)  # fmt: skip
def test_markup_in_the_words_stays_letters(markup: str) -> None:
    made, plain = letter(message(f"Hi {markup} there")), letter(message("Hi there"))

    assert [e for e in seen(made).elements if e[0] != "p"] == [e for e in seen(plain).elements if e[0] != "p"]
    assert html.unescape(markup) in seen(made).words
    assert html.unescape(markup) in made.text


def test_a_picture_is_never_loaded() -> None:
    made = letter(message("![](https://evil.example/pixel.png) ![us](https://a.example/us.png)"))

    assert "img" not in {tag for tag, _ in seen(made).elements}
    assert "https://evil.example/pixel.png" in seen(made).words, "a link that nobody sees must not be there"


def test_a_value_that_reads_like_a_tag_of_the_shell_is_not_filled() -> None:
    made = letter(message("Hi -tp-text-body- and -tp-html-stop-", unsubscribe_url=STOP, preheader="-tp-html-body-"))

    assert "Hi -tp-text-body- and -tp-html-stop-" in made.html
    assert "Hi -tp-text-body- and -tp-html-stop-" in made.text


def test_nothing_of_the_shell_is_left_unfilled() -> None:
    made = letter(message(company=COMPANY, unsubscribe_url=STOP, preheader="Look"))

    assert SIGN not in made.html + made.text


def test_nothing_in_a_letter_is_fetched_from_elsewhere() -> None:
    made = letter(message(company=COMPANY, unsubscribe_url=STOP, survey=SURVEY, preheader="Look"))

    assert {tag for tag, _ in seen(made).elements}.isdisjoint({"img", "script", "link", "iframe", "object", "form"})
    assert "url(" not in made.html
    assert "@import" not in made.html


# -- the shell -----------------------------------------------------------------------------------------------------------


def test_every_letter_says_who_sends_it_and_where_they_are() -> None:
    made = letter(message(company=COMPANY))

    for where in (seen(made).words, made.text):
        assert "Sent by Harbor & Pine" in where
        assert "18 Pine Street, Chicago, IL 60699" in where
        assert "(312) 555-0100" in where


def test_the_preview_in_the_inbox_shows_the_preheader_and_then_nothing() -> None:
    made = letter(message("First words of the body.", preheader="Look & see"))

    before = seen(made).words.partition("First words")[0]
    padding = before.partition("Look & see")[2]
    assert len(padding) > 200, "or the body follows in the preview"
    assert padding.strip(" \n\xa0\u034f\u200c") == ""
    assert "Look" not in made.text


def test_a_screen_reader_and_a_dark_screen_get_what_they_need() -> None:
    made = letter(message(company=COMPANY))
    elements = seen(made).elements

    assert next(attrs for tag, attrs in elements if tag == "html")["lang"] == "en"
    assert all(attrs.get("role") == "presentation" for tag, attrs in elements if tag == "table")
    assert ("meta", {"name": "color-scheme", "content": "light dark"}) in elements
    assert "prefers-color-scheme: dark" in made.html


def test_a_company_that_looks_like_markup_is_only_a_name() -> None:
    made = letter(message(company=Company(name="<b>Q</b> & Co\r\n", address="<script>")))

    assert {"b", "script"}.isdisjoint(tag for tag, _ in seen(made).elements)
    assert "Sent by <b>Q</b> & Co" in made.text


# -- stopping ------------------------------------------------------------------------------------------------------------


def test_a_customer_can_stop_the_e_mails_by_a_link_and_by_the_mail_programs_own_button() -> None:
    made = letter(message(unsubscribe_url=STOP))

    assert STOP in seen(made).links
    assert f"Stop these e-mails: {STOP}" in made.text
    assert made.headers == {"List-Unsubscribe": f"<{STOP}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def test_without_an_address_to_stop_at_none_is_promised() -> None:
    made = letter(message(company=COMPANY))

    assert made.headers == {}
    assert "Stop these" not in made.html + made.text


@pytest.mark.parametrize(
    "url", ["https://a.example/\r\nBcc: x@y.example", "https://a.example/>", "javascript:alert(1)", "https://a b", 'https://a"']
)
def test_a_link_that_could_break_a_header_or_an_attribute_is_not_sent(url: str) -> None:
    with pytest.raises(Unsendable, match="no http address"):
        letter(message(unsubscribe_url=url))
    with pytest.raises(Unsendable, match="no http address"):
        letter(message(survey=Survey("?", [(1, url)])))


# -- headers -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Hello\r\nBcc: evil@example.com", "Hello Bcc: evil@example.com"),
        ("a\u2028b\x00c\x85d\te", "a b c d e"),
        ("  x \n", "x"),
        ("a\u202eb\ud800", "ab"),
    ],
)
def test_a_subject_is_always_one_line(subject: str, expected: str) -> None:
    assert letter(message(subject=subject)).subject == expected


@pytest.mark.parametrize("subject", [None, "", " \r\n "])
def test_an_e_mail_without_a_subject_is_not_sent(subject: str | None) -> None:
    with pytest.raises(Unsendable, match="thanks has no subject"):
        letter(message(subject=subject))


@pytest.mark.parametrize(
    "text", ["dana@example.com\r\nBcc: x@example.com", "dana", "Dana <dana@example.com>", "a@b@c.example", "", "a b@example.com"]
)
def test_what_is_no_address_never_becomes_a_header_and_is_not_repeated_in_the_error(text: str) -> None:
    with pytest.raises(Unsendable) as wrong:
        address(text, "the reply-to address")

    assert str(wrong.value) == "the reply-to address is no e-mail address"


@pytest.mark.parametrize("body", ["", "\n\n", "<!-- -->"[:0]])
def test_an_e_mail_without_words_is_not_sent(body: str) -> None:
    with pytest.raises(Unsendable, match="says nothing"):
        letter(message(body))


@pytest.mark.parametrize(
    "body", ["a\x00b\x1b", "half \ud83d", "> " * 15 + "deep", "- " * 2_000 + "x", "[" * 5_000, "x" + "`" * 3_000 + "*" * 3_000]
)
def test_odd_words_are_still_a_letter(body: str) -> None:
    made = letter(message(body))

    (made.html + made.text).encode()


# -- surveys -------------------------------------------------------------------------------------------------------------


def test_a_survey_is_answered_by_one_click_on_a_number() -> None:
    made = letter(message("Hi,\n\n[survey]\n\nBye.", survey=SURVEY))

    numbers = [(a["href"], a["aria-label"]) for tag, a in seen(made).elements if a.get("class") == "pick"]
    assert numbers[0] == ("https://touch.example.com/s/abc/1", "1 of 5: Not right")
    assert numbers[2] == ("https://touch.example.com/s/abc/3", "3 of 5")
    assert numbers[4] == ("https://touch.example.com/s/abc/5", "5 of 5: All good")
    assert "1 = Not right" in seen(made).words
    assert re.search(r"^ 5  https://touch.example.com/s/abc/5", made.text, re.MULTILINE)


def test_the_survey_stands_where_the_author_put_it_else_at_the_end() -> None:
    placed, last = letter(message("Hi,\n\n[survey]\n\nBye.", survey=SURVEY)), letter(message("Hi,\n\nBye.", survey=SURVEY))

    for where in (placed.html, placed.text):
        assert where.index("Hi,") < where.index("How did it go?") < where.index("Bye.")
        assert "[survey]" not in where
    for where in (last.html, last.text):
        assert where.index("Bye.") < where.index("How did it go?")


def test_a_customers_words_cannot_place_the_survey() -> None:
    made = letter(message("\\[survey\\]\n\nBye.", survey=SURVEY))

    assert made.text.index("[survey]") < made.text.index("Bye.") < made.text.index("How did it go?")


def test_a_place_for_a_survey_without_one_is_a_mistake_that_nobody_gets() -> None:
    with pytest.raises(Unsendable, match=r"\[survey\] and asks nothing"):
        letter(message("Hi\n\n[survey]"))


def test_a_survey_asks_in_words_not_in_markup() -> None:
    made = letter(message(survey=replace(SURVEY, ask='How was <b>"it"</b>?', low="<i>bad</i>")))

    assert {"b", "i"}.isdisjoint(tag for tag, _ in seen(made).elements)
    assert 'How was <b>"it"</b>?' in seen(made).words


# -- many at once --------------------------------------------------------------------------------------------------------


def test_customers_of_one_company_share_everything_but_their_own_part() -> None:
    one = part_of(message("Hi Dana", company=COMPANY, unsubscribe_url=STOP))
    other = part_of(message("Hi Ari", company=COMPANY, unsubscribe_url=STOP + "9"))

    assert one.shell is other.shell
    assert "Dana" not in one.shell.html + one.shell.text
    assert "abc" not in one.shell.html + one.shell.text
    assert set(one.values) == {tag for tag in re.findall(rf"{SIGN}[a-z]+(?:-[a-z]+)?-", one.shell.html + one.shell.text)}


def test_a_part_is_counted_in_bytes_with_its_tags() -> None:
    part = part_of(message("Grüße"))

    assert part.size == sum(len((tag + value).encode()) for tag, value in part.values.items())
