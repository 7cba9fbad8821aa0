"""A lead takes calls back, gives them away, hurries them and moves them, and makes things stand still; each is in the audit trail."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from orchestrator import board, desk, dispatch, holds, leading, sheets
from orchestrator.core.roles import Role
from orchestrator.desk import Agent
from orchestrator.errors import InputError
from orchestrator.store import board as stored
from orchestrator.store.audit import By
from tests.web.staff.office import Browser, Office
from tests.web.staff.test_board import alter, on_the_desk, queue, seen, take

LEE = By("lee", "lead")


@pytest.fixture
def lead(office: Office) -> Browser:
    return office.browser(office.member("lee", Role.LEAD))


def audited(office: Office) -> list[tuple[str, str]]:
    return [(who, what) for who, what, _ in office.audit() if what != "call.taken"]


def test_a_call_that_nobody_dialled_is_taken_back_into_its_queue(office: Office, lead: Browser) -> None:
    ari = on_the_desk(office, "ari")
    call = take(office, ari)
    page = lead.get(f"/board/calls/{call}").text

    answer = lead.send_form(f"/board/calls/{call}/take-back")

    assert "waits in its queue again" in page
    assert (answer.status_code, answer.headers["location"]) == (303, "/board?done=taken-back")
    assert office.touch(call).state == "ready"
    assert ("lee", "call.taken_back") in audited(office)
    assert "taken back" in lead.get("/board?done=taken-back").text


def test_a_dialled_call_that_is_taken_back_waits_for_a_decision_with_what_was_typed(office: Office, lead: Browser) -> None:
    ari = on_the_desk(office, "ari")
    call = take(office, ari)
    sheets.dial_by_hand(office.parts, call, "ari")
    sheets.save(office.parts, call, "ari", note="She asked for <b>Friday</b>")
    page = lead.get(f"/board/calls/{call}").text

    lead.send_form(f"/board/calls/{call}/take-back")

    assert "where you decide" in page
    assert office.touch(call).state == "unknown"
    listed = lead.get("/undecided").text
    assert "She asked for &lt;b&gt;Friday&lt;/b&gt;" in listed
    assert "Every call has an end." not in listed


def test_of_two_leads_who_take_the_same_call_back_one_hears_how_it_stands(office: Office, lead: Browser) -> None:
    other = office.browser(office.member("max", Role.LEAD))
    call = take(office, on_the_desk(office, "ari"))
    lead.send_form(f"/board/calls/{call}/take-back")
    task = desk.claim_this(office.parts, call, Agent("kim"))
    assert isinstance(task, desk.CallTask)
    lead.send_form(f"/board/calls/{call}/take-back")

    late = other.send_form(f"/board/calls/{call}/take-back")

    assert late.status_code == 409
    assert "waits in its queue" in late.text
    assert audited(office).count(("max", "call.taken_back")) == 0


def test_a_call_is_offered_to_one_person_and_to_anyone_again(office: Office, lead: Browser) -> None:
    ari, kit = on_the_desk(office, "ari"), on_the_desk(office, "kit")
    call = office.call("Dana")

    lead.send_form(f"/board/calls/{call}/give", to="kit")
    refused = desk.claim_this(office.parts, call, Agent.of(ari))
    lead.send_form(f"/board/calls/{call}/give", to="")
    lead.send_form(f"/board/calls/{call}/give", to="kit")

    assert not isinstance(refused, desk.CallTask)
    assert office.touch(call).offered_to == "kit"
    assert isinstance(desk.claim_this(office.parts, call, Agent.of(kit)), desk.CallTask)


def test_a_call_goes_to_nobody_who_does_not_work_here(office: Office, lead: Browser) -> None:
    answer = lead.send_form(f"/board/calls/{office.call('Dana')}/give", to="mallory")

    assert answer.status_code == 422
    assert office.touch(office.call("Dana")).offered_to is None


def test_a_more_urgent_call_comes_first(office: Office, lead: Browser) -> None:
    kim = office.call("Kim")

    lead.send_form(f"/board/calls/{kim}/priority", priority="1")

    task = desk.claim_next(office.parts, "ari", ["sales"])
    assert task is not None
    assert task.touch == kim
    assert lead.send_form(f"/board/calls/{kim}/priority", priority="0").status_code == 422
    assert lead.send_form(f"/board/calls/{kim}/priority", priority="1; --").status_code == 422


def test_a_call_moves_to_another_queue_that_exists(office: Office, lead: Browser) -> None:
    call = office.call("Dana")

    moved = lead.send_form(f"/board/calls/{call}/queue", queue="leads")
    nowhere = lead.send_form(f"/board/calls/{call}/queue", queue="nowhere")

    assert moved.status_code == 303
    assert nowhere.status_code == 422
    assert office.touch(call).queue == "leads"
    assert (queue(seen(office), "sales").waiting, queue(seen(office), "leads").waiting) == (1, 3)


def test_each_act_on_a_call_is_in_its_journal_and_in_the_audit_trail(office: Office, lead: Browser) -> None:
    call = office.call("Dana")

    lead.send_form(f"/board/calls/{call}/priority", priority="2")
    lead.send_form(f"/board/calls/{call}/queue", queue="leads")
    lead.send_form(f"/board/calls/{call}/give", to="lee")

    mine = [(what, about) for who, what, about in office.audit() if who == "lee"]
    assert len(mine) == 3
    assert {about for _, about in mine} == {f"call:{call}"}
    assert lead.get(f"/board/calls/{call}").text.count("<li><span") >= 3


def test_a_paused_queue_gives_out_no_call_and_goes_on_where_it_stood(office: Office, lead: Browser) -> None:
    asked = lead.get("/board/pauses/confirm?what=queue:sales").text
    lead.send_form("/board/pauses", what="queue:sales")
    office.clock.now += timedelta(seconds=5)

    assert "2 calls that wait now" in asked
    assert desk.claim_next(office.parts, "ari", ["sales"]) is None
    assert "stands still" in lead.get("/board").text
    lead.send_form("/board/pauses/resume", what="queue:sales")
    office.clock.now += timedelta(hours=1)
    dispatch.drain(office.parts, "call")
    assert desk.claim_next(office.parts, "ari", ["sales"]) is not None
    assert audited(office) == [("lee", "pause.put"), ("lee", "pause.lifted")]


@pytest.mark.parametrize("what", ["all", "queue:sales", "channel:call", "channel:text", "playbook:concerns"])
def test_what_can_be_paused_says_first_how_much_it_holds(office: Office, what: str) -> None:
    would = holds.would_hold(office.parts, holds.read(what))

    expected = {"all": 4, "queue:sales": 2, "channel:call": 4, "channel:text": 0, "playbook:concerns": 2}
    assert would.waiting == expected[what]


def test_the_second_lead_hears_that_it_stands_still_already(office: Office, lead: Browser) -> None:
    other = office.browser(office.member("max", Role.LEAD))
    lead.send_form("/board/pauses", what="all")

    late = other.send_form("/board/pauses", what="all")
    lead.send_form("/board/pauses/resume", what="all")
    again = other.send_form("/board/pauses/resume", what="all")

    assert (late.status_code, again.status_code) == (409, 409)
    assert audited(office) == [("lee", "pause.put"), ("lee", "pause.lifted")]


@pytest.mark.parametrize("what", ["", "queue:nowhere", "channel:pigeon", "playbook:none", "all:of-it", "customer:x", "sales"])
def test_what_does_not_exist_cannot_be_paused(office: Office, lead: Browser, what: str) -> None:
    assert lead.get("/board/pauses/confirm", params={"what": what}).status_code == 422
    assert lead.send_form("/board/pauses", what=what).status_code == 422
    assert audited(office) == []


def test_pausing_from_the_terminal_is_audited_too(office: Office) -> None:
    by = By("root", "terminal")

    assert holds.pause(office.parts, holds.read("queue:sales"), by)
    assert not holds.pause(office.parts, holds.read("queue:sales"), by)

    assert audited(office) == [("root", "pause.put")]
    with pytest.raises(InputError):
        holds.read("queue")


def test_a_lead_ends_a_shift_and_the_call_stays_theirs(office: Office, lead: Browser) -> None:
    ari = on_the_desk(office, "ari")
    call = take(office, ari)

    lead.send_form(f"/board/people/{ari.id}/end-shift")
    lead.send_form(f"/board/people/{ari.id}/end-shift")

    assert seen(office).on == 0
    assert office.touch(call).held_by == "ari"
    assert audited(office) == [("lee", "shift.ended")]


def test_the_trail_leads_from_the_end_of_a_shift_to_the_person(office: Office, lead: Browser) -> None:
    ari = on_the_desk(office, "ari")
    auditor = office.browser(office.member("root", Role.ADMIN))

    lead.send_form(f"/board/people/{ari.id}/end-shift")

    line = auditor.get("/audit?what=shift.ended").text.partition("ended the shift of ari")[2]
    link = re.search(r'href="(/people/[^"]+)"', line)
    assert link is not None
    assert auditor.get(link[1]).status_code == 200


def test_calls_of_a_queue_are_listed_in_order_found_and_paged(office: Office, lead: Browser) -> None:
    office.customers_are_due(*[f"N{n:02}" for n in range(55)])
    leading.reprioritise(office.parts, office.call("N54"), 1, LEE)

    first = lead.get("/board/queues/sales").text
    more = lead.get("/board/queues/sales?after=" + first.split("?after=")[1].split('"')[0]).text
    found = lead.send_form("/board/queues/sales", like="n33 ort").text

    assert first.index("N54 Ortiz") < first.index("Dana Ortiz")
    assert first.count("/board/calls/") == 50
    assert more.count("/board/calls/") == 7
    assert found.count("/board/calls/") == 1
    assert "N33 Ortiz" in found


def test_a_call_far_down_a_long_queue_is_found_by_the_beginning_of_a_name_an_id_or_a_subject(office_on_both: Office) -> None:
    office = office_on_both
    office.customers_are_due("Mo", "Zoe")

    def found(like: str, queue: str = "sales", searched: int = 3) -> tuple[list[str], bool]:
        """Dana, Kim and Mo are the first three of four."""
        with office.parts.database.work() as work:
            rows, whole = stored.search(work, queue, like, 10, searched)
        return [row.name.partition(" ")[0] for row in rows], whole

    for like in ("zoe", "ZOE  ort", "C-Zoe", "quote/Zoe"):
        assert found(like) == (["Zoe"], False), like
    assert found("ortiz") == (["Dana", "Kim", "Mo", "Zoe"], False)
    assert found("im Ort") == (["Kim"], False)  # a part of a name, among the first three
    assert found("oe Ort") == ([], False)  # the same, too far down
    assert found("oe Ort", searched=4) == (["Zoe"], True)
    assert found("zoe", queue="support") == ([], True)


def test_unknown_queues_members_and_calls_are_not_there(office: Office, lead: Browser) -> None:
    nobody = office.parts.new_id()

    for path in ("/board/queues/nowhere", f"/board/people/{nobody}", f"/board/calls/{nobody}", "/board/calls/x", f"/replies/{nobody}",
                 f"/set-aside/events/{nobody}", "/set-aside/deliveries/99", "/set-aside/deliveries/x"):  # fmt: skip
        assert lead.get(path).status_code == 404, path


ACTS: list[tuple[str, dict[str, Any]]] = [
    ("/board/calls/{call}/take-back", {}),
    ("/board/calls/{call}/give", {"to": ""}),
    ("/board/calls/{call}/priority", {"priority": "1"}),
    ("/board/calls/{call}/queue", {"queue": "leads"}),
    ("/board/people/{member}/end-shift", {}),
    ("/board/pauses", {"what": "all"}),
    ("/board/pauses/resume", {"what": "all"}),
    ("/replies/{call}", {"verdict": "stop"}),
    ("/undecided/{call}/message", {"as": "again"}),
    ("/undecided/{call}/call", {"disposition": "goal_met"}),
    ("/set-aside/events/{call}", {}),
    ("/set-aside/deliveries/1", {"do": "away"}),
]


@pytest.mark.parametrize("role", [Role.AGENT, Role.AUTHOR, Role.AUDITOR])
def test_only_leads_and_admins_act(office: Office, role: Role) -> None:
    ari = on_the_desk(office, "ari")
    call: UUID = take(office, ari)
    browser = office.browser(office.member("uma", role))

    for path, fields in ACTS:
        answer = browser.send_form(path.format(call=call, member=ari.id), **fields)
        assert answer.status_code == 403, path

    assert office.touch(call).held_by == "ari"
    assert audited(office) == []


def test_acts_from_elsewhere_are_refused(office: Office, lead: Browser) -> None:
    call = take(office, on_the_desk(office, "ari"))

    forged = lead.post(f"/board/calls/{call}/take-back", data={"csrf": "0" * 64}, follow_redirects=False)
    foreign = lead.send_form(f"/board/calls/{call}/take-back", {"sec-fetch-site": "cross-site"})

    assert (forged.status_code, foreign.status_code) == (403, 403)
    assert office.touch(call).held_by == "ari"


def test_a_planned_call_can_be_moved_before_it_is_due(office: Office, lead: Browser) -> None:
    call = office.call("Dana")
    alter(office, call, state="planned", rank_at=None, due_at=office.clock.now + timedelta(hours=2))

    answer = lead.send_form(f"/board/calls/{call}/queue", queue="leads")

    assert answer.status_code == 303
    assert office.touch(call).queue == "leads"
    assert board.picture(office.parts, office.clock.now).hours[2].due == {"leads": 1}
