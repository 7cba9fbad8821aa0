"""The studio's editor while somebody writes: what is wrong is said at once and at its place, and what is written is shown literally."""

from __future__ import annotations

import re
import statistics
import time
from pathlib import Path

import pytest

from orchestrator.core.roles import Role
from orchestrator.parts import Parts
from orchestrator.web.staff.shown import asset
from orchestrator.web.staff.studio_parts import AT_ONCE
from tests.intake.ready import Hands
from tests.web.staff.drafts import EDIT, ROOT, author, check, mark, path, shown_text
from tests.web.staff.office import Office

EVIL = '</script><img src=x onerror="window.__xss=1">{{ 7 * 7 }}'


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


def test_without_scripts_one_can_look_for_mistakes_before_saving(office: Office) -> None:
    browser = author(office)
    text = path(office).read_text().replace("queue: sales", "queue: salse")

    page = browser.send_form(
        "/playbooks/follow-up/save", file="follow-up.yaml", seen=mark(browser.get(EDIT).text), text=text, do="look"
    ).text

    assert shown_text(page) == text
    assert "1 mistake" in page
    assert path(office).read_text() != text


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
