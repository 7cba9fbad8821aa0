"""What customers do who follow a link out of an e-mail: one click ends e-mails, one click says how it went, and looking changes nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from starlette.testclient import TestClient

from orchestrator import engine
from tests.web.practice import FORM, Business

ONE_CLICK = {"content": "List-Unsubscribe=One-Click", "headers": {"Content-Type": FORM}}


def form(fields: str) -> dict[str, object]:
    return {"content": fields, "headers": {"Content-Type": FORM}}


class Controls(HTMLParser):
    """The controls of a page, with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def test_one_click_in_the_mail_program_ends_e_mails_without_cookies(business: Business, web: TestClient) -> None:
    answer = web.post(business.unsubscribe_link(), **ONE_CLICK)

    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert business.suppressed() == {"email": "followed the unsubscribe link of an e-mail"}


def test_one_click_may_come_as_multipart_too(business: Business, web: TestClient) -> None:
    answer = web.post(business.unsubscribe_link(), files={"List-Unsubscribe": (None, "One-Click")})

    assert answer.status_code == 200
    assert "email" in business.suppressed()


def test_looking_at_every_link_of_a_mail_changes_nothing(business: Business, web: TestClient) -> None:
    before = business.events()
    for link in (business.unsubscribe_link(), business.survey_link(), f"{business.survey_link()}?answer=9"):
        assert web.get(link).status_code == 200
        assert web.head(link).status_code == 200

    assert business.suppressed() == {}
    assert business.answers() == []
    assert business.events() == before


def test_the_page_asks_before_it_unsubscribes_and_its_button_does(business: Business, web: TestClient) -> None:
    page = web.get(business.unsubscribe_link()).text
    [asked] = Controls(page).of("form")
    assert asked == {"method": "post"}  # to its own address

    done = web.post(business.unsubscribe_link(), **form(""))

    assert "Stop e-mails from Northside Windows?" in page
    assert "<h1>Done</h1>" in done.text
    assert "email" in business.suppressed()


def test_unsubscribing_twice_is_once_and_the_page_says_so(business: Business, web: TestClient) -> None:
    for _ in range(2):
        assert "<h1>Done</h1>" in web.post(business.unsubscribe_link(), **ONE_CLICK).text

    assert "<h1>Done</h1>" in web.get(business.unsubscribe_link()).text


@pytest.mark.parametrize("path", ["/u/nothing.of-ours", "/s/nothing.of-ours", "/s/x?answer=9", "/u/" + "a" * 3_000, "/u/%00"])
def test_a_link_that_is_none_of_ours_is_a_friendly_page(web: TestClient, path: str) -> None:
    for answer in (web.get(path), web.post(path, **form("answer=9"))):
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")
        assert "This link leads nowhere" in answer.text


def test_a_link_with_one_sign_changed_does_nothing(business: Business, web: TestClient) -> None:
    link = business.unsubscribe_link()
    for place in range(len("/u/"), len(link) - 1):  # the last sign carries bits that count for nothing
        changed = link[:place] + ("A" if link[place] != "A" else "B") + link[place + 1 :]
        assert web.post(changed, **ONE_CLICK).status_code == 404

    assert business.suppressed() == {}


def test_a_survey_link_does_not_unsubscribe_nor_the_other_way_round(business: Business, web: TestClient) -> None:
    assert web.post(business.survey_link().replace("/s/", "/u/"), **ONE_CLICK).status_code == 404
    assert web.post(business.unsubscribe_link().replace("/u/", "/s/"), **form("answer=9")).status_code == 404


def test_a_clicked_point_is_chosen_on_the_page_which_sends_it_by_itself_or_by_its_button(
    business: Business, web: TestClient
) -> None:
    page = web.get(f"{business.survey_link()}?answer=9").text
    controls = Controls(page)

    assert "Would you have us back?" in page
    assert [c["value"] for c in controls.of("input")] == [str(n) for n in range(11)]
    assert [c["value"] for c in controls.of("input") if "checked" in c] == ["9"]
    assert controls.of("form")[0] == {"method": "post", "action": business.survey_link(), "id": "answer"}
    assert controls.of("button")
    assert [script["src"] for script in controls.of("script")] == ["/static/answer.js"]
    assert "submit()" in web.get("/static/answer.js").text


@pytest.mark.parametrize(
    "query", ["", "?answer=", "?answer=11", "?answer=-1", "?answer=nine", "?answer=%D9%A9", "?answer=9&answer=x"]
)
def test_a_point_that_is_not_on_the_scale_is_not_sent_by_itself(business: Business, web: TestClient, query: str) -> None:
    page = web.get(business.survey_link() + query)

    assert page.status_code == 200
    assert not Controls(page.text).of("script")


def test_an_answer_is_kept_and_becomes_an_event_that_moves_the_follow_up_on(business: Business, web: TestClient) -> None:
    answer = web.post(business.survey_link(), **form("answer=9"))
    engine.retry_waiting(business.parts)

    assert answer.status_code == 200
    assert "Thank you" in answer.text
    assert business.answers() == [(9, None)]
    assert business.events()[-1] == "survey.answered"


def test_a_second_click_corrects_the_answer_and_is_no_second_event(business: Business, web: TestClient) -> None:
    for point in (9, 2):
        web.post(business.survey_link(), **form(f"answer={point}"))

    assert business.answers() == [(2, None)]
    assert business.events().count("survey.answered") == 1
    shown = Controls(web.get(business.survey_link()).text).of("input")
    assert [c["value"] for c in shown if "checked" in c] == ["2"]


@pytest.mark.parametrize("fields", ["", "answer=", "answer=11", "answer=9.5", "answer=1e1", "answer=%00", "rating=9"])
def test_an_answer_off_the_scale_is_asked_for_again(business: Business, web: TestClient, fields: str) -> None:
    answer = web.post(business.survey_link(), **form(fields))

    assert answer.status_code == 422
    assert len(Controls(answer.text).of("input")) == 11
    assert business.answers() == []


def test_a_comment_stands_beside_the_answer_as_it_was_written(business: Business, web: TestClient) -> None:
    thanks = web.post(business.survey_link(), **form("answer=3")).text
    [box] = Controls(thanks).of("textarea")
    [asked] = Controls(thanks).of("form")

    said = "comment=%3Cb%3ELate%3C%2Fb%3E%2C%0D%0Aand+wet%00+%E2%80%AEshoes"
    answer = web.post(str(asked["action"]), **form(said))

    assert box["name"] == "comment"
    assert answer.status_code == 200
    assert business.answers() == [(3, "<b>Late</b>,\nand wet shoes")]
    assert "<b>" not in answer.text.replace("<body>", "")


def test_a_comment_without_an_answer_asks_for_the_answer(business: Business, web: TestClient) -> None:
    answer = web.post(f"{business.survey_link()}/comment", **form("comment=hello"))

    assert answer.status_code == 422
    assert business.answers() == []


def test_an_empty_comment_is_thanked_too(business: Business, web: TestClient) -> None:
    web.post(business.survey_link(), **form("answer=3"))

    assert "Thank you" in web.post(f"{business.survey_link()}/comment", **form("comment=+%0D%0A")).text
    assert business.answers() == [(3, None)]


def test_pages_load_nothing_from_elsewhere_are_framed_by_nobody_and_leak_no_address(business: Business, web: TestClient) -> None:
    for page in (web.get(business.survey_link()), web.get(business.unsubscribe_link()), web.get("/u/none"), web.put("/u/none")):
        rules = dict(rule.split(" ", 1) for rule in page.headers["content-security-policy"].split("; "))
        assert rules == {
            "default-src": "'none'", "style-src": "'self'", "script-src": "'self'", "form-action": "'self'", "base-uri": "'none'",
            "frame-ancestors": "'none'",
        }  # fmt: skip
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["x-robots-tag"] == "noindex, nofollow"
        assert not re.search(r"""(?:src|href|action)=["'](?!/[^/])""", page.text)
        assert not re.search(r"<script(?! src)|style=|\son\w+=", page.text)


def test_pages_show_nothing_about_the_customer(business: Business, web: TestClient) -> None:
    web.post(business.survey_link(), **form("answer=3"))
    for link in (business.survey_link(), business.unsubscribe_link()):
        page = web.get(link).text
        assert not [said for said in ("Dana", "Ortiz", "dana@example.com", "5550142", "Q-1042") if said in page]


def test_what_is_too_long_or_no_form_is_refused_with_a_page(business: Business, web: TestClient) -> None:
    long = web.post(business.survey_link(), **form("answer=9&x=" + "x" * 64_000))
    endless = web.post(business.unsubscribe_link(), content=iter([b"x" * 40_000] * 3))
    huge = web.post(business.unsubscribe_link(), content=b"x" * 5_000_001)
    other = web.post(business.survey_link(), json={"answer": 9})

    assert [a.status_code for a in (long, endless, huge, other)] == [413, 413, 413, 415]
    for answer in (long, endless, huge, other):
        assert "That did not work" in answer.text
        assert answer.headers["content-type"].startswith("text/html")
    assert business.answers() == []
    assert business.suppressed() == {}


def test_without_the_database_the_page_asks_to_come_back(business: Business, web: TestClient) -> None:
    link = business.survey_link()
    with business.parts.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE attempt RENAME TO gone")

    answer = web.post(link, **form("answer=9"))

    assert answer.status_code == 503
    assert "The fault is ours" in answer.text
    assert answer.headers["retry-after"]
