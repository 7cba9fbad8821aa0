"""Calls whose end a lead decides: half-typed scripts do not stand in the way, and what could not become final says why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from orchestrator import authoring, filing, sheets
from orchestrator.core.roles import Role
from orchestrator.filing import UNDO_FOR, Filing
from orchestrator.parts import Parts
from orchestrator.rulebook import Rulebook
from orchestrator.settling import MAY_HEAL_FOR, STUCK, settle_filed
from orchestrator.store import schema
from tests.intake.ready import Hands
from tests.stories import designs
from tests.web.staff.desk_office import DeskOffice
from tests.web.staff.office import LEADS, SALES
from tests.web.staff.test_board import on_the_desk, seen, take


@pytest.fixture
def desk(ready: Parts, tmp_path: Path, clock: Hands) -> DeskOffice:
    made = DeskOffice(ready, tmp_path / "office", clock)
    made.ask_more("Dana")
    return made


def lose_versions(desk: DeskOffice, folder: Path) -> None:
    """The versions in which calls are now cannot be used any more, and the process starts again."""
    changed = designs.write(
        folder, designs.playbook(SALES + "\n  attempts: {most: 2, apart: 1 day}"), designs.playbook(LEADS, "concerns")
    )
    authoring.publish(desk.parts, changed, "ops")
    table = schema.playbook_version
    with desk.parts.database.work() as work:
        gone = table.update().where(~table.c.current, ~table.c.playbook.startswith("@")).values(document={"format": 99})
        work.connection.execute(gone)
    desk.parts = replace(desk.parts, rulebook=Rulebook())


def test_a_lead_decides_a_call_with_a_half_typed_promise_and_sees_what_was_typed(desk: DeskOffice) -> None:
    call = take(desk, on_the_desk(desk, "amy"))
    sheets.dial_by_hand(desk.parts, call, "amy")
    sheets.save(desk.parts, call, "amy", answers={"promise": "The <b>new</b> drawing", "budget": "a lo"})
    lead = desk.browser(desk.member("lee", Role.LEAD))
    lead.send_form(f"/board/calls/{call}/take-back")
    listed = lead.get("/undecided").text

    decided = lead.send_form(f"/undecided/{call}/call", disposition="completed")

    assert "The &lt;b&gt;new&lt;/b&gt; drawing" in listed
    assert decided.headers["location"] == "/undecided?done=1"
    assert (desk.touch(call).state, desk.touch(call).disposition) == ("done", "completed")


def test_a_call_that_could_not_become_final_is_among_the_undecided_and_says_why(desk: DeskOffice, tmp_path: Path) -> None:
    call: UUID = take(desk, on_the_desk(desk, "amy"))
    filing.file(desk.parts, call, "amy", Filing("declined", answers={"feeling": "good"}))
    lose_versions(desk, tmp_path / "later")
    desk.clock.now += UNDO_FOR + MAY_HEAL_FOR
    settle_filed(desk.parts)
    lead = desk.browser(desk.member("lee", Role.LEAD))
    counted = seen(desk).needs.calls
    listed = lead.get("/undecided").text

    decided = lead.send_form(f"/undecided/{call}/call", disposition="declined")

    assert counted == 1
    assert desk.touch(call).reason is None, "it is decided now"
    assert f"amy said: declined; that {STUCK}" in listed
    assert decided.headers["location"] == "/undecided?done=1"
    assert desk.touch(call).disposition == "declined"


def test_the_page_of_a_call_whose_version_cannot_be_used_shows_a_gap_for_the_script(desk: DeskOffice, tmp_path: Path) -> None:
    amy = on_the_desk(desk, "amy")
    call = take(desk, amy)
    lose_versions(desk, tmp_path / "later")
    browser = desk.browser(amy)

    page = browser.get(f"/desk/calls/{call}")

    assert page.status_code == 200
    assert "The script cannot be shown" in page.text
    assert browser.get("/desk").status_code in (200, 303)
    assert browser.send_form(f"/desk/calls/{call}/put-back", why="bad_moment").status_code == 303
