"""E-mails through SendGrid's own SDK, and the events that come back."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from python_http_client.exceptions import BadRequestsError, ForbiddenError, UnauthorizedError
from sendgrid.helpers.eventwebhook import EventWebhook
from sendgrid.helpers.mail import Mail

from orchestrator.carrier import credentials
from tests.carrier.conftest import Stage
from tests.carrier.receiver import Got

HANDLE = UUID("0193f5a0-0000-7000-8000-000000000002")
SIGNATURE, STAMP = "x-twilio-email-event-webhook-signature", "x-twilio-email-event-webhook-timestamp"


def body(*to: str, **more: Any) -> dict[str, Any]:
    return {
        "personalizations": [{"to": [{"email": one}], "custom_args": {"handle": str(HANDLE)}} for one in to],
        "from": {"email": credentials.EMAIL_FROM, "name": "Rehearsal"},
        "subject": "Your quote",
        "content": [{"type": "text/plain", "value": "Hello"}, {"type": "text/html", "value": "<p>Hello</p>"}],
        "categories": ["quote-follow-up"],
        **more,
    }


def send(stage: Stage, *to: str, **more: Any) -> str:
    answer = stage.sendgrid().client.mail.send.post(request_body=body(*to, **more))
    assert answer.status_code == 202
    return str(answer.headers["X-Message-Id"])


def events(stage: Stage) -> list[dict[str, Any]]:
    return [event for got in stage.receiver.at("/hooks/sendgrid/events") for event in json.loads(got.body)]


def names(stage: Stage) -> list[str]:
    return [event["event"] for event in events(stage)]


def test_an_email_is_delivered_and_told_with_a_signature_over_the_raw_body(stage: Stage) -> None:
    message_id = send(stage, "dana@example.com")
    stage.pass_time(minutes=30)

    assert names(stage) == ["processed", "delivered"]
    for event in events(stage):
        assert event["handle"] == str(HANDLE)
        assert event["email"] == "dana@example.com"
        assert event["category"] == "quote-follow-up"
        assert event["sg_message_id"].startswith(f"{message_id}.")
    assert len({event["sg_event_id"] for event in events(stage)}) == 2
    for got in stage.receiver.at("/hooks/sendgrid/events"):
        verifier = EventWebhook(credentials.public_key())
        assert verifier.verify_signature(got.body.decode(), got.headers[SIGNATURE], got.headers[STAMP])
        assert not verifier.verify_signature(got.body.decode() + " ", got.headers[SIGNATURE], got.headers[STAMP])


def test_the_sdks_own_mail_object_is_taken(stage: Stage) -> None:
    mail = Mail(credentials.EMAIL_FROM, ["a@example.com", "b@example.com"], "Hi", "text", "<p>html</p>", is_multiple=True)

    assert stage.sendgrid().send(mail).status_code == 202

    assert sorted(one.to for one in stage.carrier.ledger()) == ["a@example.com", "b@example.com"]


def test_a_batch_is_many_entries_with_their_own_handles_and_words(stage: Stage) -> None:
    people = [{"to": [{"email": f"p{n}@example.com"}], "substitutions": {"-name-": f"Person {n}"}, "custom_args": {"handle": f"0193f5a0-0000-7000-8000-{n:012}"}} for n in range(100)]  # fmt: skip
    send(stage, personalizations=people, subject="Hi -name-", content=[{"type": "text/plain", "value": "Dear -name-"}])

    ledger = stage.carrier.ledger()
    assert len({one.handle for one in ledger}) == len(ledger) == 100
    assert (ledger[3].subject, ledger[3].body) == ("Hi Person 3", "Dear Person 3")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"subject": 7}, "subject"),
        ({"subject": "two\r\nlines"}, "subject"),
        ({"headers": {"To": "x@example.com"}}, "headers.To"),
        ({"headers": {"X-A": "b\nBcc: x@example.com"}}, "headers.X-A"),
        ({"categories": [str(n) for n in range(11)]}, "categories"),
        ({"content": []}, "content"),
        ({"content": [{"type": "text/html", "value": "<p>"}, {"type": "text/plain", "value": "x"}]}, "content"),
        ({"personalizations": []}, "personalizations"),
        ({"personalizations": [{"to": [{"email": f"{n}@example.com"}]} for n in range(1001)]}, "personalizations"),
        (
            {"personalizations": [{"to": [{"email": "a@example.com"}]}, {"to": [{"email": "A@example.com"}]}]},
            "personalizations.1.to",
        ),
        ({"personalizations": [{"to": [{"email": "no address"}]}]}, "personalizations.0.to.0.email"),
        (
            {"personalizations": [{"to": [{"email": "a@example.com"}], "custom_args": {"n": 1}}]},
            "personalizations.0.custom_args.n",
        ),
    ],
)
def test_what_sendgrid_would_refuse_is_refused_naming_the_field(stage: Stage, change: dict[str, Any], field: str) -> None:
    with pytest.raises(BadRequestsError) as refused:
        send(stage, "a@example.com", **change)

    (error,) = json.loads(refused.value.body)["errors"]
    assert error["field"] == field
    assert error["message"]
    assert stage.carrier.ledger() == []


def test_a_wrong_key_and_a_foreign_sender_are_not_let_in(stage: Stage) -> None:
    with pytest.raises(UnauthorizedError):
        stage.sendgrid("SG.wrong").client.mail.send.post(request_body=body("a@example.com"))
    with pytest.raises(ForbiddenError):
        send(stage, "a@example.com", **{"from": {"email": "hello@somebody-else.example"}})
    assert stage.sendgrid().client.scopes.get().status_code == 200


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("bounce@example.com", ["processed", "bounce"]),
        ("bounce+7@example.com", ["processed", "bounce"]),
        ("full@example.com", ["processed", "deferred", "deferred", "delivered"]),
        ("blocked@example.com", ["processed", "bounce"]),
        ("spam@example.com", ["processed", "delivered", "open", "spamreport"]),
        ("opens@example.com", ["processed", "delivered", "open"]),
    ],
)
def test_mailboxes_behave_by_their_address(stage: Stage, to: str, expected: list[str]) -> None:
    send(stage, to)
    stage.pass_time(hours=2)

    assert names(stage) == expected


def test_a_blocked_mail_is_a_bounce_of_another_type(stage: Stage) -> None:
    send(stage, "blocked@example.com")
    send(stage, "bounce@example.com")
    stage.pass_time(minutes=1)

    assert {e["email"]: e["type"] for e in events(stage) if e["event"] == "bounce"} == {
        "blocked@example.com": "blocked",
        "bounce@example.com": "bounce",
    }


def test_after_a_bounce_the_next_mail_is_dropped(stage: Stage) -> None:
    send(stage, "bounce@example.com")
    stage.pass_time(minutes=1)
    send(stage, "bounce@example.com")
    stage.pass_time(minutes=1)

    assert names(stage)[-1] == "dropped"
    assert events(stage)[-1]["reason"] == "Bounced Address"


def test_the_mail_programs_unsubscribe_button_posts_once_to_the_one_click_address(stage: Stage) -> None:
    headers = {"List-Unsubscribe": f"<{stage.receiver.url}/u/abc>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    send(stage, "unsubscribe@example.com", headers=headers)
    stage.pass_time(hours=1)

    (got,) = stage.receiver.at("/u/abc")
    assert (got.method, got.form) == ("POST", {"List-Unsubscribe": "One-Click"})


def survey(got: Got) -> tuple[int, str]:
    if got.method == "POST":
        return 200, "<html>Thank you</html>"
    return (
        200,
        '<html><form method=post action="/s/done"><input type=hidden name=score value=9><button>Yes</button></form></html>',
    )


def test_nine_clicks_the_nine_and_sends_the_form_that_comes(stage: Stage) -> None:
    stage.receiver.answers["/s/"] = survey
    links = "".join(f'<a href="{stage.receiver.url}/s/{n}">{n}</a>' for n in range(11))
    send(stage, "nine@example.com", content=[{"type": "text/html", "value": links}])
    stage.pass_time(hours=1)

    assert [(got.method, got.path) for got in stage.receiver.at("/s/")] == [("GET", "/s/9"), ("POST", "/s/done")]
    assert stage.receiver.at("/s/done")[0].form == {"score": "9"}
    assert "click" in names(stage)


def test_a_scanner_opens_every_link_and_posts_nothing(stage: Stage) -> None:
    stage.receiver.answers["/s/"] = survey
    links = "".join(f'<a href="{stage.receiver.url}/s/{n}">{n}</a>' for n in range(3))
    headers = {"List-Unsubscribe": f"<{stage.receiver.url}/u/abc>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    send(stage, "scanner@example.com", content=[{"type": "text/html", "value": links}], headers=headers)
    stage.pass_time(hours=1)

    browsed = stage.receiver.at("/s/") + stage.receiver.at("/u/")
    assert [(got.method, got.path) for got in browsed] == [("GET", "/s/0"), ("GET", "/s/1"), ("GET", "/s/2"), ("GET", "/u/abc")]


def test_nobody_leaves_the_rehearsal_by_a_link(stage: Stage) -> None:
    html = '<a href="https://203.0.113.9/out">9</a>'
    send(stage, "nine@example.com", content=[{"type": "text/html", "value": html}])
    stage.pass_time(hours=1)

    (mail,) = stage.carrier.mails.by_sid.values()
    assert ("opened", "outside of the rehearsal") in [(what, about) for _, what, about in mail.happened]


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("http://127.0.0.1:9/x", True),
        ("http://localhost/x", True),
        ("https://www.example.com/x", False),
        ("http://127.0.0.1.example.com/x", False),
        ("http://127.0.0.1@example.com/x", False),
        ("file:///etc/hostname", False),
        ("javascript:x()", False),
    ],
)
def test_customers_open_what_belongs_to_the_rehearsal_only(stage: Stage, url: str, *, may: bool) -> None:
    assert stage.carrier.world.may_browse(url) is may


def test_events_that_are_not_taken_are_repeated_for_a_day_with_fresh_signatures(stage: Stage) -> None:
    stage.receiver.answers["/hooks"] = (503, "")
    send(stage, "dana@example.com")
    stage.pass_time(hours=5)
    stage.receiver.answers.clear()

    tried = len(stage.receiver.got)
    stage.pass_time(hours=2)

    assert tried > 8
    last = stage.receiver.got[-1]
    assert EventWebhook(credentials.public_key()).verify_signature(
        last.body.decode(), last.headers[SIGNATURE], last.headers[STAMP]
    )
    assert int(last.headers[STAMP]) > int(stage.receiver.got[0].headers[STAMP]) + 3600
    assert stage.carrier.next_at() is None
