"""What cannot be published: each mistake of a playbook, with its line, its column and a hint."""

from __future__ import annotations

import pytest

from tests.language.designs import HEAD, WORDS, files, only, place, problems, program

EMAIL = "  - touchpoint: {}\n    email: thanks\n"
CALL = (
    "  - touchpoint: call\n    call: check-in\n    queue: sales\n    attempts: {most: 3, apart: 1 business day}\n    outcomes:\n"
)
TALK = """\
  - touchpoint: talk
    call: check-in
    queue: sales
    escalates: {after: 4 hours, queue: leads}
"""
PLAIN = EMAIL.format("hello")
BOOKED = "starts_on: visit.booked\n"


@pytest.mark.parametrize(
    ("steps", "head", "at", "problem", "hint"),
    [
        (PLAIN, "starts_on: quote.snt\n", "quote.snt", "there is no event 'quote.snt' in lifecycle.yaml", "did you mean 'quote.sent'?"),
        (PLAIN, "starts_on: [quote.sent, visit.dne]\n", "visit.dne", "there is no event 'visit.dne'", "did you mean 'visit.done'?"),
        (PLAIN, "starts_on: quote.sent\nstops_on: {quote.acepted: goal}\n", "quote.acepted", "there is no event", "quote.accepted"),
        (PLAIN, "starts_on: quote.sent\nstops_on: {quote.sent: goal}\n", "quote.sent: goal", "'quote.sent' starts the playbook and", ""),
        (PLAIN, "starts_on: quote.sent\ncontact_window: office\n", "office\n", "there is no contact window 'office'", "office-hours"),
        (PLAIN, "starts_on: quote.sent\nonly_if: event.amont > 3\n", "event.amont", "'event.amont' is not known", "event.amount"),
        (PLAIN, 'starts_on: quote.sent\nonly_if: "event.rush && event.amont > 3"\n', "event.amont", "'event.amont' is not known", ""),
        (PLAIN, "starts_on: quote.sent\nonly_if: house.name == 'x'\n", "house.name", "'house.name' is not known", ""),
        (PLAIN, "starts_on: [quote.sent, quote.changed]\nonly_if: event.currency == 'USD'\n", "event.currency", "'event.currency' m", "null"),
        (PLAIN + "    stage: qoute\n", "", "qoute", "there is no stage 'qoute' in lifecycle.yaml", "did you mean 'quote'?"),
        (PLAIN + "    contact_window: any\n", "", "any\n", "there is no contact window 'any'", "any-time"),
        (PLAIN + "    only_if: event.note == 'x'\n", "", "event.note", "'event.note' may be missing", "event.note != null"),
        ("  - touchpoint: hello\n    email: thank\n", "", "thank\n", "there is no file emails/thank.md", "did you mean 'thanks'?"),
        ("  - touchpoint: hello\n    voicemail: bye\n", "", "bye", "there is no file voicemails/bye.md", "write it"),
        ("  - touchpoint: hello\n    text: thanks\n", "", "thanks", "there is no file texts/thanks.md", "write it"),
        ("  - touchpoint: hello\n    call: check-in\n    queue: sale\n", "", "sale\n", "there is no queue 'sale'", "did you mean 'sales'?"),
        (TALK.replace("queue: leads", "queue: lead"), "", "lead}", "there is no queue 'lead'", "did you mean 'leads'?"),
        (PLAIN + EMAIL.format("hello"), "", None, "there are two touchpoints 'hello'", "the other is in line 8"),
        (EMAIL.format("exit"), "", "exit", "'exit' has a meaning of its own", "another name"),
        (EMAIL.format("2"), "", "2\n", "'2' is only a number", "add a word"),
        (CALL + "      voicemail_lft: again\n", "", "voicemail_lft", "a call cannot end with 'voicemail_lft'", "did you mean 'voicemail_left'?"),
        (PLAIN + "    outcomes: {declined: exit}\n", "", "declined", "an e-mail cannot end with 'declined'", "known: expired"),
        ("  - again\n" + PLAIN, "", "again", "'again' has nothing to do again here", "outcomes"),
        ("  - if: event.amount > 3\n    then: [again]\n" + PLAIN, "", "again", "'again' has nothing to do again here", "outcomes"),
        (PLAIN + "    outcomes: {failed: again}\n", "", "again", "'hello' has no 'repeat', so it cannot come again", "repeat: {"),
        ("  - touchpoint: x\n    call: check-in\n    queue: sales\n    outcomes: {busy: again}\n", "", "again", "'x' has no 'attempts'", "most"),
        (CALL + "      not_reached: again\n", "", "again", "'not_reached' means that the tries are used up", "continue"),
        (CALL + "      not_reached:\n        - wait: 1 day\n        - again\n", "", "again", "'not_reached' means that the tries", "continue"),
        ("  - exit\n" + PLAIN, "", "touchpoint", "nothing after 'exit' is ever reached", "move it up"),
        (CALL + "      busy:\n        - continue\n        - wait: 1 day\n", "", "wait", "nothing after 'continue' is ever reached", "move it"),
        (CALL + "      busy:\n        - again\n        - exit\n", "", "exit\n", "nothing after 'again' is ever reached", "move it up"),
        ("  - if: event.amount > 3\n    then: [exit]\n    otherwise: [goal]\n" + PLAIN, "", "touchpoint", "this step is never reached", ""),
        ("  - wait_for: quote.opened\n    within: 1 day\n" + PLAIN, "", "quote.opened", "there is no event 'quote.opened'", ""),
        ("  - wait_for: [touch.sent, quote.opened]\n    within: 1 day\n" + PLAIN, "", "quote.opened", "there is no event 'quote.opened'", ""),
        (PLAIN + "    when: 2 days before event.start_at\n", BOOKED, "2 days before", "'event.start_at' is not known", "event.starts_at"),
        (PLAIN + "    when: event.kind\n", BOOKED, "event.kind", "'event.kind' is a text, not a time or a date", "event.day"),
        (PLAIN + "    when: event.ends_at\n", BOOKED, "event.ends_at", "'event.ends_at' may be missing", "only_if: event.ends_at != null"),
        ("  - wait: 1 day after event.ends_at\n" + PLAIN, BOOKED, "1 day after", "'event.ends_at' may be missing", "if: event.ends_at"),
    ],
)  # fmt: skip
def test_a_mistake_is_found_before_anything_is_published(steps: str, head: str, at: str | None, problem: str, hint: str) -> None:
    given = files(steps, head or "starts_on: quote.sent\n")

    found = only(given)

    assert found.problem.startswith(problem)
    assert hint in found.hint
    assert found.place == "follow-up.yaml"
    if at is not None:
        assert (found.line, found.column) == place(given["follow-up.yaml"], at)


def test_a_stage_of_the_playbook_must_exist() -> None:
    given = files(PLAIN)
    given["follow-up.yaml"] = given["follow-up.yaml"].replace("stage: quote", "stage: qoute")

    assert only(given).hint == "did you mean 'quote'?"


@pytest.mark.parametrize(
    "said",
    ["    only_if: event.ends_at != null\n", "    only_if: event.ends_at != null && event.kind == 'x'\n"],
)
def test_a_moment_that_may_be_missing_can_be_used_once_it_was_tested(said: str) -> None:
    assert program(PLAIN + "    when: event.ends_at\n" + said, BOOKED).nodes["hello"]


def test_what_a_branch_has_tested_is_there_inside_it() -> None:
    inside = "  - if: event.ends_at != null\n    then:\n      - touchpoint: hello\n        email: thanks\n        when: event.ends_at\n"
    outside = inside + "  - touchpoint: bye\n    email: thanks\n    when: event.ends_at\n"

    assert program(inside, BOOKED).nodes["hello"]
    assert only(files(outside, BOOKED)).line == 15


def test_what_the_playbook_has_tested_is_there_in_all_its_steps() -> None:
    assert program(PLAIN + "    when: event.ends_at\n", BOOKED + "only_if: event.ends_at != null\n").nodes["hello"]


def test_two_start_events_must_agree_on_what_a_field_is() -> None:
    lifecycle = files(PLAIN)["lifecycle.yaml"].replace("{amount: number, reason: text}", "{amount: text}")

    found = only(files(PLAIN, "starts_on: [quote.sent, quote.changed]\n", lifecycle=lifecycle))

    assert found.problem == "'amount' is a number in event quote.sent and a text in event quote.changed"


def test_answers_of_the_scripts_are_known_to_conditions_and_words() -> None:
    mail = "      - touchpoint: mail\n        email: about\n"
    steps = CALL + f"      busy: again\n  - if: answers.mood != null && answers.mood == 'unsure'\n    then:\n{mail}"
    about = "---\nsubject: x\n---\nYou said: {{ answers.mood | default: 'nothing' }}\n"

    assert program(steps, emails__about=about).nodes["mail"]


def test_answers_of_scripts_that_are_not_used_are_not_known() -> None:
    found = only(files("  - if: answers.mood != null\n    then: [exit]\n" + PLAIN))

    assert (found.problem, found.hint) == ("'answers.mood' is not known", "known: answers.comment, answers.rating")


def test_answers_of_surveys_are_always_known() -> None:
    assert program("  - if: answers.rating != null && answers.rating <= 3\n    then: [exit]\n" + PLAIN)


def test_two_scripts_must_agree_on_what_an_answer_is() -> None:
    other = "---\ntitle: a\ngoal: b\nquestions:\n  score: {ask: x}\n---\nHello\n"
    steps = CALL + "      busy: again\n  - touchpoint: other\n    call: other\n    queue: sales\n"

    found = only(files(steps, scripts__other=other))

    assert found.problem == "'score' is a number in scripts/check-in.md and a text in scripts/other.md"


def test_a_script_and_a_survey_must_agree_on_what_an_answer_is() -> None:
    script = "---\ntitle: a\ngoal: b\nquestions:\n  rating: {ask: x}\n---\nHello\n"
    survey = "---\nsubject: x\nsurvey: {scale: 1-5, ask: x}\n---\nHello\n"
    steps = "  - touchpoint: other\n    call: other\n    queue: sales\n  - touchpoint: ask\n    email: ask\n"

    found = only(files(steps, scripts__other=script, emails__ask=survey))

    assert found.problem == "'rating' is a number in emails/ask.md and a text in scripts/other.md"


def test_words_are_checked_against_the_event_that_starts_the_playbook() -> None:
    text = "Your visit is on {{ event.starts_at | day }}.\n"

    found = only(files("  - touchpoint: hello\n    text: visit\n", texts__visit=text))

    assert found.problem == "'event.starts_at' is not known in playbook follow-up"
    assert (found.place, found.line, found.column) == ("texts/visit.md", 1, 21)


def test_words_may_print_what_their_step_has_tested() -> None:
    steps = "  - touchpoint: hello\n    text: note\n    only_if: event.note != null\n"

    assert program(steps, texts__note="About {{ event.note }}.\n").nodes["hello"]
    assert only(files("  - touchpoint: hello\n    text: note\n", texts__note="About {{ event.note }}.\n")).line == 1


def test_words_may_print_of_the_house_what_the_house_rules_say() -> None:
    said = "Call {{ house.phone }} or write to {{ house.email }}.\n"

    found = only(files("  - touchpoint: hello\n    text: house\n", texts__house=said))

    assert found.problem == "'house.email' may be missing in playbook follow-up"  # the telephone is there


def test_further_fields_of_the_customer_may_be_missing() -> None:
    assert program(PLAIN + "    only_if: customer.tier != null && customer.tier == 'gold'\n").nodes["hello"]
    assert "may be missing" in only(files(PLAIN + "    only_if: customer.tier == 'gold'\n")).problem


def test_all_mistakes_are_said_at_once_in_the_order_of_the_files() -> None:
    given = files(
        CALL + "      busyy: again\n  - touchpoint: hello\n    email: thank\n    stage: qoute\n",
        "starts_on: quote.snt\ncontact_window: office\n",
        emails__thanks=WORDS["emails/thanks.md"].replace("subject.key", "subject.ky"),
    )

    found = problems(given)

    assert [(p.place, p.line) for p in found] == [("follow-up.yaml", line) for line in (6, 7, 14, 16, 17)]


def test_mistakes_in_several_steps_stand_in_the_order_of_the_lines() -> None:
    assert HEAD.count("\n") == 5
    lines = [p.line for p in problems(files("".join(EMAIL.format(f"step-{n}") + f"    stage: no-{n}\n" for n in range(5))))]

    assert lines == [10, 13, 16, 19, 22]
