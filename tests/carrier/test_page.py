"""The page: what arrived, as the customer sees it, and the buttons of a person who plays one."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests

from orchestrator.carrier.customers import customers, key_of
from tests.carrier.conftest import Stage
from tests.carrier.test_calls import call, question, say
from tests.carrier.test_mails import names, send
from tests.carrier.test_texts import SOMEBODY, text


def page(stage: Stage, who: str = SOMEBODY, **more: str) -> str:
    answer = requests.get(f"{stage.url}/", params={"who": key_of(who), **more}, timeout=5)
    assert answer.status_code == 200
    return answer.text


def press(stage: Stage, what: str, who: str = SOMEBODY, **more: str) -> requests.Response:
    fields = {"do": what, "who": key_of(who), **more}
    return requests.post(f"{stage.url}/rehearsal/play", data=fields, timeout=5, allow_redirects=False)


def manual(stage: Stage) -> None:
    assert press(stage, "manual", on="yes").status_code == 303


def test_before_anybody_was_contacted_the_page_says_how_people_behave(stage: Stage) -> None:
    shown = page(stage)

    assert "Nobody has been contacted yet" in shown
    assert "picks up and presses 9, if that is offered" in shown
    assert "bounces for good" in shown


def test_what_arrived_is_shown_and_markup_in_it_is_only_words(stage: Stage) -> None:
    text(stage, body="Hello <script>alert(1)</script> Dana")
    stage.pass_time(minutes=1)

    shown = page(stage)

    assert "Hello &lt;script&gt;alert(1)&lt;/script&gt; Dana" in shown
    assert "<script>alert" not in shown


def test_an_email_is_shown_in_a_frame_that_may_do_nothing(stage: Stage) -> None:
    send(
        stage, "dana@example.com", content=[{"type": "text/html", "value": '<p onclick="x()">Hi "there"</p><script>x()</script>'}]
    )

    shown = page(stage, "dana@example.com")

    frame = re.search(r"<iframe ([^>]*)>", shown)
    assert frame is not None
    assert frame[1].startswith("sandbox title=")
    assert "<script>x()" not in shown
    assert 'srcdoc="<base' not in shown, "the e-mail would end the attribute"


def test_only_our_own_script_may_run(stage: Stage) -> None:
    policy = requests.get(f"{stage.url}/", timeout=5).headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy


def test_numbers_and_addresses_stay_out_of_the_pages_own_addresses(stage: Stage) -> None:
    text(stage)
    send(stage, "dana@example.com")

    shown = page(stage)

    for link in re.findall(r'(?:href|action)="([^"]*)"', shown):
        assert "5550142" not in link
        assert "dana" not in link


def test_a_customer_with_a_name_is_one_person_with_a_phone_and_a_mailbox(stage: Stage) -> None:
    requests.post(
        f"{stage.url}/rehearsal/people", json={"name": "Dana Ortiz", "contacts": [SOMEBODY, "dana@example.com"]}, timeout=5
    )
    text(stage)
    send(stage, "dana@example.com")

    (dana,) = customers(stage.carrier)

    assert (dana.name, dana.numbers, dana.addresses) == ("Dana Ortiz", [SOMEBODY], ["dana@example.com"])


def test_a_trainee_answers_by_text_with_free_words_and_with_stop(stage: Stage) -> None:
    text(stage)

    assert press(stage, "text", words="Who are you?").status_code == 303
    assert press(stage, "stop").status_code == 303
    stage.pass_time(seconds=5)

    assert [got.form["Body"] for got in stage.receiver.at("/hooks/twilio/texts")] == ["Who are you?", "STOP"]
    assert "successfully been unsubscribed" in page(stage)


def test_a_trainee_calls_the_business(stage: Stage) -> None:
    text(stage)
    stage.receiver.answers["/hooks/twilio/calls"] = (200, say("We are open from eight"))

    press(stage, "call")
    stage.pass_time(seconds=5)

    assert "We are open from eight" in page(stage)


def test_a_ringing_phone_waits_for_the_trainee_who_presses_a_key(stage: Stage) -> None:
    manual(stage)
    stage.receiver.answers["/speak"] = (200, question())
    stage.receiver.answers["/key"] = (200, say("Goodbye then"))
    sid = call(stage)
    stage.pass_time(seconds=20)
    assert "Answer</button>" in page(stage)

    press(stage, "answer", sid=sid)
    stage.pass_time(seconds=3)
    assert "Press 1 to speak to us" in page(stage)
    press(stage, "press", sid=sid, key="9")
    stage.pass_time(seconds=10)

    assert [got.form["Digits"] for got in stage.receiver.at("/key")] == ["9"]
    assert "pressed <kbd>9</kbd>" in page(stage)


@pytest.mark.parametrize(("what", "status"), [("decline", "busy"), ("", "no-answer")])
def test_a_trainee_declines_or_lets_it_ring(stage: Stage, what: str, status: str) -> None:
    manual(stage)
    sid = call(stage)
    stage.pass_time(seconds=10)

    if what:
        press(stage, what, sid=sid)
    stage.pass_time(minutes=1)

    assert stage.receiver.at("/status")[-1].form["CallStatus"] == status


@pytest.mark.parametrize(("what", "event"), [("spam", "spamreport"), ("bounce", "bounce"), ("open", "open")])
def test_a_trainee_does_with_an_email_what_customers_do(stage: Stage, what: str, event: str) -> None:
    manual(stage)
    send(stage, "dana@example.com")
    stage.pass_time(minutes=1)
    (mail,) = stage.carrier.mails.by_sid

    press(stage, what, "dana@example.com", mail=mail)
    stage.pass_time(seconds=5)

    assert names(stage)[-1] == event


def test_a_trainee_clicks_a_link_and_the_unsubscribe_button(stage: Stage) -> None:
    manual(stage)
    headers = {"List-Unsubscribe": f"<{stage.receiver.url}/u/abc>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    html = f'<a href="{stage.receiver.url}/a">first</a> <a href="{stage.receiver.url}/b">second</a>'
    send(stage, "dana@example.com", content=[{"type": "text/html", "value": html}], headers=headers)
    stage.pass_time(minutes=1)
    (mail,) = stage.carrier.mails.by_sid

    press(stage, "click", "dana@example.com", mail=mail, n="1")
    press(stage, "unsubscribe", "dana@example.com", mail=mail)
    stage.pass_time(seconds=5)

    assert [(got.method, got.path) for got in stage.receiver.at("/")if not got.path.startswith("/hooks")] == [("GET", "/b"), ("POST", "/u/abc")]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "more"),
    [
        ("fly", {}),
        ("text", {"words": ""}),
        ("text", {"words": "x" * 1601}),
        ("answer", {"sid": "CA" + "0" * 32}),
        ("click", {"mail": "none"}),
    ],
)
def test_a_button_that_cannot_be_pressed_says_why(stage: Stage, what: str, more: dict[str, Any]) -> None:
    text(stage)

    answer = press(stage, what, **more)

    assert answer.status_code == 422
    assert answer.text


def test_pages_of_other_sites_may_not_play_customers(stage: Stage) -> None:
    text(stage)
    fields = {"do": "stop", "who": key_of(SOMEBODY)}

    answer = requests.post(f"{stage.url}/rehearsal/play", data=fields, headers={"Sec-Fetch-Site": "cross-site"}, timeout=5)

    assert answer.status_code == 403
    assert SOMEBODY not in stage.carrier.world.stopped


def test_the_page_is_asked_again_only_for_what_changed(stage: Stage) -> None:
    text(stage)
    first = requests.get(f"{stage.url}/rehearsal/page", params={"who": key_of(SOMEBODY)}, timeout=5).json()

    again = requests.get(f"{stage.url}/rehearsal/page", params={"who": key_of(SOMEBODY), "seen": first["version"]}, timeout=5)

    assert again.status_code == 204
    assert "Hello Dana" in first["parts"]["phone"]
    assert requests.get(f"{stage.url}/rehearsal/static/page.js", timeout=5).status_code == 200
