"""Texts and calls whose answer was lost are found at Twilio, or nobody can tell; and calls that ring are called off."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from email.utils import format_datetime
from urllib.parse import urlsplit

import pytest

from orchestrator.channels.base import Accepted
from orchestrator.core.receipts import Report, Result
from tests.channels.little_twilio import (
    NOW,
    LittleTwilio,
    Said,
    channel,
    refusal,
    sought,
)


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
