"""The studio in a real browser, with the keyboard: mistakes appear where they are while one types, Ctrl+S saves, nothing breaks the policy."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.house import House
from tests.browser.person import Person

EDIT = "/playbooks/quote-follow-up/edit"


def file(house: House, name: str = "quote-follow-up.yaml") -> Path:
    return house.settings.playbooks / name


def types_at(who: Person, line: str, words: str) -> None:
    """Into the editor, at the end of the first line that contains this."""
    text = who.page.locator("#text").input_value().split("\n")
    number = next(n for n, one in enumerate(text) if line in one)
    who.page.locator(".cm-content").focus()
    who.presses("Control+Home", *["ArrowDown"] * number, "End")
    who.types(words)


def findings(page: Page) -> list[str]:
    return page.locator("#findings .what").all_inner_texts()


def test_an_author_breaks_sees_mends_and_saves_with_the_keyboard(people: type[Person], house: House) -> None:
    ada = people("ada")
    ada.signs_in(EDIT)
    before = file(house).read_text()
    page = ada.page
    expect(page.locator(".cm-editor")).to_be_visible()

    types_at(ada, "queue: sales", "man")
    expect(page.locator("#said")).to_have_text("1 mistake")
    expect(page.locator(".cm-lintRange-error")).to_have_text("salesman")
    expect(page.locator("#graph-said")).to_have_text("As it was before the mistake.")
    expect(page.locator("#state")).to_have_text("not saved")
    page.locator("#findings a").focus()
    ada.presses("Enter")
    assert page.evaluate("document.activeElement.classList.contains('cm-content')"), "a finding leads to its line"

    ada.presses("End", "Backspace", "Backspace", "Backspace")
    expect(page.locator("#said")).to_have_text(re.compile("^(No mistakes.|[0-9]+ (warning|note).*)$"))
    types_at(ada, "title: Thanks for asking us", " today")
    expect(page.locator("#graph").get_by_role("link", name="Thanks for asking us today")).to_be_visible()
    ada.presses("Control+s")
    expect(page.locator("#state")).to_have_text("saved")

    assert file(house).read_text() == before.replace("Thanks for asking us", "Thanks for asking us today")


def test_the_editor_offers_what_fits_and_the_tab_key_leaves_it(people: type[Person], house: House) -> None:
    ada = people("ada")
    ada.signs_in(EDIT)
    page = ada.page
    expect(page.locator(".cm-editor")).to_be_visible()

    types_at(ada, "email: quote-last-word", "\n")
    ada.types("only")
    expect(page.locator(".cm-tooltip-autocomplete")).to_contain_text("only_if")
    ada.presses("Escape")
    types_at(ada, "email: quote-last-word", "\ncontact_window: ")
    ada.presses("Control+Space")
    expect(page.locator(".cm-tooltip-autocomplete")).to_contain_text("daytime")
    ada.presses("Escape")
    ada.presses("Tab")

    assert not page.evaluate("document.activeElement.classList.contains('cm-content')")
    page.on("dialog", lambda dialog: dialog.accept())  # it asks before what was typed is dropped


def test_conditions_and_rehearsals_are_offered_the_names_that_are_bound_there(people: type[Person], house: House) -> None:
    ada = people("ada")
    ada.signs_in(EDIT)
    page = ada.page
    offered = page.locator(".cm-tooltip-autocomplete")
    page.on("dialog", lambda dialog: dialog.accept())  # it asks before what was typed is dropped
    expect(page.locator(".cm-editor")).to_be_visible()

    types_at(ada, "email: quote-last-word", "\nonly_if: event.")
    expect(offered).to_contain_text("event.valid_until")
    page.goto(page.url)
    types_at(ada, "starts_on: quote.sent", "\nonly_if: event.am")
    expect(offered).to_contain_text("event.amount")
    expect(offered).not_to_contain_text("answers.")

    page.goto(page.url.split("?")[0] + "?file=rehearsals/quote-follow-up.yaml")
    expect(page.locator(".cm-editor")).to_be_visible()
    types_at(ada, "when:", "\n  - {at: Tue 2026-03-10 10:00, event: ")
    expect(offered).to_contain_text("quote.accepted")
    ada.types("quote.sent, fields: {")
    ada.presses("Control+Space")
    expect(offered).to_contain_text("amount")


def test_what_shows_only_beside_another_playbook_comes_when_one_rests_and_stays_while_one_types(
    people: type[Person], house: House
) -> None:
    text = file(house).read_text()
    file(house, "quote-again.yaml").write_text(text.replace("playbook: quote-follow-up", "playbook: quote-again"))
    ada = people("ada")
    ada.signs_in("/playbooks/quote-again/edit")
    page = ada.page
    page.on("dialog", lambda dialog: dialog.accept())
    expect(page.locator("#findings")).to_contain_text("TP601")

    types_at(ada, "title: Thanks for asking us", " today")
    expect(page.locator("#graph").get_by_role("link", name="Thanks for asking us today")).to_be_visible()
    assert "TP601" in page.locator("#findings").inner_text(), "it stays until all playbooks are looked at again"
    types_at(ada, "queue: sales", "man")
    expect(page.locator("#findings li.error")).to_have_count(1)
    assert "TP601" not in page.locator("#findings").inner_text(), "nothing is laid beside others while it cannot be read"
    ada.presses("Backspace", "Backspace", "Backspace")
    expect(page.locator("#findings")).to_contain_text("TP601")
    there = page.locator("#findings li").filter(has_text="TP601").first
    expect(there.locator("a")).to_have_attribute("href", re.compile(r"^/playbooks/quote-(again|follow-up)/edit\?file="))


def test_two_authors_lose_nothing(people: type[Person], house: House) -> None:
    ada, lee = people("ada"), people("lee")
    for who in (ada, lee):
        who.signs_in("/playbooks/visit-reminder/edit")
        expect(who.page.locator(".cm-editor")).to_be_visible()

    types_at(ada, "# Carries a visit", " Ada was here.")
    ada.presses("Control+s")
    expect(ada.page.locator("#state")).to_have_text("saved")
    types_at(lee, "# A missed visit", " Lee was here.")
    lee.presses("Control+s")

    lee.page.wait_for_url("**/save")
    lee.sees("Somebody changed visit-reminder.yaml while you wrote")
    expect(lee.page.locator("#theirs ~ .cols")).to_contain_text("Ada was here.")
    assert "Lee was here." in lee.page.locator("#text").input_value()
    assert "Lee was here." not in file(house, "visit-reminder.yaml").read_text()


def test_a_step_of_the_graph_shows_the_words_as_they_are_being_written(people: type[Person], house: House) -> None:
    ada = people("ada")
    ada.signs_in(f"{EDIT}?file=emails/quote-thanks.md")
    expect(ada.page.locator(".cm-editor")).to_be_visible()

    types_at(ada, "Thank you for asking us.", " Truly.")
    ada.page.locator("#graph a").first.focus()
    ada.presses("Enter")

    expect(ada.page.locator("#step")).to_contain_text("Truly.")
    ada.page.on("dialog", lambda dialog: dialog.accept())


def test_without_scripts_the_same_form_saves(people: type[Person], house: House) -> None:
    ada = people("ada", java_script_enabled=False)
    ada.signs_in("/playbooks/invoice-reminders/edit")
    text = ada.page.locator("#text")
    expect(text).to_be_visible()

    text.fill(text.input_value() + "# without scripts\n")
    ada.page.locator("#save").click()

    ada.page.wait_for_url("**/edit?file=*")
    assert file(house, "invoice-reminders.yaml").read_text().endswith("# without scripts\n")
