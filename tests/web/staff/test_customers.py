"""Customers in the browser: found by whatever is at hand, seen whole on one timeline, and changed only as the rules and the role allow."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event as sql_event
from sqlalchemy import select

from orchestrator import desk, dispatch, engine, history
from orchestrator.accepting import accept
from orchestrator.core.roles import Role
from orchestrator.store import schema
from orchestrator.store.database import Work
from tests.intake.ready import quote_sent
from tests.web.staff.office import Browser, Office

NASTY = "<img src=x onerror=alert(1)>\u202eevil\u2066 {{ 7*7 }} 😀"


@pytest.fixture
def lead(office: Office) -> Browser:
    return office.browser(office.member("lee", Role.LEAD))


@pytest.fixture
def agent(office: Office) -> Browser:
    return office.browser(office.member("ari"))


def page_of(office: Office, name: str = "Dana") -> str:
    return f"/customers/{office.customer(name)}"


def text_of(answer: Any) -> str:
    """What the page says, without markup and with single spaces."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def test_a_customer_is_found_by_name_family_name_id_number_address_and_subject(office: Office, lead: Browser) -> None:
    for typed in ("dan", "Dana Or", "C-Dana", "dana@example.com", "DANA@example.com", "quote/Dana"):
        found = lead.send_form("/customers", q=typed)
        assert str(office.customer("Dana")) in found.text, typed
        assert str(office.customer("Kim")) not in found.text, typed
    number = office.rows(select(schema.customer.c.phone).where(schema.customer.c.ref == "C-Dana"))[0].phone
    assert str(office.customer("Dana")) in lead.send_form("/customers", q=f"({number[2:5]}) {number[5:8]}-{number[8:]}").text
    both = lead.send_form("/customers", q="ortiz").text
    assert str(office.customer("Dana")) in both
    assert str(office.customer("Kim")) in both
    assert "Nobody is found" in lead.send_form("/customers", q="%").text


def test_what_is_searched_for_is_never_in_an_address(office: Office, lead: Browser) -> None:
    page = lead.get("/customers").text

    assert 'method="post"' in page
    assert lead.get("/customers?q=dana").text.count(str(office.customer("Dana"))) == page.count(str(office.customer("Dana")))


def test_an_agent_finds_only_customers_of_their_queues(office: Office, agent: Browser) -> None:
    stranger = office.somebody_in_leads_only()
    name = office.rows(select(schema.customer.c.name).where(schema.customer.c.id == stranger))[0].name

    assert str(stranger) not in agent.send_form("/customers", q=name).text
    assert str(stranger) not in agent.get("/customers").text
    assert agent.get(f"/customers/{stranger}").status_code == 404


def test_the_timeline_has_what_is_to_come_and_what_was_each_with_its_why(office: Office, lead: Browser) -> None:
    task = desk.claim_this(office.parts, office.call("Dana"), desk.Agent("ari"))
    assert isinstance(task, desk.CallTask)
    desk.finish(office.parts, task.touch, "ari", "completed_concern", note="Wants the <b>blue</b> one", answers={"mood": "cross"})
    engine.opt_out(office.parts, office.customer("Dana"), "text", "asked on the phone", office.clock.now)

    said = text_of(lead.get(page_of(office)))

    for words in (
        "To come", "concern", "waits for staff", "waits in the queue leads", "check-in", "Completed, with a concern",
        "Wants the &lt;b&gt;blue&lt;/b&gt; one", "quote.sent", "asked on the phone", "Follow-up begins",
    ):  # fmt: skip
        assert words in said, words
    assert said.index("To come") < said.index("waits in the queue leads") < said.index("What happened") < said.index("Wants the")


def test_older_things_come_page_by_page_and_nothing_is_left_out_or_doubled(office: Office, lead: Browser) -> None:
    for n in range(70):
        accept(
            office.parts, [quote_sent(key=f"v{n}", type="quote.viewed", subject="quote/Dana", customer={"id": "C-Dana"}, data={})]
        )
        office.clock.now += timedelta(seconds=n % 3 and 1)  # many things share their moment
    shown: list[tuple[str, str]] = []
    address = page_of(office)
    headers: dict[str, str] = {}
    while address:
        answer = lead.get(address, headers=headers)
        assert answer.status_code == 200
        shown += re.findall(r'<li class="thing (\w+)">.*?datetime="([^"]+)"', answer.text, re.S)
        older = re.search(r'hx-get="([^"]+/past[^"]+)"', answer.text)
        address, headers = older[1].replace("&amp;", "&") if older else "", {"HX-Request": "true"}

    assert sum(kind == "event" for kind, _ in shown) == 71
    assert [at for _, at in shown] == sorted((at for _, at in shown), reverse=True)


def test_a_page_with_a_long_history_asks_the_database_few_questions(office: Office, lead: Browser) -> None:
    accept(
        office.parts,
        [quote_sent(key=f"v{n}", type="quote.viewed", subject="quote/Dana", customer={"id": "C-Dana"}) for n in range(99)],
    )
    asked: list[str] = []

    def count(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    engine_of = office.parts.database.engine
    sql_event.listen(engine_of, "before_cursor_execute", count)
    lead.get(page_of(office))
    sql_event.remove(engine_of, "before_cursor_execute", count)

    assert len([s for s in asked if s.startswith("SELECT")]) <= 30, "\n".join(asked)


def test_names_and_notes_full_of_markup_are_shown_literally(office: Office, lead: Browser) -> None:
    accept(
        office.parts,
        [quote_sent(key="x", subject="quote/x", customer={"id": "<img src=x>", "name": NASTY * 3, "note": NASTY * 200})],
    )
    id_ = office.rows(select(schema.customer.c.id).order_by(schema.customer.c.id.desc()))[0].id

    for answer in (lead.get(f"/customers/{id_}"), lead.send_form("/customers", q="<img"), lead.get(f"/customers/{id_}/erase")):
        assert answer.status_code == 200
        assert "<img" not in answer.text
        assert "&lt;img src=x" in answer.text
        assert "\u202e" not in answer.text
        assert "\u2066" not in answer.text
        assert "49" not in re.findall(r"evil\s*(\S+)", answer.text)


@pytest.mark.parametrize("path", ["touches/{call}", "touches/{call}/move", "end"])
def test_what_belongs_to_another_customer_is_not_there(office: Office, lead: Browser, path: str) -> None:
    address = f"{page_of(office, 'Kim')}/{path.format(call=office.call('Dana'))}"
    run = office.touch(office.call("Dana")).enrollment_id

    answer = lead.get(address) if path == "touches/{call}" else lead.send_form(address, now="1", sure="1", run=str(run))

    assert answer.status_code == 404
    assert office.touch(office.call("Dana")).state == "ready"


def test_the_whole_why_of_a_touch_has_a_page_with_its_words(office: Office, agent: Browser) -> None:
    answer = agent.get(f"{page_of(office)}/touches/{office.call('Dana')}")

    assert "all policies agree" in text_of(answer)
    assert "What to say" in answer.text


def test_stopping_takes_effect_at_once_and_a_lead_lifts_it_with_a_reason(office: Office, agent: Browser, lead: Browser) -> None:
    stopped = agent.send_form(f"{page_of(office)}/stop", channel="all")

    assert stopped.status_code == 303
    assert office.touch(office.call("Dana")).state == "cancelled"
    assert "No contact at all" in agent.get(page_of(office)).text
    assert agent.send_form(f"{page_of(office)}/lift", channel="all", reason="x").status_code == 403
    assert lead.send_form(f"{page_of(office)}/lift", channel="all", reason=" ").status_code == 422
    assert lead.send_form(f"{page_of(office)}/lift", channel="all", reason="called us about it").status_code == 303
    shown = text_of(lead.get(page_of(office)))
    assert "No contact at all" not in shown
    assert "called us about it" in shown
    assert "lifted" in shown
    assert [what for _, what, _ in office.audit()] == ["customer.stopped", "customer.lifted"]


def test_a_paused_customer_waits_and_nothing_is_dropped(office: Office, lead: Browser) -> None:
    assert lead.send_form(f"{page_of(office)}/pause").status_code == 303

    claimed = desk.claim_next(office.parts, "ari", ["sales"])

    assert claimed is not None
    assert claimed.due.customer.ref == "C-Kim"
    assert office.touch(office.call("Dana")).state in ("planned", "ready")
    assert "Paused" in lead.get(page_of(office)).text
    lead.send_form(f"{page_of(office)}/resume")
    office.clock.now += timedelta(minutes=16)
    dispatch.drain(office.parts, "call")
    desk.put_back(office.parts, claimed.touch, "ari")
    assert isinstance(desk.claim_this(office.parts, office.call("Dana"), desk.Agent("kai")), desk.CallTask)


def test_one_follow_up_ends_and_the_other_goes_on(office: Office, agent: Browser) -> None:
    run = office.touch(office.call("Dana")).enrollment_id

    agent.send_form(f"{page_of(office)}/end", run=str(run))

    assert office.touch(office.call("Dana")).state == "cancelled"
    assert office.touch(office.call("Dana", "concern")).state == "ready"
    assert ("ari", "follow_up.stopped", f"customer:{office.customer('Dana')}") in office.audit()


def test_a_call_is_moved_to_the_hour_that_was_asked_for_after_the_verdict_was_seen(office: Office, lead: Browser) -> None:
    address = f"{page_of(office)}/touches/{office.call('Dana')}/move"

    asked = lead.send_form(address, at="2026-11-23T10:30")

    assert "The rules allow it" in asked.text
    assert office.touch(office.call("Dana")).state == "ready", "nothing moves before it is confirmed"
    assert lead.send_form(address, at="2026-11-23T10:30", sure="1").status_code == 303
    moved = office.touch(office.call("Dana"))
    assert (moved.state, f"{moved.due_at:%a %H:%M}") == ("planned", "Mon 16:30")
    assert moved.expires_at > moved.due_at
    assert "moved it from" in text_of(lead.get(page_of(office)))


def test_a_window_puts_a_moved_call_off_and_says_to_when(office: Office, lead: Browser) -> None:
    address = f"{page_of(office)}/touches/{office.call('Dana')}/move"

    asked = lead.send_form(address, at="2026-11-22T03:00")

    assert "Not at the moment you asked for" in asked.text
    assert "Mon 09:00" in asked.text
    lead.send_form(address, at="2026-11-22T03:00", sure="1")
    assert f"{office.touch(office.call('Dana')).due_at:%a %H:%M}" == "Mon 15:00"


def test_what_a_policy_denies_for_good_does_not_move(office: Office, lead: Browser) -> None:
    with office.parts.database.work() as work:
        work.connection.execute(schema.customer.update().where(schema.customer.c.ref == "C-Dana").values(phone=None))
    address = f"{page_of(office)}/touches/{office.call('Dana')}/move"

    for sure in ("", "1"):
        refused = lead.send_form(address, now="1", sure=sure)
        assert refused.status_code == 422
        assert "no phone number is known" in refused.text
    assert office.touch(office.call("Dana")).state == "ready"


def test_a_moved_touch_is_never_made_before_its_new_moment(office: Office, lead: Browser) -> None:
    lead.send_form(f"{page_of(office)}/touches/{office.call('Dana')}/move", at="2026-11-23T10:30", sure="1")

    for local in ("2026-11-20 16:00", "2026-11-23 10:29"):
        office.clock.set(local)
        dispatch.drain(office.parts, "call")
        assert office.touch(office.call("Dana")).state == "planned"
    office.clock.set("2026-11-23 10:30")
    dispatch.drain(office.parts, "call")
    assert office.touch(office.call("Dana")).state == "ready"


def test_the_same_form_by_hand_sent_twice_asks_once(office: Office, lead: Browser) -> None:
    fields: dict[str, Any] = {"channel": "text", "words": "The drawing is on its way.", "key": "form-1"}

    answers = [lead.send_form(f"{page_of(office)}/by-hand", **fields) for _ in range(2)]

    assert [a.status_code for a in answers] == [303, 303]
    events = office.rows(select(schema.event.c.id).where(schema.event.c.type == "touch.asked"))
    assert len(events) == 1


def test_a_form_that_is_wrong_comes_back_with_what_was_typed(office: Office, lead: Browser) -> None:
    answer = lead.send_form(f"{page_of(office)}/by-hand", channel="email", words="The drawing", subject="", key="k")

    assert answer.status_code == 422
    assert "The drawing</textarea>" in answer.text
    assert "a line says what it is about" in answer.text


def test_agents_see_no_button_that_they_may_not_press(office: Office, agent: Browser) -> None:
    page = agent.get(page_of(office)).text

    assert "/stop" in page
    for act in ("/lift", "/pause", "/by-hand", "/erase", "/export"):
        assert f"{page_of(office)}{act}" not in page


def test_an_export_has_everything_and_its_file_name_nothing(office: Office, lead: Browser) -> None:
    task = desk.claim_this(office.parts, office.call("Dana"), desk.Agent("ari"))
    assert isinstance(task, desk.CallTask)
    desk.finish(office.parts, task.touch, "ari", "completed", note='=HYPERLINK("http://x")')

    as_json = lead.send_form(f"{page_of(office)}/export.json")
    as_csv = lead.send_form(f"{page_of(office)}/export.csv")

    everything = json.loads(as_json.text)
    assert everything["format"] == "touchpoint.customer/1"
    assert everything["customer"]["ref"] == "C-Dana"
    assert {"events", "touches", "attempts", "calls", "journal", "opt_outs"} <= set(everything)
    assert "HYPERLINK" in as_json.text
    rows = list(csv.reader(io.StringIO(as_csv.text.removeprefix("\ufeff"))))
    assert {"Check in", "Concern"} <= {row[2] for row in rows}
    assert not [cell for row in rows for cell in row if cell[:1] in "=+-@\t\r" and cell]
    for answer in (as_json, as_csv):
        assert re.fullmatch(r'attachment; filename="customer-[\d-]+\.(json|csv)"', answer.headers["content-disposition"])
    assert [what for _, what, _ in office.audit()][-2:] == ["customer.exported", "customer.exported"]


def test_erasing_wants_the_id_typed_and_leaves_a_page_without_the_person(office: Office, lead: Browser) -> None:
    address = page_of(office)

    assert "Type their id" in lead.get(f"{address}/erase").text
    assert lead.send_form(f"{address}/erase", ref="C-Kim").status_code == 422
    assert lead.send_form(f"{address}/erase", ref="C-Dana").status_code == 303
    page = text_of(lead.get(address)).replace("quote/Dana", "")  # a subject is an id of the business
    assert "Dana" not in page
    assert "example.com" not in page
    assert "Check in" in page
    assert "Erased on" in page


def test_nobody_is_erased_during_a_call_and_the_page_says_who_has_it(office: Office, lead: Browser) -> None:
    desk.claim_this(office.parts, office.call("Dana"), desk.Agent("ari"))

    answer = lead.send_form(f"{page_of(office)}/erase", ref="C-Dana")

    assert answer.status_code == 409
    assert "ari has the call check-in" in answer.text


def test_pages_of_any_size_have_the_same_things_in_the_same_order(office: Office) -> None:
    """Everything here happened at one of two moments: events, decisions and calls share them."""
    dana = office.customer("Dana")
    engine.opt_out(office.parts, dana, "all", "asked on the phone", office.clock.now)

    def walk(work: Work, most: int) -> list[str]:
        in_use, seen, before = office.parts.rulebook.refresh(work), [], None
        while True:
            page = history.page(work, in_use, dana, before, most)
            seen += [item.cursor for item in page.items]
            before = history.place(page.older)
            if before is None:
                return seen

    with office.parts.database.work() as work:
        whole, one_by_one = walk(work, 500), walk(work, 1)

    assert {cursor.split("~")[1] for cursor in whole} >= {"touch", "event", "journal"}
    assert one_by_one == whole
