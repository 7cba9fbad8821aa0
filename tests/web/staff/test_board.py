"""The board shows how the desk stands at this moment, and by itself when that changes."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event

from orchestrator import board, desk, holds, sheets
from orchestrator.board import Picture, QueueNow
from orchestrator.core.roles import Role
from orchestrator.desk import Agent
from orchestrator.filing import Filing, file
from orchestrator.store import schema, staff
from orchestrator.store.audit import By
from orchestrator.store.staff import Member
from tests.web.staff.office import Office

LEE = By("lee", "lead")


def on_the_desk(office: Office, name: str, *queues: str, role: Role = Role.AGENT) -> Member:
    """Somebody whose shift has begun, and whose page has just asked for something."""
    member = office.member(name, role, *queues)
    see(office, member)
    with office.parts.database.work() as work:
        staff.change(work, member.id, {"on_since": office.clock.now})
    return member


def see(office: Office, *members: Member) -> None:
    with office.parts.database.work() as work:
        for member in members:
            staff.change(work, member.id, {"seen_at": office.clock.now})


def take(office: Office, member: Member) -> UUID:
    task = desk.claim_next(office.parts, Agent.of(member), lease=timedelta(minutes=30))
    assert task is not None
    return task.touch


def talk(office: Office, member: Member, call: UUID, talk: timedelta, wrap_up: timedelta) -> None:
    """They dial by hand, talk, wrap up and file it."""
    assert sheets.dial_by_hand(office.parts, call, member.name) is None
    assert sheets.phase(office.parts, call, member.name, "talking") is None
    office.clock.now += talk
    assert sheets.phase(office.parts, call, member.name, "wrap_up") is None
    office.clock.now += wrap_up
    file(office.parts, call, member.name, Filing("not_available"))


def seen(office: Office) -> Picture:
    return board.picture(office.parts, office.clock.now)


def version_of(page: str) -> str:
    found = re.search(r'id="seen" name="seen" value="(\w+)"', page)
    assert found is not None
    return found[1]


def alter(office: Office, touch: UUID, **values: Any) -> None:
    with office.parts.database.work() as work:
        work.connection.execute(schema.touch.update().where(schema.touch.c.id == touch).values(**values))


def queue(picture: Picture, name: str) -> QueueNow:
    return next(q for q in picture.queues if q.name == name)


def states(picture: Picture) -> dict[str, str]:
    return {p.name: p.state for p in picture.people}


def test_each_queue_says_how_many_calls_wait_and_since_when(office: Office) -> None:
    sales, leads = queue(seen(office), "sales"), queue(seen(office), "leads")

    assert (sales.waiting, sales.in_call, sales.filed, sales.overdue) == (2, 0, 0, 0)
    assert leads.waiting == 2
    assert sales.since is not None
    assert sales.since <= office.clock.now


def test_a_call_past_its_moment_is_overdue_and_one_of_the_next_hour_is_soon(office: Office) -> None:
    alter(office, office.call("Dana"), expires_at=office.clock.now - timedelta(minutes=1))
    alter(office, office.call("Kim"), expires_at=office.clock.now + timedelta(minutes=59))

    sales = queue(seen(office), "sales")

    assert (sales.waiting, sales.overdue, sales.soon) == (2, 1, 1)


def test_a_call_that_somebody_has_is_not_waiting_and_says_how_far_they_are(office: Office) -> None:
    ari = on_the_desk(office, "ari")
    call = take(office, ari)

    assert states(seen(office)) == {"ari": "reading"}
    sheets.dial_by_hand(office.parts, call, "ari")
    assert states(seen(office)) == {"ari": "dialling"}
    sheets.phase(office.parts, call, "ari", "talking")
    office.clock.now += timedelta(minutes=4)
    talking = seen(office)
    sheets.phase(office.parts, call, "ari", "wrap_up")
    wrapping = seen(office)

    assert states(talking) == {"ari": "talking"}
    assert (queue(talking, "sales").waiting, queue(talking, "sales").in_call, queue(talking, "sales").wrap_up) == (1, 1, 0)
    assert talking.people[0].since == office.clock.now - timedelta(minutes=4)
    assert talking.people[0].call is not None
    assert talking.people[0].call.customer_name in ("Dana Ortiz", "Kim Ortiz")
    assert (queue(wrapping, "sales").in_call, queue(wrapping, "sales").wrap_up) == (0, 1)


def test_calls_talk_and_wrap_up_of_today_are_added_up_by_person_and_queue(office: Office) -> None:
    ari = on_the_desk(office, "ari")
    for _ in range(2):
        talk(office, ari, take(office, ari), timedelta(minutes=5), timedelta(minutes=1))

    picture = seen(office)

    assert queue(picture, "sales").filed == 2
    assert queue(picture, "leads").filed == 0
    mine = picture.people[0]
    assert (mine.filed, mine.talk_s, mine.wrap_up_s) == (2, 600, 120)


def test_what_was_filed_yesterday_is_not_of_today(office: Office) -> None:
    ari = on_the_desk(office, "ari")
    talk(office, ari, take(office, ari), timedelta(minutes=5), timedelta(minutes=1))

    office.clock.now += timedelta(days=1)

    assert queue(seen(office), "sales").filed == 0


def test_people_are_free_away_or_not_there(office: Office) -> None:
    ari, kit = on_the_desk(office, "ari"), on_the_desk(office, "kit")
    office.member("bo")
    office.clock.now += timedelta(minutes=5)
    see(office, ari)

    picture = seen(office)

    assert states(picture) == {"ari": "free", "kit": "away"}
    assert picture.people[1].since == office.clock.now - timedelta(minutes=5)
    assert picture.on == 2
    assert queue(picture, "sales").on == 2
    assert queue(picture, "leads").on == 0
    assert kit.name == picture.people[1].name


def test_somebody_at_a_terminal_is_shown_with_their_call(office: Office) -> None:
    desk.claim_next(office.parts, "root")

    person = seen(office).people[0]

    assert (person.name, person.id, person.state) == ("root", None, "reading")


def test_the_hours_ahead_count_planned_calls_by_queue(office: Office) -> None:
    for name, minutes in (("Dana", 90), ("Kim", 30)):
        due_at = office.clock.now + timedelta(minutes=minutes)
        alter(office, office.call(name), state="planned", rank_at=None, due_at=due_at)

    hours = seen(office).hours

    assert [h.due.get("sales", 0) for h in hours] == [1, 1, 0, 0, 0, 0, 0, 0]


def test_what_people_can_do_is_a_guess_until_there_is_something_to_measure(office: Office) -> None:
    ari = on_the_desk(office, "ari", "sales", "leads")
    office.customers_are_due("Lu", "Max")
    first = seen(office)
    for _ in range(6):
        talk(office, ari, take(office, ari), timedelta(minutes=8), timedelta(minutes=2))

    second = seen(office)

    assert (first.rate, first.rate_measured) == (board.CALLS_AN_HOUR, False)
    assert second.rate_measured
    assert second.rate == pytest.approx(6 / (62 / 60), abs=0.1)
    assert second.hours[0].can_do == second.rate


def test_what_waits_for_a_person_is_counted(office: Office) -> None:
    ari = on_the_desk(office, "ari")
    call = take(office, ari)
    alter(office, call, state="unknown", lease_until=None)

    needs = seen(office).needs

    assert (needs.calls, needs.messages, needs.events, needs.deliveries, needs.replies, needs.total) == (1, 0, 0, 0, 0, 1)


def test_a_paused_queue_says_so(office: Office) -> None:
    holds.pause(office.parts, holds.read("queue:sales"), LEE)

    picture = seen(office)

    assert queue(picture, "sales").paused
    assert not queue(picture, "leads").paused
    assert [(h.scope, h.name, h.by) for h in picture.holds] == [("queue", "sales", "lee")]


def test_the_board_asks_as_often_with_a_hundred_people_as_with_none(office: Office) -> None:
    few = statements(office)
    for n in range(100):
        on_the_desk(office, f"p{n}")

    assert statements(office) == few <= 10


def statements(office: Office) -> int:
    said: list[str] = []

    def count(conn: object, cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            said.append(statement)

    event.listen(office.parts.database.engine, "before_cursor_execute", count)
    seen(office)
    event.remove(office.parts.database.engine, "before_cursor_execute", count)
    return len(said)


def test_an_open_board_hears_of_a_change_and_of_nothing_else(office: Office) -> None:
    lead = office.browser(office.member("lee", Role.LEAD))
    ari = on_the_desk(office, "ari")
    asks: dict[str, Any] = {"params": {"seen": version_of(lead.get("/board").text)}, "headers": {"HX-Request": "true"}}
    office.clock.now += timedelta(seconds=1.5)

    quiet = lead.get("/board/now", **asks)
    take(office, ari)
    office.clock.now += timedelta(seconds=1.5)
    news = lead.get("/board/now", **asks)

    assert (quiet.status_code, quiet.text) == (204, "")
    assert news.status_code == 200
    assert "reading" in news.text
    assert "<html" not in news.text


def test_without_its_script_the_changing_part_is_the_whole_board(office: Office) -> None:
    lead = office.browser(office.member("lee", Role.LEAD))

    answer = lead.get("/board/now", follow_redirects=False)

    assert (answer.status_code, answer.headers["location"]) == (303, "/board")


@pytest.mark.parametrize("role", [Role.AGENT, Role.AUTHOR])
def test_the_board_is_not_for_agents_and_authors(office: Office, role: Role) -> None:
    browser = office.browser(office.member("ari", role))

    for path in ("/board", "/board/now", "/board/queues/sales", "/board/pauses", "/replies", "/undecided", "/set-aside"):
        assert browser.get(path, follow_redirects=False).status_code == 403, path


def test_an_auditor_sees_everything_and_no_buttons(office: Office) -> None:
    auditor = office.browser(office.member("uma", Role.AUDITOR))
    ari = on_the_desk(office, "ari")
    holds.pause(office.parts, holds.read("channel:text"), LEE)
    call = take(office, ari)
    paths = ["/board", "/board/queues/sales", "/board/pauses", "/replies", "/undecided", "/set-aside", f"/board/calls/{call}",
             f"/board/people/{ari.id}"]  # fmt: skip

    for path in paths:
        answer = auditor.get(path)
        forms = re.findall(r'<form method="post" action="([^"]+)"', answer.text)
        assert answer.status_code == 200, path
        assert set(forms) <= {"/sign-out", "/board/queues/sales"}, path  # a search changes nothing


def test_names_of_customers_are_shown_as_they_are(office: Office) -> None:
    nasty = "<script>alert(1)</script>\u202eevil"
    ari, lead = on_the_desk(office, "ari"), office.browser(office.member("lee", Role.LEAD))
    with office.parts.database.work() as work:
        work.connection.execute(schema.customer.update().values(name=nasty + "x" * 10_000))
    call = take(office, ari)

    for path in ("/board", "/board/queues/sales", f"/board/calls/{call}", f"/board/people/{ari.id}"):
        text = lead.get(path).text
        assert "<script>alert" not in text, path
        assert "\u202e" not in text, path
        assert "&lt;script&gt;" in text, path
        assert "x" * 200 not in text, path
