"""Somebody who has never seen YAML changes a delay, a wording and an order; the file keeps its comments and its layout."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from orchestrator.accepting import accept
from orchestrator.authoring import publish
from orchestrator.core.roles import Role
from orchestrator.parts import Parts
from tests.intake.ready import Hands, quote_sent
from tests.stories import designs
from tests.web.staff.office import LEADS, Browser, Office

STEPS = """
# They still have us in mind.
- touchpoint: thanks
  email: thanks
  after: 10 minutes  # not at once
# Later.
- touchpoint: check-in
  call: check-in
  queue: sales
  after: 2 days
  outcomes:
    declined: exit
- wait: 3 days
"""
MAIL = "---\nsubject: 'Your quote {{ subject.key }}' # now\n---\nDear {{ customer.first_name | default: 'friend' }}, it comes to {{ event.amount | default: '-' }}.\n"
ONE = "/playbooks/follow-up/steps/one"


@pytest.fixture
def desk(ready: Parts, tmp_path: Path, clock: Hands) -> Office:
    """An office whose playbook has comments, with Dana in it."""
    office = Office(ready, tmp_path / "office", clock)
    folder = office.settings.playbooks
    publish(
        office.parts,
        designs.write(folder, designs.playbook(STEPS), designs.playbook(LEADS, "concerns"), words={"emails/thanks.md": MAIL}),
        "ops",
    )
    accept(office.parts, [quote_sent(data={"amount": 77})])
    return office


@pytest.fixture
def uma(desk: Office) -> Browser:
    return desk.browser(desk.member("uma", Role.AUTHOR))


def text(desk: Office, name: str = "follow-up.yaml") -> str:
    return (desk.settings.playbooks / name).read_text()


def form(page: str, action: str) -> dict[str, str]:
    """What a form of the page would send as it stands."""
    found = re.search(rf'<form method="post" action="{action}">(.*?)</form>', page, re.S)
    assert found is not None
    inside = found[1]
    fields = {
        name: html.unescape(value) for name, value in re.findall(r'<input[^>]* name="([^"]+)"[^>]*? value="([^"]*)"', inside)
    }
    fields |= {
        name: html.unescape(value)
        for name, value in re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>\n(.*?)</textarea>', inside, re.S)
    }
    for name, options in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', inside, re.S):
        values = re.findall(r'<option value="([^"]*)"( selected)?', options)
        fields[name] = next((value for value, chosen in values if chosen), values[0][0])
    return fields


def filled(uma: Browser, key: str, action: str = ONE, **changes: str) -> dict[str, str]:
    return form(uma.get(f"{ONE}?at={key}").text, action) | changes


def changed_lines(before: str, after: str) -> list[tuple[str, str]]:
    return [(a, b) for a, b in zip(before.splitlines(), after.splitlines(), strict=True) if a != b]


def test_a_delay_is_changed_by_form_and_nothing_else(desk: Office, uma: Browser) -> None:
    before = text(desk)

    answer = uma.send_form(ONE, **filled(uma, "steps.0", how="after", count="2", unit="business days"))

    assert answer.status_code == 303
    assert changed_lines(before, text(desk)) == [
        ("    after: 10 minutes  # not at once", "    after: 2 business days  # not at once")
    ]
    assert ("uma", "playbook.saved", "playbook:follow-up") in desk.audit()


def test_a_form_that_is_sent_as_it_came_changes_nothing(desk: Office, uma: Browser) -> None:
    before = text(desk), text(desk, "emails/thanks.md")

    for key in ("steps.0", "steps.1", "steps.2"):
        assert uma.send_form(ONE, **filled(uma, key)).status_code == 303
    assert uma.send_form("/playbooks/follow-up/words", **filled(uma, "steps.0", "/playbooks/follow-up/words")).status_code == 303

    assert (text(desk), text(desk, "emails/thanks.md")) == before


def test_a_wording_is_changed_by_form(desk: Office, uma: Browser) -> None:
    answer = uma.send_form(
        "/playbooks/follow-up/words",
        **filled(
            uma, "steps.0", "/playbooks/follow-up/words", body="Good morning {{ customer.first_name | default: 'friend' }}."
        ),
    )

    assert answer.status_code == 303
    assert (
        text(desk, "emails/thanks.md") == MAIL.split("Dear")[0] + "Good morning {{ customer.first_name | default: 'friend' }}.\n"
    )


def test_the_order_is_changed_with_two_clicks(desk: Office, uma: Browser) -> None:
    page = uma.get("/playbooks/follow-up/steps").text
    seen = re.search(r'name="seen" value="([0-9a-f]+)"', page)
    assert seen is not None

    answer = uma.send_form("/playbooks/follow-up/steps/move", at="steps.1", way="up", seen=seen[1])

    after = text(desk)
    assert answer.status_code == 303
    assert (
        after.index("# Later.")
        < after.index("touchpoint: check-in")
        < after.index("# They still")
        < after.index("touchpoint: thanks")
    )


def test_the_step_that_was_moved_is_the_one_that_is_marked(desk: Office, uma: Browser) -> None:
    """Numbers count the steps within a step too, so the step below is not always the next number."""
    nested = STEPS.replace("    declined: exit", "    declined:\n      - wait: 1 day\n      - wait: 2 days\n      - exit")
    designs.write(desk.folder, designs.playbook(nested), designs.playbook(LEADS, "concerns"))
    seen = re.search(r'name="seen" value="([0-9a-f]+)"', uma.get("/playbooks/follow-up/steps").text)
    assert seen is not None

    for at, way, title in (
        ("steps.0", "down", "thanks"),
        ("steps.1", "up", "thanks"),
        ("steps.1.outcomes.declined.0", "down", "Wait 1 day"),
    ):
        answer = uma.send_form("/playbooks/follow-up/steps/move", at=at, way=way, seen=seen[1])
        where, _, marked = answer.headers["location"].partition("#")
        page = uma.get(where).text
        row = re.search(rf'<li id="{marked}".*?<strong dir="auto">(.*?)</strong>', page, re.S)
        assert row is not None
        assert row[1] == title
        seen = re.search(r'name="seen" value="([0-9a-f]+)"', page)
        assert seen is not None


def test_whatever_is_saved_by_form_says_so_and_that_nothing_is_published_yet(desk: Office, uma: Browser) -> None:
    said = re.compile(
        r'role="status"><p>Saved in the file. Customers get it once you <a href="/playbooks/follow-up/publish">publish it</a>.'
    )
    seen = re.search(r'name="seen" value="([0-9a-f]+)"', uma.get("/playbooks/follow-up/steps").text)
    assert seen is not None

    answers = [
        uma.send_form("/playbooks/follow-up/steps/move", at="steps.1", way="up", seen=seen[1]),
        uma.send_form(ONE, **filled(uma, "steps.1", count="20", unit="minutes")),
        uma.send_form("/playbooks/follow-up/words", **filled(uma, "steps.1", "/playbooks/follow-up/words", body="Good morning.")),
    ]

    for answer in answers:
        assert said.search(uma.get(answer.headers["location"].partition("#")[0]).text)
    assert not said.search(uma.get(f"{ONE}?at=steps.1").text)


@pytest.mark.parametrize(("key", "action", "changes", "says"), [
    ("steps.0", ONE, {"count": "many"}, "is not a delay"), ("steps.0", ONE, {"time": "26:00"}, "not a time of day"), ("steps.1", ONE, {"queue": "nobody"}, "nobody"),
    ("steps.1", ONE, {"tries": "100"}, "up to 20"), ("steps.2", ONE, {"how": "at once"}, "a wait needs a length"), ("steps.0", ONE, {"window": "moon"}, "moon"),
    ("steps.0", "/playbooks/follow-up/words", {"body": "Dear {{ customer.nmae }}"}, "nmae"), ("steps.0", "/playbooks/follow-up/words", {"line-subject": ""}, "cannot be empty"),
    ("steps.0", "/playbooks/follow-up/words", {"body": "Dear {{ customer.name"}, "note bad"),
])  # fmt: skip
def test_a_form_never_makes_a_mistake_and_keeps_what_was_typed(
    desk: Office, uma: Browser, key: str, action: str, changes: dict[str, str], says: str
) -> None:
    before = text(desk), text(desk, "emails/thanks.md")

    answer = uma.send_form(action, **filled(uma, key, action, **changes))

    assert answer.status_code == 422
    assert says.lower() in html.unescape(answer.text).lower()
    assert (text(desk), text(desk, "emails/thanks.md")) == before
    for value in set(changes.values()) - {"at once"}:  # which a wait does not offer
        assert html.escape(value, quote=False) in answer.text


def test_a_file_that_changed_meanwhile_shows_the_form_again_on_top_of_it(desk: Office, uma: Browser) -> None:
    mine = filled(uma, "steps.0", count="3", unit="hours")
    (desk.settings.playbooks / "follow-up.yaml").write_text(text(desk).replace("10 minutes", "20 minutes"))

    answer = uma.send_form(ONE, **mine)

    assert answer.status_code == 409
    assert "In the file now: 20 minutes" in answer.text
    assert form(answer.text, ONE)["count"] == "3"
    again = uma.send_form(ONE, **form(answer.text, ONE))
    assert again.status_code == 303
    assert "after: 3 hours  # not at once" in text(desk)


def test_a_step_that_changed_places_meanwhile_is_not_taken_for_another(desk: Office, uma: Browser) -> None:
    mine = filled(uma, "steps.0", count="3")
    seen = re.search(r'name="seen" value="([0-9a-f]+)"', uma.get("/playbooks/follow-up/steps").text)
    assert seen is not None
    uma.send_form("/playbooks/follow-up/steps/move", at="steps.0", way="down", seen=seen[1])
    before = text(desk)

    answer = uma.send_form(ONE, **mine)

    assert answer.status_code == 409
    assert text(desk) == before


def test_a_text_that_cannot_be_read_is_mended_first(desk: Office, uma: Browser) -> None:
    (desk.settings.playbooks / "follow-up.yaml").write_text("playbook: [")

    answer = uma.get("/playbooks/follow-up/steps")

    assert answer.status_code == 422
    assert "list is not closed" in answer.text or "not YAML" in answer.text


# -- the words, as customers get them ------------------------------------------------------------------------------------------


def test_the_words_are_shown_as_the_draft_says_them(desk: Office, uma: Browser) -> None:
    path = desk.settings.playbooks / "emails" / "thanks.md"
    path.write_text(MAIL.replace("Dear", "Good morning"))

    page = uma.get("/playbooks/follow-up/preview").text

    assert re.search(r"Good morning \w+, it comes to 1850", page)
    assert "This is check-in." in page


def test_of_somebody_of_whom_little_is_known_the_words_still_make_sense(desk: Office, uma: Browser) -> None:
    page = uma.get("/playbooks/follow-up/preview?for=bare").text

    assert "Dear friend, it comes to -." in page
    assert "of whom little is known" in page


def test_real_customers_are_shown_to_those_who_may_see_them(desk: Office, uma: Browser) -> None:
    lee = desk.browser(desk.member("lee", Role.LEAD))
    links = re.findall(r'\?for=([0-9a-f-]{36})"', lee.get("/playbooks/follow-up/preview").text)

    assert len(links) == 1
    assert "it comes to 77." in lee.get(f"/playbooks/follow-up/preview?for={links[0]}").text
    assert "?for=" + links[0] not in uma.get("/playbooks/follow-up/preview").text
    assert uma.get(f"/playbooks/follow-up/preview?for={links[0]}").status_code == 404
    assert uma.get("/playbooks/follow-up/preview?for=nobody").status_code == 404


def test_those_inside_an_earlier_version_are_offered_too(desk: Office) -> None:
    lee = desk.browser(desk.member("lee", Role.LEAD))
    designs.write(
        desk.folder, designs.playbook(STEPS.replace("10 minutes", "20 minutes")), designs.playbook(LEADS, "concerns"),
        words={"emails/thanks.md": MAIL},
    )  # fmt: skip
    publish(desk.parts, desk.folder, "ops")

    links = re.findall(r'\?for=([0-9a-f-]{36})"', lee.get("/playbooks/follow-up/preview").text)

    assert len(links) == 1
    assert "it comes to 77." in lee.get(f"/playbooks/follow-up/preview?for={links[0]}").text


@pytest.mark.parametrize("typed", ["C-77", "quote/Q-1042"])
def test_a_customer_is_found_by_id_and_by_subject_for_a_playbook_that_is_not_published(desk: Office, typed: str) -> None:
    """What their last event of the kind that begins it carried is filled in."""
    lee = desk.browser(desk.member("lee", Role.LEAD))
    (desk.folder / "quite-new.yaml").write_text(text(desk).replace("playbook: follow-up", "playbook: quite-new"))
    find = "/playbooks/quite-new/preview/customers"

    page = lee.get("/playbooks/quite-new/preview").text
    answer = lee.send_form(find, q=typed)
    theirs = lee.get(answer.headers["location"]).text

    assert f'action="{find}"' in page
    assert "C-77" not in answer.headers["location"]
    assert "for C-77, quote/Q-1042." in theirs
    assert "it comes to 77." in theirs
    assert "Nobody is found." in lee.send_form(find, q="C-7").text


def test_of_a_customer_to_whom_nothing_happened_that_begins_it_the_event_is_made_up(desk: Office) -> None:
    lee = desk.browser(desk.member("lee", Role.LEAD))
    (desk.folder / "quite-new.yaml").write_text(
        text(desk)
        .replace("playbook: follow-up", "playbook: quite-new")
        .replace("starts_on: quote.sent", "starts_on: quote.changed")
    )

    answer = lee.send_form("/playbooks/quite-new/preview/customers", q="C-77")
    page = lee.get(answer.headers["location"]).text

    assert "for C-77; what the event says is made up." in page
    assert "it comes to 1850." in page


def test_who_may_not_see_customers_finds_none_and_is_shown_none(desk: Office, uma: Browser) -> None:
    lee = desk.browser(desk.member("lee", Role.LEAD))
    (desk.folder / "quite-new.yaml").write_text(text(desk).replace("playbook: follow-up", "playbook: quite-new"))
    find = "/playbooks/quite-new/preview/customers"
    theirs = lee.send_form(find, q="C-77").headers["location"]

    answer = uma.send_form(find, q="C-77")

    assert answer.status_code == 200
    assert "Dana" not in answer.text
    assert f'action="{find}"' not in answer.text
    assert uma.get(theirs).status_code == 404


def test_a_step_s_words_are_shown_before_they_are_saved(desk: Office, uma: Browser) -> None:
    asked = {"file": "emails/thanks.md", "text": MAIL.replace("Dear", "Hello and welcome,"), "at": "thanks"}

    part = uma.send_form("/playbooks/follow-up/preview", {"HX-Request": "true"}, **asked).text

    assert "Hello and welcome," in part
    assert "<html" not in part
    assert "This is check-in." not in part
    assert text(desk, "emails/thanks.md") == MAIL


def test_a_letter_of_a_draft_has_a_page_that_can_do_nothing(uma: Browser) -> None:
    answer = uma.get("/playbooks/follow-up/letter-draft?at=thanks")

    assert "it comes to 1850" in answer.text
    assert "sandbox" in answer.headers["content-security-policy"]
    assert uma.get("/playbooks/follow-up/letter-draft?at=check-in").status_code == 404


def test_a_draft_with_mistakes_says_so_in_place_of_its_words(desk: Office, uma: Browser) -> None:
    (desk.settings.playbooks / "emails" / "thanks.md").write_text("Hello")

    page = uma.get("/playbooks/follow-up/preview")

    assert page.status_code == 200
    assert "Nothing can be shown while there are mistakes" in page.text
