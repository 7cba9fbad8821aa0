"""E-mails through SendGrid on bad days: what it refuses, answers late or not at all, and what we know then."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from datetime import timedelta

import pytest

from orchestrator.channels.base import Accepted, Held, RejectedPermanent, RejectedSafe, Sought, Unknown
from orchestrator.ids import new_id
from tests.channels.little_sendgrid import (
    ACCEPTED,
    LOST,
    NOW,
    Provider,
    Says,
    channel,
    message,
)

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
