"""A few made-up applications, and what must come of them, in local time."""

from __future__ import annotations

import json
import random
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.simulation.outcomes import percent_of
from tests.replay.cases import HERE, lines_of, play, told, write_log

# Cases by how their calls end (loans/outcomes.yaml). The first test says so again, so that nobody has to trust this line.
ANSWERS, VOICEMAIL, CONCERN, NOBODY, WRONG_NUMBER, STOP = "1003", "1002", "1038", "1001", "1131", "1232"
KEYS = [
    "subject",
    "playbook",
    "version",
    "touchpoint",
    "channel",
    "customer",
    "planned_at",
    "due_at",
    "effect_at",
    "state",
    "disposition",
    "reason",
]


@pytest.mark.parametrize(
    ("case", "low", "high"),
    [(ANSWERS, 0, 30), (VOICEMAIL, 30, 55), (CONCERN, 55, 60), (NOBODY, 80, 97), (WRONG_NUMBER, 97, 98.5), (STOP, 98.5, 100)],
)
def test_the_cases_stand_where_these_tests_need_them(case: str, low: float, high: float) -> None:
    assert low <= percent_of(f"application/{case}") < high


def test_an_offer_that_nobody_answers_gets_every_touch_at_its_local_hour(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.csv", [(NOBODY, "offer_sent", "2011-10-28 23:00")])  # a Friday; the clocks change on Sunday

    play("loans", log, tmp_path / "ledger")

    assert told(lines_of(tmp_path / "ledger")) == [
        ("offer-thanks", "Sat 29 Oct 07:00", "sent"),
        ("offer-check-in", "Tue 01 Nov 09:12", "no_answer"),
        ("offer-check-in", "Wed 02 Nov 13:42", "no_answer"),
        ("offer-check-in", "Thu 03 Nov 16:42", "no_answer"),
        ("offer-reminder", "Thu 10 Nov 09:30", "sent"),
        ("offer-last-word", "Thu 17 Nov 09:30", "sent"),
    ]


def test_christmas_and_a_day_on_which_the_house_is_closed_are_no_business_days(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.csv", [(ANSWERS, "offer_sent", "2011-12-22 10:00")])

    play("loans", log, tmp_path / "ledger")

    assert told(lines_of(tmp_path / "ledger"))[:2] == [
        ("offer-thanks", "Thu 22 Dec 10:30", "sent"),
        ("offer-check-in", "Wed 28 Dec 10:42", "completed"),  # Friday, then Wednesday: Monday is a holiday, Tuesday closed
    ]


def test_a_voicemail_is_followed_by_a_text_and_a_concern_by_a_lead_on_the_next_day(tmp_path: Path) -> None:
    log = write_log(
        tmp_path / "log.csv", [(VOICEMAIL, "offer_sent", "2011-11-07 10:00"), (CONCERN, "offer_sent", "2011-11-07 16:00")]
    )

    play("loans", log, tmp_path / "ledger")

    lines = lines_of(tmp_path / "ledger")
    assert told(line for line in lines if line.subject == f"application/{VOICEMAIL}")[1:4] == [
        ("offer-check-in", "Wed 09 Nov 10:42", "voicemail_left"),
        ("sorry-we-missed-you", "Wed 09 Nov 10:54", "sent"),  # two minutes on the telephone, then ten more
        ("offer-check-in", "Thu 10 Nov 13:42", "commitment_made"),
    ]
    assert told(line for line in lines if line.subject == f"application/{CONCERN}") == [
        ("offer-thanks", "Mon 07 Nov 16:30", "sent"),
        ("offer-check-in", "Wed 09 Nov 16:42", "completed_concern"),
        ("concern-call", "Thu 10 Nov 09:45", "completed"),  # one call a day, and leads come after 45 minutes
    ]


@pytest.mark.parametrize("stop", ["offer_returned", "offer_accepted", "offer_cancelled", "offer_declined"])
def test_nothing_follows_once_the_matter_is_settled(tmp_path: Path, stop: str) -> None:
    log = write_log(tmp_path / "log.csv", [(NOBODY, "offer_sent", "2011-11-07 10:00"), (NOBODY, stop, "2011-11-09 10:30")])

    play("loans", log, tmp_path / "ledger")

    lines = lines_of(tmp_path / "ledger")
    assert told(lines) == [("offer-thanks", "Mon 07 Nov 10:30", "sent")]
    assert [(line.touchpoint, line.state, line.reason) for line in lines[1:]] == [
        ("offer-check-in", "cancelled", "goal" if stop in ("offer_returned", "offer_accepted") else "stopped")
    ]


def test_an_event_at_the_very_moment_of_a_touch_comes_first(tmp_path: Path) -> None:
    log = write_log(
        tmp_path / "log.csv", [(NOBODY, "offer_sent", "2011-11-07 10:00"), (NOBODY, "offer_returned", "2011-11-07 10:30")]
    )

    play("loans", log, tmp_path / "ledger")

    assert told(lines_of(tmp_path / "ledger")) == []


def test_an_offer_that_replaces_another_starts_the_follow_up_again(tmp_path: Path) -> None:
    rows = [
        (NOBODY, "offer_sent", "2011-11-07 10:00"),
        (NOBODY, "offer_cancelled", "2011-11-07 15:00"),
        (NOBODY, "offer_sent", "2011-11-07 15:01"),
        (NOBODY, "offer_sent", "2011-11-08 12:00"),
    ]

    summary = play("loans", write_log(tmp_path / "log.csv", rows), tmp_path / "ledger")

    assert dict((reason, n) for _, reason, n in summary.enrollments) == {"stopped": 1, "superseded": 1, "exhausted": 1}
    assert told(lines_of(tmp_path / "ledger"))[:4] == [
        ("offer-thanks", "Mon 07 Nov 10:30", "sent"),
        ("offer-thanks", "Mon 07 Nov 15:31", "sent"),
        ("offer-thanks", "Tue 08 Nov 12:30", "sent"),
        ("offer-check-in", "Thu 10 Nov 12:42", "no_answer"),
    ]


def test_whoever_asks_for_no_contact_gets_none_and_a_wrong_number_gets_no_text(tmp_path: Path) -> None:
    log = write_log(
        tmp_path / "log.csv", [(STOP, "offer_sent", "2011-11-07 10:00"), (WRONG_NUMBER, "offer_sent", "2011-11-07 10:00")]
    )

    summary = play("loans", log, tmp_path / "ledger")

    lines = lines_of(tmp_path / "ledger")
    stopped = [line for line in lines if line.subject == f"application/{STOP}"]
    assert told(stopped)[-1] == ("offer-check-in", "Fri 11 Nov 16:42", "do_not_contact")
    assert ("offer-follow-up", "opted_out", 1) in summary.enrollments
    assert [(line.touchpoint, line.reason) for line in lines if line.state == "skipped"] == [("offer-last-word", "contact point")]
    assert summary.skipped == [("contact point", 1)]


def test_a_queue_that_nobody_works_lets_its_calls_expire(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.csv", [(ANSWERS, "offer_sent", "2011-11-07 10:00")], amount="30000")

    play("loans", log, tmp_path / "ledger")

    (large,) = [line for line in lines_of(tmp_path / "ledger") if line.touchpoint == "large-offer-call"]
    assert (large.state, large.reason, large.effect_at) == ("expired", "not taken", None)


def test_a_call_that_waits_too_long_goes_to_the_leads_who_take_it(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.csv", [(NOBODY, "offer_sent", "2011-11-07 10:00")])
    slow = tmp_path / "slow.yaml"
    slow.write_text("default: completed\nminutes_until_taken: never\nqueues:\n  leads: {minutes_until_taken: 20}\n")

    play("loans", log, tmp_path / "ledger", outcomes=slow)

    # waits from 10:30 in its own queue, after four hours in that of the leads
    assert told(lines_of(tmp_path / "ledger"))[1] == ("offer-check-in", "Wed 09 Nov 14:50", "completed")


def test_playbooks_hear_what_the_system_itself_reports_at_that_very_moment(tmp_path: Path) -> None:
    folder = tmp_path / "playbooks"
    shutil.copytree(HERE / "loans" / "playbooks", folder)
    (folder / "after-a-talk.yaml").write_text(
        "playbook: after-a-talk\ntitle: Thanks for the talk\nstage: offer\nowner: loan-desk\nstarts_on: call.finished\n"
        "only_if: event.disposition == 'completed'\ngives_up_after: 3 days\nsteps:\n"
        "  - {touchpoint: thanks-for-the-talk, email: thanks, after: 5 minutes}\n"
    )
    (folder / "emails" / "thanks.md").write_text("---\nsubject: Thank you\n---\nIt was good to talk to you.\n")
    log = write_log(tmp_path / "log.csv", [(ANSWERS, "offer_sent", "2011-11-07 10:00")])

    play("loans", log, tmp_path / "ledger", playbooks=folder)

    assert told(lines_of(tmp_path / "ledger"))[1:3] == [
        ("offer-check-in", "Wed 09 Nov 10:42", "completed"),  # they talk for six minutes
        ("thanks-for-the-talk", "Wed 09 Nov 10:53", "sent"),
    ]


def test_a_row_that_stands_too_late_in_the_file_arrives_late(tmp_path: Path) -> None:
    rows = [
        (NOBODY, "offer_sent", "2011-11-07 10:00"),
        (ANSWERS, "application_submitted", "2011-11-08 09:00"),
        (NOBODY, "offer_returned", "2011-11-07 10:15"),  # it occurred before the e-mail, but nobody knew
    ]

    play("loans", write_log(tmp_path / "log.csv", rows), tmp_path / "ledger")

    assert told(lines_of(tmp_path / "ledger")) == [("offer-thanks", "Mon 07 Nov 10:30", "sent")]


def test_until_lets_nothing_later_happen(tmp_path: Path) -> None:
    log = write_log(
        tmp_path / "log.csv", [(NOBODY, "offer_sent", "2011-11-07 10:00"), (ANSWERS, "offer_sent", "2011-11-09 10:00")]
    )

    summary = play("loans", log, tmp_path / "ledger", until=datetime(2011, 11, 8, tzinfo=UTC))

    assert sum(summary.events.values()) == 1
    assert [(line.touchpoint, line.state) for line in lines_of(tmp_path / "ledger")] == [
        ("offer-thanks", "sent"),
        ("offer-check-in", "planned"),
    ]


def test_a_line_has_exactly_its_keys_and_moments_in_utc(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.csv", [(ANSWERS, "offer_sent", "2011-11-07 10:00:00.250")])

    play("loans", log, tmp_path / "ledger")

    first, second = (json.loads(text) for text in (tmp_path / "ledger").read_text().splitlines()[:2])
    assert list(first) == KEYS
    assert first == {
        "subject": f"application/{ANSWERS}", "playbook": "offer-follow-up", "version": 1, "touchpoint": "offer-thanks",
        "channel": "email", "customer": f"applicant-{ANSWERS}", "planned_at": "2011-11-07T09:00:00.250000Z",
        "due_at": "2011-11-07T09:30:00.250000Z", "effect_at": "2011-11-07T09:30:00.250000Z", "state": "sent", "disposition": None,
        "reason": None,
    }  # fmt: skip
    assert (second["disposition"], second["state"]) == ("completed", "done")


def test_lines_stand_by_effect_then_subject_then_touchpoint_and_those_without_effect_last(tmp_path: Path) -> None:
    rows = [(case, "offer_sent", "2011-11-07 10:00") for case in (WRONG_NUMBER, NOBODY, ANSWERS)]
    rows += [(case, "offer_cancelled", "2011-11-07 11:00") for case in (NOBODY, ANSWERS)]

    play("loans", write_log(tmp_path / "log.csv", rows), tmp_path / "ledger")

    lines = lines_of(tmp_path / "ledger")
    order = [(line.effect_at is None, line.effect_at or line.due_at, line.subject, line.touchpoint or "") for line in lines]
    assert [line.subject for line in lines[:3]] == [f"application/{case}" for case in (NOBODY, ANSWERS, WRONG_NUMBER)]
    assert [line.subject for line in lines[-3:]] == [f"application/{case}" for case in (NOBODY, ANSWERS, WRONG_NUMBER)]
    assert order[:-3] == sorted(order[:-3])


def test_messages_are_written_when_asked_for_and_reach_nobody(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.csv", [(ANSWERS, "offer_sent", "2011-11-07 10:00")])

    for _ in range(2):  # the second run replaces the file
        play("loans", log, tmp_path / "ledger", messages=tmp_path / "said")

    said = [json.loads(text) for text in (tmp_path / "said").read_text().splitlines()]
    assert [one["touchpoint"] for one in said] == ["offer-thanks", "offer-reminder", "offer-last-word"]
    assert said[0]["to"] == f"applicant-{ANSWERS}@customers.example.com"
    assert "55501" in said[2]["to"]  # a number that is nobody's


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_size_of_batches_makes_no_difference(tmp_path: Path, seed: int) -> None:
    """Crowded on purpose: the same moments, the same customers, stops and restarts, quiet events that say a phone number again."""
    chance = random.Random(seed)
    types = ["offer_sent"] * 4 + ["offer_cancelled", "offer_returned", "offer_created"] + ["call_after_offer_started"] * 4
    cases = (ANSWERS, VOICEMAIL, CONCERN, NOBODY, WRONG_NUMBER, STOP)
    moments = sorted(
        f"2011-11-{chance.randint(7, 18):02} {chance.choice(('09:00', '09:30', '10:00', '16:30'))}" for _ in range(80)
    )
    log = write_log(tmp_path / "log.csv", [(chance.choice(cases), chance.choice(types), at) for at in moments])

    ledgers = []
    for most in (1, 3, 500):
        play("loans", log, tmp_path / f"ledger-{most}", most=most)
        ledgers.append((tmp_path / f"ledger-{most}").read_bytes())

    assert ledgers[0] == ledgers[1] == ledgers[2]
    assert len(ledgers[0].splitlines()) > 40


def test_both_databases_give_the_same_bytes(tmp_path: Path, database_url: str) -> None:
    rows = [(case, "offer_sent", "2011-11-07 10:00") for case in (ANSWERS, VOICEMAIL, CONCERN, NOBODY, WRONG_NUMBER, STOP)]
    log = write_log(tmp_path / "log.csv", rows, amount="30000")

    play("loans", log, tmp_path / "one", database=database_url)
    play("loans", log, tmp_path / "other")

    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


@pytest.mark.parametrize("most", [1, 2, 500])
@pytest.mark.parametrize("again", ["2011-11-10 12:00", "2011-11-14 12:00"])
def test_a_number_that_was_wrong_does_not_come_back_with_an_event_that_repeats_it(tmp_path: Path, most: int, again: str) -> None:
    rows = [
        (WRONG_NUMBER, "offer_sent", "2011-11-07 10:00"),  # found out on the third try, Friday the 11th
        (WRONG_NUMBER, "call_after_offer_started", again),  # says the number again, and nobody listens to it
        *((NOBODY, "application_submitted", f"2011-11-15 1{hour}:00") for hour in range(3)),
        (NOBODY, "application_declined", "2011-12-20 10:00"),
    ]

    play("loans", write_log(tmp_path / "log.csv", rows), tmp_path / "ledger", most=most)

    assert [line.state for line in lines_of(tmp_path / "ledger") if line.touchpoint == "offer-last-word"] == ["skipped"]


@pytest.mark.parametrize("most", [1, 500])
def test_an_id_that_was_used_before_is_refused_even_when_nobody_listened_to_its_first_use(tmp_path: Path, most: int) -> None:
    rows = [(NOBODY, "offer_created", "2011-11-07 09:59"), (NOBODY, "offer_sent", "2011-11-07 10:00")]
    log = write_log(tmp_path / "log.csv", rows)
    log.write_text(log.read_text().replace("e2,", "e1,"))

    summary = play("loans", log, tmp_path / "ledger", most=most)

    assert dict(summary.events) == {"accepted": 1, "conflict": 1}
    assert lines_of(tmp_path / "ledger") == []
