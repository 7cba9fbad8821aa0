"""E-mails through SendGrid's own SDK, against a small SendGrid on loopback: one, and many at once."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from typing import Any

import jsonschema
import pytest

from orchestrator.channels.base import Accepted, Answer, Company, RejectedPermanent, Survey
from orchestrator.channels.sendgrid_events import HANDLE
from tests.channels.little_sendgrid import (
    ACCEPTED,
    DOCUMENT,
    Provider,
    Says,
    channel,
    check_against_the_document,
    message,
)


def test_the_document_is_at_hand_and_refuses_what_is_wrong() -> None:
    if not DOCUMENT.is_file():
        pytest.skip(f"no contracts: there is no file {DOCUMENT}; set TOUCHPOINT_CONTRACTS")

    with pytest.raises(jsonschema.ValidationError):
        check_against_the_document([{"personalizations": [{}], "from": {"email": "a@b.example"}, "subject": "x", "content": []}])


# -- one e-mail ----------------------------------------------------------------------------------------------------------


def test_one_e_mail_is_asked_for_as_it_should_arrive(provider: Provider) -> None:
    one = message()

    answers = channel(provider).send([one])

    (request,) = provider.requests
    (person,) = request["personalizations"]
    assert isinstance(answers[0], Accepted)
    assert provider.paths == ["/v3/mail/send"]
    assert provider.headers[0]["Authorization"] == "Bearer SG.test.key"
    assert request["from"] == {"email": "hello@harborandpine.example.com", "name": "Harbor & Pine"}
    assert request["reply_to"] == {"email": "ari@harborandpine.example.com"}
    assert request["subject"] == person["subject"] == "For dana"
    assert [c["type"] for c in request["content"]] == ["text/plain", "text/html"]
    assert "<strong>there</strong>" in request["content"][1]["value"]
    assert person["to"] == [{"email": "dana@example.com"}]
    assert person["custom_args"] == {HANDLE: str(one.handle)}, "nothing of ours but the handle, and nothing personal"
    assert person["headers"] == {
        "List-Unsubscribe": "<https://touch.example.com/u/dana>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    assert sorted(request["categories"]) == ["quote-follow-up", "quote-thanks"]
    assert request["tracking_settings"] == {
        "click_tracking": {"enable": False, "enable_text": False},
        "subscription_tracking": {"enable": False},
    }


def test_categories_are_plain_letters_and_each_once(provider: Provider) -> None:
    channel(provider).send([message(playbook="größe", touchpoint="größe")])

    assert provider.requests[0]["categories"] == ["gr-e"]


def test_an_address_is_taken_as_it_is_and_never_read_for_a_name(provider: Provider) -> None:
    answers = channel(provider).send(
        [message("Evil <x@example.com>"), message("a@example.com\r\nBcc: x@example.com"), message("ok+tag@example.com")]
    )

    assert [type(a) for a in answers] == [RejectedPermanent, RejectedPermanent, Accepted]
    assert provider.addresses() == [["ok+tag@example.com"]]


def test_words_that_begin_like_an_api_key_are_not_sent_and_stop_nobody_else(provider: Provider) -> None:
    alone = message("key@example.com", "SG.abc.def", touchpoint="other")

    answers = channel(provider).send([alone, message("ari@example.com")])

    assert [type(a) for a in answers] == [RejectedPermanent, Accepted]
    assert provider.addresses() == [["ari@example.com"]]


# -- many at once --------------------------------------------------------------------------------------------------------


def filled(request: dict[str, Any], person: dict[str, Any]) -> tuple[str, str]:
    """Text and HTML as SendGrid would deliver them to one person."""
    made = []
    for content in request["content"]:
        value = content["value"]
        for tag, words in person.get("substitutions", {}).items():
            value = value.replace(tag, words)
        made.append(value)
    return made[0], made[1]


def test_customers_of_one_touchpoint_share_a_request_and_each_gets_their_own_words(provider: Provider) -> None:
    survey = Survey("How was it?", [(n, f"https://touch.example.com/s/x/{n}") for n in range(11)], "Bad", "Great")
    batch = [message(f"c{n}@example.com", f"Hi customer *number* {n}!", survey=survey) for n in range(60)]

    answers = channel(provider).send(batch)

    (request,) = provider.requests
    by_handle = {p["custom_args"][HANDLE]: p for p in request["personalizations"]}
    assert all(isinstance(a, Accepted) for a in answers)
    for n, one in enumerate(batch):
        person = by_handle[str(one.handle)]  # whatever order the SDK puts them in
        text, page = filled(request, person)
        assert person["to"] == [{"email": f"c{n}@example.com"}]
        assert person["subject"] == f"For c{n}"
        assert f"Hi customer number {n}!" in text
        assert f"Hi customer <em>number</em> {n}!" in page
        assert f"https://touch.example.com/u/c{n}\n" in text
        assert f'href="https://touch.example.com/u/c{n}"' in page
        assert person["headers"]["List-Unsubscribe"] == f"<https://touch.example.com/u/c{n}>"
        assert "-tp-" not in text + page
    assert "c1" not in request["subject"] + request["content"][0]["value"], "what all share is nobody's own"


def test_every_accepted_message_has_a_reference_of_its_own(provider: Provider) -> None:
    batch = [message(f"c{n}@example.com") for n in range(20)]

    answers = channel(provider).send(batch)

    assert [a.ref for a in answers if isinstance(a, Accepted)] == [f"m0/{one.handle.hex}" for one in batch]


def test_what_cannot_share_goes_alone_or_in_a_request_of_its_own(provider: Provider) -> None:
    batch = [
        message("a@example.com"), message("b@example.com"),
        message("A@Example.com"),  # the same mailbox for a request: each address once
        message("c@example.com", "word " * 1_500),  # more than tags may carry
        message("d@example.com", "Use -tp-html-body- here"),  # a tag among the words
        message("e@example.com", reply_to="kim@harborandpine.example.com"), message("f@example.com", touchpoint="other"),
        message("g@example.com", company=Company("Another")), message("h@example.com", unsubscribe_url=None),
        message("i@example.com", preheader=None),
    ]  # fmt: skip

    answers = channel(provider).send(batch)

    assert all(isinstance(a, Accepted) for a in answers)
    expected = [["a@example.com", "b@example.com"], ["A@example.com"], *([f"{c}@example.com"] for c in "cdefghi")]
    assert sorted(provider.addresses()) == sorted(expected)
    alone = next(r for r in provider.requests if "d@" in str(r["personalizations"][0]["to"]))
    assert "Use -tp-html-body- here" in alone["content"][0]["value"]
    assert "substitutions" not in alone["personalizations"][0]


def test_more_than_a_thousand_are_several_requests(provider: Provider) -> None:
    answers = channel(provider).send([message(f"c{n}@example.com") for n in range(1_001)])

    assert all(isinstance(a, Accepted) for a in answers)
    assert sorted(len(r["personalizations"]) for r in provider.requests) == [1, 1_000]


def test_one_bad_address_spoils_nothing_for_the_others(provider: Provider) -> None:
    def refuses_bad(request: dict[str, Any]) -> Says:
        if any("bad@" in p["to"][0]["email"] for p in request["personalizations"]):
            error = {"message": "Does not contain a valid address: bad@example.com", "field": "personalizations.0.to.0.email"}
            return Says(400, body=json.dumps({"errors": [error]}).encode())
        return ACCEPTED

    provider.answer = refuses_bad
    batch = [message(f"c{n}@example.com") for n in range(9)] + [message("bad@example.com")]

    answers = channel(provider).send(batch)

    assert [type(a) for a in answers] == [Accepted] * 9 + [RejectedPermanent]
    assert isinstance(answers[9], RejectedPermanent)
    assert answers[9].contact_point_is_dead
    assert "bad@example.com" not in answers[9].why
    assert Counter(p["to"][0]["email"] for p in provider.people) == {m.to: 2 for m in batch}


def test_a_request_that_is_too_large_is_halved_until_it_is_not(provider: Provider) -> None:
    provider.answer = lambda request: ACCEPTED if len(request["personalizations"]) <= 3 else Says(413)
    batch = [message(f"c{n}@example.com") for n in range(10)]

    answers = channel(provider).send(batch)

    assert [type(a) for a in answers] == [Accepted] * 10
    accepted = [sorted(r) for r in provider.addresses() if len(r) <= 3]
    assert sorted(a for r in accepted for a in r) == sorted(m.to for m in batch), "nobody twice"


def test_one_e_mail_that_is_too_large_is_refused_for_good(provider: Provider) -> None:
    provider.answer = lambda request: Says(413)

    assert isinstance(channel(provider).send([message()])[0], RejectedPermanent)


def test_processes_that_send_nothing_do_not_load_the_sdk() -> None:
    asked = "import sys, orchestrator.channels.sendgrid, orchestrator.channels.smtp; print([m for m in ('sendgrid', 'python_http_client', 'css_inline', 'inscriptis', 'markdown_it') if m in sys.modules])"

    printed = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout

    assert printed.strip() == "[]"


def test_many_senders_at_once_each_get_their_own_answers(provider: Provider) -> None:
    one = channel(provider, sends_at_once=4)
    batches = [[message(f"c{n}.{m}@example.com", touchpoint=f"t{m % 3}") for m in range(12)] for n in range(6)]
    answers: dict[int, list[Answer]] = {}

    threads = [threading.Thread(target=lambda n=n: answers.update({n: one.send(batches[n])})) for n in range(6)]  # type: ignore[misc]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    for n, batch in enumerate(batches):
        refs = [a.ref for a in answers[n] if isinstance(a, Accepted)]
        assert [ref.partition("/")[2] for ref in refs] == [m.handle.hex for m in batch]
    assert Counter(p["to"][0]["email"] for p in provider.people) == {m.to: 1 for b in batches for m in b}
