"""`touchpoint user`: the first admin is made at the terminal, and there is no default password."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from orchestrator.access import passwords
from orchestrator.cli.main import app
from orchestrator.config import Settings
from orchestrator.errors import DatabaseError, InputError, NotFound
from orchestrator.store import audit, staff
from orchestrator.wiring import build
from tests.conftest import ROOT

PASSWORD = "four words to remember"
Run = Callable[..., Result]


@pytest.fixture
def touchpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`touchpoint …` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOUCHPOINT_DATABASE_URL", f"sqlite:///{tmp_path / 'mine.sqlite3'}")
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str, typed: str | None = None, fails: bool = False) -> Result:
        result = CliRunner().invoke(app(list(words)), list(words), input=typed)
        if not fails:
            assert result.exit_code == 0, f"{words}: {result.output} {result.exception!r}"
        return result

    return run


def test_before_the_tables_are_made_it_says_how_to_make_them(touchpoint: Run) -> None:
    result = touchpoint("user", "create", "olga", "--role", "admin", "--password-stdin", typed=PASSWORD, fails=True)

    assert isinstance(result.exception, DatabaseError)
    assert "touchpoint db upgrade" in str(result.exception)


def test_the_first_admin_is_made_and_the_others_get_links(touchpoint: Run) -> None:
    touchpoint("db", "upgrade")

    touchpoint("user", "create", "Olga", "--role", "admin", "--title", "Olga Ruiz", "--password-stdin", typed=f"{PASSWORD}\n")
    made = touchpoint("user", "create", "ari", "--role", "agent", "--queue", "sales", "--language", "en", "--link")
    again = touchpoint("user", "link", "ari")

    assert "http://localhost:8000/welcome/" in made.stdout
    assert made.stdout.strip() != again.stdout.strip()
    listed = touchpoint("user", "list").stdout
    assert "Olga Ruiz" in listed
    assert "sales" in listed
    parts = build(Settings())
    with parts.database.work() as work:
        olga, ari = staff.by_name(work, "olga"), staff.by_name(work, "ari")
        assert olga is not None
        assert ari is not None
        hashes = [staff.secrets_of(work, one.id) for one in (olga, ari)]
        noted = [(row.what, row.role) for row in reversed(audit.page(work, audit.Filter()))]
    assert hashes[0] is not None
    assert passwords.fits(PASSWORD, hashes[0].password_hash)
    assert hashes[1] is not None
    assert hashes[1].password_hash is None
    assert noted == [
        ("member.add", "terminal"),
        ("member.add", "terminal"),
        ("member.link", "terminal"),
        ("member.link", "terminal"),
    ]


def test_a_password_is_asked_for_twice_and_not_shown(touchpoint: Run) -> None:
    touchpoint("db", "upgrade")

    result = touchpoint("user", "create", "olga", "--role", "admin", typed=f"{PASSWORD}\n{PASSWORD}\n")

    assert PASSWORD not in result.output


@pytest.mark.parametrize(
    ("words", "typed", "place"),
    [
        (("olga", "--role", "boss"), PASSWORD, "role"),
        (("ol:ga", "--role", "admin"), PASSWORD, "name"),
        (("olga", "--role", "admin"), "short", "password"),
        (("olga", "--role", "agent", "--phone", "12"), PASSWORD, "phone"),
        (("olga", "--role", "agent", "--email", "x@"), PASSWORD, "email"),
        (("olga", "--role", "agent", "--language", "English"), PASSWORD, "languages"),
    ],
)
def test_what_is_wrong_is_said_and_nobody_is_made(touchpoint: Run, words: tuple[str, ...], typed: str, place: str) -> None:
    touchpoint("db", "upgrade")

    result = touchpoint("user", "create", *words, "--password-stdin", typed=typed, fails=True)

    assert isinstance(result.exception, InputError)
    assert [p.place for p in result.exception.problems] == [place]
    assert build(Settings()).database.run(staff.everybody) == []


def test_the_last_admin_cannot_be_disabled_at_the_terminal_either(touchpoint: Run) -> None:
    touchpoint("db", "upgrade")
    touchpoint("user", "create", "olga", "--role", "admin", "--password-stdin", typed=PASSWORD)

    assert isinstance(touchpoint("user", "disable", "olga", fails=True).exception, InputError)
    assert isinstance(touchpoint("user", "disable", "olag", fails=True).exception, NotFound)
    touchpoint("user", "create", "kim", "--role", "admin", "--password-stdin", typed=PASSWORD)
    touchpoint("user", "disable", "olga")
    assert "disabled" in touchpoint("user", "list").stdout
    touchpoint("user", "enable", "olga")
    touchpoint("user", "password", "olga", "--password-stdin", typed="another one with words")


@pytest.mark.parametrize("published", [False, True], ids=["the folder alone", "published"])
def test_a_queue_that_does_not_exist_is_a_slip_of_the_pen(touchpoint: Run, tmp_path: Path, *, published: bool) -> None:
    shutil.copytree(ROOT / "playbooks", tmp_path / "playbooks")
    touchpoint("db", "upgrade")
    if published:
        touchpoint("publish")
        shutil.rmtree(tmp_path / "playbooks")
    wrong = ("user", "create", "ari", "--role", "agent", "--link", "--queue", "service", "--queue", "sale")

    refused = touchpoint(*wrong, fails=True).exception
    touchpoint(*wrong[:-1], "sales")
    again = touchpoint("user", "change", "ari", "--queue", "saels", fails=True).exception

    for said in (refused, again):
        assert isinstance(said, InputError)
        assert [(p.place, p.hint) for p in said.problems] == [("queues", "did you mean 'sales'?")]


def test_somebody_becomes_something_else_and_the_audit_trail_says_so(touchpoint: Run) -> None:
    touchpoint("db", "upgrade")
    touchpoint("user", "create", "ari", "--role", "agent", "--queue", "sales", "--skill", "tiles", "--link")

    lead = touchpoint("user", "change", "Ari", "--role", "lead", "--queue", "sales", "--queue", "service").output
    idle = touchpoint("user", "change", "ari", "--queue", "").output

    with build(Settings()).database.work() as work:
        ari = staff.by_name(work, "ari")
        newest = [(row.what, row.said) for row in audit.page(work, audit.Filter())][:2]
    assert ari is not None
    assert (ari.role, ari.queues, ari.skills) == ("lead", (), ("tiles",))
    assert newest == [
        ("member.change", "changed of ari: queues"),
        ("member.change", "changed of ari: role from agent to lead, queues"),
    ]
    assert "ari is lead, and takes calls of: sales service." in lead
    assert "takes no calls" in idle


def test_it_says_who_may_sign_in_now(touchpoint: Run) -> None:
    touchpoint("db", "upgrade")

    with_password = touchpoint("user", "create", "una", "--role", "author", "--password-stdin", typed=PASSWORD).output
    with_link = touchpoint("user", "create", "ben", "--role", "agent", "--link").output

    assert "una may sign in now, as author." in with_password
    assert "ben is added, as agent. They take no calls yet: touchpoint user change ben --queue" in with_link
