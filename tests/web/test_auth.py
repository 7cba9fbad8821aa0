"""Nobody gets in without a key, a key does only what it was made for, and a key that is taken back opens nothing."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest

from orchestrator.errors import DatabaseError, InputError, NotFound
from orchestrator.keys import Keyring, hashed, issue, revoke
from orchestrator.parts import Parts
from orchestrator.store import keys
from tests.intake.ready import Hands, quote_sent
from tests.web.conftest import client_of, client_with
from tests.web.test_events import post, stored


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer tp_wrong",
        "Basic dGVzdDp0ZXN0",
        "tp_wrong",
        "Bearer \xff\xfe",
        "Bearer " + "x" * 5_000,
    ],
)
def test_without_a_key_that_is_known_nothing_is_stored(ready: Parts, header: str | None) -> None:
    with client_with(ready, "") as stranger:
        answer = post(stranger, quote_sent(), headers={} if header is None else {"Authorization": header.encode("latin-1")})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "touchpoint key create" in answer.json()["error"]["hint"]
    assert stored(ready) == []


def test_a_stranger_does_not_learn_what_is_wrong_with_an_event(ready: Parts) -> None:
    with client_with(ready, "tp_wrong") as stranger:
        assert post(stranger, b"{").status_code == 401


def test_a_key_for_reading_posts_nothing(ready: Parts) -> None:
    with client_of(ready, "read") as reader:
        answer = post(reader, quote_sent())

    assert answer.status_code == 403
    assert "events:write" in answer.json()["error"]["problem"]
    assert stored(ready) == []


def test_a_revoked_key_opens_nothing_after_five_seconds_in_any_process(ready_on_both: Parts, clock: Hands) -> None:
    key = issue(ready_on_both, "crm", ["events:write"])
    with client_with(ready_on_both, key) as here, client_with(ready_on_both, key) as there:
        assert {post(here, quote_sent()).status_code, post(there, quote_sent()).status_code} == {200}
        revoke(ready_on_both, "crm")
        clock.now += timedelta(seconds=5)

        assert {post(here, quote_sent()).status_code, post(there, quote_sent()).status_code} == {401}


def test_keys_are_not_read_from_the_database_for_every_request(ready: Parts, clock: Hands) -> None:
    key = issue(ready, "crm", ["events:write"])
    ring = Keyring(ready.database, clock)
    assert ring.key(key)
    revoke(ready, "crm")
    clock.now += timedelta(seconds=4)

    assert ring.key(key)


def test_a_key_works_a_moment_after_it_was_made(ready: Parts, clock: Hands) -> None:
    ring = Keyring(ready.database, clock)
    assert ring.key("tp_wrong") is None
    key = issue(ready, "crm", ["events:write"])
    clock.now += timedelta(milliseconds=250)

    assert ring.key(key)


def test_a_stranger_with_many_wrong_keys_costs_no_queries(ready: Parts, clock: Hands) -> None:
    asked = []

    class Counted:
        def run(self, unit: Any) -> Any:
            asked.append(unit)
            return ready.database.run(unit)

    ring = Keyring(Counted(), clock)  # type: ignore[arg-type]  # only run() is used
    for n in range(50):
        assert ring.key(f"tp_{n}") is None

    assert len(asked) == 1


def test_a_clock_that_is_set_back_keeps_no_revoked_key(ready: Parts, clock: Hands) -> None:
    key = issue(ready, "crm", ["events:write"])
    ring = Keyring(ready.database, clock)
    assert ring.key(key)
    revoke(ready, "crm")
    clock.now -= timedelta(days=1)

    assert ring.key(key) is None


def test_the_database_never_holds_a_key(ready_on_both: Parts) -> None:
    key = issue(ready_on_both, "crm", ["events:write", "read"], "lead")

    (kept,) = ready_on_both.database.run(keys.known)
    assert kept.hash == hashed(key)
    assert kept.scopes == {"events:write", "read"}
    assert key not in repr(kept)


def test_a_name_stands_for_one_key_for_ever(ready_on_both: Parts) -> None:
    issue(ready_on_both, "crm", ["events:write"])
    revoke(ready_on_both, "crm")

    with pytest.raises(InputError, match="before"):
        issue(ready_on_both, "crm", ["events:write"])
    with pytest.raises(NotFound, match="crm"):
        revoke(ready_on_both, "crm")


@pytest.mark.parametrize(
    ("name", "scopes", "place"),
    [
        ("crm", ["events:wirte"], "scope"),
        ("crm", [], "scope"),
        ("", ["events:write"], "name"),
        ("a b", ["events:write"], "name"),
        ("x" * 81, ["events:write"], "name"),
        ("crm", ["read"], "role"),
    ],
)
def test_a_key_that_would_be_of_no_use_is_not_made(ready: Parts, name: str, scopes: list[str], place: str) -> None:
    with pytest.raises(InputError) as refused:
        issue(ready, name, scopes)

    assert [p.place for p in refused.value.problems] == [place]
    assert ready.database.run(keys.known) == []


@pytest.mark.parametrize(
    ("role", "scopes"),
    [("auditor", ["events:write"]), ("agent", ["read"]), ("agent", ["events:write"]), ("boss", ["read"])],
)
def test_a_key_gets_no_scope_that_its_role_may_not_have(ready: Parts, role: str, scopes: list[str]) -> None:
    with pytest.raises(InputError):
        issue(ready, "crm", scopes, role)

    assert ready.database.run(keys.known) == []


def test_a_key_keeps_the_role_it_reads_as(ready_on_both: Parts) -> None:
    issue(ready_on_both, "reports", ["read"], "auditor")

    (kept,) = ready_on_both.database.run(keys.known)
    assert kept.role == "auditor"


def test_without_a_database_nobody_is_let_in_and_nobody_is_blamed(ready: Parts, clock: Hands) -> None:
    class Gone:
        def run(self, unit: object) -> object:
            raise DatabaseError("the server does not answer")

    ring = Keyring(Gone(), clock)  # type: ignore[arg-type]  # only run() is used

    with pytest.raises(DatabaseError):
        ring.key("tp_x")


def test_logs_name_neither_keys_nor_customers(ready: Parts, caplog: pytest.LogCaptureFixture) -> None:
    key = issue(ready, "crm", ["events:write"])
    caplog.set_level(logging.DEBUG, logger="orchestrator")
    with client_with(ready, key) as crm:
        post(crm, quote_sent())
        post(crm, quote_sent(data={"amount": 1, "currency": "USD"}))
        post(crm, quote_sent("82", time="never"))

    assert not [w for w in (key, "Dana", "dana@", "3125550142") if w in caplog.text]
