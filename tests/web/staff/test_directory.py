"""People come in through the company's directory when it says who they are, and it can vouch for nobody whom we do not know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from pydantic import SecretStr

from orchestrator.access.oidc import directory_of
from orchestrator.config import Settings
from orchestrator.core.roles import Role
from orchestrator.errors import SettingsError
from orchestrator.store import staff
from tests.web.practice import SETTINGS
from tests.web.staff.office import Office
from tests.web.staff.oidc_provider import CLIENT, SECRET, Provider, client_secret_as_key
from tests.web.staff.ways_in import Person

BACK = "/sign-in/directory/back"


@dataclass
class Company:
    """The office, and the directory of the company it belongs to."""

    office: Office
    provider: Provider

    def comes(self, person: Person, query: str | None = None, **changed: Any) -> Any:
        """Somebody presses the button, signs in there, and comes back."""
        left = person.get("/sign-in/directory?then=/customers")
        assert left.status_code == 303, left.text
        query = query or self.provider.signs_in(left.headers["Location"], self.office.clock.now, **changed)
        return person.get(f"{BACK}?{query}")


@pytest.fixture
def company(office: Office) -> Iterator[Company]:
    with Provider() as provider:
        office.settings = SETTINGS.model_copy(
            update={"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SecretStr(SECRET)}
        )
        yield Company(office, provider)


def test_somebody_known_by_a_verified_address_comes_in_and_goes_where_they_wanted(company: Company) -> None:
    company.office.member("ari", email="Ari@Example.com")
    ari = Person(company.office)
    assert "Sign in with the company" in ari.get("/sign-in").text

    answer = company.comes(ari)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/customers")
    assert ari.is_in
    assert "by the directory" in ari.get("/account").text


def test_from_the_second_time_on_the_directorys_own_name_counts(company: Company) -> None:
    member = company.office.member("ari", email="ari@example.com")
    company.comes(Person(company.office))
    company.office.member("new", email="reused@example.com")

    again, other = Person(company.office), Person(company.office)
    assert company.comes(again, email="changed@example.com").status_code == 303
    assert company.comes(other, sub="u-2").status_code == 403, "the address now belongs to somebody else there"

    with company.office.parts.database.work() as work:
        kept = staff.secrets_of(work, member.id)
    assert kept is not None
    assert kept.oidc_subject == f"{company.provider.issuer} u-1"


@pytest.mark.parametrize(
    "changed",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "somebody-else"},
        {"aud": ["touchpoint", "somebody-else"]},
        {"iss": "https://evil.example"},
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "true"},
        {"email": "nobody@example.com"},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"iat": 4_000_000_000},
        {"sub": ""},
        {"sub": None},
    ],
    ids=str,
)
def test_an_id_token_that_is_not_for_us_now_lets_nobody_in(company: Company, changed: dict[str, Any]) -> None:
    company.office.member("ari", email="ari@example.com")
    ari = Person(company.office)

    assert company.comes(ari, **changed).status_code == 403
    assert not ari.is_in


@pytest.mark.parametrize("forgery", ["none", "our secret", "another key"])
def test_a_signature_that_is_not_the_directorys_lets_nobody_in(company: Company, forgery: str) -> None:
    company.office.member("ari", email="ari@example.com")
    provider, ari = company.provider, Person(company.office)
    if forgery == "none":
        provider.algorithm = "none"
    elif forgery == "our secret":
        provider.algorithm, provider.signs_with = "HS256", client_secret_as_key()
    else:
        provider.signs_with = RSAKey.generate_key(2048, {"kid": "one"})

    assert company.comes(ari).status_code == 403
    assert not ari.is_in


def test_coming_back_twice_lets_in_once(company: Company) -> None:
    company.office.member("ari", email="ari@example.com")
    ari = Person(company.office)
    left = ari.get("/sign-in/directory")
    note = ari.browser.cookies["touchpoint_directory"]
    query = company.provider.signs_in(left.headers["Location"], company.office.clock.now)
    assert ari.get(f"{BACK}?{query}").status_code == 303

    thief = Person(company.office)
    assert thief.get(f"{BACK}?{query}").status_code == 403, "without the note of the browser that set out"
    thief.browser.cookies.set("touchpoint_directory", note)
    assert thief.get(f"{BACK}?{query}").status_code == 403, "the code was used"
    assert not thief.is_in


def test_a_state_of_another_browser_is_refused(company: Company) -> None:
    """Else somebody could be signed in as the attacker, and type their customers' answers into his account."""
    company.office.member("ari", email="ari@example.com")
    attacker, victim = Person(company.office), Person(company.office)
    query = company.provider.signs_in(attacker.get("/sign-in/directory").headers["Location"], company.office.clock.now)

    assert company.comes(victim, query).status_code == 403
    assert not victim.is_in


def test_whoever_takes_too_long_begins_again(company: Company) -> None:
    company.office.member("ari", email="ari@example.com")
    ari = Person(company.office)
    query = company.provider.signs_in(ari.get("/sign-in/directory").headers["Location"], company.office.clock.now)
    company.office.clock.now += timedelta(minutes=10, seconds=1)

    assert ari.get(f"{BACK}?{query}").status_code == 403


def test_the_directory_brings_back_nobody_who_was_shut_out_and_cannot_choose_between_two(company: Company) -> None:
    out = company.office.member("ari", email="ari@example.com")
    with company.office.parts.database.work() as work:
        staff.change(work, out.id, {"disabled_at": company.office.clock.now})
    assert company.comes(Person(company.office)).status_code == 403
    for name in ("kim", "lee"):
        company.office.member(name, Role.LEAD, email="ari@example.com")

    assert company.comes(Person(company.office)).status_code == 403


def test_a_directory_that_calls_itself_otherwise_is_not_asked(company: Company) -> None:
    company.provider.calls_itself = "https://evil.example"

    assert Person(company.office).get("/sign-in/directory").status_code == 403


def test_without_a_directory_there_is_no_button(office: Office) -> None:
    person = Person(office)

    assert "Sign in with" not in person.get("/sign-in").text
    assert person.get("/sign-in/directory").status_code == 404
    assert person.get(BACK).status_code == 404


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"oidc_issuer": "http://login.example.com"}, "https"),
        ({"oidc_client_id": ""}, "TOUCHPOINT_OIDC_CLIENT_ID"),
        ({}, r"\[oidc\]"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_the_start(changed: dict[str, str], word: str) -> None:
    update = {"oidc_issuer": "https://login.example.com", "oidc_client_id": "x", **changed}
    settings: Settings = SETTINGS.model_copy(update=update)

    with pytest.raises(SettingsError, match=word):
        directory_of(settings, find=lambda name: None)
