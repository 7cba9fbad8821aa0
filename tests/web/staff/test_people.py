"""Admins let people in and shut them out; everybody looks after their own account; there is always somebody who can do the former."""

from __future__ import annotations

import csv
import threading
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from orchestrator.access import people
from orchestrator.access.people import Profile
from orchestrator.core.roles import Role
from orchestrator.errors import DatabaseError, InputError
from orchestrator.keys import issue
from orchestrator.store import schema, staff
from orchestrator.store.audit import By
from orchestrator.store.database import Work
from tests.web.staff.office import Browser, Office
from tests.web.staff.ways_in import PASSWORD, Person, with_password

NEW = "a new one with words"


def _admin(office: Office) -> Browser:
    return office.browser(with_password(office, "root", Role.ADMIN))


def _invite(office: Office, admin: Browser, **more: str) -> str:
    """The path of the link."""
    fields: dict[str, Any] = {
        "name": "kim",
        "title": "Kim Ito",
        "role": "agent",
        "queues": "sales, leads",
        "skills": "",
        "languages": "en es",
        **more,
    }
    answer = admin.send_form("/people", **fields)
    page: str = answer.text
    assert answer.status_code == 200, page
    return "/welcome/" + page.split("/welcome/")[1].split('"')[0]


def test_whoever_is_invited_chooses_a_password_and_is_in(office: Office) -> None:
    link = _invite(office, _admin(office))
    kim = Person(office)
    assert "Kim Ito" in kim.get(link).text

    answer = kim.post(link, password=NEW, again=NEW)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert kim.is_in
    kim.send("/sign-out")
    assert kim.sign_in("kim", NEW).status_code == 303
    with office.parts.database.work() as work:
        member = staff.by_name(work, "kim")
    assert member is not None
    assert (member.queues, member.languages) == (("sales", "leads"), ("en", "es"))


def test_a_link_works_once_for_two_days_and_only_the_newest(office_on_both: Office) -> None:
    office = office_on_both
    admin = _admin(office)
    used = _invite(office, admin)
    Person(office).post(used, password=NEW, again=NEW)
    replaced, late = _invite(office, admin, name="lou"), ""
    with office.parts.database.work() as work:
        lou = staff.by_name(work, "lou")
    assert lou is not None
    late = "/welcome/" + admin.send_form(f"/people/{lou.id}/link").text.split("/welcome/")[1].split('"')[0]

    assert Person(office).get(used).status_code == 404
    assert Person(office).get(replaced).status_code == 404
    assert Person(office).get("/welcome/made-up").status_code == 404
    assert Person(office).get(late).status_code == 200
    office.clock.now += timedelta(hours=48, seconds=1)
    assert Person(office).get(late).status_code == 404


@pytest.mark.parametrize(
    "password",
    ["elevenchars", "aaaaaaaaaaaaaa", "password12345", "123456789012", "QWERTYUIOPAS", "Kim Ito the 1"[:7] * 2, "x" * 201],
)
def test_a_password_that_anybody_would_try_is_not_taken(office: Office, password: str) -> None:
    link = _invite(office, _admin(office), title="KimIto KimIto")
    kim = Person(office)

    answer = kim.post(link, password=password, again=password)

    assert answer.status_code == 422
    assert kim.get(link).status_code == 200, "the link is still good"


def test_a_link_goes_with_the_code_and_not_around_it(office: Office) -> None:
    admin, kim = _admin(office), with_password(office, "kim")
    with office.parts.database.work() as work:
        staff.change(work, kim.id, {"totp_secret": "JBSWY3DPEHPK3PXP"})
    link = "/welcome/" + admin.send_form(f"/people/{kim.id}/link").text.split("/welcome/")[1].split('"')[0]
    browser = Person(office)

    assert browser.post(link, password=NEW, again=NEW).headers["Location"] == "/sign-in"
    assert not browser.is_in


def test_somebody_who_is_shut_out_is_out_at_once(office: Office) -> None:
    admin, kim = _admin(office), with_password(office, "kim")
    person = Person(office)
    person.sign_in("kim")
    assert person.is_in

    assert admin.send_form(f"/people/{kim.id}/disable").status_code == 303

    assert not person.is_in
    assert person.sign_in("kim").status_code == 422
    admin.send_form(f"/people/{kim.id}/enable")
    assert person.sign_in("kim").status_code == 303


def test_a_new_role_holds_from_the_next_click(office: Office) -> None:
    admin, kim = _admin(office), office.member("kim", Role.AUDITOR)
    browser = office.browser(kim)
    assert browser.get("/audit").status_code == 200

    fields: dict[str, Any] = {
        "title": "Kim",
        "role": "author",
        "queues": "",
        "skills": "",
        "languages": "",
        "email": "",
        "phone": "",
    }
    assert admin.send_form(f"/people/{kim.id}", **fields).status_code == 303

    assert browser.get("/audit").status_code == 403
    assert ("root", "member.change", f"member:{kim.id}") in office.audit()


def test_a_queue_that_the_house_rules_do_not_have_is_refused_and_one_that_they_lost_stays(office: Office) -> None:
    admin, kim = _admin(office), office.member("kim", Role.AGENT, "lost")
    fields: dict[str, Any] = {"title": "Kim", "role": "agent", "skills": "", "languages": "", "email": "", "phone": ""}

    invited = admin.send_form("/people", **fields, name="lou", queues="saels")
    changed = admin.send_form(f"/people/{kim.id}", **fields, queues="lost, saels")
    kept = admin.send_form(f"/people/{kim.id}", **fields, queues="lost, sales")

    assert (invited.status_code, changed.status_code, kept.status_code) == (422, 422, 303)
    assert "There is no queue &#39;saels&#39; in the house rules: did you mean &#39;sales&#39;?" in invited.text


@pytest.mark.parametrize("act", ["disable", "demote"])
def test_the_last_admin_stays(office_on_both: Office, act: str) -> None:
    office = office_on_both
    root = with_password(office, "root", Role.ADMIN)
    office.member("invited", Role.ADMIN)  # never chose a password: could let nobody in
    admin = office.browser(root)

    if act == "disable":
        answer = admin.send_form(f"/people/{root.id}/disable")
    else:
        answer = admin.send_form(f"/people/{root.id}", title="Root", role="agent")

    assert answer.status_code == 422
    assert "last admin" in answer.text
    with office.parts.database.work() as work:
        kept = staff.by_id(work, root.id)
    assert kept is not None
    assert (kept.role, kept.disabled_at) == (Role.ADMIN, None)


def test_two_admins_who_demote_each_other_leave_one(office_on_both: Office) -> None:
    office = office_on_both
    ada, bob = (with_password(office, name, Role.ADMIN) for name in ("ada", "bob"))
    refused: list[InputError] = []

    def demote(work: Work, id_: UUID) -> None:
        people.change(work, id_, Profile("Somebody", "lead"), By("x", "admin"), office.clock.now)

    def meanwhile() -> None:
        try:
            office.parts.database.run(lambda work: demote(work, ada.id))
        except InputError as error:
            refused.append(error)

    other = threading.Thread(target=meanwhile)
    with office.parts.database.work() as work:
        demote(work, bob.id)
        other.start()
        other.join(0.3)  # it waits for us; whoever does not wait has demoted ada by now
    other.join()

    assert len(refused) == 1


def test_a_changed_password_signs_out_every_other_device(office: Office) -> None:
    with_password(office, "kim")
    here, there = Person(office), Person(office)
    here.sign_in("kim")
    there.sign_in("kim")

    assert here.send("/account/password", current="wrong one, sorry", password=NEW, again=NEW).status_code == 422
    assert there.is_in
    assert here.send("/account/password", current=PASSWORD, password=NEW, again=NEW).status_code == 303

    assert here.is_in
    assert not there.is_in


def test_one_of_several_devices_can_be_signed_out(office: Office) -> None:
    with_password(office, "kim")
    here, there = Person(office), Person(office)
    here.sign_in("kim")
    there.sign_in("kim")
    other = there.get("/account").text.split("/account/sessions/")[2].split("/")[0]

    assert there.send(f"/account/sessions/{other}/end").status_code == 303

    assert there.is_in
    assert not here.is_in


def test_a_key_reads_what_its_role_may_see_and_changes_nothing(office: Office) -> None:
    auditor = {"Authorization": "Bearer " + issue(office.parts, "reports", ["read"], "auditor")}
    poster = {"Authorization": "Bearer " + issue(office.parts, "crm", ["events:write"])}
    program = office.browser()

    def status(path: str, headers: dict[str, str], method: str = "GET") -> int:
        return int(
            program.request(
                method, path, headers=headers, data={"title": "x"} if method == "POST" else None, follow_redirects=False
            ).status_code
        )

    assert status("/audit", auditor) == 200
    assert status("/people", auditor) == 403
    assert status("/account", auditor) == 403
    assert status("/audit", poster) == 403
    assert status("/audit", {"Authorization": "Bearer tp_made_up"}) == 401
    before = office.audit()
    admin_key = {"Authorization": "Bearer " + issue(office.parts, "tools", ["read"], "admin")}
    kim = office.member("kim")
    office.clock.now += timedelta(seconds=1)  # unknown keys are looked for four times a second
    assert status("/people", admin_key) == 200
    assert status(f"/people/{kim.id}/disable", admin_key, "POST") == 403
    assert [what for _, what, _ in office.audit()[len(before) :]] == ["key.make"]


def test_a_key_is_shown_once_and_can_be_revoked(office: Office) -> None:
    admin = _admin(office)

    made = admin.send_form("/keys", name="crm", scope="events:write", role="")

    secret = "tp_" + made.text.split('value="tp_')[1].split('"')[0]
    assert secret not in admin.get("/keys").text
    id_ = office.rows(select(schema.api_key.c.id))[0].id
    assert admin.send_form(f"/keys/{id_}/revoke").status_code == 303
    assert "revoked" in admin.get("/keys").text
    assert [what for _, what, _ in office.audit()][-2:] == ["key.make", "key.revoke"]


# -- the audit trail --------------------------------------------------------------------------------------------------


def test_nobody_can_change_what_stands_in_the_audit_trail(office_on_both: Office) -> None:
    office = office_on_both
    _invite(office, _admin(office))

    for statement in ("UPDATE audit SET who = 'nobody'", "DELETE FROM audit"):
        with pytest.raises(DatabaseError), office.parts.database.work() as work:
            work.connection.execute(text(statement))

    assert {who for who, _, _ in office.audit()} == {"root"}


def test_nobody_can_write_over_what_stands_in_the_audit_trail(office: Office) -> None:
    """SQLite's REPLACE deletes first; PostgreSQL has no such word."""
    _invite(office, _admin(office))
    columns = ", ".join("'nobody'" if column.name == "who" else column.name for column in schema.audit.columns)

    with pytest.raises(DatabaseError), office.parts.database.work() as work:
        work.connection.execute(text(f"INSERT OR REPLACE INTO audit SELECT {columns} FROM audit"))

    assert {who for who, _, _ in office.audit()} == {"root"}


def test_the_audit_trail_is_read_by_who_what_about_and_day(office: Office) -> None:
    admin = _admin(office)
    _invite(office, admin)
    admin.send_form("/keys", name="crm", scope="events:write", role="")
    kim = office.rows(select(schema.staff.c.id).where(schema.staff.c.name == "kim"))[0].id

    def shown(query: str) -> tuple[bool, bool]:
        page = admin.get(f"/audit?{query}").text
        return "added kim" in page, "made the key crm" in page

    assert shown("") == (True, True)
    assert shown("what=key.") == (False, True)
    assert shown(f"about=member:{kim}") == (True, False)
    assert shown("who=somebody-else") == (False, False)
    assert shown("since=2026-11-20&until=2026-11-20") == (True, True)
    assert shown("until=2026-11-19") == (False, False)
    assert shown("since=nonsense&before=%27") == (True, True)


def test_older_entries_are_one_click_away(office: Office) -> None:
    admin = _admin(office)
    with office.parts.database.work() as work:
        for n in range(101):
            row = {"at": office.clock.now, "who": "root", "role": "admin", "what": "x.y", "about": "", "said": f"entry {n}."}
            work.connection.execute(schema.audit.insert().values(**row))

    page = admin.get("/audit?what=x.").text

    assert "entry 100." in page
    assert "entry 0." not in page
    older = page.split('href="/audit?')[-1].split('"')[0].replace("&amp;", "&")
    assert "entry 0." in admin.get(f"/audit?{older}").text


def test_the_table_for_spreadsheets_runs_no_formula(office: Office) -> None:
    admin = _admin(office)
    with office.parts.database.work() as work:
        for said in ('=HYPERLINK("http://evil.example")', "+1", "-1", "@x", "\tx", 'fine, "quoted"'):
            row = {"at": office.clock.now, "who": "root", "role": "admin", "what": "x.y", "about": "", "said": said}
            work.connection.execute(schema.audit.insert().values(**row))

    answer = admin.get("/audit.csv?what=x.")

    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.content.startswith(b"\xef\xbb\xbfat (UTC),")
    cells = [row[5] for row in csv.reader(answer.text.splitlines())][1:]
    assert cells == ['fine, "quoted"', "'\tx", "'@x", "'-1", "'+1", '\'=HYPERLINK("http://evil.example")']


def test_what_people_are_called_is_shown_literally(office: Office) -> None:
    admin = _admin(office)
    _invite(office, admin, title="<script>alert(1)</script>\u202egnp.exe 😀" + "x" * 100)

    page = admin.get("/people").text

    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_where_nothing_is_people_get_a_page_and_programs_json(office: Office) -> None:
    admin = _admin(office)

    page, programs = admin.get("/people/x/y/z"), admin.get("/nothing")

    assert (page.status_code, page.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert admin.post("/audit").headers["Content-Type"] == "text/html; charset=utf-8"
    assert (programs.status_code, programs.headers["Content-Type"]) == (404, "application/json")
