"""What is known about a customer: the newest word about each field wins, whatever the order in which the words come."""

from __future__ import annotations

import itertools
import random
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.core.zones import candidate_zones
from orchestrator.ids import new_id
from orchestrator.store import customers
from orchestrator.store.customers import Said
from orchestrator.store.database import Database
from tests.store.rows import AT

LEVELS = ("none", "service", "marketing")
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["Dana", "Eli", None]),
        "email": st.sampled_from(["a@example.com", "b@example.com", None]),
        "phone": st.sampled_from(["+13125550142", "+18085550123", None]),
        "time_zone": st.sampled_from(["America/Chicago", "Europe/Berlin", None]),
        "country": st.sampled_from(["US", "DE", None]),
        "tier": st.sampled_from(["gold", "tin"]),
        "consent": st.dictionaries(st.sampled_from(["email", "text", "call"]), st.sampled_from(LEVELS), max_size=3),
    },
)


def told(database: Database, said: list[Said], *, together: bool = False) -> Any:
    """The customer after these words, in this order."""
    for part in [said] if together else [[one] for one in said]:
        database.run(lambda work, p=part: customers.merge(work, p, candidate_zones, AT, new_id))  # type: ignore[misc]
    with database.work() as work:
        found = customers.by_ref(work, said[0].ref)
    assert found is not None
    return (found.name, found.email, found.phone, found.time_zone, found.zones, dict(found.consent), dict(found.extra))


@pytest.fixture(scope="module")
def shared(_sqlite_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Database:
    path = tmp_path_factory.mktemp("customers") / "one.sqlite3"
    shutil.copy(_sqlite_model, path)
    return Database(f"sqlite:///{path}", safe_writes=False)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(FIELDS, min_size=1, max_size=5), seed=st.integers(0, 10**6), together=st.booleans())
def test_any_order_of_the_same_events_gives_the_same_customer(
    shared: Database, words: list[dict[str, Any]], seed: int, together: bool
) -> None:
    in_order = [Said("", AT + timedelta(hours=i), w) for i, w in enumerate(words)]
    shuffled = random.Random(seed).sample(in_order, len(in_order))

    one, other = f"C-{new_id()}", f"C-{new_id()}"
    first = told(shared, [Said(one, s.at, s.fields) for s in in_order])
    second = told(shared, [Said(other, s.at, s.fields) for s in shuffled], together=together)

    assert first == second


def test_each_field_has_its_own_newest_word(database: Database) -> None:
    said = [Said("C-1", AT, {"name": "old", "email": "old@example.com"}), Said("C-1", AT + timedelta(days=1), {"name": "new"})]

    for order in itertools.permutations(said):
        name, email, *_ = told(database, list(order))
        assert (name, email) == ("new", "old@example.com")


def test_consent_never_widens_by_omission(database: Database) -> None:
    narrow = Said("C-1", AT, {"consent": {"email": "none", "text": "service"}})
    words: list[dict[str, Any]] = [{"name": "x"}, {"consent": {}}, {"consent": {"call": "service"}}]
    silent = [Said("C-1", AT + timedelta(days=i), fields) for i, fields in enumerate(words, 1)]

    *_, consent, _extra = told(database, [narrow, *silent])

    assert consent == {"email": "none", "text": "service", "call": "service"}


def test_an_older_yes_does_not_undo_a_newer_no(database: Database) -> None:
    no = Said("C-1", AT, {"consent": {"text": "none"}})
    yes = Said("C-1", AT - timedelta(days=1), {"consent": {"text": "marketing"}})

    assert told(database, [no, yes])[5] == {"text": "none"}


def test_what_an_event_says_lifts_no_opt_out(database: Database) -> None:
    told(database, [Said("C-1", AT, {"consent": {"text": "service"}})])
    with database.work() as work:
        found = customers.by_ref(work, "C-1")
        assert found is not None
        for _ in range(2):
            customers.suppress(work, [found.id], "text", "asked", AT)

    told(database, [Said("C-1", AT + timedelta(days=1), {"consent": {"text": "marketing"}})])

    with database.work() as work:
        again = customers.by_ref(work, "C-1")
    assert again is not None
    assert again.suppressed == {"text": "asked"}
