"""What a rehearsal plays: events, calls, answers, opt-outs, time; and the moments that it tells."""

from __future__ import annotations

from orchestrator.rehearsal.stage import Stage
from tests.rehearsal.stories import HEAD, SENT, THANKS, came, changed, outcome_of, shown, story

VISIT = """\
playbook: visit-reminder
subject: visit/V-1
customer: {id: C-1, zone: America/Chicago, email: dana@example.com, phone: "+13125550142", consent: service}
events:
  visit.booked: {kind: repair, starts_at: "2026-04-16T10:30:00-05:00"}
rehearsals:
  - rehearsal: A visit
"""
ASKED = HEAD.replace("quote-follow-up", "visit-hows-it-going").replace(
    "quote.sent: {amount: 1850, currency: USD, work: the back deck}", "visit.done: {kind: repair, work: the faucet}"
)


def test_a_call_that_no_line_names_is_taken_by_nobody(stage: Stage) -> None:
    lines = came(stage, story([SENT]))

    assert "Fri 2026-03-13 10:10 quote-check-in not_taken" in lines


def test_a_call_waits_and_lasts_as_long_as_the_file_says(stage: Stage) -> None:
    lines = came(stage, story([SENT, "{touchpoint: quote-check-in, ends: completed, waits: 25 minutes, lasts: 7 minutes}"]))

    assert lines[1] == "Thu 2026-03-12 10:35 quote-check-in completed"
    assert lines[2] == "Thu 2026-03-19 10:42 quote-last-word sent"


def test_a_call_that_waits_past_its_time_is_not_taken(stage: Stage) -> None:
    lines = came(stage, story([SENT, "{touchpoint: quote-check-in, ends: completed, waits: 2 days}"]))

    assert "Fri 2026-03-13 10:10 quote-check-in not_taken" in lines


def test_one_try_may_end_otherwise_than_the_others(stage: Stage) -> None:
    lines = came(
        stage,
        story([SENT, "{touchpoint: quote-check-in, ends: no_answer}", "{touchpoint: quote-check-in, try: 2, ends: declined}"]),
    )

    assert lines[1:] == [
        "Thu 2026-03-12 10:10 quote-check-in no_answer",
        "Mon 2026-03-16 13:30 quote-check-in declined",
        "Mon 2026-03-16 13:30 ends stopped",
    ]


def test_a_promised_call_back_comes_at_its_moment(stage: Stage) -> None:
    lines = came(
        stage,
        story(
            [
                SENT,
                "{touchpoint: quote-check-in, try: 1, ends: call_back, call_back: Wed 2026-03-18 15:00}",
                "{touchpoint: quote-check-in, try: 2, ends: goal_met}",
            ]
        ),
    )

    assert lines[2:] == ["Wed 2026-03-18 15:00 quote-check-in goal_met", "Wed 2026-03-18 15:00 ends goal"]


def test_a_touch_that_a_cap_puts_off_is_told_with_its_rule_and_new_moment(stage: Stage) -> None:
    capped = Stage(
        changed(stage, "house-rules.yaml", "{most: 3, per: day}", "{most: 1, per: day}"),
        stage.ours,
    )
    text = story(
        ["{at: Tue 2026-04-14 15:20, event: visit.done}", "{touchpoint: hows-it-going, ends: no_answer}"],
        [
            "{at: Wed 2026-04-15 15:20, touchpoint: hows-it-going, is: no_answer}",
            "{at: Fri 2026-04-17 10:00, touchpoint: hows-it-going, is: no_answer}",
            "{at: Fri 11:00, touchpoint: how-did-it-go, is: deferred, until: Sat 07:00, because: frequency cap and contact window}",
            "{at: Sat 2026-04-18 07:00, touchpoint: how-did-it-go, is: sent}",
        ],
        head=ASKED,
        more="until: Sat 2026-04-18 12:00",
    )

    outcome = outcome_of(capped, text)

    assert outcome.agrees, shown(outcome)
    assert outcome.result is not None
    assert "the house allows 1" in next(g.why for g in outcome.result.got if g.what == "deferred")
    assert not outcome_of(stage, text).agrees


def test_nobody_is_contacted_where_the_condition_is_not_met_and_it_says_why(stage: Stage) -> None:
    small = "{at: Tue 2026-03-10 10:00, event: quote.sent, fields: {amount: 300}}"

    assert outcome_of(stage, story([small])).agrees

    said = shown(outcome_of(stage, story([small], [THANKS])))
    assert "-| - {at: Tue 2026-03-10 10:10, touchpoint: quote-thanks, is: sent}" in said
    assert "nothing came: its condition is not met: event.amount >= 500" in said


def test_after_an_opt_out_of_everything_it_is_over(stage: Stage) -> None:
    lines = came(stage, story([SENT, "{at: Wed 09:00, opts_out: all}"]))

    assert lines[1:] == ["Wed 2026-03-11 09:00 quote-check-in cancelled", "Wed 2026-03-11 09:00 ends opted_out"]


def test_a_customer_without_consent_or_address_is_left_alone(stage: Stage) -> None:
    lines = came(stage, story([SENT], head=HEAD.replace("consent: service", "consent: {email: none, call: service}")))

    assert lines[0] == "Tue 2026-03-10 10:10 quote-thanks skipped"


def test_a_customer_whose_zone_nobody_knows_is_met_at_a_good_hour_everywhere(stage: Stage) -> None:
    head = HEAD.replace("zone: America/Chicago, ", "").replace('phone: "+13125550142", ', "").replace(
        "events:", "clock: America/New_York\nevents:"
    )  # fmt: skip

    lines = came(stage, story(["{at: Tue 2026-03-10 09:00, event: quote.sent}"], head=head, more="until: Tue 2026-03-10 23:00"))

    assert lines[0] == "Tue 2026-03-10 13:00 quote-thanks sent"  # 07:00 in Honolulu


def test_an_answer_to_an_email_decides_what_follows(stage: Stage) -> None:
    done, low, high = (
        "{at: Tue 2026-04-14 15:20, event: visit.done}", "{at: Fri 2026-04-17 10:00, survey: {rating: 1}}",
        "{at: Fri 2026-04-17 10:00, survey: {rating: 5}}",
    )  # fmt: skip

    assert came(stage, story([done, high], head=ASKED))[-1] == "Fri 2026-04-17 10:00 ends goal"
    assert "Fri 2026-04-17 10:00 answer-concern-call ready" in came(
        stage, story([done, low], head=ASKED, more="until: Fri 2026-04-17 12:00")
    )


def test_a_failed_text_goes_the_way_that_the_playbook_names(stage: Stage) -> None:
    lines = came(
        stage,
        story(
            [
                "{at: Thu 2026-04-09 11:00, event: visit.booked}",
                "{touchpoint: visit-reminder, ends: failed}",
                "{touchpoint: visit-reminder-landline, ends: do_not_contact}",
            ],
            head=VISIT,
        ),
    )

    assert lines[1:3] == [
        "Wed 2026-04-15 10:30 visit-reminder failed",
        "Wed 2026-04-15 10:30 visit-reminder-landline do_not_contact",
    ]


def test_an_event_that_comes_late_counts_from_when_it_occurred(stage: Stage) -> None:
    lines = came(stage, story(["{at: Tue 2026-03-10 10:00, event: quote.sent, occurred: Tue 2026-03-10 08:30}"]))

    assert lines[0] == "Tue 2026-03-10 10:00 quote-thanks sent"  # due at 08:40, known at ten


def test_a_story_is_told_as_moments_with_words_and_reasons(stage: Stage) -> None:
    result = outcome_of(stage, story([SENT, "{touchpoint: quote-check-in, ends: completed}"])).result
    assert result is not None

    moments = result.moments

    assert [(m.local, m.kind, m.title, m.result) for m in moments][:5] == [
        ("Tue 2026-03-10 10:00", "event", "quote.sent", ""),
        ("Tue 2026-03-10 10:00", "planned", "Thanks for asking us", "for Tue 2026-03-10 10:10"),
        ("Tue 2026-03-10 10:10", "touch", "Thanks for asking us", "sent"),
        ("Tue 2026-03-10 10:10", "planned", "What do you think of the quote?", "for Thu 2026-03-12 10:10"),
        ("Thu 2026-03-12 10:10", "touch", "What do you think of the quote?", "waits for staff"),
    ]
    sent, call = moments[2], moments[5]
    assert (sent.step, sent.channel, sent.tone) == ("quote-thanks", "email", "good")
    assert sent.words.startswith("Your quote for the back deck\n")
    assert "10 minutes after" in sent.why
    assert (call.result, call.touchpoint) == ("We talked, all fine", "quote-check-in")
    assert "Quote check-in" in call.words
    assert moments[-1].kind == "end"
    assert sorted(m.at for m in moments) == [m.at for m in moments]


def test_the_same_file_gives_the_same_result_every_time(stage: Stage) -> None:
    text = story([SENT, "{touchpoint: quote-check-in, ends: voicemail_left}"])
    first, second = outcome_of(stage, text).result, outcome_of(stage, text).result
    assert first is not None
    assert second is not None

    assert (first.got, first.moments) == (second.got, second.moments)


def test_words_are_told_as_the_customer_reads_them(stage: Stage) -> None:
    outcome = outcome_of(stage, story([SENT], more="until: Tue 2026-03-10 11:00"))

    assert outcome.result is not None
    assert any("or call (312) 555-0100. Otherwise" in moment.words for moment in outcome.result.moments)
