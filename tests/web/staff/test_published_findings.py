"""The page of a playbook says what lint finds in the version that is published, and stays as it is when lint cannot."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import pytest

from orchestrator.authoring import publish
from orchestrator.checking import Checked
from orchestrator.core.roles import Role
from orchestrator.language.design import Design
from orchestrator.lint.finding import Finding
from orchestrator.lint.lint import lint
from orchestrator.parts import Parts
from orchestrator.store import versions
from orchestrator.store.database import Work
from tests.intake.ready import Hands
from tests.stories import designs
from tests.web.staff.office import Browser, Office

FINE = "- touchpoint: thanks\n  email: thanks\n"
FOUR = "".join(f"- touchpoint: m{i}\n  email: thanks\n" for i in range(4))
HOUSE = {
    "caps": "[{most: 3, per: day}]",
    "company": "{name: Northside Windows, phone: (312) 555-0100, email: hello@northside.example}",
}


@pytest.fixture
def reader(ready: Parts, tmp_path: Path, clock: Hands) -> Office:
    office = Office(ready, tmp_path / "office", clock)
    put(
        office,
        tmp_path,
        designs.playbook(FINE, purpose="service"),
        designs.playbook(FOUR, "often", purpose="service", starts_on="visit.done", stops_on="{visit.booked: exit}"),
    )
    return office


def put(office: Office, folder: Path, *playbooks: str) -> None:
    publish(office.parts, designs.write(folder / "more", *playbooks, house=HOUSE), "ops")


def author(office: Office) -> Browser:
    return office.browser(office.member("uma", Role.AUTHOR))


def panel(page: str) -> str:
    found = re.search(r'<details class="sheet pb-found".*?</details>', page, re.S)
    assert found is not None
    return found[0]


def test_a_finding_stands_with_its_line_its_example_and_its_fix(reader: Office) -> None:
    uma = author(reader)
    shown = panel(uma.get("/playbooks/often").text)

    assert shown.startswith('<details class="sheet pb-found" open>')
    assert "TP501" in shown
    assert "4 contacts on one day are possible and the house allows 3" in shown
    assert "To mend it: put more time between the contacts" in shown
    assert "m3 Mon" in shown, "the example, with its moments"
    line = re.search(r'href="(/playbooks/often/text\?version=1)#L(\d+)"', shown)
    assert line is not None
    text = uma.get(line[1]).text
    assert re.search(rf'<li id="L{line[2]}"><code>[^<]*touchpoint: m3', text), "the link leads to the step in the text"


@pytest.mark.parametrize("page", ["inside", "text", "versions", "shadow", "move", "step?at=m3"])
def test_every_page_of_a_playbook_says_how_much_was_found_and_leads_there(reader: Office, page: str) -> None:
    browser = reader.browser(reader.member("lia", Role.LEAD))
    shown = browser.get(f"/playbooks/often/{page}").text

    assert re.search(r'<a class="small pb-count" href="/playbooks/often\?version=1#found">1 \w+<', shown)
    fine = browser.get(f"/playbooks/follow-up/{page.replace('m3', 'thanks')}").text
    assert "pb-count" not in fine
    assert "No mistakes" in fine, "it was looked at, and nothing was found in it"


def test_a_playbook_without_findings_says_so_and_is_folded(reader: Office) -> None:
    shown = panel(author(reader).get("/playbooks/follow-up").text)

    assert shown.startswith('<details class="sheet pb-found">')
    assert "Checked: nothing to mend" in shown
    assert "TP" not in shown


def test_a_playbook_that_meets_another_one_says_so(reader: Office, tmp_path: Path) -> None:
    put(reader, tmp_path, designs.playbook(FINE, purpose="service"), designs.playbook(FINE, "often", purpose="service"))

    uma = author(reader)
    assert all("TP601" in panel(uma.get(f"/playbooks/{name}").text) for name in ("follow-up", "often"))


def test_a_finding_that_stands_in_the_other_playbook_is_shown_with_both(reader: Office, tmp_path: Path) -> None:
    four = {"purpose": "service", "starts_on": "visit.done", "stops_on": "{visit.booked: exit}"}
    put(
        reader, tmp_path, designs.playbook(FINE, purpose="service"), designs.playbook(FINE, "again", purpose="service"),
        designs.playbook(FOUR, "often", **four),
    )  # fmt: skip

    found = {name: {f for f in of(reader, Checked(), name) if f.code == "TP601"} for name in ("again", "follow-up", "often")}

    assert found["again"] == found["follow-up"] != set(), "it is the same one, wherever it is looked at"
    assert found["often"] == set()


def test_what_is_built_in_shows_no_findings(reader: Office) -> None:
    assert "pb-found" not in author(reader).get("/playbooks/promise").text


def test_a_version_is_looked_at_once_until_something_else_is_published(reader: Office, tmp_path: Path) -> None:
    asked: list[Sequence[str]] = []

    def look(design: Design, only: Sequence[str]) -> Sequence[Finding]:
        asked.append(only)
        return lint(design, only)

    checked = Checked(look)
    assert [f.code for f in of(reader, checked, "often")] == [f.code for f in of(reader, checked, "often")] != []
    assert asked == [["often"]]

    put(
        reader,
        tmp_path,
        designs.playbook(FINE, purpose="service"),
        designs.playbook(FINE, "often", purpose="service", starts_on="visit.done", stops_on="{visit.booked: exit}"),
    )
    assert of(reader, checked, "often") == ()
    assert len(asked) == 2


def test_lint_that_fails_breaks_no_page(reader: Office) -> None:
    def look(design: Design, only: Sequence[str]) -> Sequence[Finding]:
        raise ZeroDivisionError

    (finding,) = of(reader, Checked(look), "often")

    assert (finding.code, finding.severity, finding.file) == ("TP901", "error", "often.yaml")


def test_a_version_that_today_s_lifecycle_no_longer_knows_says_what_is_missing(reader: Office, tmp_path: Path) -> None:
    folder = designs.write(tmp_path / "more", designs.playbook(FINE, purpose="service"), house=HOUSE)
    (folder / "lifecycle.yaml").write_text(designs.LIFECYCLE.replace("  visit.done: {stage: visit}\n", ""))
    publish(reader.parts, folder, "ops", only=["lifecycle"])

    found = of(reader, Checked(), "often")

    assert [(f.code, f.file) for f in found] == [("TP005", "often.yaml")]
    assert of(reader, Checked(), "follow-up") == (), "the others are looked at all the same"


def of(office: Office, checked: Checked, name: str) -> Sequence[Finding]:
    def unit(work: Work) -> Sequence[Finding]:
        row = versions.current(work)[name]
        id_: UUID = row.id
        return checked.of(work, name, id_)

    return office.parts.database.run(unit)
