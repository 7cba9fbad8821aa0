"""The studio's editor: what is wrong is said while somebody writes, nobody's change is lost, and every save is on record."""

from __future__ import annotations

import re
import statistics
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from orchestrator.core.roles import Role
from orchestrator.parts import Parts
from orchestrator.store import schema
from orchestrator.web.staff.shown import asset
from orchestrator.web.staff.studio_parts import AT_ONCE
from tests.intake.ready import Hands
from tests.stories import designs
from tests.web.practice import SETTINGS
from tests.web.staff.office import SALES, Browser, Office

ROOT = Path(__file__).resolve().parents[3]
EDIT = "/playbooks/follow-up/edit"
EVIL = '</script><img src=x onerror="window.__xss=1">{{ 7 * 7 }}'


def author(office: Office, role: Role = Role.AUTHOR) -> Browser:
    return office.browser(office.member(office.a_name(), role))


def mark(page: str) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]*)"', page)
    assert found is not None
    return found[1]


def shown_text(page: str) -> str:
    found = re.search(r'<textarea id="text".*?>\n(.*?)</textarea>', page, re.S)
    assert found is not None
    return found[1]


def check(browser: Browser, text: str, file: str = "follow-up.yaml", name: str = "follow-up") -> dict[str, Any]:
    answer = browser.send_form(f"/playbooks/{name}/check", file=file, text=text)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def path(office: Office, name: str = "follow-up.yaml") -> Path:
    return office.settings.playbooks / name


def test_an_author_sees_the_file_its_words_and_its_graph(office: Office) -> None:
    page = author(office).get(EDIT).text

    assert "touchpoint: check-in" in shown_text(page)
    assert "?file=scripts/check-in.md" in page
    assert '<svg xmlns="http://www.w3.org/2000/svg" class="graph"' in page
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", page)


@pytest.mark.parametrize("role", [Role.AGENT, Role.AUDITOR])
def test_who_does_not_write_playbooks_sees_no_drafts(office: Office, role: Role) -> None:
    browser = author(office, role)

    assert browser.get(EDIT).status_code == 403
    assert "Drafts" not in browser.get("/playbooks").text
    assert browser.get("/playbooks/follow-up").status_code == 200, "what is published may be read by everybody"


def test_a_mistake_is_found_at_its_place_while_it_is_being_written(office: Office) -> None:
    text = path(office).read_text().replace("queue: sales", "queue: salse")

    (finding,) = check(author(office), text)["findings"]

    assert text.splitlines()[finding["line"] - 1][finding["column"] - 1 :] == "salse"
    assert (finding["severity"], finding["here"]) == ("error", True)
    assert "sales" in finding["fix"]
    assert path(office).read_text() != text, "looking keeps nothing"


def test_a_folder_with_many_playbooks_does_not_keep_the_list_waiting(office: Office) -> None:
    browser, text = author(office), path(office).read_text()
    for number in range(AT_ONCE):
        path(office, f"more-{number}.yaml").write_text(text.replace("playbook: follow-up", f"playbook: more-{number}"))

    page = browser.get("/playbooks").text
    drafts = browser.get("/playbooks?drafts=1", headers={"HX-Request": "true"}).text

    assert 'hx-get="/playbooks?drafts=1" hx-trigger="load"' in page
    assert "more-7" not in page
    assert '"/playbooks/more-7/edit"' in drafts
    assert "<html" not in drafts
    assert '"/playbooks/more-7/edit"' in browser.get("/playbooks?drafts=1").text, "a browser without scripts has a link"


def test_every_page_of_a_draft_says_how_much_was_found_and_leads_there(office: Office) -> None:
    browser = author(office)
    file = path(office)
    fine = {
        page: browser.get(f"/playbooks/follow-up/{page}").text for page in ("rehearse", "backtest", "steps", "preview", "publish")
    }
    file.write_text(file.read_text().replace("call: check-in", "call: nothing-there"))

    for page, before in fine.items():
        link = r'<a [^>]*href="/playbooks/follow-up/edit#findings">1 mistake\b'
        assert not re.search(link, before)
        assert re.search(link, browser.get(f"/playbooks/follow-up/{page}").text), page


def test_a_playbook_that_meets_another_one_says_so_on_every_page_of_either(office: Office) -> None:
    browser, text = author(office), path(office).read_text()
    path(office, "again.yaml").write_text(text.replace("playbook: follow-up", "playbook: again"))

    for name in ("follow-up", "again"):
        for page in ("edit", "publish"):
            assert "TP601" in browser.get(f"/playbooks/{name}/{page}").text, (name, page)
        for page in ("steps", "preview", "rehearse", "backtest"):
            link = rf'<a [^>]*href="/playbooks/{name}/edit#findings">\d warnings?'
            assert re.search(link, browser.get(f"/playbooks/{name}/{page}").text), (name, page)
        row = re.search(rf'<th scope="row"><a href="/playbooks/{name}/edit">.*?</tr>', browser.get("/playbooks").text, re.S)
        assert row is not None
        assert "warnings</span>" in row[0]


def test_a_finding_that_stands_in_another_playbook_leads_into_that_one(office: Office) -> None:
    browser, text = author(office), path(office).read_text()
    path(office, "again.yaml").write_text(text.replace("playbook: follow-up", "playbook: again"))

    (finding,) = [f for f in check(browser, text)["findings"] if f["code"] == "TP601" and f["file"] == "again.yaml"]
    page = browser.get(EDIT).text

    assert (finding["owner"], finding["here"]) == ("again", False)
    assert f'href="/playbooks/again/edit?file=again.yaml#L{finding["line"]}"' in page
    assert browser.get("/playbooks/again/edit?file=again.yaml").status_code == 200


def test_while_somebody_types_only_what_can_be_told_soon_is_asked_for(office: Office) -> None:
    browser, text = author(office), path(office).read_text()
    path(office, "again.yaml").write_text(text.replace("playbook: follow-up", "playbook: again"))
    broken = text.replace("queue: sales", "queue: salse")

    def soon(text: str) -> set[str]:
        found = browser.send_form("/playbooks/follow-up/check", file="follow-up.yaml", text=text, soon="1").json()["findings"]
        return {finding["code"] for finding in found}

    assert "TP601" in {finding["code"] for finding in check(browser, text)["findings"]}
    assert "TP601" not in soon(text)
    assert soon(broken) == {"TP016"}


def test_the_graph_follows_the_text_and_waits_while_it_cannot_be_read(office: Office) -> None:
    browser, text = author(office), path(office).read_text()

    assert ">Rung up<" in check(browser, text.replace("call: check-in", "title: Rung up\n    call: check-in"))["graph"]
    broken = check(browser, text + "  nonsense")
    assert (broken["graph"], broken["loads"]) == ("", False)


def test_a_finding_takes_the_server_less_than_a_fifth_of_a_second(office: Office) -> None:
    """The largest starter playbook, changed a little each time, as somebody types: half of the answers take less than 180 ms."""
    for file in (ROOT / "playbooks").rglob("*.*"):
        if file.suffix in (".md", ".yaml") and file.name != "README.md":
            there = office.settings.playbooks / file.relative_to(ROOT / "playbooks")
            there.parent.mkdir(exist_ok=True)
            there.write_text(file.read_text())
    browser, took = author(office), []
    text = path(office, "visit-reminder.yaml").read_text()

    for number in range(15):
        before = time.process_time()  # of the server: what other programs do meanwhile is not its fault
        found = check(browser, text.replace("10 minutes", f"{number + 11} minutes"), "visit-reminder.yaml", "visit-reminder")
        took.append(time.process_time() - before)
        assert found["loads"]

    print(f"p50 {statistics.median(took) * 1000:.0f} ms, most {max(took) * 1000:.0f} ms")
    assert statistics.median(took) < 0.18, (
        "0.06 to 0.1 s measured; the page asks 0.12 s after the last key, and 0.3 s is promised"
    )


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


def test_without_scripts_one_can_look_for_mistakes_before_saving(office: Office) -> None:
    browser = author(office)
    text = path(office).read_text().replace("queue: sales", "queue: salse")

    page = browser.send_form(
        "/playbooks/follow-up/save", file="follow-up.yaml", seen=mark(browser.get(EDIT).text), text=text, do="look"
    ).text

    assert shown_text(page) == text
    assert "1 mistake" in page
    assert path(office).read_text() != text


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


def test_a_draft_that_has_no_file_is_not_there(office: Office) -> None:
    browser = author(office)

    assert {browser.get(f"/playbooks/{name}/edit").status_code for name in ("nothing", "by-hand", "@house-rules", "..%2Fx")} == {
        404
    }


def test_house_rules_are_edited_like_a_playbook_and_everything_is_looked_at(office: Office) -> None:
    browser = author(office)
    page = browser.get("/playbooks/house-rules/edit").text

    found = check(
        browser, shown_text(page).replace("&#34;", '"').replace("sales:", "sellers:"), "house-rules.yaml", "house-rules"
    )

    assert any(finding["file"] == "follow-up.yaml" and "sales" in finding["message"] for finding in found["findings"])


def test_what_an_author_writes_is_shown_literally(office: Office) -> None:
    browser, text = author(office), path(office).read_text()
    hostile = text.replace("title: follow-up", f"title: '{EVIL}'").replace("queue: sales", f"queue: '{EVIL}'")
    path(office).write_text(hostile)

    pages = [browser.get(EDIT).text, browser.get("/playbooks/follow-up/steps").text, browser.get("/playbooks").text]
    looked = check(browser, text.replace("title: follow-up", f"title: '{EVIL}'"))

    for page in (*pages, looked["graph"]):
        assert "<img" not in page
        assert "</script><img" not in page


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


def test_the_list_says_how_files_and_published_versions_stand(office: Office) -> None:
    browser = author(office)
    state = re.compile(
        r'<th scope="row">(?:<a href="/playbooks/[a-z-]+/edit">)?([a-z-]+)(?:</a>)?</th>\s*<td><span class="tag[^"]*">([^<]+)</span>'
    )

    before = dict(state.findall(browser.get("/playbooks").text))
    path(office).write_text(path(office).read_text().replace("2 days", "3 days"))
    path(office, "concerns.yaml").rename(path(office, "others.yaml"))
    path(office, "others.yaml").write_text(
        path(office, "others.yaml").read_text().replace("playbook: concerns", "playbook: others")
    )
    after = dict(state.findall(browser.get("/playbooks").text))
    path(office, "others.yaml").write_text("playbook: [")
    broken = browser.get("/playbooks")

    assert (before["follow-up"], before["concerns"]) == ("published", "published")
    assert (after["follow-up"], after["others"], after["concerns"]) == ("changed", "not published", "missing")
    assert dict(state.findall(broken.text))["others"] == "cannot be published"
    assert "1 mistake" in broken.text


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


def test_no_folder_at_all_is_said(ready: Parts, tmp_path: Path, clock: Hands) -> None:
    office = Office(ready, tmp_path / "office", clock)
    office.settings = office.settings.model_copy(update={"playbooks": tmp_path / "nowhere"})
    browser = author(office)

    assert "no such folder" in browser.get("/playbooks").text
    assert browser.get(EDIT).status_code == 422


def test_the_editor_s_code_is_the_one_that_was_checked() -> None:
    folder = ROOT / "orchestrator" / "web" / "static" / "vendor"
    from hashlib import sha256

    sums = dict(reversed(line.split()) for line in (folder / "SHA256SUMS").read_text().splitlines())

    assert {name: sha256((folder / name).read_bytes()).hexdigest() for name in sums} == sums
    assert {file.name for file in folder.glob("*.js")} == set(sums)
    assert (folder / "codemirror-6.min.js").stat().st_size < 400_000
    assert asset("vendor/codemirror-6.min.js").endswith(f"?v={sums['codemirror-6.min.js'][:12]}")
