"""What the database recorded becomes a rehearsal of somebody imaginary, which comes true."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.config import Settings
from orchestrator.errors import InputError, NotFound
from orchestrator.parts import Parts
from orchestrator.rehearsal.everything import run_text
from orchestrator.rehearsal.recording import recorded
from orchestrator.rehearsal.stage import Stage
from orchestrator.replay.play import Request, replay
from orchestrator.wiring import build
from tests.rehearsal.conftest import STARTERS
from tests.rehearsal.stories import changed, shown

REAL = (
    "X-9",
    "Ronalda Realname",
    "Ronalda",
    "ronalda@realname.test",
    "+13125550199",
    "the secret room",
    "maria",
    "Q-9",
    "40 Elm Street",
)


def line(key: str, type_: str, subject: str, at: str, **data: object) -> str:
    customer = {
        "id": f"X-9-{subject}", "name": REAL[1], "first_name": REAL[2], "email": REAL[3], "phone": REAL[4], "time_zone": "America/Chicago",
        "consent": {"email": "service", "text": "service", "call": "service"},
    }  # fmt: skip
    return json.dumps(
        {"id": key, "source": "crm", "type": type_, "subject": subject, "time": at, "customer": customer, "data": data}
    )


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    """A quote, a repair and an unpaid invoice as the engine had them, with voicemails on the first two tries."""
    here: Path = tmp_path_factory.mktemp("recorded")
    log, outcomes, url = here / "log.jsonl", here / "outcomes.yaml", f"sqlite:///{here / 'touchpoint.sqlite3'}"
    log.write_text("\n".join([
        line("e1", "quote.sent", "quote/Q-9", "2026-03-10T15:00:20Z", amount=1850, currency="USD", work=REAL[5], owner=REAL[6], team="LEE", born="1961-04-02", account=71234567890),
        line("e3", "visit.booked", "visit/V-9", "2026-03-11T15:00:40Z", kind="repair", starts_at="2026-03-17T10:30:00-05:00", address=REAL[8]),
        line("e4", "visit.missed", "visit/V-9", "2026-03-17T16:00:00Z", note=REAL[5]),
        line("e2", "quote.accepted", "quote/Q-9", "2026-03-20T15:00:20Z", amount=1800),
    ]) + "\n")  # fmt: skip
    outcomes.write_text(
        "default: voicemail_left\nminutes_until_taken: 12\ntalk_minutes: 3\nrules:\n"
        "  - {when: {touchpoint: quote-check-in, try: 2}, disposition: no_answer}\n"
    )
    replay(Request(log=log, playbooks=STARTERS, ledger=here / "ledger.jsonl", outcomes=outcomes, database=url))
    return build(Settings(database_url=url, email_via="null", text_via="null", voice_via="null"))


@pytest.mark.parametrize(("subject", "lines"), [("quote/Q-9", 8), ("visit/V-9", 6)])
def test_what_was_recorded_comes_true(parts: Parts, stage: Stage, subject: str, lines: int) -> None:
    text = recorded(parts, stage, subject)

    (outcome,) = run_text(stage, "recorded.yaml", text)

    assert outcome.problems == ()
    assert outcome.agrees, shown(outcome)
    assert outcome.result is not None
    assert len(outcome.result.got) >= lines
    assert "recorded so" not in text


def test_calls_end_as_they_did(parts: Parts, stage: Stage) -> None:
    text = recorded(parts, stage, "quote/Q-9")

    assert "{touchpoint: quote-check-in, try: 1, ends: voicemail_left, waits: 12 minutes, lasts: 3 minutes}" in text
    assert "{touchpoint: quote-check-in, try: 2, ends: no_answer, waits: 12 minutes, lasts: 3 minutes}" in text


@pytest.mark.parametrize("subject", ["quote/Q-9", "visit/V-9"])
def test_nobody_real_is_in_it(parts: Parts, stage: Stage, subject: str) -> None:
    text = recorded(parts, stage, subject)

    assert [secret for secret in REAL if secret in text] == []
    assert "zone: America/Chicago" in text


def test_three_letters_are_kept_as_a_currency_and_not_as_a_name(parts: Parts, stage: Stage) -> None:
    text = recorded(parts, stage, "quote/Q-9")

    assert "currency: USD" in text
    assert "LEE" not in text


def test_numbers_and_dates_at_which_the_playbook_does_not_look_are_made_up(parts: Parts, stage: Stage) -> None:
    more = "      valid_until: optional date\n      born: optional date\n      account: optional number\n"
    declared = Stage(changed(stage, "lifecycle.yaml", "      valid_until: optional date\n", more), stage.ours)

    text = recorded(parts, declared, "quote/Q-9")

    assert "amount: 1850" in text
    assert "account: 3" in text
    assert "71234567890" not in text
    assert "1961-04-02" not in text


def test_what_the_design_does_otherwise_now_is_marked_and_shown_as_a_difference(parts: Parts, stage: Stage) -> None:
    other = Stage(changed(stage, "quote-follow-up.yaml", "after: 10 minutes", "after: 3 hours"), stage.ours)

    text = recorded(parts, other, "quote/Q-9")

    assert (
        "- {at: Tue 2026-03-10 10:10, touchpoint: quote-thanks, is: sent} # recorded so; this story alone leads elsewhere now"
        in text
    )
    (outcome,) = run_text(other, "recorded.yaml", text)
    assert "+| - {at: Tue 2026-03-10 13:00, touchpoint: quote-thanks, is: sent}" in shown(outcome)


def test_a_subject_that_is_not_known_or_not_in_the_playbook_is_refused(parts: Parts, stage: Stage) -> None:
    with pytest.raises(NotFound, match="no follow-up is known"):
        recorded(parts, stage, "quote/Q-10")
    with pytest.raises(InputError, match="was not in invoice-reminders"):
        recorded(parts, stage, "quote/Q-9", "invoice-reminders")
