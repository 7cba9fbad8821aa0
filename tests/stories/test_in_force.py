"""What counts is what will be in force: files are judged beside what is published, and so is what is approved or restored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from orchestrator import in_force, versioning
from orchestrator.errors import PlaybookError
from orchestrator.store import versions
from orchestrator.store.database import Database, Work
from tests.stories import designs
from tests.stories.designs import playbook
from tests.stories.test_publishing import LEA, OPS, publishes, stands
from tests.stories.world import World

pytestmark = pytest.mark.parametrize("ready_url", ["sqlite"], indirect=True)
EVENING = "- touchpoint: hello\n  text: hello\n  after: 1 day\n  contact_window: evenings"
AT_ONCE = "- touchpoint: hello\n  text: hello\n  after: 1 day"


def evenings(hours: str) -> dict[str, str]:
    """House rules with one more contact window. Texts may go out until 20:00."""
    return {"contact_windows": designs.HOUSE["contact_windows"][:-1] + f', evenings: {{mon-fri: "{hours}"}}}}'}


OPEN, NEVER = evenings("17:00-19:30"), evenings("21:00-23:00")


def test_house_rules_that_make_a_step_in_use_impossible_are_refused_when_they_are_published_alone(world: World) -> None:
    publishes(world, playbook(EVENING), house=OPEN)

    with pytest.raises(PlaybookError, match="TP401"):
        publishes(world, playbook(EVENING), house=NEVER, only=("house-rules",))

    assert stands(world, "house-rules").number == 1


def test_a_file_is_judged_beside_what_is_published_not_beside_files_that_are_not(world: World) -> None:
    publishes(world, playbook(AT_ONCE), house=NEVER)

    with pytest.raises(PlaybookError, match="TP401"):
        publishes(world, playbook(EVENING), house=OPEN, only=("follow-up",))
    assert publishes(world, playbook(EVENING), house=OPEN)["follow-up"].number == 2
    assert publishes(world, playbook(EVENING), playbook(AT_ONCE, "another"), house=NEVER, only=("another",))


@pytest.mark.parametrize("by", ["restore", "shadow"])
def test_a_version_that_became_impossible_is_neither_restored_nor_a_shadow(world: World, by: str) -> None:
    publishes(world, playbook(EVENING), house=OPEN)
    publishes(world, playbook(AT_ONCE), house=NEVER)

    with pytest.raises(PlaybookError, match="TP401"):
        (versioning.restore if by == "restore" else versioning.start_shadow)(world.parts, "follow-up", 1, OPS)

    assert stands(world).number == 2
    assert stands(world).shadow is None


def test_a_proposal_that_became_impossible_is_not_approved(world: World) -> None:
    publishes(world, playbook(AT_ONCE), house=OPEN)
    publishes(world, playbook(EVENING, needs_approval="true"), house=OPEN)
    publishes(world, playbook(AT_ONCE), house=NEVER, only=("house-rules",))

    with pytest.raises(PlaybookError, match="TP401"):
        versioning.approve(world.parts, "follow-up", LEA)

    assert stands(world).number == 1


def test_a_restored_version_holds_back_house_rules_that_make_it_impossible(world: World) -> None:
    publishes(world, playbook(EVENING), house=OPEN)
    publishes(world, playbook(AT_ONCE), house=OPEN)
    versioning.restore(world.parts, "follow-up", 1, OPS)

    with pytest.raises(PlaybookError, match="TP401"):
        publishes(world, playbook(AT_ONCE), house=NEVER)

    assert stands(world, "house-rules").number == 1


class Watched(Database):
    """A database that knows whether a unit of work is open."""

    is_open = False

    @contextmanager
    def work(self) -> Iterator[Work]:
        with super().work() as work:
            self.is_open = True
            yield work
        self.is_open = False


class Document(Mapping[str, Any]):
    """A version that remembers whether a unit of work was open when somebody read it."""

    def __init__(self, says: Mapping[str, Any], database: Watched) -> None:
        self.says, self.database = says, database
        self.read: list[bool] = []

    def __getitem__(self, key: str) -> Any:
        self.read.append(self.database.is_open)
        return self.says[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.says)

    def __len__(self) -> int:
        return len(self.says)


def test_nothing_is_compiled_while_others_wait_for_the_database(world: World) -> None:
    """On SQLite a unit of work keeps everybody else from writing: it reads, and what takes time comes after it."""
    publishes(world, playbook(AT_ONCE))
    database = Watched(world.parts.database.url)
    with database.work() as work:
        row = versions.document(work, versions.current(work)["follow-up"].id)
    assert row is not None
    document = Document(row.document, database)
    parts = replace(world.parts, database=database)

    in_force.bring(parts, lambda work: in_force.Plan({"follow-up": document}), ["follow-up"], lambda work: True)

    assert document.read
    assert not any(document.read)
