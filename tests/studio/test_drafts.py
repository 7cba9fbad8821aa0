"""A draft is what the files say, with a text that is not saved yet; the words of a step go into their file and change nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.authoring import read_folder
from orchestrator.errors import InputError, NotFound
from orchestrator.studio.completing import known, moments
from orchestrator.studio.draft import also_said_by, draft, names_of, paths_of
from orchestrator.studio.words import word_form, written

PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"
FILES = read_folder(PLAYBOOKS)
EMAIL = "emails/quote-thanks.md"


def test_a_draft_has_its_own_file_and_the_words_it_says() -> None:
    assert paths_of(FILES, "quote-follow-up")[:3] == ["quote-follow-up.yaml", EMAIL, "scripts/quote-check-in.md"]
    assert "quote-follow-up" in names_of(FILES)
    assert not {"house-rules", "lifecycle"} & set(names_of(FILES))


def test_its_rehearsals_are_those_that_name_it_however_that_is_written() -> None:
    told = "rehearsals:\n  - rehearsal: |\n      A story\n      playbook: quote-follow-up\nplaybook: visit-reminder\n"
    files = {
        **FILES,
        "rehearsals/a.yaml": 'playbook: "quote-follow-up"\nrehearsals: [',
        "rehearsals/b.yaml": "{subject: quote/Q-1, 'playbook': quote-follow-up, rehearsals: []}\n",
        "rehearsals/c.yaml": "\ufeffplaybook: quote-follow-up # of quotes\r\nrehearsals: []\r\n",
        "rehearsals/d.yaml": "# playbook: quote-follow-up\nplaybook: visit-reminder\n",
        "rehearsals/e.yaml": told,
        "rehearsals/f.yaml": "playbook: quote-follow-up-too\n",
    }

    assert [p for p in paths_of(files, "quote-follow-up") if p.startswith("rehearsals/")] == [
        "rehearsals/a.yaml", "rehearsals/b.yaml", "rehearsals/c.yaml",
    ]  # fmt: skip


def test_a_mistake_in_another_playbook_does_not_hide_this_one() -> None:
    files = {**FILES, "visit-reminder.yaml": "playbook: [broken"}

    found = draft(files, "quote-follow-up")

    assert found.loads
    assert found.picture is not None
    assert not draft(files, "visit-reminder").loads
    assert not draft(files, "house-rules").loads, "the house rules are looked at with all of them"


def test_what_is_wrong_with_a_text_that_is_not_saved_is_found_at_its_line() -> None:
    text = FILES["quote-follow-up.yaml"].replace("queue: sales", "queue: salse")

    (finding,) = draft({**FILES, "quote-follow-up.yaml": text}, "quote-follow-up").findings

    assert (finding.file, finding.severity, text.splitlines()[finding.line - 1].strip()) == (
        "quote-follow-up.yaml",
        "error",
        "queue: salse",
    )
    assert "sales" in finding.fix


def test_a_mistake_in_the_words_is_found_with_the_playbook() -> None:
    files = {**FILES, EMAIL: FILES[EMAIL].replace("event.amount", "event.amout")}

    assert {finding.file for finding in draft(files, "quote-follow-up").findings} == {EMAIL}


def test_what_has_no_file_is_not_there() -> None:
    with pytest.raises(NotFound):
        draft(FILES, "nothing")


def test_words_that_others_say_too_are_known() -> None:
    assert also_said_by(FILES, "scripts/concern.md", "quote-follow-up") != []
    assert also_said_by(FILES, EMAIL, "quote-follow-up") == []


def test_a_step_can_be_timed_by_the_dates_that_every_start_event_has() -> None:
    assert moments(FILES, ["visit.booked", "visit.rescheduled"]) == ["starts_at"]
    assert moments(FILES, ["visit.booked", "quote.sent"]) == []
    assert moments({**FILES, "lifecycle.yaml": "broken"}, ["visit.booked"]) == []


def test_an_editor_offers_what_exists() -> None:
    offered = known(FILES, draft(FILES, "quote-follow-up"), "quote-follow-up.yaml")

    assert "sales" in offered["names"]["queue"]
    assert "quote.accepted" in offered["names"]["stops_on"]
    assert "quote-thanks" in offered["names"]["email"]
    assert {"name": "event.amount", "kind": "number"} in offered["values"]
    assert "gives_up_after" in offered["schema"]["properties"]
    for path in ("house-rules.yaml", "lifecycle.yaml", *paths_of(FILES, "visit-reminder")):
        assert known(FILES, draft(FILES, "visit-reminder"), path)["schema"]["properties"]


def test_an_editor_offers_the_names_of_conditions_also_while_the_playbook_cannot_be_read() -> None:
    for text in (FILES["quote-follow-up.yaml"], FILES["quote-follow-up.yaml"].replace("steps:", "steps: [")):
        files = {**FILES, "quote-follow-up.yaml": text}
        offered = known(files, draft(files, "quote-follow-up"), "quote-follow-up.yaml")

        assert {"name": "amount", "kind": "number"} in offered["events"]["quote.sent"]
        assert "touch.sent" in offered["events"]
        assert {"name": "customer.zone", "kind": "text"} in offered["bound"]
        assert "answers.rating" in {value["name"] for value in offered["answers"]}
        assert not any(value["name"].startswith(("house.", "touch.")) for value in offered["bound"])


def test_an_editor_offers_what_the_lines_of_a_rehearsal_name() -> None:
    offered = known(FILES, draft(FILES, "quote-follow-up"), "rehearsals/quote-follow-up.yaml")["names"]

    assert "quote.sent" in offered["event"]
    assert "quote-check-in" in offered["touchpoint"]
    assert {"voicemail_left", "sent"} <= set(offered["ends"])
    assert "deferred" in offered["is"]
    assert "visit-reminder" in offered["beside"]
    in_the_playbook = known(FILES, draft(FILES, "quote-follow-up"), "quote-follow-up.yaml")["names"]
    assert "touchpoint" not in in_the_playbook, "they are new there"


@pytest.mark.parametrize("path", [path for path in FILES if path.endswith(".md")])
def test_a_form_of_words_that_changes_nothing_leaves_every_byte(path: str) -> None:
    form = word_form(path, FILES[path])

    assert written(path, FILES[path], form.lines, form.body.replace("\n", "\r\n")) == FILES[path]


def test_a_new_wording_leaves_the_lines_above_as_they_are() -> None:
    before = FILES["scripts/quote-check-in.md"]

    after = written("scripts/quote-check-in.md", before, {"goal": "Hear: what they think"}, "> Hello.\n\nMore.")

    front = before.split("---\n")[1]
    assert after.split("---\n")[1] == front.replace(front.splitlines()[1], 'goal: "Hear: what they think"')
    assert after.endswith("---\n> Hello.\n\nMore.\n")


def test_a_line_that_was_not_there_is_added_and_one_can_be_left_out() -> None:
    path, text = "voices/x.md", "Hello there.\n"

    added = written(path, text, {"voicemail": "Call us"}, "Hello there.")

    assert added == "---\nvoicemail: Call us\n---\nHello there.\n"
    plain = "---\nkeys: {1: speak} # a person\nvoicemail: Call us\n---\nHello.\n"
    assert written(path, plain, {"voicemail": ""}, "Hello.") == "---\nkeys: {1: speak} # a person\n---\nHello.\n"


def test_words_are_never_emptied_by_a_form() -> None:
    with pytest.raises(InputError, match="cannot be empty"):
        written(EMAIL, FILES[EMAIL], {}, " \r\n")
    with pytest.raises(InputError, match="Subject cannot be empty"):
        written(EMAIL, FILES[EMAIL], {"subject": " "}, "Hello")
