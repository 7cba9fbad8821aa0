"""The page of a call under bad input and under the clock: odd text is shown literally, and the page stays small and quick."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

from sqlalchemy import event

from orchestrator.core.model import TouchState
from orchestrator.store import schema
from tests.web.staff.desk_office import DeskOffice, Fields, call_of
from tests.web.staff.office import Browser

NASTY = "<img src=x onerror=alert(1)></textarea><script>1</script> \u202eevil\u202c 😀 **b** [x](javascript:1) {{ 7*7 }} "


class Structure(HTMLParser):
    """Which elements a page has, and which scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str | None] = []
        self.handlers: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "script":
            self.sources.append(dict(attrs).get("src"))
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


def test_names_notes_and_answers_full_of_markup_are_shown_literally(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys
    before = Structure(browser.get(where).text)
    long = (NASTY * 200)[:10_000]
    with desk.parts.database.work() as work:
        work.connection.execute(schema.customer.update().values(name=NASTY * 3, extra={}))
        work.connection.execute(schema.enrollment.update().values(event_data={"amount": 1, "work": NASTY, NASTY: NASTY}))

    browser.send_form(f"{where}/sheet", note=long, **Fields({"a-part": long, "a-promise": long}))
    page = browser.get(where).text
    after = Structure(page)

    assert after.handlers == []
    assert "img" not in after.tags
    assert all(source and source.startswith("/static/") for source in after.sources)
    assert after.tags.count("form") == before.tags.count("form")
    assert after.tags.count("textarea") == before.tags.count("textarea")
    assert "javascript:1" not in re.findall(r'href="([^"]*)"', page)
    assert "\u202e" not in re.sub(r"<textarea.*?</textarea>", "", page, flags=re.DOTALL)
    assert "49" not in re.sub(r"[0-9a-f-]{16,}", "", page.split("<h1")[1].split("</h1>")[0])
    assert desk.sheet(where).note == long


def test_more_than_ten_thousand_characters_are_cut_and_not_refused(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys

    assert browser.send_form(f"{where}/sheet", note="ä" * 12_000).status_code == 204
    assert len(desk.sheet(where).note) == 10_000


def test_odd_forms_never_break_the_page(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys
    odd: Fields = {"disposition": "goal_met' OR 1=1", "sentiment": "x", "scope": "\x00", "back_by": "y", "d-promise": "soon", "a-": "z",
           "a-unknown": "q", "note": "a\x00b\ud83d".encode("utf-8", "replace").decode()}  # fmt: skip

    answer = browser.send_form(f"{where}/file", **odd)

    assert answer.status_code == 422
    assert desk.touch(call_of(where)).state == TouchState.IN_CALL


def test_the_page_asks_the_database_at_most_twelve_times(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys
    browser.get(where)
    asked: list[str] = []

    def count(conn: object, cursor: object, statement: str, *rest: object) -> None:
        asked.append(statement)

    event.listen(desk.parts.database.engine, "before_cursor_execute", count)
    browser.get(where)
    event.remove(desk.parts.database.engine, "before_cursor_execute", count)

    queries = [statement for statement in asked if statement.lstrip().upper().startswith(("SELECT", "UPDATE", "INSERT"))]
    assert len(queries) <= 12, "\n".join(queries)


def test_the_first_view_stays_below_150_kilobytes(desk: DeskOffice, amys: tuple[Browser, str]) -> None:
    browser, where = amys
    page = browser.get(where).text
    wanted = {unescape(path) for path in re.findall(r'(?:src|href)="(/static/[^"]+)"', page)}

    size = len(page.encode()) + sum(len(browser.get(path).content) for path in wanted)

    assert wanted
    assert size < 150_000, size
