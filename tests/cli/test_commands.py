"""The command line as people use it: one installation on SQLite, from an empty folder to a finished call."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from orchestrator import dispatch, sheets
from orchestrator.cli.main import app
from orchestrator.clock import utc_now
from orchestrator.config import Settings
from orchestrator.errors import DatabaseError, NotFound
from orchestrator.wiring import build
from tests.conftest import ROOT

PLAYBOOK = """\
playbook: follow-up
title: Call at once
stage: quote
owner: sales
starts_on: quote.sent
gives_up_after: 30 days
contact_window: any-time
steps:
  - {touchpoint: check-in, call: quote-check-in, queue: sales, attempts: {most: 2, apart: 1 day}}
"""
Run = Callable[..., Result]


@pytest.fixture
def touchpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`touchpoint …` in an installation of its own, with windows that are always open."""
    folder = tmp_path / "playbooks"
    (folder / "scripts").mkdir(parents=True)
    starters = ROOT / "playbooks"
    (folder / "lifecycle.yaml").write_text((starters / "lifecycle.yaml").read_text())
    (folder / "scripts" / "quote-check-in.md").write_text((starters / "scripts" / "quote-check-in.md").read_text())
    rules = re.sub(r"(?m)^(default_windows|never_outside):.*\n(  .*\n|\n)*", "", (starters / "house-rules.yaml").read_text())
    every = "{email: any-time, text: any-time, call: any-time, voice: any-time, voicemail: any-time}"
    rules = re.sub(r"(?m)^contact_windows:.*\n(  .*\n|\n)*", "", rules)
    rules += '\ncontact_windows:\n  any-time: {mon-sun: "00:00-24:00", on_holidays: open}\n'
    (folder / "house-rules.yaml").write_text(f"{rules}default_windows: {every}\nnever_outside: {every}\n")
    (folder / "follow-up.yaml").write_text(PLAYBOOK)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOUCHPOINT_DATABASE_URL", f"sqlite:///{tmp_path / 'mine.sqlite3'}")
    for kind in ("EMAIL", "TEXT", "VOICE"):
        monkeypatch.setenv(f"TOUCHPOINT_{kind}_VIA", "ledger")
    monkeypatch.setenv("TOUCHPOINT_LEDGER_FILE", str(tmp_path / "ledger.jsonl"))
    monkeypatch.setenv("TOUCHPOINT_PLAYBOOKS", str(folder))
    monkeypatch.setenv("COLUMNS", "80")

    def run(*words: str, fails: bool = False) -> Result:
        result = CliRunner().invoke(app(list(words)), list(words))
        if not fails:
            assert result.exit_code == 0, f"{words}: {result.output} {result.exception!r}"
        return result

    return run


@pytest.fixture
def with_a_call(touchpoint: Run, tmp_path: Path) -> Run:
    """A call about quote/Q-1 waits in the queue."""
    touchpoint("db", "upgrade")
    touchpoint("publish", "--by", "olga")
    event = {
        "id": "1", "source": "crm", "type": "quote.sent", "subject": "quote/Q-1", "time": utc_now().isoformat(),
        "customer": {"id": "C-1", "name": "Dana [red]Ortiz", "phone": "+13125550142", "time_zone": "America/Chicago",
                     "consent": {"call": "service"}},
        "data": {"amount": 900, "currency": "USD", "owner": "ari"},
    }  # fmt: skip
    (tmp_path / "event.json").write_text(json.dumps(event))
    touchpoint("event", "event.json")
    dispatch.drain(build(Settings()), "call")
    return touchpoint


def test_a_fresh_installation_says_what_to_do_first(touchpoint: Run) -> None:
    result = touchpoint("publish", fails=True)

    assert isinstance(result.exception, DatabaseError)
    assert "touchpoint db upgrade" in str(result.exception)


def test_publishing_twice_changes_nothing_and_status_shows_an_edit(touchpoint: Run, tmp_path: Path) -> None:
    touchpoint("db", "upgrade")
    touchpoint("publish")

    assert "new" not in touchpoint("publish").output
    file = tmp_path / "playbooks" / "follow-up.yaml"
    file.write_text(file.read_text().replace("Call at once", "Call soon"))
    assert re.search(r"follow-up +1 +changed", touchpoint("status").output)
    touchpoint("publish")
    assert re.search(r"follow-up +2 +published", touchpoint("status").output)


def test_publishing_says_what_is_doubtful_in_what_is_in_force_now(touchpoint: Run, tmp_path: Path) -> None:
    touchpoint("db", "upgrade")
    file = tmp_path / "playbooks" / "follow-up.yaml"
    doubtful = touchpoint("publish").output
    named = touchpoint("publish", "follow-up").output
    file.write_text(file.read_text().replace("apart: 1 day}}", "apart: 1 day}, outcomes: {completed_concern: exit}}"))

    fine = touchpoint("publish").output

    for told in (doubtful, named):
        assert re.search(r"In what is in force: \d warnings?", told)
        assert re.search(r"follow-up\.yaml:9:\d+: warning TP105: ", told)
        assert "= to mend it: add to its outcomes: completed_concern" in told
        assert ": note TP" not in told
    assert "TP105" not in fine


def test_check_names_file_line_and_fix(touchpoint: Run, tmp_path: Path) -> None:
    file = tmp_path / "playbooks" / "follow-up.yaml"
    file.write_text(file.read_text().replace("queue: sales", "queue: sale"))

    result = touchpoint("check", fails=True)

    assert result.exit_code == 1
    assert re.search(r"follow-up\.yaml:9:\d+: error TP016: .*'sale'", result.output)
    assert "did you mean 'sales'" in result.output


def test_schemas_are_printed_for_editors(touchpoint: Run) -> None:
    assert "touchpoint" in json.dumps(json.loads(touchpoint("schema").output))


def test_a_call_is_taken_finished_and_explained(with_a_call: Run) -> None:
    taken = with_a_call("call", "next", "--as", "ari").output
    id_ = re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", taken)
    assert id_ is not None
    assert "Dana [red]Ortiz" in taken  # shown as it was sent

    assert "not yours" in with_a_call("call", "finish", id_[0], "completed", "--as", "sam", fails=True).output
    with_a_call("call", "finish", id_[0], "no_answer", "--as", "ari")

    assert id_[0] in with_a_call("timeline", "quote/Q-1").output  # whole, to be copied
    why = with_a_call("why", id_[0]).output
    assert "ari: no answer" in why
    assert "attempt 1 through desk" in why
    timeline = with_a_call("timeline", "quote/Q-1").output
    assert "quote.sent starts follow-up, version 1" in timeline
    assert "check-in, try 2 of 2" in timeline


def test_a_call_that_is_put_back_is_there_for_the_next(with_a_call: Run) -> None:
    id_ = re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", with_a_call("call", "next", "--as", "ari").output)
    assert id_ is not None

    with_a_call("call", "back", id_[0], "--as", "ari")

    assert id_[0] in with_a_call("call", "next", "--as", "sam").output


def test_a_disposition_that_does_not_exist_is_refused_with_the_one_that_was_meant(with_a_call: Run) -> None:
    id_ = re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", with_a_call("call", "next", "--as", "ari").output)
    assert id_ is not None

    result = with_a_call("call", "finish", id_[0], "compleeted", "--as", "ari", fails=True)

    assert "did you mean 'completed'" in str(result.exception)


def test_answers_from_the_terminal_are_kept_as_they_were_typed(with_a_call: Run) -> None:
    id_ = re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", with_a_call("call", "next", "--as", "ari").output)
    assert id_ is not None
    answers = ("number=00312", "budget=1234567.89", "sure=True", "words=1e3")

    with_a_call("call", "finish", id_[0], "no_answer", "--as", "ari", *(word for one in answers for word in ("--answer", one)))

    noted = sheets.sheet_of(build(Settings()), UUID(id_[0]))
    assert noted is not None
    assert noted.answers == {"number": "00312", "budget": "1234567.89", "sure": "True", "words": "1e3"}


def test_a_paused_queue_offers_no_call_and_loses_none(with_a_call: Run) -> None:
    with_a_call("pause", "queue:sales")
    assert "No call may be made now" in with_a_call("call", "next", "--as", "ari").output

    with_a_call("resume", "queue:sales")

    assert "No call may be made now" not in with_a_call("call", "next", "--as", "ari").output


def test_an_opt_out_ends_what_was_open(with_a_call: Run) -> None:
    assert "1 follow-ups ended" in with_a_call("optout", "C-1").output

    assert "No call may be made now" in with_a_call("call", "next", "--as", "ari").output
    assert "called off" in with_a_call("timeline", "quote/Q-1").output


def test_what_does_not_exist_is_named(with_a_call: Run) -> None:
    for words in (("timeline", "quote/Q-2"), ("why", "ffffffff"), ("why", "what?"), ("optout", "C-9")):
        assert isinstance(with_a_call(*words, fails=True).exception, NotFound), words


def test_lists_for_people_are_there_when_empty(with_a_call: Run) -> None:
    assert "Nothing is unknown" in with_a_call("unknown", "list").output
    assert "No event is set aside" in with_a_call("event-queue", "list").output
