"""The page of rehearsals: what differs is shown like a diff, and every moment with its clock, its words and its why."""

from __future__ import annotations

import html
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from orchestrator.core.roles import Role
from orchestrator.store import schema
from orchestrator.web.staff.at_once import ONE
from tests.stories import designs
from tests.web.staff.office import LEADS, SALES, Browser, Office

ROOT = Path(__file__).resolve().parents[3]
PATH = "/playbooks/quote-follow-up/rehearse"
EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def starters(office: Office) -> Path:
    """The project's own playbooks in the folder, with their rehearsals."""
    shutil.copytree(ROOT / "playbooks", office.folder, dirs_exist_ok=True)
    for name in ("follow-up", "concerns"):
        (office.folder / f"{name}.yaml").unlink()
    return office.folder


@pytest.fixture
def author(office: Office) -> Browser:
    return office.browser(office.member("olga", Role.AUTHOR))


def words(page: Any) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text.split("<main")[1])).split())


def test_every_rehearsal_is_run_and_one_of_them_is_told_moment_by_moment(starters: Path, author: Browser) -> None:
    page = author.get(f"{PATH}?of=rehearsals/quote-follow-up.yaml:2")
    text = words(page)

    assert page.status_code == 200
    assert "all go as their files say" in text
    assert "Thu 2026-03-12 10:15 We just left you a voicemail sent" in text
    assert "We just left you a voicemail about your quote." in text
    assert "Why:" in text
    assert '<div class="phone">' in page.text
    assert '<div class="mailbox">' in page.text
    assert 'data-step="sorry-we-missed-you"' in page.text
    assert "2 days later" in text


def test_what_comes_another_way_than_the_file_says_is_shown_like_a_diff_and_first(starters: Path, author: Browser) -> None:
    file = starters / "quote-follow-up.yaml"
    file.write_text(file.read_text().replace("{most: 3, apart: 2 business days", "{most: 3, apart: 3 business days"))

    page = author.get(PATH)
    text = words(page)

    assert re.search(r"[1-8] (goes|go) another way than the file says", text)
    assert '<h2 class="rh-title" dir="auto">Nobody answers;' in page.text, "the first of them that differs is shown"
    assert "It goes another way than its file says" in text
    assert "- - {at: Mon 2026-03-16 13:30, touchpoint: quote-check-in, try: 2, is: no_answer}" in text
    assert "+ - {at: Tue 2026-03-17 13:30, touchpoint: quote-check-in, try: 2, is: no_answer}" in text


def test_a_playbook_that_nobody_rehearses_is_played_by_a_customer_who_is_nobody(office: Office, author: Browser) -> None:
    text = words(author.get("/playbooks/follow-up/rehearse"))
    ended = words(author.get("/playbooks/follow-up/rehearse?of=imagined&ends=declined"))

    assert "Nobody has written a rehearsal yet. Below, an imaginary customer goes through it." in text
    assert "quote.sent comes in" in text
    assert "nobody took it" in text.lower()
    assert "Declined" in ended


@pytest.mark.parametrize("said", ["beside: [visit-reminder]", '"beside": [visit-reminder]', "beside:\n- visit-reminder"])
def test_a_rehearsal_beside_another_playbook_runs_with_both(starters: Path, author: Browser, said: str) -> None:
    file = starters / "rehearsals" / "quote-follow-up.yaml"
    head, playbook, rest = file.read_text().partition("playbook: quote-follow-up\n")
    file.write_text(f"{said}\n{head}{playbook}{rest}")

    good = words(author.get(PATH))
    (starters / "visit-reminder.yaml").write_text("playbook: visit-reminder\n")
    bad = words(author.get(PATH))

    assert "all go as their files say" in good
    assert "is missing" in bad


def test_nothing_is_planned_for_anybody(starters: Path, office: Office, author: Browser) -> None:
    before = office.rows(select(schema.touch.c.id))

    author.get(PATH)

    assert office.rows(select(schema.touch.c.id)) == before


def test_a_rehearsal_that_cannot_be_read_says_so_with_its_line(starters: Path, author: Browser) -> None:
    file = starters / "rehearsals" / "quote-follow-up.yaml"
    file.write_text(
        file.read_text().replace("touchpoint: quote-check-in, ends: completed", "touchpoint: quote-chekc-in, ends: completed")
    )

    text = words(author.get(PATH))

    assert "cannot be read" in text
    assert "did you mean 'quote-check-in'?" in text


def test_a_draft_with_mistakes_is_not_run(office: Office, author: Browser) -> None:
    designs.write(office.folder, designs.playbook(SALES.replace("sales", "nobody")), designs.playbook(LEADS, "concerns"))

    assert "Nothing can be rehearsed while there are mistakes" in words(author.get("/playbooks/follow-up/rehearse"))


def test_words_of_files_run_nowhere(office: Office, author: Browser) -> None:
    designs.write(office.folder, designs.playbook(SALES.replace("call: check-in", f"call: check-in\n  title: '{EVIL}'")))

    page = author.get("/playbooks/follow-up/rehearse").text

    assert "<img" not in page
    assert "&lt;img" in page


@pytest.mark.parametrize("of", ["rehearsals/quote-follow-up.yaml:999", "rehearsals/visit-reminder.yaml:1", "../x"])
def test_what_is_not_of_this_playbook_is_not_found(starters: Path, author: Browser, of: str) -> None:
    assert author.get(f"{PATH}?of={of}").status_code == 404


def test_house_rules_cannot_be_rehearsed_and_agents_rehearse_nothing(starters: Path, office: Office, author: Browser) -> None:
    agent = office.browser(office.member("ann", Role.AGENT))

    assert author.get("/playbooks/house-rules/rehearse").status_code == 404
    assert agent.get(PATH).status_code == 403


# -- what came is right, and a first rehearsal ------------------------------------------------------------------------


def form(page: Any, action: str) -> dict[str, str]:
    """What the form of the page would send."""
    found = re.search(rf'<form method="post" action="/playbooks/[a-z-]+/rehearse/{action}".*?</form>', page.text, re.S)
    assert found is not None, words(page)
    return {
        name: html.unescape(value) for name, value in re.findall(r'name="([a-z]+)" value="([^"]*)"', found[0]) if name != "csrf"
    }


def slower(starters: Path) -> Path:
    """The playbook says its first words later than its rehearsals expect; answers the file of those."""
    file = starters / "quote-follow-up.yaml"
    file.write_text(file.read_text().replace("after: 10 minutes", "after: 20 minutes"))
    return starters / "rehearsals" / "quote-follow-up.yaml"


def comments(file: Path) -> list[str]:
    return [line for line in file.read_text().splitlines() if line.lstrip().startswith("#")]


def test_all_that_differ_expect_what_came_after_one_click_and_comments_stay(
    starters: Path, office: Office, author: Browser
) -> None:
    file = slower(starters)
    before = comments(file)

    look = author.get(PATH)
    done = author.send_form(f"{PATH}/take", **{k: v for k, v in form(look, "take").items() if k != "of"})
    after = words(author.get(done.headers["Location"]))

    assert re.search(r"All [1-8] are right: take what came into the file", words(look))
    assert done.status_code == 303
    assert "Saved in the file." in after
    assert "all go as their files say" in after
    assert comments(file) == before
    assert ("olga", "playbook.saved", "playbook:quote-follow-up") in office.audit()


def test_one_rehearsal_expects_what_came_and_the_others_stay_as_they_are(starters: Path, author: Browser) -> None:
    file = slower(starters)
    page = author.get(PATH)
    key = _first_that_differs(page)
    differed = re.search(r"(\d) go another way", words(page))
    one = next(f for f in re.findall(r'<form method="post".*?</form>', page.text, re.S) if "That is right" in f)
    shown = re.search(r'name="shown" value="([0-9a-f]+)"', one)
    assert differed is not None
    assert shown is not None

    done = author.send_form(f"{PATH}/take", of=key, shown=shown[1])
    after = words(author.get(done.headers["Location"]))

    assert "It goes as its file says" in after
    left = int(differed[1]) - 1
    assert f"{left} {'goes' if left == 1 else 'go'} another way" in after
    assert file.read_text().count("10:20") == file.read_text().count("2026-03-10 10:20") > 0


def _first_that_differs(page: Any) -> str:
    found = re.search(r'<a href="\?of=([^"]+)" aria-current="true"', page.text)
    assert found is not None
    return html.unescape(found[1]).replace("%3A", ":").replace("%2F", "/")


def test_a_colleague_s_save_in_between_is_kept_and_said(starters: Path, author: Browser) -> None:
    file = slower(starters)
    sent = form(author.get(PATH), "take")
    file.write_text(file.read_text() + "# a colleague was here\n")
    theirs = file.read_text()

    done = author.send_form(f"{PATH}/take", **sent)

    assert done.status_code == 409
    assert "changed while you looked, and nothing was written" in words(done)
    assert file.read_text() == theirs


def test_what_nobody_has_looked_at_is_not_taken_for_right(starters: Path, author: Browser) -> None:
    file = slower(starters)
    sent, before = form(author.get(PATH), "take"), file.read_text()
    playbook = starters / "quote-follow-up.yaml"
    playbook.write_text(playbook.read_text().replace("after: 20 minutes", "after: 30 minutes"))

    done = author.send_form(f"{PATH}/take", **sent)

    assert done.status_code == 409
    assert file.read_text() == before
    assert author.send_form(f"{PATH}/take").status_code == 409


def test_a_rehearsal_whose_when_cannot_be_stays(starters: Path, author: Browser) -> None:
    """No tries are left for what its second line of `when` says."""
    file = starters / "rehearsals" / "quote-follow-up.yaml"
    head = file.read_text().split("rehearsals:\n")[0]
    file.write_text(
        head + "rehearsals:\n  - rehearsal: Odd\n    when:\n      - {at: Tue 2026-03-10 10:00, event: quote.sent}\n"
        "      - {touchpoint: quote-check-in, ends: completed}\n      - {touchpoint: quote-check-in, try: 3, ends: no_answer}\n    then: nothing\n"
    )

    page = author.get(PATH)

    assert "What its when says cannot be: mend that in the file." in words(page)
    assert "take what came" not in words(page)


def test_the_imaginary_customer_s_way_is_kept_as_the_first_rehearsal(office: Office, author: Browser) -> None:
    path = "/playbooks/follow-up/rehearse"
    page = author.get(f"{path}?of=imagined&ends=declined")

    done = author.send_form(f"{path}/keep", **form(page, "keep"))
    after = words(author.get(done.headers["Location"]))

    file = office.folder / "rehearsals" / "follow-up.yaml"
    assert "Keep this as the first rehearsal" in words(page)
    assert done.status_code == 303
    assert "is: declined" in file.read_text()
    assert "1 rehearsal, all go as their files say" in after
    assert "Keep this" not in after
    assert ("olga", "playbook.saved", "playbook:follow-up") in office.audit()


def test_a_first_rehearsal_that_somebody_else_wrote_meanwhile_is_not_written_over(office: Office, author: Browser) -> None:
    path = "/playbooks/follow-up/rehearse"
    sent = form(author.get(path), "keep")
    (office.folder / "rehearsals").mkdir()
    file = office.folder / "rehearsals" / "follow-up.yaml"
    file.write_text("playbook: follow-up\n")

    done = author.send_form(f"{path}/keep", **sent)

    assert done.status_code == 409
    assert file.read_text() == "playbook: follow-up\n"


def test_where_files_are_only_read_nothing_is_offered(starters: Path, office: Office) -> None:
    slower(starters)
    office.settings = office.settings.model_copy(update={"edit_playbooks": False})
    author = office.browser(office.member("olga", Role.AUTHOR))

    page = words(author.get(PATH))

    assert "take what came" not in page
    assert "Keep this" not in words(author.get(f"{PATH}?of=imagined"))


def test_the_publish_page_says_how_many_rehearsals_go_another_way(office: Office, author: Browser) -> None:
    path, later = "/playbooks/follow-up", SALES.replace("call: check-in", "call: check-in\n  after: 3 days")
    author.send_form(f"{path}/rehearse/keep", **form(author.get(f"{path}/rehearse"), "keep"))
    file = office.folder / "follow-up.yaml"
    file.write_text(file.read_text() + "# a word\n")
    fine = words(author.get(f"{path}/publish"))
    file.write_text(designs.playbook(later))

    page = author.get(f"{path}/publish")
    with ONE:
        busy = words(author.get(f"{path}/publish"))

    assert "Publish it" in fine
    assert "another way" not in fine
    assert "1 of 1 rehearsal goes another way: look Publish it" in words(page)
    assert '<a href="/playbooks/follow-up/rehearse">look</a>' in page.text
    assert "Publish it" in busy, "nobody waits for rehearsals here"
    assert "another way" not in busy
