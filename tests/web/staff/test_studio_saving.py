"""Saving in the studio: nobody's change is lost, no file but the draft's own is written, and every save is on record."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from orchestrator.parts import Parts
from orchestrator.store import schema
from tests.intake.ready import Hands
from tests.stories import designs
from tests.web.practice import SETTINGS
from tests.web.staff.drafts import EDIT, author, check, mark, path, shown_text
from tests.web.staff.office import SALES, Office


def test_a_save_is_written_and_on_record(office: Office) -> None:
    browser = author(office)
    page = browser.get(EDIT).text
    text = path(office).read_text().replace("due_within: 2 days", "due_within: 3 days")

    answer = browser.send_form(
        "/playbooks/follow-up/save", file="follow-up.yaml", seen=mark(page), text=text.replace("\n", "\r\n")
    )

    assert answer.status_code == 303
    assert path(office).read_text() == text
    row = office.rows(select(schema.audit).order_by(schema.audit.c.id.desc()).limit(1))[0]
    assert (row.what, row.about, row.said) == ("playbook.saved", "playbook:follow-up", "changed follow-up.yaml, 1 line")


def test_a_save_by_the_page_s_script_answers_with_the_new_mark_and_what_is_wrong(office: Office) -> None:
    browser = author(office)
    page, text = browser.get(EDIT).text, path(office).read_text()
    as_script = {"accept": "application/json"}
    fields = {"file": "follow-up.yaml"}

    first = browser.send_form(
        "/playbooks/follow-up/save", as_script, **fields, seen=mark(page), text=text.replace("sales", "salse", 2)
    )
    second = browser.send_form("/playbooks/follow-up/save", as_script, **fields, seen=first.json()["mark"], text=text)

    assert first.json()["said"] == "1 mistake", "what is being written may be wrong; only publishing refuses it"
    assert "mistake" not in second.json()["said"].removeprefix("No mistakes")
    assert path(office).read_text() == text


def test_of_two_authors_the_second_is_shown_both_versions_and_loses_nothing(office: Office) -> None:
    one, other = author(office), author(office)
    seen, text = mark(one.get(EDIT).text), path(office).read_text()
    fields = {"file": "follow-up.yaml", "seen": seen}
    one.send_form("/playbooks/follow-up/save", **fields, text=text + "# of the first\n")

    script = other.send_form(
        "/playbooks/follow-up/save", {"accept": "application/json"}, **fields, text=text + "# of the second\n"
    )
    page = other.send_form("/playbooks/follow-up/save", **fields, text=text + "# of the second\n")

    assert (script.status_code, page.status_code) == (409, 409)
    assert path(office).read_text() == text + "# of the first\n"
    assert shown_text(page.text).endswith("# of the second\n")
    assert "# of the first\n</pre>" in page.text
    again = other.send_form("/playbooks/follow-up/save", file="follow-up.yaml", seen=mark(page.text), text=text + "# of both\n")
    assert again.status_code == 303
    assert path(office).read_text() == text + "# of both\n"


def test_a_conflict_shows_each_place_that_differs_with_the_lines_around_it(office: Office) -> None:
    browser, text = author(office), path(office).read_text()
    seen, rows = mark(browser.get(EDIT).text), [f"# row {n}" for n in range(1_000)]
    path(office).write_text(text + "\n".join(rows))
    mine = ["# mine at the top", *rows[:900], "# <mine>", *rows[901:], *["# mine below"] * 450]

    page = browser.send_form("/playbooks/follow-up/save", file="follow-up.yaml", seen=seen, text=text + "\n".join(mine)).text

    (shown,) = re.findall(r'<pre class="plain differs".*?>(.*?)</pre>', page, re.S)
    lines = re.sub("<[^>]*>", "", shown).splitlines()
    assert lines[4:8] == ["+ # mine at the top", "  # row 0", "  # row 1", "  # row 2"]
    assert lines[8:17] == ["  …", "  # row 897", "  # row 898", "  # row 899", "- # row 900", "+ # &lt;mine&gt;", "  # row 901",
                           "  # row 902", "  # row 903"]  # fmt: skip
    assert lines[17:22] == ["  …", "  # row 997", "  # row 998", "  # row 999", "+ # mine below"]
    assert (len(lines), lines[-1]) == (401, "  … and 71 more lines")


def test_no_text_within_the_size_of_a_file_keeps_a_save_waiting(office: Office) -> None:
    """Blank lines, and the long lines of two authors that are all but the same."""
    browser, text = author(office), path(office).read_text()
    blank, fields = text + "\n" * 8_000, {"file": "follow-up.yaml"}
    path(office).write_text(blank)
    seen = mark(browser.get(EDIT).text)
    before = time.process_time()

    saved = browser.send_form("/playbooks/follow-up/save", **fields, seen=seen, text="#\n" + blank)
    path(office).write_text(text + "".join(f"# what we say to the customers of group {n} in spring\n" for n in range(250)))
    mine = text + "".join(f"# what we say to the customers of group {n} in autumn, changed\n" for n in range(250))
    conflict = browser.send_form("/playbooks/follow-up/save", **fields, seen=seen, text=mine)

    assert (saved.status_code, conflict.status_code) == (303, 409)
    assert time.process_time() - before < 5, "0.2 s measured; it was half a minute"
    said = [row.said for row in office.rows(select(schema.audit)) if row.what == "playbook.saved"]
    assert said == ["changed follow-up.yaml, 1 line"]


def test_a_file_that_was_changed_by_hand_meanwhile_is_not_written_over(office: Office) -> None:
    browser = author(office)
    seen = mark(browser.get(EDIT).text)
    path(office).write_text(designs.playbook(SALES) + "# by hand\n")

    answer = browser.send_form("/playbooks/follow-up/save", file="follow-up.yaml", seen=seen, text="x: y\n")

    assert answer.status_code == 409
    assert path(office).read_text().endswith("# by hand\n")
    assert not [what for _, what, _ in office.audit() if what == "playbook.saved"], "what was not saved is on no record"


def test_the_words_are_edited_beside_their_playbook(office: Office) -> None:
    browser, file = author(office), "scripts/check-in.md"
    page = browser.get(f"{EDIT}?file={file}").text

    wrong = check(browser, shown_text(page) + "{{ event.amout }}", file)
    answer = browser.send_form("/playbooks/follow-up/save", file=file, seen=mark(page), text=shown_text(page) + "More.\n")

    assert [finding["file"] for finding in wrong["findings"]] == [file]
    assert answer.headers["location"] == f"{EDIT}?file={file}"
    assert path(office, file).read_text().endswith("More.\n")


def test_words_that_are_named_and_not_written_yet_can_be_begun(office: Office) -> None:
    browser = author(office)
    path(office).write_text(path(office).read_text().replace("call: check-in", "call: brand-new"))

    page = browser.get(f"{EDIT}?file=scripts/brand-new.md").text
    answer = browser.send_form(
        "/playbooks/follow-up/save", file="scripts/brand-new.md", seen="", text="---\ntitle: New\ngoal: Hear.\n---\nHello.\n"
    )

    assert "not written yet" in page
    assert "goal:" in shown_text(page)
    assert answer.status_code == 303
    assert path(office, "scripts/brand-new.md").is_file()


@pytest.mark.parametrize("file", ["concerns.yaml", "../secret.yaml", "scripts/concern.md", "house-rules.yaml", "/etc/passwd"])
def test_a_draft_leads_to_no_file_that_is_not_its_own(office: Office, file: str) -> None:
    browser = author(office)
    before = {p: p.read_bytes() for p in office.settings.playbooks.rglob("*") if p.is_file()}

    answers = [
        browser.get(f"{EDIT}?file={file}"),
        browser.send_form("/playbooks/follow-up/check", file=file, text="x"),
        browser.send_form("/playbooks/follow-up/save", file=file, seen="", text="x"),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert {p: p.read_bytes() for p in office.settings.playbooks.rglob("*") if p.is_file()} == before


def test_a_new_playbook_begins_with_lines_that_load(office: Office) -> None:
    browser = author(office)

    answer = browser.send_form("/playbooks", name="Roof check")
    page = browser.get(answer.headers["location"]).text

    assert answer.headers["location"] == "/playbooks/roof-check/edit"
    assert "playbook: roof-check" in shown_text(page)
    assert '"bad"' not in page.split('id="findings"')[1].split("</ol>")[0]
    assert "/playbooks/roof-check/edit" in browser.get("/playbooks").text
    assert browser.send_form("/playbooks", name="roof-check").status_code == 422
    for name in ("house-rules", "by-hand", "../x", ""):
        assert browser.send_form("/playbooks", name=name).status_code == 422


def test_where_the_folder_may_not_be_written_pages_only_read(ready: Parts, tmp_path: Path, clock: Hands) -> None:
    office = Office(ready, tmp_path / "office", clock, settings=SETTINGS.model_copy(update={"edit_playbooks": False}))
    browser = author(office)
    page = browser.get(EDIT).text
    before = path(office).read_text()

    answers = [
        browser.send_form("/playbooks/follow-up/save", file="follow-up.yaml", seen=mark(page), text="x: y\n"),
        browser.send_form(
            "/playbooks/follow-up/save", {"accept": "application/json"}, file="follow-up.yaml", seen=mark(page), text="x: y\n"
        ),
        browser.send_form("/playbooks", name="another"),
    ]

    assert "This can only be read here" in page
    assert 'id="save"' not in page
    assert " readonly>" in page
    assert [answer.status_code for answer in answers] == [422, 422, 422]
    assert shown_text(answers[0].text) == "x: y\n", "what was written is not lost"
    assert path(office).read_text() == before
