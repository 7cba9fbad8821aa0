"""`touchpoint reply`: what a customer texted waits in a list until somebody says what is to happen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner, Result

from orchestrator import callbacks
from orchestrator.channels import hook_urls
from orchestrator.cli import reply
from orchestrator.errors import InputError, NotFound
from orchestrator.store import replies
from tests.web.practice import DANA, Business, post_twilio

Command = Callable[..., Result]


@pytest.fixture
def command(business: Business, web: TestClient, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command line on the business's database, after Dana texted."""
    said = {"MessageSid": "SM1", "From": DANA, "To": "+13125550100", "Body": "[red]Is Friday\nfine?[/red]\x1b[2J"}
    post_twilio(web, hook_urls.INCOMING_TEXT, said)
    callbacks.handle_waiting(business.parts)
    monkeypatch.setenv("TOUCHPOINT_DATABASE_URL", business.parts.database.url)
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *words: CliRunner().invoke(reply.app, list(words))


def waiting(business: Business) -> list[str]:
    with business.parts.database.work() as work:
        return [str(row.id) for row in replies.open_ones(work)]


def test_the_list_shows_who_said_what_about_what_as_plain_text(business: Business, command: Command) -> None:
    shown = command("list").output

    [id_] = waiting(business)
    for said in (id_, "Dana Ortiz (C-77)", "quote/Q-1042", "answer", "[red]Is Friday fine?[/red] [2J"):
        assert said in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize(("verdict", "stops"), [("--stop", {"all"}), ("--end", set()), ("--go-on", set())])
def test_a_verdict_is_recorded_with_who_gave_it_and_only_once(
    business: Business, command: Command, verdict: str, stops: set[str]
) -> None:
    [id_] = waiting(business)

    first, second = command("read", id_, "--as", "ari", verdict), command("read", id_, "--as", "bo", verdict)

    assert (first.exit_code, second.exit_code) == (0, 1)
    assert waiting(business) == []
    assert set(business.suppressed()) == stops
    assert "Nothing waits to be read." in command("list").output


def test_a_verdict_is_never_guessed(business: Business, command: Command) -> None:
    [id_] = waiting(business)

    for words in ([], ["--stop", "--go-on"]):
        assert isinstance(command("read", id_, *words).exception, InputError)
    assert isinstance(command("read", "dana", "--stop").exception, InputError)
    assert isinstance(command("read", "01a1ffdc-2fb6-7234-8c0a-5488ecc64775", "--stop").exception, NotFound)
    assert waiting(business) == [id_]
