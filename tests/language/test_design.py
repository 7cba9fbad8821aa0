"""All files together: every mistake of every file at once, and documents that run the same for ever."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import PlaybookError, Problem
from orchestrator.language.design import Design, LoadedVersion, document_hash, load_design, load_document
from orchestrator.language.house_rules import HouseRules
from orchestrator.language.program import BranchNode, Program, TouchNode
from orchestrator.language.source import parse, read_yaml
from tests.language.designs import HOUSE_RULES, LIFECYCLE, design, files, only, problems

STEPS = """\
  - touchpoint: hello
    email: thanks
    after: 10 minutes
  - touchpoint: talk
    call: check-in
    queue: sales
    contact_window: office-hours
    attempts: {most: 3, apart: 1 business day}
    outcomes:
      voicemail_left:
        - touchpoint: sorry
          text: sorry
        - again
  - if: answers.mood != null && answers.mood == 'unsure'
    then: [exit]
  - wait_for: visit.booked
    within: 3 days
"""


def load_or_refused(given: dict[str, str]) -> Design | list[Problem]:
    try:
        return load_design(given)
    except PlaybookError as refused:
        return list(refused.problems)


def pinned(of: Design) -> LoadedVersion:
    return load_document(json.loads(json.dumps(of.document("follow-up"))), of.house_rules)


def shape(of: Program) -> dict[str, str]:
    """A program as text, without its compiled conditions."""
    return {name: str(node).replace(repr(getattr(node, "check", None)), "") for name, node in of.nodes.items()}


def test_a_pinned_version_is_the_same_program() -> None:
    made = design(STEPS)

    version = pinned(made)

    assert shape(version.program) == shape(made.playbooks["follow-up"].program)
    branch = version.program.nodes["3"]
    assert isinstance(branch, BranchNode)
    assert branch.check.holds({"answers.mood": "unsure"}) is True


def test_a_document_holds_what_the_playbook_uses_and_nothing_else() -> None:
    more = LIFECYCLE.replace("  visit: {title: Visit}\n", "  visit: {title: Visit}\n  invoice: {title: Invoice}\n")

    document = design(STEPS, lifecycle=more).document("follow-up")

    assert document["format"] == 1
    assert document["playbook"].startswith("playbook: follow-up\n")
    assert list(document["words"]) == ["emails/thanks.md", "scripts/check-in.md", "texts/sorry.md"]
    assert list(document["events"]) == ["quote.sent", "visit.booked"]
    assert document["events"]["quote.sent"]["fields"]["valid_until"] == "optional date"
    assert document["stages"] == {"quote": "Quote", "visit": "Visit"}
    assert document["customer"] == {"tier": "text"}


def test_a_pinned_version_says_the_words_it_was_published_with() -> None:
    version = pinned(design(STEPS))
    facts = {"subject": {"key": "Q-1"}, "customer": {"first_name": "Dana"}}

    assert version.words["email", "thanks"].render(facts).subject == "Your quote Q-1"
    assert set(version.words) == {("email", "thanks"), ("call", "check-in"), ("text", "sorry")}


@pytest.mark.parametrize(
    ("name", "part", "becomes", "same"),
    [
        ("emails/thanks.md", "thank you", "thanks", False),
        ("follow-up.yaml", "10 minutes", "11 minutes", False),
        ("lifecycle.yaml", "note: optional text", "note: text", False),
        ("voicemails/hello.md", "Hello", "Good day", True),  # not said by this playbook
        ("house-rules.yaml", "Northside", "Southside", True),  # not pinned
        ("lifecycle.yaml", "reason: text", "reason: number", True),  # of an event that this playbook does not name
    ],
)
def test_the_hash_changes_when_something_changes_that_a_version_pins(name: str, part: str, becomes: str, same: bool) -> None:
    given = files(STEPS)
    before = load_design(given).hash("follow-up")

    after = load_design({**given, name: given[name].replace(part, becomes)}).hash("follow-up")

    assert (before == after) is same


def test_the_hash_does_not_depend_on_the_order_of_keys() -> None:
    assert document_hash({"a": 1, "b": {"c": 2, "d": 3}}) == document_hash({"b": {"d": 3, "c": 2}, "a": 1})


def house_rules(text: str) -> HouseRules:
    return parse(HouseRules, read_yaml(text, "house-rules.yaml"))


@pytest.mark.parametrize(
    ("part", "becomes", "problem"),
    [
        ("  sales: {title: Sales}\n", "", "there is no queue 'sales' in house-rules.yaml"),
        ("office-hours", "working-hours", "there is no contact window 'office-hours' in house-rules.yaml"),
    ],
)
def test_a_pinned_version_says_when_the_house_rules_lack_what_it_names(part: str, becomes: str, problem: str) -> None:
    document = design(STEPS).document("follow-up")

    with pytest.raises(PlaybookError) as refused:
        load_document(document, house_rules(HOUSE_RULES.replace(part, becomes)))
    assert [p.problem for p in refused.value.problems] == [problem]


def test_a_pinned_version_follows_the_house_rules_of_today() -> None:
    document = design("  - touchpoint: hello\n    email: thanks\n").document("follow-up")

    version = load_document(
        document, house_rules(HOUSE_RULES.replace("email: any-time, text: o", "email: office-hours, text: o"))
    )

    hello = version.program.nodes["hello"]
    assert isinstance(hello, TouchNode)
    assert hello.window == "office-hours"


def test_a_house_telephone_that_is_gone_makes_no_pinned_version_unusable() -> None:
    made = design("  - touchpoint: hello\n    text: hello\n", texts__hello="Call {{ house.phone }}.")

    version = load_document(made.document("follow-up"), house_rules(HOUSE_RULES.replace(", phone: (312) 555-0100", "")))

    assert version.program.first == "hello"


@pytest.mark.parametrize("wrong", [{}, {"format": 2}, {"format": None}, {"format": "1"}])
def test_a_document_of_another_format_is_refused(wrong: dict[str, object]) -> None:
    document = {**design(STEPS).document("follow-up"), **wrong}
    if not wrong:
        del document["format"]

    with pytest.raises(PlaybookError, match="cannot be read"):
        load_document(document, house_rules(HOUSE_RULES))


@pytest.mark.parametrize("name", ["lifecycle.yaml", "house-rules.yaml"])
def test_a_file_that_everybody_needs_is_missed(name: str) -> None:
    given = files(STEPS)
    del given[name]

    assert only(given).problem == f"there is no {name}"


def test_mistakes_of_all_files_are_said_at_once() -> None:
    given = files(STEPS, emails__thanks="Hello", scripts__other="---\ntitle: x\n---\nHello", house_rules="company: {}\n")
    given["lifecycle.yaml"] = given["lifecycle.yaml"].replace("stage: visit", "stage: vist")
    given["second.yaml"] = "playbook: second\n"

    places = {p.place for p in problems(given)}

    assert places == {"emails/thanks.md", "house-rules.yaml", "lifecycle.yaml", "scripts/other.md", "second.yaml"}


def test_a_word_file_with_mistakes_is_not_called_missing() -> None:
    found = only(files(STEPS, emails__thanks="Hello"))

    assert (found.place, found.problem) == ("emails/thanks.md", "the file does not begin with its subject")


def test_the_answers_of_a_script_with_mistakes_are_not_called_unknown() -> None:
    found = only({**files(STEPS), "scripts/check-in.md": "Hello"})

    assert (found.place, found.problem) == ("scripts/check-in.md", "the file does not begin with its title and goal")


def test_a_mistake_in_words_that_are_said_twice_is_said_once() -> None:
    twice = "  - touchpoint: one\n    email: thanks\n  - touchpoint: two\n    email: thanks\n"

    assert only(files(twice, emails__thanks="---\nsubject: x\n---\n{{ event.amout }}")).line == 4


def test_two_playbooks_that_say_the_same_words_find_a_mistake_for_each() -> None:
    given = files(STEPS, emails__thanks="---\nsubject: x\n---\n{{ event.amout }}")
    given["second.yaml"] = given["follow-up.yaml"].replace("playbook: follow-up", "playbook: second")

    assert [p.problem for p in problems(given)] == [
        "'event.amout' is not known in playbook follow-up", "'event.amout' is not known in playbook second",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "problem", "hint"),
    [
        ("other.yaml", None, "the playbook 'follow-up' is in the file other.yaml", "call the file follow-up.yaml"),
        ("follow-up.yml", "x", "nothing reads follow-up.yml", "call it follow-up.yaml"),
        ("email/thanks.md", "x", "nothing reads the folder email/", "did you mean 'emails'?"),
        ("emails/thanks.txt", "x", "nothing reads emails/thanks.txt", "call it emails/thanks.md"),
        ("emails/old/thanks.md", "x", "nothing reads emails/old/thanks.md", "call it emails/thanks.md"),
    ],
)
def test_a_file_that_nobody_would_read_is_said(name: str, text: str | None, problem: str, hint: str) -> None:
    given = files(STEPS)
    given[name] = given["follow-up.yaml"] if text is None else text

    found = only(given)

    assert (found.place, found.problem) == (name, problem)
    assert hint in found.hint


@pytest.mark.parametrize(
    "name", ["README.md", ".hidden.yaml", "rehearsals/one.yaml", "emails/.thanks.md", "emails/thanks.md~", "notes/x.txt"]
)
def test_other_files_are_left_alone(name: str) -> None:
    assert load_design({**files(STEPS), name: "{{ not ours"}).playbooks


@pytest.mark.parametrize(
    ("part", "becomes", "line", "problem"),
    [
        ("quote.accepted: {stage: quote}", "quote.accepted: {stage: qoute}", 18, "there is no stage 'qoute'"),
        ("quote.accepted: {stage: quote}", "touch.sent: {stage: quote}", 18, "'touch.sent' is an event of the system itself"),
        ("tier: text", "email: text", 25, "every customer has 'email' already"),
        ("tier: text", "tier: word", 25, "'word' is no kind of field"),
        ("amount: number\n", "amount: optional\n", 8, "'optional' is no kind of field"),
        ("amount: number\n", "Amount: number\n", 8, "'Amount' is not a field name"),
        ("quote.accepted", "Quote.accepted", 18, "'Quote.accepted' is not an event type"),
    ],
)
def test_mistakes_in_the_lifecycle_are_found(part: str, becomes: str, line: int, problem: str) -> None:
    given = files("  - touchpoint: hello\n    email: thanks\n")
    given["lifecycle.yaml"] = given["lifecycle.yaml"].replace(part, becomes, 1)

    found = only(given)

    assert (found.place, found.line, found.problem) == ("lifecycle.yaml", line, problem)


@pytest.mark.parametrize(
    ("part", "becomes", "line", "problem"),
    [
        ("9:00-17:30", "9-17", 4, "'9-17' is no span of a day"),
        ("9:00-17:30", "17:30-9:00", 4, "'17:30-9:00' is no span of a day"),
        ("9:00-17:30", "9:00-24:30", 4, "'9:00-24:30' is no span of a day"),
        ("mon-fri:", "fri-mon:", 4, "'fri-mon' runs backwards"),
        ("mon-fri:", "weekdays:", 4, "'weekdays' names no days"),
        (
            "email: any-time, text: o",
            "email: anytime, text: o",
            6,
            "default_windows of email: there is no contact window 'anytime'",
        ),
        ("email: any-time, text: office-hours, ", "email: any-time, ", 6, "default_windows says nothing for text"),
        ("email: any-time, text: any-time", "mail: any-time, email: any-time, text: any-time", 7, "'mail' is not possible here"),
        ("sales: {title: Sales}", "sales: {title: Sales, titel: x}", 9, "'titel' is not known here"),
        ("{title: Leads}\n", "{title: Leads}\ncaps: [{most: 2, per: month}]\n", 11, "'month' is not possible here"),
        ("{title: Leads}\n", "{title: Leads}\ndispositions: {completd: Done}\n", 11, "there is no disposition 'completd'"),
        ("{title: Leads}\n", "{title: Leads}\nskip_when_late: soon\n", 11, "'soon' is not a delay"),
        ("{title: Leads}\n", "{title: Leads}\nholidays: [usa]\n", 11, "'usa' is not a country"),
        ("{title: Leads}\n", "{title: Leads}\nclosed_on: [2026-13-24]\n", 11, "'2026-13-24' does not fit here"),
        ("{title: Leads}\n", "{title: Leads}\ntimes_of_day: []\n", 11, "'times_of_day' is empty"),
    ],
)
def test_mistakes_in_the_house_rules_are_found(part: str, becomes: str, line: int, problem: str) -> None:
    text = HOUSE_RULES.replace(part, becomes, 1)
    assert text != HOUSE_RULES

    found = problems({**files("  - touchpoint: hello\n    email: thanks\n"), "house-rules.yaml": text})[0]

    assert (found.place, found.line, found.problem) == ("house-rules.yaml", line, problem)


def test_the_starter_design_can_be_loaded() -> None:
    folder = Path(__file__).resolve().parents[2] / "playbooks"
    given = {p.relative_to(folder).as_posix(): p.read_text(encoding="utf-8") for p in folder.rglob("*") if p.is_file()}

    made = load_design(given)

    for name in made.playbooks:
        version = load_document(json.loads(json.dumps(made.document(name))), made.house_rules)
        assert shape(version.program) == shape(made.playbooks[name].program)


FRAGMENTS = st.lists(
    st.sampled_from(
        ["playbook: a\n", "title: x\n", "stage: quote\n", "owner: x\n", "starts_on: quote.sent\n", "gives_up_after: 3 days\n", "steps:\n",
         "  - touchpoint: b\n", "    email: thanks\n", "    call: check-in\n", "    queue: sales\n", "    after: 1 day\n", "    outcomes:\n",
         "      busy: again\n", "      - exit\n", "  - exit\n", "  - if: event.amount > 3\n", "    then: [goal]\n", "  - wait: 3 days\n",
         "only_if: event.rush\n", "  - split: s\n", "    ways: {a: {share: 50}, b: {share: 50}}\n", "{", "- ", "\t", ": "]
    ),
    max_size=14,
).map("".join)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.one_of(FRAGMENTS, st.text(max_size=100)), st.one_of(st.just("Hello"), st.text(max_size=60)))
def test_any_files_make_a_design_or_a_list_of_mistakes_with_places(playbook: str, words: str) -> None:
    given = {**files("  - touchpoint: hello\n    email: thanks\n"), "a.yaml": playbook, "texts/a.md": words}

    answer = load_or_refused(given)

    if not isinstance(answer, Design):
        assert answer
        assert all(p.place in given and p.line >= 1 and p.column >= 1 for p in answer)
