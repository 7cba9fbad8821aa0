"""E-mails through SendGrid's own SDK, against a small server on loopback that answers what SendGrid would on good and bad days.

Every request that a test makes is checked against SendGrid's own document, where it is at hand.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from orchestrator.channels.base import (
    Accepted,
    Answer,
    Company,
    Held,
    Outgoing,
    RejectedPermanent,
    RejectedSafe,
    Sought,
    Survey,
    Unknown,
)
from orchestrator.channels.sendgrid import SendGrid
from orchestrator.channels.sendgrid_batches import MOST_BYTES
from orchestrator.channels.sendgrid_events import HANDLE
from orchestrator.config import Settings
from orchestrator.ids import new_id

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
COMPANY = Company("Harbor & Pine", "(312) 555-0100", address="18 Pine Street, Chicago")
DOCUMENT = (
    Path(os.environ.get("TOUCHPOINT_CONTRACTS") or Path(__file__).resolve().parents[3] / "shared" / "contracts")
    / "sendgrid"
    / "v3.mail_send_event_webhook.openapi.json"
)


def message(to: str = "dana@example.com", body: str = "Hi **there**.", **more: object) -> Outgoing:
    plain = Outgoing(
        new_id(), "email", NOW + timedelta(minutes=1), to, body, f"For {to.partition('@')[0]}", preheader="Look",
        reply_to="ari@harborandpine.example.com", playbook="quote-follow-up", touchpoint="quote-thanks", company=COMPANY,
        unsubscribe_url=f"https://touch.example.com/u/{to.partition('@')[0]}",
    )  # fmt: skip
    return replace(plain, **more)  # type: ignore[arg-type]  # fields by name


@dataclass
class Says:
    """An answer of the server. raw: bytes on the line instead of it; None closes the connection at once."""

    status: int = 202
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    raw: bytes | None = b""


ACCEPTED = Says(202)
LOST = Says(raw=None)


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what some tests are about."""


class Provider:
    """Takes requests as SendGrid does, keeps them, and answers as the test tells."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[Mapping[str, str]] = []
        self.paths: list[str] = []
        self.answer: Callable[[dict[str, Any]], Says] = lambda request: ACCEPTED
        self.delay_s = 0.0
        self._lock = threading.Lock()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with provider._lock:
                    number = len(provider.requests)
                    provider.requests.append(request)
                    provider.headers.append(self.headers)
                    provider.paths.append(self.path)
                says = provider.answer(request)
                threading.Event().wait(provider.delay_s)
                if says.raw is None:
                    self.close_connection = True
                    return
                if says.raw:
                    self.wfile.write(says.raw)
                    self.close_connection = True
                    return
                self.send_response(says.status)
                for name, value in ({"X-Message-Id": f"m{number}"} if says is ACCEPTED else says.headers).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(says.body)))
                self.end_headers()
                self.wfile.write(says.body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    @property
    def people(self) -> list[dict[str, Any]]:
        """Every personalization of every request."""
        return [p for r in self.requests for p in r["personalizations"]]

    def addresses(self) -> list[list[str]]:
        """Who was in each request."""
        return [sorted(p["to"][0]["email"] for p in r["personalizations"]) for r in self.requests]


@pytest.fixture
def provider() -> Iterator[Provider]:
    server = Provider()
    try:
        yield server
        check_against_the_document(server.requests)
    finally:
        server.close()


def channel(provider: Provider | str, clock: Callable[[], datetime] = lambda: NOW, **more: object) -> SendGrid:
    fields: dict[str, object] = {
        "sendgrid_url": provider if isinstance(provider, str) else provider.url, "sendgrid_api_key": "SG.test.key",
        "email_from": "hello@harborandpine.example.com", "provider_timeout_s": 10.0,
    }  # fmt: skip
    return SendGrid(Settings(_env_file=None, **(fields | more)), clock)  # type: ignore[arg-type]  # fields by name


def check_against_the_document(requests: list[dict[str, Any]]) -> None:
    """Every request is one that SendGrid's document allows, with its mistake mended: top-level custom_args are no text."""
    if not DOCUMENT.is_file():
        return
    document = json.loads(DOCUMENT.read_text())
    schema = document["paths"]["/v3/mail/send"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    schema["properties"]["custom_args"] = {"type": "object"}
    checked = jsonschema.Draft202012Validator(
        {**schema, "components": document["components"], "additionalProperties": False},
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    )
    for request in requests:
        checked.validate(request)
        everyone = [to["email"].lower() for p in request["personalizations"] for to in p["to"]]
        assert len(everyone) == len(set(everyone)) <= 1_000, "each address once, 1,000 at most"
        for person in request["personalizations"]:
            assert sum(len((k + v).encode()) for k, v in person.get("substitutions", {}).items()) <= MOST_BYTES


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


# -- bad days ------------------------------------------------------------------------------------------------------------

HTML_PAGE = b"<html><body>Bad gateway for dana@example.com</body></html>"


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        (Says(202), Unknown),  # nobody named it
        (Says(202, {"X-Message-Id": "x y"}), Unknown), (Says(202, {"X-Message-Id": "a" * 500}), Unknown),
        (Says(202, {"X-Message-Id": "abc"}, HTML_PAGE), Accepted), (Says(200, {"X-Message-Id": "abc"}), Unknown),
        (Says(204), Unknown), (Says(302, {"Location": "http://127.0.0.1:1/"}), Unknown),
        (Says(307, {"Location": "http://127.0.0.1:1/"}), Held), (Says(401), Held), (Says(402), Held), (Says(403, body=HTML_PAGE), Held),
        (Says(404), Held), (Says(408), RejectedSafe), (Says(429), RejectedSafe), (Says(418), RejectedPermanent),
        (Says(400, body=b'{"errors": [{"field": "from.email", "message": "no"}]}'), Held), (Says(400, body=HTML_PAGE), RejectedPermanent),
        (Says(400, body=b"[" * 20_000), RejectedPermanent), (Says(400, body=b'{"errors": []}'), RejectedPermanent),
        (Says(500), Unknown), (Says(503, body=HTML_PAGE), Unknown), (LOST, Unknown),
        (Says(raw=b"HTTP/1.1 202 Acc"), Unknown), (Says(raw=b"nonsense\r\n\r\n"), Unknown),
        (Says(202, {"X-Message-Id": "abc"}, b"x" * 3_000_000), Unknown),
    ],
)  # fmt: skip
def test_what_sendgrid_says_or_fails_to_say_is_what_we_know(provider: Provider, says: Says, expected: type) -> None:
    provider.answer = lambda request: says

    answer = channel(provider).send([message()])[0]

    assert isinstance(answer, expected), answer
    assert "dana" not in str(answer), "answers are written into logs"
    assert len(provider.requests) == 1, "nothing is tried a second time on its own"


def test_an_unknown_answer_holds_for_everybody_in_the_request_and_nobody_else(provider: Provider) -> None:
    provider.answer = lambda request: Says(500) if len(request["personalizations"]) > 1 else ACCEPTED

    answers = channel(provider).send(
        [message("a@example.com"), message("b@example.com"), message("c@example.com", touchpoint="other")]
    )

    assert [type(a) for a in answers] == [Unknown, Unknown, Accepted]


def test_a_server_that_says_nothing_leaves_the_e_mail_unknown(provider: Provider) -> None:
    provider.delay_s = 1.5

    assert isinstance(channel(provider, provider_timeout_s=0.3).send([message()])[0], Unknown)


def test_a_server_that_is_not_there_is_a_safe_refusal() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"

    answers = channel(url).send([message(), message("ari@example.com")])

    assert [type(a) for a in answers] == [RejectedSafe, RejectedSafe]


def test_a_refused_key_is_tried_once_not_for_every_request_that_waits(provider: Provider) -> None:
    provider.answer = lambda request: Says(401)

    answers = channel(provider, sends_at_once=1).send([message(f"c{n}@example.com", touchpoint=f"t{n}") for n in range(30)])

    assert all(isinstance(a, Held) for a in answers)
    assert len(provider.requests) == 1


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-RateLimit-Reset": str(int(NOW.timestamp()) + 40)}, 40.0), ({"Retry-After": "7"}, 7.0), ({}, None),
        ({"Retry-After": "Fri, 20 Nov 2026 15:00:30 GMT"}, 30.0), ({"X-RateLimit-Reset": "1"}, 0.0),
        ({"Retry-After": "999999999"}, 3600.0), ({"Retry-After": "soon"}, None), ({"X-RateLimit-Reset": "-5"}, None),
        ({"Retry-After": "3", "X-RateLimit-Reset": "1"}, 3.0),
    ],
)  # fmt: skip
def test_too_many_requests_slow_the_sender_down_for_as_long_as_sendgrid_asks(
    provider: Provider, headers: Mapping[str, str], expected: float | None
) -> None:
    provider.answer = lambda request: Says(429, headers)

    answer = channel(provider).send([message()])[0]

    assert isinstance(answer, RejectedSafe)
    assert (answer.slow_down, answer.retry_after_s) == (True, expected)


def test_nothing_begins_after_its_time(provider: Provider) -> None:
    answers = channel(provider).send([message(not_after=NOW), message("ari@example.com")])

    assert answers[0] == RejectedSafe("it was too late to begin")
    assert isinstance(answers[1], Accepted)
    assert provider.addresses() == [["ari@example.com"]]


def test_a_request_that_is_taken_apart_too_late_is_not_begun_again(provider: Provider) -> None:
    moments = iter([NOW])
    provider.answer = lambda request: Says(400)

    answers = channel(provider, lambda: next(moments, NOW + timedelta(hours=1))).send(
        [message("a@example.com"), message("b@example.com")]
    )

    assert answers == [RejectedSafe("it was too late to begin")] * 2
    assert len(provider.requests) == 1


@pytest.mark.parametrize(
    "missing", [{"sendgrid_api_key": ""}, {"email_from": ""}, {"sendgrid_api_key": "a\r\nX: y"}, {"email_from": "us"}]
)
def test_without_a_key_or_a_sender_everything_is_held_and_the_setting_named(provider: Provider, missing: dict[str, str]) -> None:
    answers = channel(provider, **missing).send([message(), message("ari@example.com")])

    assert [type(a) for a in answers] == [Held, Held]
    assert f"TOUCHPOINT_{next(iter(missing)).upper()}" in str(answers[0])
    assert not provider.requests


def test_an_e_mail_that_no_letter_can_be_made_of_stops_nobody_else(provider: Provider) -> None:
    answers = channel(provider).send(
        [message(subject=" \r\n"), message(body="Hi\n\n[survey]"), message(reply_to="nobody"), message()]
    )

    assert [type(a) for a in answers] == [RejectedPermanent] * 3 + [Accepted]


def test_nobody_can_tell_about_earlier_ones(provider: Provider) -> None:
    one = Sought(new_id(), "email", "dana@example.com", "", NOW, NOW)

    assert channel(provider).find([one]) == {one.handle: "cannot tell"}


def test_neither_key_nor_letters_are_logged_even_on_debug(provider: Provider, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")

    channel(provider).send([message(body="Secret words")])

    assert provider.requests
    for secret in ("SG.test.key", "Secret words", "dana@example.com"):
        assert secret not in caplog.text


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
