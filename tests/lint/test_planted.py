"""Every planted mistake is found, at its place, with a way that shows it; the starter set has none."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from orchestrator.authoring import read_folder
from orchestrator.lint.codes import CODES
from orchestrator.lint.lint import check
from tests.lint.designs import STARTERS, found, planted


@dataclass(frozen=True)
class Mistake:
    """What lint must say about one file: exactly this. path: the counter-example, or the way to what cannot be loaded."""

    code: str
    at: str  # the text that the place begins with
    path: str


MISTAKES = {
    "01-contradiction.yaml": Mistake(
        "TP101",
        "touchpoint: small",
        "quote.sent → event.amount >= 1000 is true → large: sent → 'event.amount < 500' never holds here",
    ),
    "02-never-starts.yaml": Mistake(
        "TP101",
        'event.currency == "USD" && event.currency == "CAD"',
        """quote.sent → 'event.currency == "USD" && event.currency == "CAD"' is not true → nothing starts""",
    ),
    "03-no-such-answer.yaml": Mistake(
        "TP101",
        'answers.feeling != null && answers.feeling == "delighted"',
        "quote.sent → check-in: completed → last-word is passed over → the end",
    ),
    "04-split-twice.yaml": Mistake(
        "TP101",
        "touchpoint: last-word",
        "quote.sent → split half: first → thanks: sent → "
        "nobody goes the way 'never': a split 'half' before it has sent them elsewhere",
    ),
    "05-always.yaml": Mistake("TP102", "event.amount > 100", "quote.sent → event.amount > 100 is true → thanks"),
    "06-class-covered.yaml": Mistake("TP103", "needs_review: continue", "quote.sent → check-in"),
    "07-no-key-for-yes.yaml": Mistake("TP104", "goal_met: goal", "quote.sent → landline"),
    "08-concern-unheard.yaml": Mistake("TP105", "touchpoint: check-in", "quote.sent → check-in: completed_concern → last-word"),
    "09-contact-after-yes.yaml": Mistake("TP106", "goal_met: continue", "quote.sent → check-in: goal_met → last-word"),
    "10-wait-for-a-stop.yaml": Mistake(
        "TP111", "quote.accepted\n", "quote.sent → thanks: sent → quote.accepted comes → the playbook ends (goal)"
    ),
    "11-wait-for-the-start.yaml": Mistake(
        "TP112", "quote.sent\n    within", "quote.sent → thanks: sent → quote.sent comes → the end"
    ),
    "12-nothing-ends-it.yaml": Mistake("TP201", "starts_on: quote.sent", "quote.sent → thanks: sent → last-word"),
    "13-old-moment.yaml": Mistake(
        "TP202", "starts_on:", "visit.booked → visit.rescheduled, already inside → reminder, at the old moment"
    ),
    "14-opt-out-of-a-quote.yaml": Mistake(
        "TP203",
        "customer.opted_out",
        "quote.sent (about quote/…) → customer.opted_out (about the customer) → nothing changes",
    ),
    "15-answer-before-the-question.yaml": Mistake(
        "TP211", "answers.feeling", 'quote.sent → if answers.feeling != null && answers.feeling == "good"'
    ),
    "16-script-without-voicemail.yaml": Mistake("TP221", "voicemail_left", "quote.sent → check-in: voicemail_left → check-in"),
    "17-nameless-voicemail.yaml": Mistake("TP311", "Hello, your quote", "quote.sent → message"),
    "18-marketing-without-stop.yaml": Mistake("TP322", "{{ house.name }}: ten percent", "quote.sent → offer"),
    "19-never-open.yaml": Mistake(
        "TP401",
        "sunday-evening\n",
        "quote.sent → hello is skipped (contact window)",
    ),
    "20-unknown-zone.yaml": Mistake(
        "TP402",
        "evenings\n",
        "quote.sent → hello is skipped (contact window)",
    ),
    "21-shut-at-nine.yaml": Mistake(
        "TP403",
        '"21:00"\n',
        "quote.sent → hello due Mon 21:00 → moved to Tue 09:00",
    ),
    "22-past-date.yaml": Mistake(
        "TP404",
        "1 day before event.starts_at\n",
        "visit.booked → wait event.starts_at → wait 2 weeks → reminder is too late",
    ),
    "23-lost-in-the-evening.yaml": Mistake(
        "TP405",
        "2 hours\n",
        "quote.sent Sat 2026-03-21 17:29 → check-in due Tue 2026-03-24 17:29 → shut at Tue 2026-03-24 17:30 → of no use after Tue 2026-03-24 19:29 → skipped (too late)",
    ),
    "24-given-up.yaml": Mistake(
        "TP406",
        "touchpoint: last-word",
        "quote.sent Mon 2026-03-16 09:00 → thanks Thu 2026-03-19 09:00 (sent) → gives up Mon 2026-03-23 09:00",
    ),
    "25-only-mornings.yaml": Mistake(
        "TP407",
        "{most: 3",
        "quote.sent → check-in → next try due Mon 13:30 → moved to Tue 09:00",
    ),
    "26-four-on-one-day.yaml": Mistake(
        "TP501",
        "touchpoint: last-word",
        "quote.sent Mon 2026-03-16 00:00 → thanks Mon 2026-03-16 07:00 (sent) → more Mon 2026-03-16 08:00 (sent) → even-more Mon 2026-03-16 09:00 (sent) → last-word Mon 2026-03-16 11:00 (sent)",
    ),
    "27-twelve-in-a-week.yaml": Mistake(
        "TP502",
        "touchpoint: thanks",
        "quote.sent Mon 2026-03-16 00:00 → thanks Mon 2026-03-16 07:00 (sent) → thanks Mon 2026-03-16 19:00 (sent) → thanks Tue 2026-03-17 07:00 (sent) → thanks Tue 2026-03-17 19:00 (sent) → thanks Wed 2026-03-18 07:00 (sent) → thanks Wed 2026-03-18 19:00 (sent) → thanks Thu 2026-03-19 07:00 (sent) → thanks Thu 2026-03-19 19:00 (sent) → thanks Fri 2026-03-20 07:00 (sent) → thanks Fri 2026-03-20 19:00 (sent) → thanks Sat 2026-03-21 07:00 (sent)",
    ),
    "28-two-on-one-day.yaml": Mistake(
        "TP601",
        "touchpoint: thanks",
        "two-on-one-day: thanks Wed 2026-03-18 09:00; two-too-many: other-thanks Mon 2026-03-16 09:10 → other-word Wed 2026-03-18 09:10",
    ),
    "29-one-start-for-two.yaml": Mistake(
        "TP602",
        "quote.sent\n",
        "quote.sent → one-start-for-two, other-one",
    ),
    "30-for-ever.yaml": Mistake(
        "TP603",
        "touch.sent\n",
        "for-ever → hello → touch.sent → for-ever",
    ),
    "31-wait-for-ever.yaml": Mistake("TP010", "quote.withdrawn", "quote.sent → thanks → wait for quote.withdrawn"),
    "32-again-for-ever.yaml": Mistake("TP009", "again\n", "quote.sent → check-in"),
    "33-unbound-field.yaml": Mistake("TP007", "event.work", "quote.sent → hello"),
    "34-survey-nobody-sends.yaml": Mistake("TP231", "survey.answered", "quote.sent → … → survey.answered (never)"),
    "35-marketing-without-address.yaml": Mistake("TP321", "quote-thanks", "quote.sent → offer"),
    "36-voicemail-without-number.yaml": Mistake("TP312", "Hello, this is", "quote.sent → message"),
    "37-purpose-unsaid.yaml": Mistake("TP302", "playbook: purpose-unsaid", "quote.sent → thanks"),
    "38-nobody-owns-it.yaml": Mistake("TP301", '"  "', "quote.sent → thanks"),
    "39-after-exit.yaml": Mistake("TP008", "touchpoint: thanks", "quote.sent → exit → thanks"),
    "40-no-such-ending.yaml": Mistake("TP011", "declined: exit}\n", "quote.sent → thanks"),
    "41-tries-never-used-up.yaml": Mistake("TP103", "not_reached: exit", "visit.booked → landline"),
    "42-heard-only-in-the-wait.yaml": Mistake(
        "TP204",
        "quote.withdrawn\n",
        "quote.sent → thanks: sent → no quote.withdrawn within 5 days → quote.withdrawn comes → last-word all the same",
    ),
    "43-nothing-for-the-machine.yaml": Mistake("TP104", "voicemail_left: exit", "quote.sent → landline"),
    "44-answers-to-nobody.yaml": Mistake("TP303", "quote-thanks", "quote.sent → thanks"),
    "45-always-at-night.yaml": Mistake(
        "TP408",
        "12 hours",
        "quote.sent Mon 2026-03-16 09:00 → thanks Tue 2026-03-17 10:00 (sent) → last-word due Tue 2026-03-17 22:00 → moved to Wed 2026-03-18 09:00",
    ),
    "46-machine-by-default.yaml": Mistake("TP221", "attempts", "quote.sent → check-in: voicemail_left → check-in"),
    "47-marketing-before-nine.yaml": Mistake("TP409", "early\n", "quote.sent → offer on Mon 08:30 to 09:00"),
}


@pytest.mark.parametrize("file", MISTAKES)
def test_a_planted_mistake_is_found_and_nothing_else(file: str) -> None:
    text, mistake = planted(file), MISTAKES[file]

    findings = found(text)

    assert [(f.code, f.severity, f.path) for f in findings] == [(mistake.code, CODES[mistake.code].severity, mistake.path)]
    assert all(f.fix for f in findings), "each says what to do"
    shown = text.split(f"--- file: {findings[0].file}\n")[-1].replace("\\---", "---").splitlines(keepends=True)
    here = shown[findings[0].line - 1][findings[0].column - 1 :] + "".join(shown[findings[0].line :])
    assert here.startswith(mistake.at)


def test_an_event_that_no_playbook_uses_is_worth_a_note() -> None:
    lifecycle = (STARTERS / "lifecycle.yaml").read_text(encoding="utf-8")
    more = lifecycle.replace("  quote.accepted:", "  quote.viewed: {stage: quote}\n  quote.accepted:", 1)

    (finding,) = check({**read_folder(STARTERS), "lifecycle.yaml": more})

    assert (finding.code, finding.severity, finding.file) == ("TP232", "note", "lifecycle.yaml")
    assert more.splitlines()[finding.line - 1].startswith("  quote.viewed")


def test_the_starter_set_has_no_findings() -> None:
    assert check(read_folder(STARTERS)) == []
