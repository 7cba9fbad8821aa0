"""The doctor finds each trouble by its id before it does harm, says what to do, and changes nothing itself."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from orchestrator.accepting import accept
from orchestrator.cli.main import app
from orchestrator.config import Settings
from orchestrator.doctor import Finding, examine
from orchestrator.keys import issue
from orchestrator.parts import Parts
from orchestrator.store import inbox, pauses, replies, senders
from orchestrator.store.inbox import Delivery
from tests import servers
from tests.intake.ready import ROOT, Hands, quote_sent

NOW = Hands("2026-11-20 10:00")()


def settings(parts: Parts, folder: Path, **changed: Any) -> Settings:
    """playbooks="/nowhere" makes the doctor quick, for tests that do not ask about them. Providers: test_doctor_providers.py."""
    given = {
        **dict.fromkeys(("email_via", "text_via", "voice_via"), "ledger"),
        "database_url": parts.database.url,
        "playbooks": ROOT / "playbooks",
        "ledger_file": folder / "ledger.jsonl",
        **changed,
    }
    return Settings(_env_file=None, **given)


def found(these: Settings, now: datetime = NOW, environment: Mapping[str, str] | None = None) -> dict[str, Finding]:
    """The worst finding of each check."""
    worst: dict[str, Finding] = {}
    for finding in examine(these, now, environment or {}):
        before = worst.get(finding.check)
        if before is None or before.state == "ok" or finding.state == "error":
            worst[finding.check] = finding
    return worst


def troubles(findings: Mapping[str, Finding]) -> dict[str, str]:
    return {name: f.state for name, f in findings.items() if f.state != "ok"}


WAITS = {"senders.held": "error", "replies.waiting": "warning", "touches.unknown": "warning", "inbox.set_aside": "warning"}


def something_waits(parts: Parts) -> None:
    """A sender is held, a reply is unread, a touch is unknown, and a report of a provider was set aside."""
    now = parts.clock()
    with parts.database.work() as work:
        senders.hold(work, "text twilio +18005550100", "20003", "Twilio does not accept the account's keys", now)
        customer = work.connection.execute(text("SELECT id FROM customer")).scalar_one()
        row = {"id": parts.new_id(), "customer_id": UUID(str(customer)), "enrollment_id": None, "channel": "text"}
        replies.put(work, [{**row, "kind": "reply", "said": "my secret", "came_at": now, "provider_ref": "SM1"}])
        inbox.put(work, [Delivery("twilio", "text_status", "k", {}, now)])
        inbox.set_aside(work, inbox.waiting(work, now, 1)[0].id, "nothing of ours")
        now_unknown = "UPDATE touch SET state = 'unknown', effect_at = due_at WHERE id = :id"
        one = work.connection.execute(text("SELECT id FROM touch ORDER BY id LIMIT 1")).scalar_one()
        work.connection.execute(text(now_unknown), {"id": one})


@pytest.fixture
def healthy(ready_on_both: Parts) -> Parts:
    issue(ready_on_both, "crm", ["events:write"])
    return ready_on_both


def test_a_healthy_installation_has_nothing_to_do(healthy: Parts, tmp_path: Path) -> None:
    well = found(settings(healthy, tmp_path), datetime.now(UTC))

    here = {"settings.broker_url": "warning"} if healthy.database.postgres else {}  # PostgreSQL with the in-process broker
    assert troubles(well) == here
    assert {"settings.names", "database.schema", "playbooks.published", "time.clock", "time.zones", "files.space"} <= set(well)


@pytest.mark.parametrize(
    ("changed", "check", "state", "hint"),
    [
        ({"email_via": "pigeon"}, "settings.channels", "error", ""),
        ({"database_url": "mysql://host/db"}, "settings.database_url", "error", ""),
        ({"public_url": "http://touchpoint.example.com"}, "settings.public_url", "error", "TLS"),
        ({"public_url": "touchpoint.example.com"}, "settings.public_url", "error", "https://"),
        ({"public_url": "https://touchpoint.example.com/"}, "settings.public_url", "warning", "without"),
        ({"host": "0.0.0.0"}, "settings.public_url", "warning", "TOUCHPOINT_PUBLIC_URL"),
        ({"lease_seconds": 60}, "settings.lease", "error", "120"),
        ({"broker_url": "redis://localhost:1/0"}, "settings.broker_url", "warning", "PostgreSQL"),
        ({"broker_url": "redis://localhost:1/0"}, "broker.reachable", "error", "TOUCHPOINT_BROKER_URL"),
        ({"broker_url": "carrier-pigeon://localhost"}, "broker.reachable", "error", "TOUCHPOINT_BROKER_URL"),
        ({"ledger_file": "/nowhere/ledger.jsonl"}, "files.ledger", "error", "TOUCHPOINT_LEDGER_FILE"),
        ({"playbooks": "/nowhere"}, "playbooks.files", "error", "touchpoint check"),
    ],
)
def test_a_setting_that_cannot_work_is_found(
    ready: Parts, tmp_path: Path, changed: dict[str, Any], check: str, state: str, hint: str
) -> None:
    findings = (f for f in examine(settings(ready, tmp_path, **changed), NOW, {}) if f.check == check)
    finding = next(findings)  # no further: the playbooks take their time

    assert finding.state == state
    assert hint in finding.hint


def test_a_password_of_the_broker_is_never_shown(ready: Parts, tmp_path: Path) -> None:
    findings = found(settings(ready, tmp_path, broker_url="redis://:geheim@localhost:1/0", playbooks="/nowhere"))

    assert "geheim" not in repr(findings)
    assert findings["broker.reachable"].state == "error"


@pytest.mark.servers
def test_a_broker_that_answers_is_found(ready: Parts, tmp_path: Path, redis_server: servers.Redis) -> None:
    these = settings(ready, tmp_path, broker_url=redis_server.url, playbooks="/nowhere")

    assert found(these)["broker.reachable"].state == "ok"


def test_a_misspelt_variable_is_found(ready: Parts, tmp_path: Path) -> None:
    names = {"TOUCHPOINT_DATABSE_URL": "x", "TOUCHPOINT_PORT": "1", "TOUCHPOINT_TEST_POSTGRES_URL": "x", "PATH": "x"}

    finding = found(settings(ready, tmp_path, playbooks="/nowhere"), environment=names)["settings.names"]

    assert finding.state == "warning"
    assert "TOUCHPOINT_DATABSE_URL" in finding.found
    assert "TOUCHPOINT_DATABASE_URL" in finding.hint


def test_a_database_that_is_not_there_is_not_made(ready: Parts, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'other.sqlite3'}"

    finding = found(settings(ready, tmp_path, database_url=url, playbooks="/nowhere"))["database.reachable"]

    assert finding.state == "error"
    assert "touchpoint db upgrade" in finding.hint
    assert not (tmp_path / "other.sqlite3").exists()


@pytest.mark.servers
def test_a_server_that_does_not_answer_is_found(ready: Parts, tmp_path: Path) -> None:
    nobody = settings(ready, tmp_path, database_url="postgresql://nobody@127.0.0.1:1/none", playbooks="/nowhere")
    finding = found(nobody)["database.reachable"]

    assert finding.state == "error"


@pytest.mark.parametrize(("revision", "says"), [("9999", "newer version (9999)"), (None, "no tables")])
def test_tables_of_another_version_are_found(healthy: Parts, tmp_path: Path, revision: str | None, says: str) -> None:
    with healthy.database.work() as work:
        if revision is None:
            work.connection.execute(text("DROP TABLE alembic_version"))
        else:
            work.connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": revision})

    finding = found(settings(healthy, tmp_path, playbooks="/nowhere"))["database.schema"]

    assert finding.state == "error"
    assert says in finding.found


def test_files_that_were_changed_and_not_published_are_found(healthy: Parts, tmp_path: Path) -> None:
    folder = tmp_path / "playbooks"
    shutil.copytree(ROOT / "playbooks", folder)
    (folder / "house-rules.yaml").write_text((folder / "house-rules.yaml").read_text() + "\n# a word\n")

    finding = found(settings(healthy, tmp_path, playbooks=folder))["playbooks.published"]

    assert finding.state == "warning"
    assert "house-rules (changed)" in finding.found


@pytest.mark.parametrize(
    ("now", "state"), [(NOW, "ok"), (NOW - timedelta(minutes=10), "error"), (datetime(1970, 1, 2, tzinfo=UTC), "error")]
)
def test_a_clock_that_runs_behind_what_was_recorded_is_found(ready: Parts, tmp_path: Path, now: datetime, state: str) -> None:
    assert isinstance(ready.clock, Hands)
    ready.clock.set("2026-11-19 10:00")
    accept(ready, [quote_sent("80", time="2026-11-19T09:12:00-06:00")])
    ready.clock.set("2026-11-20 10:00")
    accept(ready, [quote_sent()])

    assert found(settings(ready, tmp_path, playbooks="/nowhere"), now)["time.clock"].state == state


@pytest.mark.servers
def test_two_clocks_that_differ_are_found(healthy: Parts, tmp_path: Path) -> None:
    if healthy.database.postgres:
        now = datetime.now(UTC) + timedelta(minutes=2)
        finding = found(settings(healthy, tmp_path, playbooks="/nowhere"), now)["time.clock"]
        assert finding.state == "warning"


def test_what_waits_for_a_person_is_told(ready_on_both: Parts, tmp_path: Path) -> None:
    accept(ready_on_both, [quote_sent(type="quote.snet")])
    with ready_on_both.database.work() as work:
        pauses.put(work, "channel", "text", "ari", ready_on_both.clock())
        work.connection.execute(text("UPDATE event SET state = 'set_aside', error = 'x', tries = 3"))

    findings = found(settings(ready_on_both, tmp_path, playbooks="/nowhere"))

    assert troubles(findings).keys() >= {"events.set_aside", "events.unknown", "work.paused", "keys.write"}
    assert "quote.snet (1)" in findings["events.unknown"].found
    assert "channel text" in findings["work.paused"].found


def test_what_stands_still_at_providers_and_customers_is_told(ready_on_both: Parts, tmp_path: Path) -> None:
    accept(ready_on_both, [quote_sent()])
    something_waits(ready_on_both)

    findings = found(settings(ready_on_both, tmp_path, playbooks="/nowhere"))

    assert {name: f.state for name, f in findings.items() if name in WAITS} == WAITS
    assert "Twilio does not accept the account's keys (20003)" in findings["senders.held"].found
    assert "reply list" in findings["replies.waiting"].hint
    assert "unknown list" in findings["touches.unknown"].hint


def test_what_a_customer_said_is_counted_and_not_shown(ready: Parts, tmp_path: Path) -> None:
    accept(ready, [quote_sent()])
    something_waits(ready)

    findings = found(settings(ready, tmp_path, playbooks="/nowhere"))

    assert not [f for f in findings.values() if "Ortiz" in f.found or "my secret" in f.found or "+1312" in f.found + f.hint]


def test_status_says_first_who_is_contacted_and_what_waits(ready: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    accept(ready, [quote_sent()])
    something_waits(ready)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOUCHPOINT_DATABASE_URL", ready.database.url)
    monkeypatch.setenv("TOUCHPOINT_PLAYBOOKS", str(ROOT / "playbooks"))
    monkeypatch.setenv("COLUMNS", "80")

    said = CliRunner().invoke(app(["status"]), ["status"])

    lines = said.output.splitlines()
    assert said.exit_code == 0
    assert lines[0].split() == [
        "!",
        "Nobody",
        "is",
        "contacted:",
        "e-mails,",
        "texts",
        "and",
        "calls",
        "go",
        "to",
        "the",
        "rehearsal",
        "carrier",
    ]
    table = next(n for n, line in enumerate(lines) if line.split()[:2] == ["playbook", "version"])
    top = " ".join(" ".join(lines[:table]).split())
    for words in ("nothing goes out as text twilio", "touchpoint reply list", "1 touch nobody knows", "1 report from providers"):
        assert words in top
    assert max(map(len, lines)) <= 80


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_ledger_that_cannot_be_written_is_found(ready: Parts, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)

    assert found(settings(ready, tmp_path, ledger_file=closed / "ledger.jsonl"))["files.ledger"].state == "error"


def test_looking_changes_nothing(ready: Parts, tmp_path: Path) -> None:
    before = sorted(p.name for p in tmp_path.iterdir())

    found(settings(ready, tmp_path))

    after = sorted(p.name for p in tmp_path.iterdir())
    assert [name for name in after if not name.endswith(("-wal", "-shm"))] == [
        n for n in before if not n.endswith(("-wal", "-shm"))
    ]
