"""Texts and calls through Twilio's own SDK, against a small Twilio on loopback. Each request that it gets is checked against the
official document, where that is at hand."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from orchestrator.channels.base import (
    Accepted,
    Answer,
    Held,
    Outgoing,
    Placed,
    RejectedPermanent,
    RejectedSafe,
    Sought,
    Unknown,
    fingerprint,
)  # fmt: skip
from orchestrator.channels.twilio import Twilio
from orchestrator.config import Settings
from orchestrator.core.receipts import Report, Result
from orchestrator.ids import new_id

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
DANA, SAM, US = "+13125550142", "+13125550143", "+13125550100"
ACCOUNT = "AC" + "0" * 32
CONTRACT = Path(os.environ.get("TOUCHPOINT_CONTRACTS", Path(__file__).parents[3] / "shared" / "contracts")) / "twilio"
DOCUMENT = CONTRACT / "api_v2010.calls_messages_recordings.openapi.json"
Form = dict[str, list[str]]
Said = tuple[int, dict[str, str], bytes]


class Asked:
    """A request that our Twilio got."""

    def __init__(self, method: str, path: str, query: Form, form: Form, headers: dict[str, str]) -> None:
        self.method, self.path, self.query, self.form, self.headers = method, path, query, form, headers

    def __getitem__(self, name: str) -> str:
        (value,) = self.form[name]
        return value


class Quiet(ThreadingHTTPServer):
    """Says nothing when a client hangs up on it: some tests want exactly that."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


class LittleTwilio:
    """Takes texts and calls, lists them as Twilio does, newest first, and misbehaves when told to."""

    def __init__(self) -> None:
        self.now, self.asked, self.page_size = NOW, list[Asked](), 50
        self.kept: dict[str, list[dict[str, Any]]] = {"Messages": [], "Calls": []}
        self.instead: Callable[[Asked], Said | None] = lambda asked: None
        self._lock = threading.Lock()
        little = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                url = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                asked = Asked(
                    self.command, url.path, parse_qs(url.query), parse_qs(body, keep_blank_values=True), dict(self.headers)
                )
                with little._lock:
                    little.asked.append(asked)
                status, headers, said = little.instead(asked) or little.answer(asked)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(said)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(said)

            do_GET = do_POST

            def log_message(self, *_: object) -> None:
                pass

        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()

    def keep(self, kind: str, to: str = DANA, body: str = "How are you?", sent: datetime | None = None, **more: Any) -> str:
        """A text or call that Twilio has; answers its name."""
        sid = ("SM" if kind == "Messages" else "CA") + uuid4().hex
        at = more.pop("at", self.now)
        record = {
            "sid": sid, "to": to, "from": US, "direction": "outbound-api", "status": "queued", "date_created": format_datetime(at),
            "body": body, "date_sent": format_datetime(sent) if sent else None, "start_time": format_datetime(sent) if sent else None,
            "account_sid": ACCOUNT, "messaging_service_sid": None, **more,
        }  # fmt: skip
        with self._lock:
            self.kept[kind].insert(0, record)
        return sid

    def answer(self, asked: Asked) -> Said:
        kind, sid = re.fullmatch(rf"/2010-04-01/Accounts/{ACCOUNT}/(Messages|Calls)(?:/(\w+))?\.json", asked.path).groups()  # type: ignore[union-attr]
        one = next((r for r in self.kept[kind] if r["sid"] == sid), None)
        if sid and one is None:
            return refusal(404, 20404)
        if asked.method == "POST" and one is not None:
            if one["status"] in ("queued", "ringing"):
                one["status"] = asked["Status"]
            return 200, {}, json.dumps(one).encode()
        if asked.method == "POST":
            body = asked.form.get("Body", [""])[0]
            self.keep(kind, asked["To"], body, **{"from": asked.form.get("From", [None])[0]})
            return 201, {}, json.dumps(self.kept[kind][0]).encode()
        return 200, {}, json.dumps(one or self._page(kind, asked)).encode()

    def _page(self, kind: str, asked: Asked) -> dict[str, Any]:
        day_of = "DateSent" if kind == "Messages" else "StartTime"
        day, to = asked.query.get(day_of, [None])[0], asked.query["To"][0]
        dated = "date_sent" if kind == "Messages" else "start_time"

        def on(record: dict[str, Any]) -> bool:
            return day is None or (
                record[dated] is not None
                and datetime.strptime(record[dated], "%a, %d %b %Y %H:%M:%S %z").date().isoformat() == day
            )

        found = [r for r in self.kept[kind] if r["to"] == to and on(r)]
        start, size = int(asked.query.get("Page", ["0"])[0]), min(self.page_size, int(asked.query["PageSize"][0]))
        rest = found[start * size :]
        onward = f"{asked.path}?To={to.replace('+', '%2B')}&PageSize={size}&Page={start + 1}" + (
            f"&{day_of}={day}" if day else ""
        )
        return {
            kind.lower(): rest[:size],
            "next_page_uri": onward if len(rest) > size else None,
            "uri": asked.path,
            "page": start,
        }


def refusal(status: int, code: int, **headers: str) -> Said:
    said = {"code": code, "message": f"The number {DANA} and so on", "more_info": "https://www.twilio.com", "status": status}
    return status, headers, json.dumps(said).encode()


@pytest.fixture
def little() -> Iterator[LittleTwilio]:
    server = LittleTwilio()
    yield server
    server.stop()
    if DOCUMENT.exists():
        for asked in server.asked:
            assert faults(asked) == []


def channel(little: LittleTwilio, clock: Callable[[], datetime] = lambda: NOW, **settings: Any) -> Twilio:
    given: dict[str, Any] = {
        "twilio_account_sid": ACCOUNT, "twilio_auth_token": "t" * 32, "twilio_url": little.url, "text_from": US, "caller_id": US,
        "public_url": "https://touch.example.com", "provider_timeout_s": 5, **settings,
    }  # fmt: skip
    return Twilio(Settings(_env_file=None, **given), clock)


def message(kind: str = "text", body: str = "How are you?", to: str = DANA, **more: Any) -> Outgoing:
    more.setdefault("not_after", NOW + timedelta(minutes=1))
    return Outgoing(new_id(), kind, to=to, body=body, **more)


def only(answers: list[Answer]) -> Answer:
    (answer,) = answers
    return answer


# -- what is sent ---------------------------------------------------------------------------------------------------------


def test_a_text_goes_out_with_its_words_its_sender_and_where_to_report(little: LittleTwilio) -> None:
    one = message(body="Hi Dana — 10 € \U0001f44b", closes_at=NOW + timedelta(hours=3))

    answer = only(channel(little).send([one]))

    assert answer == Accepted(little.kept["Messages"][0]["sid"])
    asked = little.asked[0]
    assert {k: v for k, (v,) in asked.form.items()} == {
        "To": DANA, "From": US, "Body": one.body, "ValidityPeriod": "10800",
        "StatusCallback": f"https://touch.example.com/hooks/twilio/text-status/{one.handle}",
    }  # fmt: skip
    assert asked.headers["Authorization"].startswith("Basic ")


def test_a_messaging_service_may_be_the_sender_and_a_text_never_waits_longer_than_twilio_lets_it(little: LittleTwilio) -> None:
    service = "MG" + "a" * 32

    channel(little, text_from=service).send([message(closes_at=NOW + timedelta(days=2))])

    assert little.asked[0]["MessagingServiceSid"] == service
    assert little.asked[0]["ValidityPeriod"] == "36000"
    assert "From" not in little.asked[0].form


def test_a_call_waits_for_the_beep_before_it_asks_what_to_say(little: LittleTwilio) -> None:
    one = message("voicemail")

    answer = only(channel(little).send([one]))

    assert answer == Placed(little.kept["Calls"][0]["sid"])
    form = little.asked[0].form
    assert form["Url"] == [f"https://touch.example.com/hooks/twilio/speak/{one.handle}"]
    assert form["StatusCallback"] == [f"https://touch.example.com/hooks/twilio/call-status/{one.handle}"]
    assert form["StatusCallbackEvent"] == ["initiated", "ringing", "answered", "completed"]
    assert form["MachineDetection"] == ["DetectMessageEnd"]
    assert "AsyncAmd" not in form
    assert one.body not in str(form), "the words are asked for when somebody answers"


def test_an_agent_is_rung_without_machine_detection(little: LittleTwilio) -> None:
    handle = new_id()

    answer = channel(little).bridge(handle, SAM, NOW + timedelta(minutes=1))

    assert isinstance(answer, Placed)
    assert little.asked[0]["To"] == SAM
    assert little.asked[0]["Url"] == f"https://touch.example.com/hooks/twilio/bridge/{handle}"
    assert "MachineDetection" not in little.asked[0].form
    assert channel(little).bridge(handle, SAM, NOW) == RejectedSafe("it was too late to begin")
    assert len(little.asked) == 1


def test_many_texts_get_their_own_answers_in_their_order(little: LittleTwilio) -> None:
    little.instead = lambda asked: refusal(400, 21610) if asked["Body"] == "7" else None

    answers = channel(little).send([message(body=str(n)) for n in range(40)])

    told = {r["sid"]: r["body"] for r in little.kept["Messages"]}
    assert [told[a.ref] if isinstance(a, Accepted) else "7" for a in answers] == [str(n) for n in range(40)]
    assert isinstance(answers[7], RejectedPermanent)


def test_nothing_begins_after_its_last_moment_even_in_the_middle_of_a_batch(little: LittleTwilio) -> None:
    def clock() -> datetime:
        return NOW + timedelta(minutes=len(little.asked))

    answers = channel(little, clock, sends_at_once=1).send([message(not_after=NOW + timedelta(minutes=2)) for _ in range(5)])

    assert [type(a) for a in answers] == [Accepted, Accepted, RejectedSafe, RejectedSafe, RejectedSafe]
    assert len(little.asked) == 2


def test_a_text_whose_window_closes_within_the_second_is_not_sent(little: LittleTwilio) -> None:
    answer = only(channel(little).send([message(closes_at=NOW + timedelta(milliseconds=900))]))

    assert isinstance(answer, RejectedSafe)
    assert little.asked == []


def test_a_text_that_would_cost_too_much_is_not_sent_and_says_which_character_did_it(little: LittleTwilio) -> None:
    answer = only(channel(little, most_segments=2).send([message(body="x" * 140 + "\u00a0")]))

    assert isinstance(answer, RejectedPermanent)
    assert "3 messages" in answer.why
    assert "U+00A0" in answer.why
    assert little.asked == []


@pytest.mark.parametrize("missing", ["twilio_account_sid", "twilio_auth_token", "text_from"])
def test_without_its_settings_everything_is_held_and_nothing_is_tried(little: LittleTwilio, missing: str) -> None:
    answers = channel(little, **{missing: ""}).send([message(), message()])

    assert [type(a) for a in answers] == [Held, Held]
    assert f"TOUCHPOINT_{missing.upper()}" in answers[0].why  # type: ignore[union-attr]
    assert little.asked == []


def test_another_programs_twilio_settings_on_this_machine_change_nothing(
    little: LittleTwilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"TWILIO_EDGE": "sydney", "TWILIO_REGION": "au1", "TWILIO_ACCOUNT_SID": "ACx", "HTTP_PROXY": ""}.items():
        monkeypatch.setenv(name, value)

    assert isinstance(only(channel(little).send([message()])), Accepted)


# -- what the answers mean ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (refusal(400, 21610), RejectedPermanent("The recipient has unsubscribed from our texts", suppresses=True, code="21610")),
        (refusal(400, 21211), RejectedPermanent("There is no such telephone number", contact_point_is_dead=True, code="21211")),
        (refusal(400, 21606), Held("Our sender cannot send texts from this account", "21606")),
        (refusal(400, 99999), RejectedPermanent("refused with code 99999", code="99999")),
        ((400, {}, b"<html>no</html>"), RejectedPermanent("refused without a code")),
        (refusal(401, 20003), Held("Twilio does not accept the account's keys", "20003")),
        ((403, {}, b""), Held("Twilio does not accept our keys", "403")),
        ((404, {}, b"<html>nginx</html>"), Held("Twilio knows no such account at this address", "404")),
        (refusal(429, 20429), RejectedSafe("Twilio asks us to slow down", None, slow_down=True)),
        ((429, {"Retry-After": "30"}, b""), RejectedSafe("Twilio asks us to slow down", 30.0, slow_down=True)),
        (
            refusal(429, 21611, **{"retry-after": format_datetime(NOW + timedelta(seconds=45), usegmt=True)}),
            RejectedSafe("Too many texts of our sender wait at Twilio", 45.0, slow_down=True),
        ),
        ((429, {"Retry-After": "soon"}, b""), RejectedSafe("Twilio asks us to slow down", None, slow_down=True)),
        (refusal(500, 20500), Unknown("Twilio answered with status 500")),
        ((503, {"Retry-After": "5"}, b"<html>"), Unknown("Twilio answered with status 503")),
        ((408, {}, b""), Unknown("Twilio answered with status 408")),
        ((307, {"Location": "http://127.0.0.1:1/"}, b""), Unknown("Twilio answered with status 307")),
        ((200, {}, b"<html>Welcome to the hotel</html>"), Unknown("Twilio's answer could not be understood")),
        ((201, {}, b""), Unknown("Twilio's answer does not name what it took")),
        ((201, {}, b"[1]"), Unknown("Twilio's answer could not be understood")),
        ((201, {}, b"[" * 90_000), Unknown("Twilio's answer could not be understood")),
        ((201, {}, b'{"sid": 7}'), Unknown("Twilio's answer does not name what it took")),
        ((201, {}, b'{"sid": "SMx"}'), Unknown("Twilio's answer does not name what it took")),
        ((201, {}, json.dumps({"sid": "CA" + "0" * 32}).encode()), Unknown("Twilio's answer does not name what it took")),
        ((200, {}, b"x" * 2_000_000), Unknown("the answer was larger than 1,000,000 bytes")),
    ],
)  # fmt: skip
def test_each_answer_means_what_it_proves_and_no_more(little: LittleTwilio, said: Said, expected: Answer) -> None:
    little.instead = lambda asked: said

    answer = only(channel(little).send([message()]))

    assert answer == expected


def test_a_provider_that_is_not_there_took_nothing(little: LittleTwilio) -> None:
    gone = channel(little, twilio_url="http://127.0.0.1:9")

    answer = only(gone.send([message()]))

    assert answer == RejectedSafe("the provider refused the connection")


def test_a_provider_that_does_not_answer_leaves_it_unknown(little: LittleTwilio) -> None:
    over = threading.Event()

    def hang(_: Asked) -> None:
        over.wait(20)

    little.instead = hang

    answer = only(channel(little, provider_timeout_s=0.4).send([message()]))
    over.set()

    assert answer == Unknown("no answer came in time")


def test_logs_hold_no_number_no_words_and_no_key(little: LittleTwilio, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "urllib3")  # as logs.py sets it
    little.instead = lambda asked: refusal(400, 21610) if asked["Body"] == "private" else None

    channel(little).send([message(body="private"), message()])

    assert not [word for word in (DANA, DANA[1:], "private", "t" * 32) if word in caplog.text]


def test_the_sdk_is_not_imported_before_something_is_sent() -> None:
    code = "import sys, orchestrator.channels.twilio, orchestrator.channels.twiml; print([m for m in sys.modules if m.startswith('twilio.')])"

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "[]"


# -- finding what was lost ------------------------------------------------------------------------------------------------


def sought(body: str = "How are you?", kind: str = "text", began: datetime = NOW, **more: Any) -> Sought:
    return Sought(new_id(), kind, DANA, fingerprint(body), began, began + timedelta(seconds=15), **more)


def test_a_text_is_found_by_its_words_and_moment_and_one_that_is_not_there_is_absent(little: LittleTwilio) -> None:
    sid = little.keep("Messages", at=NOW + timedelta(seconds=2), sent=NOW + timedelta(seconds=4))
    little.keep("Messages", body="Something else", sent=NOW)
    here, gone, earlier = sought(), sought("Never said"), sought(began=NOW - timedelta(hours=1))

    found = channel(little).find([here, gone, earlier])

    assert found == {here.handle: Accepted(sid), gone.handle: "absent", earlier.handle: "absent"}


@pytest.mark.parametrize("began", ["23:59:58", "00:00:01", "20:00:00"])  # the last waits at Twilio until the next day
def test_midnight_in_utc_hides_nothing(little: LittleTwilio, began: str) -> None:
    at = datetime.fromisoformat(f"2026-11-20 {began}+00:00")
    for n in range(60):  # so that the newest page does not show it
        little.keep("Messages", body=f"later {n}", at=at + timedelta(hours=1), sent=at + timedelta(hours=1))
    sid = little.keep("Messages", at=at + timedelta(seconds=3), sent=at + timedelta(hours=9))
    little.kept["Messages"].append(little.kept["Messages"].pop(0))  # the oldest now
    little.page_size = 20
    lost = sought(began=at)

    assert channel(little).find([lost]) == {lost.handle: Accepted(sid)}


def test_a_text_that_still_waits_at_twilio_has_no_date_and_is_found_nevertheless(little: LittleTwilio) -> None:
    sid = little.keep("Messages", sent=None)
    lost = sought()

    assert channel(little).find([lost]) == {lost.handle: Accepted(sid)}


def test_all_pages_of_a_day_are_read_and_a_list_without_an_end_proves_nothing(little: LittleTwilio) -> None:
    little.page_size = 3
    sid = little.keep("Messages", sent=NOW)
    for n in range(20):
        little.keep("Messages", body=f"other {n}", sent=NOW)
    lost = sought()
    assert channel(little).find([lost]) == {lost.handle: Accepted(sid)}

    for n in range(60):
        little.keep("Messages", body=f"more {n}", sent=NOW)
    assert channel(little).find([lost]) == {lost.handle: "cannot tell"}


def test_a_trial_accounts_own_words_before_ours_do_not_hide_a_text(little: LittleTwilio) -> None:
    sid = little.keep("Messages", body="Sent from your Twilio trial account - How are you?", sent=NOW)
    lost = sought()

    assert channel(little).find([lost]) == {lost.handle: Accepted(sid)}


def test_two_lost_texts_that_say_the_same_each_find_their_own_or_nobody_can_tell(little: LittleTwilio) -> None:
    first, second = little.keep("Messages", sent=NOW), little.keep("Messages", at=NOW + timedelta(seconds=3), sent=NOW)
    one, two = sought(), sought(began=NOW + timedelta(seconds=2))

    assert channel(little).find([two, one]) == {one.handle: Accepted(first), two.handle: Accepted(second)}

    little.kept["Messages"].pop(0)
    assert channel(little).find([two, one]) == {one.handle: "cannot tell", two.handle: "cannot tell"}


def test_lost_texts_hours_apart_are_told_apart_by_the_time(little: LittleTwilio) -> None:
    sid = little.keep("Messages", sent=NOW)
    one, two = sought(), sought(began=NOW + timedelta(hours=2))

    assert channel(little).find([one, two]) == {one.handle: Accepted(sid), two.handle: "absent"}


def test_more_texts_than_attempts_tell_nothing_unless_the_others_are_known(little: LittleTwilio) -> None:
    known, lost_one = little.keep("Messages", sent=NOW), little.keep("Messages", sent=NOW)
    unsure, sure = sought(), sought(taken=frozenset({known}))

    assert channel(little).find([unsure]) == {unsure.handle: "cannot tell"}
    assert channel(little).find([sure]) == {sure.handle: Accepted(lost_one)}


def test_the_same_words_from_another_sender_are_for_a_person_to_judge(little: LittleTwilio) -> None:
    little.keep("Messages", sent=NOW, **{"from": "+13125550199"})
    lost = sought()

    assert channel(little).find([lost]) == {lost.handle: "cannot tell"}


def test_what_the_customer_wrote_is_not_taken_for_ours(little: LittleTwilio) -> None:
    little.keep("Messages", sent=NOW, direction="inbound")
    lost = sought()

    assert channel(little).find([lost]) == {lost.handle: "absent"}


def test_an_attempt_with_a_name_is_looked_up_by_it(little: LittleTwilio) -> None:
    text = little.keep("Messages", sent=NOW)
    call = little.keep("Calls", sent=NOW, status="busy", duration="0", end_time=format_datetime(NOW))
    one, two, three = sought(ref=text), sought(kind="voice", ref=call), sought(ref="SM" + "9" * 32)

    found = channel(little).find([one, two, three])

    assert found == {
        one.handle: Accepted(text),
        two.handle: Report(NOW, Result.BUSY, two.handle, call, duration_s=0),
        three.handle: "cannot tell",
    }


def test_a_lost_call_is_found_with_how_it_ended_and_who_answered(little: LittleTwilio) -> None:
    ended = NOW - timedelta(seconds=20)
    sid = little.keep(
        "Calls", sent=NOW - timedelta(minutes=2), at=NOW - timedelta(minutes=2), status="completed", duration="31",
        answered_by="machine_end_beep", end_time=format_datetime(ended),
    )  # fmt: skip
    little.keep("Calls", sent=NOW, at=NOW - timedelta(minutes=2), direction="outbound-dial")
    lost = sought(kind="voicemail", began=NOW - timedelta(minutes=2))

    found = channel(little).find([lost])

    assert found == {
        lost.handle: Report(ended, Result.COMPLETED, lost.handle, sid, answered_by="machine_end_beep", duration_s=31)
    }


@pytest.mark.parametrize("said", [refusal(500, 20500), refusal(401, 20003), (200, {}, b"<html>"), (200, {}, b'{"messages": [[]]}'), (200, {}, b"{}")])  # fmt: skip
def test_an_error_while_looking_never_proves_absence(little: LittleTwilio, said: Said) -> None:
    little.instead = lambda asked: said
    lost, named = sought(), sought(ref="SM" + "1" * 32)

    assert channel(little).find([lost, named]) == {lost.handle: "cannot tell", named.handle: "cannot tell"}


def test_a_next_page_never_takes_the_keys_elsewhere(little: LittleTwilio) -> None:
    elsewhere = {"messages": [], "next_page_uri": "//127.0.0.1:9/steal"}
    little.instead = lambda asked: (200, {}, json.dumps(elsewhere).encode()) if "Accounts" in asked.path else None
    lost = sought()

    channel(little).find([lost])

    assert all(asked.headers["Host"] == urlsplit(little.url).netloc for asked in little.asked)
    little.asked.clear()  # that address is in no document


# -- calling off ----------------------------------------------------------------------------------------------------------


def test_a_call_that_rings_is_called_off_and_one_that_was_answered_goes_on(little: LittleTwilio) -> None:
    rings, talks = little.keep("Calls", status="ringing"), little.keep("Calls", status="in-progress", sent=NOW)
    unknown = "CA" + "f" * 32

    stand = channel(little).call_off([rings, talks, unknown, "../Messages", rings])

    assert isinstance(stand[rings], Report)
    assert {ref: r.result if isinstance(r, Report) else r for ref, r in stand.items()} == {
        rings: Result.CANCELED, talks: Result.ANSWERED, unknown: "cannot tell", "../Messages": "cannot tell",
    }  # fmt: skip


def test_a_call_that_ended_before_it_was_called_off_says_how(little: LittleTwilio) -> None:
    over = little.keep("Calls", status="no-answer", end_time=format_datetime(NOW))
    little.instead = lambda asked: refusal(400, 21220) if asked.method == "POST" else None

    stand = channel(little).call_off([over])

    assert stand == {over: Report(NOW, Result.NO_ANSWER, None, over)}


# -- the official document ------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not DOCUMENT.exists(), reason="Twilio's document is not at hand (TOUCHPOINT_CONTRACTS names its folder)")
def test_every_request_is_as_the_official_document_says(little: LittleTwilio) -> None:
    own = channel(little)
    own.send([message(closes_at=NOW + timedelta(hours=1)), message("voice"), message("voicemail")])
    own.bridge(new_id(), SAM, NOW + timedelta(minutes=1))
    own.find([sought(), sought(kind="voice"), sought(ref=little.kept["Messages"][0]["sid"])])
    own.call_off([little.kept["Calls"][0]["sid"]])

    assert {a.method for a in little.asked} == {"GET", "POST"}
    assert [faults(a) for a in little.asked if faults(a)] == []


@pytest.mark.skipif(not DOCUMENT.exists(), reason="Twilio's document is not at hand (TOUCHPOINT_CONTRACTS names its folder)")
@pytest.mark.parametrize(
    "form", ["To=%2B1&ToDo=x", "From=%2B1", "To=%2B1&ValidityPeriod=soon", "To=%2B1&MessagingServiceSid=MGx"]
)
def test_a_request_against_the_document_is_seen(form: str) -> None:
    path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"

    assert faults(Asked("POST", path, {}, parse_qs(form), {}))


@cache
def document() -> dict[str, Any]:
    return json.loads(DOCUMENT.read_text())  # type: ignore[no-any-return]


def faults(asked: Asked) -> list[str]:
    """What the official document has against a request."""
    for template, methods in document()["paths"].items():
        if re.fullmatch(re.sub(r"\\\{\w+\\\}", r"\\w{34}", re.escape(template)), asked.path) and asked.method.lower() in methods:
            break
    else:
        return [f"{asked.method} {asked.path} is in no document"]
    how = methods[asked.method.lower()]
    queries = {p["name"]: p["schema"] for p in how.get("parameters", ()) if p["in"] == "query"}
    found = [f"query {name} is unknown" for name in asked.query if name not in queries]
    body = how.get("requestBody", {}).get("content", {}).get("application/x-www-form-urlencoded", {}).get("schema", {})
    fields, required = body.get("properties", {}), body.get("required", ())
    found += [f"{name} is missing" for name in required if name not in asked.form]
    for name, values in asked.form.items():
        schema = fields.get(name)
        if schema is None:
            found.append(f"{name} is unknown")
            continue
        if "$ref" in schema:
            schema = document()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        if len(values) > 1 and schema.get("type") != "array":
            found.append(f"{name} is given twice")
        found += [f"{name} is ill-typed" for value in values if not _typed(value, schema.get("items", schema))]
    return found


def _typed(value: str, schema: dict[str, Any]) -> bool:
    if schema.get("type") == "integer" and not re.fullmatch(r"-?\d+", value):
        return False
    if schema.get("type") == "boolean" and value not in ("true", "false"):
        return False
    if schema.get("format") == "uri" and not urlsplit(value).netloc:
        return False
    if schema.get("format") in ("phone-number", "endpoint") and not re.fullmatch(r"\+\d{8,15}", value):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    return len(value) >= schema.get("minLength", 0) and re.search(schema.get("pattern", ""), value) is not None
