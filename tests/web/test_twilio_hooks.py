"""What Twilio posts: only what it signed is believed, each delivery is kept once, and a line is told what to do whatever happens."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID, uuid4
from xml.etree import ElementTree

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from orchestrator import callbacks
from orchestrator.carrier import credentials
from orchestrator.channels import hook_urls
from orchestrator.rulebook import InUse, Rulebook
from orchestrator.store.database import Work
from tests.web.practice import DANA, FORM, PUBLIC_URL, SETTINGS, Business, post_twilio, twilio_headers

SPEAK, KEY, BRIDGE = hook_urls.SPEAK, hook_urls.KEY, hook_urls.BRIDGE


def status(business: Business, said: str = "delivered") -> tuple[str, dict[str, str]]:
    """The address and the parameters of a text's status."""
    handle = business.handle("text")
    sid = f"SM{handle.hex}"
    params = {"MessageSid": sid, "SmsSid": sid, "MessageStatus": said, "To": DANA, "From": "+13125550100", "ErrorCode": ""}
    return f"{hook_urls.TEXT_STATUS}/{handle}", params


def text_from_dana(body: str, number: int = 1) -> dict[str, str]:
    return {"MessageSid": f"SM{number:032}", "From": DANA, "To": "+13125550100", "Body": body, "NumMedia": "0"}


def line(answer: Any) -> list[str]:
    """What a line is told, verb by verb with its words."""
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/xml")
    root = ElementTree.fromstring(answer.text)
    return [f"{e.tag} {e.text or ''}".strip() for e in root.iter() if e is not root]


@pytest.fixture
def on_the_line(business: Business, web: TestClient) -> Any:
    """Asks, as Twilio does, what to do with the line of the voice call."""

    def ask(path: str, handle: UUID | str | None = None, **params: str) -> Any:
        return post_twilio(web, f"{path}/{handle or business.handle('voice')}", {"CallStatus": "in-progress", **params})

    return ask


def test_a_signed_status_is_kept_and_answered_at_once(business: Business, web: TestClient) -> None:
    path, params = status(business)

    answer = post_twilio(web, path, params)

    assert (answer.status_code, answer.content) == (204, b"")
    [row] = business.inbox()
    assert (row.kind, row.handle, row.ref, row.state) == ("text_status", business.handle("text"), params["MessageSid"], "waiting")
    assert row.body == params


def test_a_status_moves_the_attempt_on_when_it_is_dealt_with(business: Business, web: TestClient) -> None:
    post_twilio(web, *status(business))

    assert callbacks.handle_waiting(business.parts) == 1
    assert business.attempt("text").carrier_result == "delivered"


def test_shuffled_and_doubled_statuses_end_in_the_same_truth(business: Business, web: TestClient) -> None:
    said = ["queued", "sending", "sent", "delivered"] * 3
    random.Random(7).shuffle(said)
    for number, one in enumerate(said):
        assert post_twilio(web, *status(business, one), **{"I-Twilio-Idempotency-Token": str(number)}).status_code == 204
        callbacks.handle_waiting(business.parts)

    assert business.attempt("text").carrier_result == "delivered"
    assert len(business.inbox()) == 4  # the unsigned token does not make a repeat a new delivery


def test_a_status_that_comes_before_its_attempt_is_known_is_kept(business: Business, web: TestClient) -> None:
    _, params = status(business)

    answer = post_twilio(web, f"{hook_urls.TEXT_STATUS}/{uuid4()}", params)
    callbacks.handle_waiting(business.parts)

    assert answer.status_code == 204
    assert [row.state for row in business.inbox()] == ["waiting"]


@pytest.mark.parametrize(
    "path", [hook_urls.TEXT_STATUS, hook_urls.CALL_STATUS, hook_urls.AGENT_LEG, hook_urls.CUSTOMER_LEG, SPEAK, KEY, BRIDGE]
)
@pytest.mark.parametrize("handle", ["1", "x" * 36, "{" + str(UUID(int=1)) + "}", str(UUID(int=1)).replace("-", ""), "a" * 5_000])
def test_an_address_without_a_handle_of_ours_leads_nowhere(business: Business, web: TestClient, path: str, handle: str) -> None:
    answer = web.post(f"{path}/{handle}", content="a=b", headers=_signed_as_sent(web, f"{path}/{handle}", {"a": "b"}))

    assert answer.status_code == 404
    assert business.inbox() == []


def _signed_as_sent(web: TestClient, path: str, params: dict[str, str]) -> dict[str, str]:
    sent = web.build_request("POST", path).url.raw_path.decode()
    return twilio_headers(sent, params)


def test_an_unsigned_request_is_refused(business: Business, web: TestClient) -> None:
    path, params = status(business)

    answer = web.post(path, content=urlencode(params), headers={"Content-Type": FORM})

    assert answer.status_code == 403
    assert "TOUCHPOINT_PUBLIC_URL" in answer.json()["error"]["hint"]
    assert business.inbox() == []


def test_a_request_that_another_account_signed_is_refused(business: Business, web: TestClient) -> None:
    path, params = status(business)
    headers = twilio_headers(path, params, token="another account's token")

    assert web.post(path, content=urlencode(params), headers=headers).status_code == 403
    assert business.inbox() == []


def test_each_altered_byte_of_the_body_is_refused(business: Business, web: TestClient) -> None:
    path, params = status(business)
    body, headers = urlencode(params).encode(), twilio_headers(path, params)
    signed_text = _signed_text(body)

    for place in range(len(body)):
        altered = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        if _signed_text(altered) != signed_text:  # "A=B" and "AB=" are the same to Twilio's signature, and harmless
            assert web.post(path, content=altered, headers=headers).status_code in (400, 403), altered
    assert business.inbox() == []


def _signed_text(body: bytes) -> str:
    return "".join(
        name + value for name, value in sorted(set(parse_qsl(body.decode(), keep_blank_values=True, errors="replace")))
    )


def test_each_altered_sign_of_the_signature_is_refused(business: Business, web: TestClient) -> None:
    path, params = status(business)
    headers = twilio_headers(path, params)
    good = headers["X-Twilio-Signature"]

    for place in range(len(good)):
        altered = good[:place] + ("A" if good[place] != "A" else "B") + good[place + 1 :]
        assert web.post(path, content=urlencode(params), headers={**headers, "X-Twilio-Signature": altered}).status_code == 403


def test_a_signature_for_one_address_does_not_open_another(business: Business, web: TestClient) -> None:
    path, params = status(business)
    headers = twilio_headers(path, params)

    for other in (f"{hook_urls.TEXT_STATUS}/{business.handle('voice')}", f"{path}?x=1", hook_urls.INCOMING_TEXT):
        assert web.post(other, content=urlencode(params), headers=headers).status_code == 403


def test_the_query_is_part_of_what_is_signed(business: Business, web: TestClient) -> None:
    path, params = status(business)

    assert post_twilio(web, f"{path}?a=1&b=%2B", params).status_code == 204


def test_what_proxies_say_about_the_address_counts_for_nothing(business: Business, web: TestClient) -> None:
    path, params = status(business)
    lies = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "http",
        "Forwarded": "host=evil.example",
    }

    assert post_twilio(web, path, params, **lies).status_code == 204


def test_empty_repeated_and_foreign_parameters_are_signed_too(business: Business, web: TestClient) -> None:
    class Many(dict[str, list[str]]):
        def getlist(self, name: str) -> list[str]:
            return self[name]

    path, _ = status(business)
    params = Many(MessageSid=["SM1"], MessageStatus=["sent"], ErrorCode=[""], Media=["b", "a"], Größe=["ü +&="], Nul=["a\x00b"])
    body = urlencode(params, doseq=True)

    answer = web.post(path, content=body, headers=twilio_headers(path, params))

    assert answer.status_code == 204
    assert business.inbox()[0].body["Nul"] == "a\ufffdb"  # databases take no NUL


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""])
def test_another_content_type_is_refused(business: Business, web: TestClient, kind: str) -> None:
    path, params = status(business)

    answer = web.post(path, content=urlencode(params), headers={**twilio_headers(path, params), "Content-Type": kind})

    assert answer.status_code == 415


def test_a_body_over_the_limit_is_refused_whether_its_length_is_stated_or_not(business: Business, web: TestClient) -> None:
    path, _ = status(business)
    params = {"Body": "x" * 64_000}
    body = urlencode(params).encode()

    assert post_twilio(web, path, params).status_code == 413
    assert web.post(path, content=iter([body]), headers=twilio_headers(path, params)).status_code == 413


def test_what_is_no_form_at_all_is_refused(web: TestClient, business: Business) -> None:
    path, _ = status(business)

    assert web.post(path, content=b"\xff\xfe=1", headers=twilio_headers(path, {})).status_code == 400
    assert web.post(path, content=b"&a=1" * 501, headers=twilio_headers(path, {})).status_code == 400


def test_a_large_form_is_kept_cut_to_size(business: Business, web: TestClient) -> None:
    path, _ = status(business)
    params = {"MessageSid": "S" * 3_000, **{f"P{n:03}": "x" * 90 for n in range(300)}}

    assert post_twilio(web, path, params).status_code == 204
    [row] = business.inbox()
    assert len(row.body) == 100
    assert len(row.body["MessageSid"]) == 2_000
    assert len(row.ref) == 200


def test_without_a_token_nothing_is_believed_and_the_answer_says_which_setting_is_missing(business: Business) -> None:
    only_mail = SETTINGS.model_copy(update={"sendgrid_api_key": SecretStr("SG.x")})
    with business.client(only_mail) as web:
        answer = post_twilio(web, *status(business))

    assert answer.status_code == 503
    assert "TOUCHPOINT_TWILIO_AUTH_TOKEN" in answer.json()["error"]["problem"]


def test_the_rehearsal_token_opens_nothing_once_there_is_an_account(business: Business) -> None:
    real = SETTINGS.model_copy(update={"twilio_account_sid": "AC" + "1" * 32, "twilio_auth_token": SecretStr("real")})
    with business.client(real) as web:
        path, params = status(business)
        rehearsed = web.post(path, content=urlencode(params), headers=twilio_headers(path, params, credentials.AUTH_TOKEN))
        signed = web.post(path, content=urlencode(params), headers=twilio_headers(path, params, "real"))

    assert (rehearsed.status_code, signed.status_code) == (403, 204)


def test_a_stop_takes_effect_before_it_is_answered_and_we_send_no_words(business: Business, web: TestClient) -> None:
    answer = post_twilio(web, hook_urls.INCOMING_TEXT, text_from_dana("STOP"))

    assert line(answer) == []
    assert business.suppressed() == {"text": "answered STOP to a text"}


def test_yesterdays_start_that_somebody_posts_again_lifts_no_stop(business: Business, web: TestClient) -> None:
    start = text_from_dana("START", 1)
    for said in (start, text_from_dana("STOP", 2)):
        post_twilio(web, hook_urls.INCOMING_TEXT, said)
        callbacks.handle_waiting(business.parts)

    again = post_twilio(web, hook_urls.INCOMING_TEXT, start, **{"I-Twilio-Idempotency-Token": "made up"})
    callbacks.handle_waiting(business.parts)

    assert again.status_code == 200
    assert "text" in business.suppressed()


def test_somebody_who_calls_us_is_connected_and_the_call_is_kept(business: Business, web: TestClient) -> None:
    answer = post_twilio(web, hook_urls.INCOMING_CALL, {"CallSid": "CA1", "From": DANA, "CallStatus": "ringing"})

    assert line(answer)[:2] == ["Say Thank you for calling Northside Windows.", "Dial +13125550100"]
    assert [row.kind for row in business.inbox()] == ["incoming_call"]


def test_who_picks_up_hears_the_words_and_a_key_address_of_the_same_call(business: Business, on_the_line: Any) -> None:
    answer = on_the_line(SPEAK, AnsweredBy="human")

    assert any("Your quote is ready." in said for said in line(answer))
    assert f'action="{PUBLIC_URL}{KEY}/{business.handle("voice")}"' in answer.text
    assert business.attempt("voice").heard == "person"


def test_a_machine_hears_its_own_words_and_no_keys(business: Business, on_the_line: Any) -> None:
    said = line(on_the_line(SPEAK, AnsweredBy="machine_end_beep"))

    assert "Say Hello, this is Northside Windows. Your quote is ready." in said
    assert not [one for one in said if one.startswith("Gather")]


def test_who_could_be_a_person_is_spoken_to_as_one(business: Business, on_the_line: Any) -> None:
    for by in ("unknown", "", "martian"):
        assert line(on_the_line(SPEAK, AnsweredBy=by))[0].startswith("Gather")


def test_a_call_that_is_opted_out_of_by_now_says_nothing(business: Business, web: TestClient, on_the_line: Any) -> None:
    post_twilio(web, f"{KEY}/{business.handle('voice')}", {"Digits": "9"})

    assert line(on_the_line(SPEAK, AnsweredBy="human")) == ["Hangup"]


def test_a_call_that_nobody_knows_says_nothing(on_the_line: Any) -> None:
    assert line(on_the_line(SPEAK, uuid4())) == ["Hangup"]


def test_pressing_nine_ends_calls_before_it_is_answered(business: Business, on_the_line: Any) -> None:
    on_the_line(SPEAK, AnsweredBy="human")

    assert line(on_the_line(KEY, Digits="9")) == ["Say You will get no more calls from us. Goodbye.", "Hangup"]
    assert list(business.suppressed()) == ["call"]


def test_pressing_one_connects_with_us(on_the_line: Any) -> None:
    assert "Dial +13125550100" in line(on_the_line(KEY, Digits="1"))


@pytest.mark.parametrize("digits", ["", "7", "*", "x" * 2_000])
def test_a_key_that_means_nothing_is_said_to_and_changes_nothing(business: Business, on_the_line: Any, digits: str) -> None:
    assert line(on_the_line(KEY, Digits=digits)) == ["Say We do not know that key. Goodbye.", "Hangup"]
    assert business.suppressed() == {}


def test_an_agent_who_picks_up_is_connected_with_the_customer_whose_line_reports_to_us(
    business: Business, web: TestClient, on_the_line: Any
) -> None:
    handle = business.agent_takes_the_call()

    answer = on_the_line(BRIDGE, handle)

    assert [said for said in line(answer) if said.startswith("Number")] == [f"Number {DANA}"]
    assert f'statusCallback="{PUBLIC_URL}{hook_urls.CUSTOMER_LEG}/{handle}"' in answer.text
    assert post_twilio(web, f"{hook_urls.CUSTOMER_LEG}/{handle}", {"CallSid": "CA2", "CallStatus": "ringing"}).status_code == 204
    assert [(row.kind, row.handle) for row in business.inbox()] == [("customer_leg", handle)]


def test_an_agent_is_not_connected_with_somebody_who_opted_out_meanwhile(
    business: Business, web: TestClient, on_the_line: Any
) -> None:
    handle = business.agent_takes_the_call()
    post_twilio(web, f"{KEY}/{business.handle('voice')}", {"Digits": "9"})

    assert line(on_the_line(BRIDGE, handle))[-1] == "Hangup"


def test_an_agent_whose_call_is_over_is_told_to_look_at_the_screen(on_the_line: Any) -> None:
    assert line(on_the_line(BRIDGE)) == ["Say This call is not to be made now. Your screen says why.", "Hangup"]


def test_without_the_database_statuses_are_asked_for_again_and_lines_are_hung_up_on(
    business: Business, web: TestClient, on_the_line: Any
) -> None:
    with business.parts.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE inbox RENAME TO gone")
        connection.exec_driver_sql("ALTER TABLE attempt RENAME TO lost")

    kept = post_twilio(web, *status(business))
    texted = post_twilio(web, hook_urls.INCOMING_TEXT, text_from_dana("STOP"))

    assert (kept.status_code, texted.status_code) == (503, 503)
    assert "Retry-After" in kept.headers
    assert line(on_the_line(SPEAK)) == ["Hangup"]
    assert line(on_the_line(KEY, Digits="9"))[0].startswith("Say We could not note that.")
    called = line(post_twilio(web, hook_urls.INCOMING_CALL, {"CallSid": "CA1", "From": DANA}))
    assert called[0].startswith("Say We cannot take your call at this moment.")


def test_strange_signs_in_a_text_are_kept_as_far_as_a_database_takes_them(web_on_both: tuple[Business, TestClient]) -> None:
    business, web = web_on_both

    answer = post_twilio(web, hook_urls.INCOMING_TEXT, {**text_from_dana("\x00\x1b[2J \u202e💐 STOP?"), "\x00": "\x00"})
    callbacks.handle_waiting(business.parts)

    assert answer.status_code == 200
    [row] = business.inbox()
    assert row.body["Body"] == "\ufffd\x1b[2J \u202e💐 STOP?"
    assert row.state == "handled"


def test_a_delivery_that_makes_the_program_fail_is_kept_all_the_same_and_turns_away_nobody(business: Business) -> None:
    class Broken(Rulebook):
        def refresh(self, work: Work) -> InUse:
            raise RuntimeError("a defect")

    business.parts = replace(business.parts, rulebook=Broken())
    with business.client() as web:
        answer = post_twilio(web, hook_urls.INCOMING_TEXT, text_from_dana("STOP"))

    assert answer.status_code == 200
    assert [(row.kind, row.state) for row in business.inbox()] == [("incoming_text", "waiting")]
