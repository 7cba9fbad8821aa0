"""The commands with which people take in events, give out keys and look whether all is well; as they are typed."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from orchestrator.cli.main import main
from orchestrator.keys import Keyring
from orchestrator.parts import Parts
from tests.intake.ready import ROOT, quote_sent
from tests.intake.test_cloudevents import cloud

Run = Callable[..., "Done"]


@dataclass
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def touchpoint(ready: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs a `touchpoint` command in a folder of its own, on the ready database."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOUCHPOINT_DATABASE_URL", ready.database.url)
    monkeypatch.setenv("TOUCHPOINT_PLAYBOOKS", str(ROOT / "playbooks"))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str, stdin: bytes = b"") -> Done:
        monkeypatch.setattr(sys, "argv", ["touchpoint", *words])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capfd.readouterr()
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        said = capfd.readouterr()
        return Done(code, said.out, said.err)

    return run


def recent(key: str = "81", **changed: Any) -> dict[str, Any]:
    """An event of an hour ago by this machine's clock, which commands go by."""
    return quote_sent(key, **{"time": (datetime.now(UTC) - timedelta(hours=1)).isoformat(), **changed})


def test_an_event_from_a_file_or_a_pipe_is_taken_in_once(touchpoint: Run, tmp_path: Path) -> None:
    event = json.dumps(recent()).encode()
    (tmp_path / "event.json").write_bytes(event)

    first, again = touchpoint("event", "event.json"), touchpoint("event", "-", stdin=event)

    assert (first.code, first.out) == (0, "81: accepted, 1 enrollment\n")
    assert (again.code, again.out) == (0, "81: repeated, 1 enrollment\n")


@pytest.mark.parametrize("form", ["array", "lines", "cloud"])
def test_many_events_are_told_one_by_one(touchpoint: Run, form: str) -> None:
    events = [recent("1"), recent("2", time="2026-11-20T09:12:00"), recent("3", type="quote.snet", subject="quote/3")]
    if form == "cloud":
        events[0] = cloud(id="1", time=events[0]["time"])
    text_ = "\n".join(json.dumps(e) for e in events) if form == "lines" else json.dumps(events)

    done = touchpoint("event", "-", stdin=text_.encode())

    assert done.code == 1
    said = done.out.splitlines()
    assert said[0].startswith("1: accepted")
    assert said[1] == "2: refused"
    assert "time: '2026-11-20T09:12:00' has no zone" in said[2]
    assert said[3].startswith("3: accepted")
    assert "did you mean 'quote.sent'?" in said[4]


@pytest.mark.parametrize(
    ("stdin", "says"),
    [(b"", "there is no body"), (b"{", "not JSON"), (b'{"a": 1,\n"b": 2,,}', "line 2"), (b'{"a": NaN}', "NaN")],
)
def test_what_is_no_json_is_told_in_one_calm_sentence(touchpoint: Run, stdin: bytes, says: str) -> None:
    done = touchpoint("event", "-", stdin=stdin)

    assert done.code == 2
    assert says in done.err
    assert "Traceback" not in done.err


def test_a_file_that_is_not_there_is_named(touchpoint: Run) -> None:
    for command in (["event", "gone.json"], ["ingest", "gone.jsonl"], ["ingest", "gone.csv", "--map", "gone.yaml"]):
        done = touchpoint(*command)
        assert done.code == 2
        assert "gone." in done.err


def test_a_file_is_taken_in_with_a_report_and_a_file_of_what_was_wrong(touchpoint: Run, tmp_path: Path) -> None:
    rows = [recent("1"), recent("2", subject="none"), recent("3", subject="quote/3")]
    (tmp_path / "events.jsonl").write_text("\n".join(json.dumps(r) for r in rows))

    done, again = touchpoint("ingest", "events.jsonl"), touchpoint("ingest", "events.jsonl")

    assert done.code == 1
    assert "accepted" in done.out
    assert "events.jsonl.rejected.jsonl" in done.out
    assert json.loads((tmp_path / "events.jsonl.rejected.jsonl").read_text())["row"] == 2
    assert again.code == 0
    assert "taken in before" in again.out


def test_a_key_is_shown_once_alone_and_opens_until_it_is_taken_back(touchpoint: Run, ready: Parts) -> None:
    made = touchpoint("key", "create", "crm", "--scope", "events:write", "--scope", "read", "--role", "admin")
    secret = made.out.strip()

    assert made.code == 0
    found = Keyring(ready.database, ready.clock).key(secret)
    assert found is not None
    assert found.scopes == {"events:write", "read"}
    listed = touchpoint("key", "list")
    assert "crm" in listed.out
    assert secret not in listed.out
    assert touchpoint("key", "revoke", "crm").code == 0
    assert Keyring(ready.database, ready.clock).key(secret) is None
    assert "revoked" in touchpoint("key", "list").out


def test_an_event_tried_by_hand_may_happen_now(touchpoint: Run) -> None:
    one, other = recent("91", time="now"), recent("92", time="now")

    alone = touchpoint("event", "-", stdin=json.dumps(one).encode())
    lines = touchpoint("event", "-", stdin=f"{json.dumps(other)}\n{json.dumps(recent('93', time='nw'))}".encode())

    assert "91: accepted, 1 enrollment" in alone.out
    assert "92: accepted" in lines.out
    assert "93: refused" in lines.out


def test_a_wrong_scope_or_name_is_told_with_what_is_known(touchpoint: Run) -> None:
    done = touchpoint("key", "create", "crm", "--scope", "events:wirte")

    assert done.code == 2
    assert "did you mean 'events:write'?" in done.err
    assert touchpoint("key", "revoke", "nobody").code == 1


def test_a_database_of_a_newer_program_is_left_alone(touchpoint: Run, ready: Parts) -> None:
    with ready.database.work() as work:
        work.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    for command in (["event", "-"], ["key", "list"]):
        done = touchpoint(*command, stdin=json.dumps(recent()).encode())
        assert done.code == 1
        assert "newer version (9999)" in done.err.replace("\n", " ")


def test_the_doctor_says_what_to_do_and_fails_only_on_errors(
    touchpoint: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TOUCHPOINT_LEDGER_FILE", str(tmp_path / "ledger.jsonl"))
    well = touchpoint("doctor")
    monkeypatch.setenv("TOUCHPOINT_PUBLIC_URL", "http://touchpoint.example.com")
    ill = touchpoint("doctor")
    monkeypatch.setenv("TOUCHPOINT_PORT", "many")
    unreadable = touchpoint("doctor")

    assert (well.code, ill.code, unreadable.code) == (0, 1, 1)
    assert "touchpoint key create" in well.out
    assert "settings.public_url" in ill.out
    assert "TOUCHPOINT_PORT" in unreadable.out
